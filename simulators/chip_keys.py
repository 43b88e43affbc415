"""How a simulated chip is opened and proved: ways of PACE and keys of chip authentication, as SecurityInfos."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from simulators.chip_crypto import tlv
from simulators.chip_curves import CURVES, Point, x_of

BSI = bytes.fromhex("04007F00070202")
GM, CAM = 2, 6


@dataclass(frozen=True, slots=True)
class PaceWay:
    """One PACEInfo: mapping GM or CAM, cipher by its arc (1 3DES, 2 to 4 AES), number of the curve."""

    mapping: int
    arc: int
    curve: int

    @property
    def oid(self) -> bytes:
        return BSI + bytes([4, self.mapping, self.arc])

    @property
    def info(self) -> bytes:
        return tlv(0x30, tlv(0x06, self.oid), tlv(0x02, b"\x02"), tlv(0x02, bytes([self.curve])))


@dataclass(frozen=True, slots=True)
class CaKey:
    """A secret for chip authentication on a standardized curve; `arc`: its cipher."""

    curve: int
    secret: int
    arc: int = 2
    key_id: int | None = None

    @staticmethod
    def of(key: ec.EllipticCurvePrivateKey, arc: int = 2, key_id: int | None = None) -> CaKey:
        """The same key as `cryptography` has it."""
        number = next(each.number for each in CURVES.values() if each.name.lower() == key.curve.name.lower())
        return CaKey(number, key.private_numbers().private_value, arc, key_id)

    @property
    def point(self) -> Point:
        curve = CURVES[self.curve]
        return curve.times(self.secret, curve.g)

    def agreed(self, public: bytes) -> bytes:
        """The secret shared with who sent this point, as the keys of the channel are made of it. ValueError."""
        curve = CURVES[self.curve]
        return x_of(curve, curve.times(self.secret, curve.read(public)))

    @property
    def oid(self) -> bytes:
        return BSI + bytes([3, 2, self.arc])

    @property
    def infos(self) -> bytes:
        """ChipAuthenticationInfo and ChipAuthenticationPublicKeyInfo."""
        which = b"" if self.key_id is None else tlv(0x02, self.key_id.to_bytes(2 if self.key_id > 127 else 1, "big"))
        way = tlv(0x30, tlv(0x06, self.oid), tlv(0x02, b"\x01"), which)
        return way + self.public_info(which)

    def public_info(self, which: bytes = b"") -> bytes:
        curve = CURVES[self.curve]
        algorithm = tlv(0x30, tlv(0x06, bytes.fromhex("04007F00070102")), tlv(0x02, bytes([self.curve])))
        key = tlv(0x30, algorithm, tlv(0x03, b"\0", curve.written(self.point)))
        return tlv(0x30, tlv(0x06, BSI + bytes([1, 2])), key, which)
