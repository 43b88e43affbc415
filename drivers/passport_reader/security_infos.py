"""SecurityInfos of EF.CardAccess, EF.CardSecurity and DG14 (9303-11, 9.2), and the public keys they and DG15 hold."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.passport_reader import tlv
from drivers.passport_reader.curves import BY_NUMBER, BY_OID, Curve, Point
from drivers.passport_reader.secure_messaging import BY_ARC, Suite
from drivers.passport_reader.tlv import Malformed

SEQUENCE, SET, INTEGER, OCTETS, BITS, OID = 0x30, 0x31, 0x02, 0x04, 0x03, 0x06
BSI = "0.4.0.127.0.7.2.2"
PACE_ECDH_GM, PACE_ECDH_CAM = f"{BSI}.4.2.", f"{BSI}.4.6."
PACE_ANY = f"{BSI}.4."
CA_ECDH, CA_ANY, CA_PUBLIC_KEY = f"{BSI}.3.2.", f"{BSI}.3.", f"{BSI}.1."
CA_PUBLIC_KEY_ECDH = f"{BSI}.1.2"
ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"
EC_PUBLIC_KEY, RSA_ENCRYPTION = "1.2.840.10045.2.1", "1.2.840.113549.1.1.1"
STANDARDIZED = "0.4.0.127.0.7.1.2"
PRIME_FIELD = "1.2.840.10045.1.1"
AA_HASHES = {
    f"0.4.0.127.0.7.1.1.4.1.{arc}": name
    for arc, name in enumerate(("sha1", "sha224", "sha256", "sha384", "sha512"), start=1)
}
MAX_INFOS = 64
MAX_FIELD_BITS = 1024  # a hostile chip may not make us count for minutes


@dataclass(frozen=True, slots=True)
class SecurityInfo:
    """One of the set: which protocol, and what it requires and may add (`optional`), each a whole object."""

    oid: str
    items: tlv.Items


@dataclass(frozen=True, slots=True)
class PaceInfo:
    """A way of PACE that this driver speaks."""

    oid: str
    suite: Suite
    chip_authentication: bool
    parameter: int
    curve: Curve

    @property
    def method(self) -> str:
        mapping = "CAM" if self.chip_authentication else "GM"
        return f"PACE-ECDH-{mapping}-{self.suite} {self.curve.name}"


@dataclass(frozen=True, slots=True)
class EcKey:
    """A public key on a curve."""

    curve: Curve
    point: Point


@dataclass(frozen=True, slots=True)
class RsaKey:
    modulus: int
    exponent: int


@dataclass(frozen=True, slots=True)
class AuthenticationKey:
    """A key for chip authentication, and how it is used. `suite` None: by a method that we do not speak."""

    oid: str
    suite: Suite | None
    key: EcKey | None
    key_id: int | None


def security_infos(data: bytes) -> list[SecurityInfo]:
    """The SET, as EF.CardAccess holds it. Raises `Malformed`."""
    members = tlv.parse(_outer(data, SET))
    if len(members) > MAX_INFOS:
        raise Malformed(f"{len(members)} security infos")
    return [_info(value) for tag, value in members if tag == SEQUENCE]


def _info(value: bytes) -> SecurityInfo:
    items = tlv.parse(value)
    if not items or items[0][0] != OID:
        raise Malformed("a security info without a protocol")
    return SecurityInfo(tlv.dotted(items[0][1]), items[1:])


def _outer(data: bytes, tag: int) -> bytes:
    """The value of the object at the beginning; a file may be longer than what it holds."""
    found = tlv.head(data)
    if found.tag != tag or found.ends > len(data):
        raise Malformed(f"not an object {tag:X}")
    return data[found.begins : found.ends]


def in_data_group(data: bytes) -> list[SecurityInfo]:
    """Of DG14. Raises `Malformed`."""
    return security_infos(_outer(data, 0x6E))


def in_card_security(data: bytes) -> list[SecurityInfo]:
    """Of EF.CardSecurity: the content of its SignedData; the signature is not looked at. Raises `Malformed`."""
    content = tlv.need(tlv.parse(_outer(data, SEQUENCE)), 0xA0)
    signed = tlv.parse(tlv.only(content, SEQUENCE))
    encapsulated = tlv.need(tlv.parse(tlv.need(signed, SEQUENCE)), 0xA0)
    return security_infos(tlv.only(encapsulated, OCTETS))


def pace_infos(infos: list[SecurityInfo]) -> list[PaceInfo]:
    """What this driver speaks, the strongest first; the rest is passed over."""
    known = [info for each in infos if (info := _pace_info(each)) is not None]
    strength = list(Suite)
    return sorted(known, key=lambda info: (info.chip_authentication, strength.index(info.suite)), reverse=True)


def _pace_info(info: SecurityInfo) -> PaceInfo | None:
    prefix = next((each for each in (PACE_ECDH_GM, PACE_ECDH_CAM) if info.oid.startswith(each)), None)
    suite = BY_ARC.get(int(info.oid.rsplit(".", 1)[1])) if prefix else None
    numbers = [tlv.unsigned(value) for tag, value in info.items if tag == INTEGER]
    if prefix is None or suite is None or len(numbers) != 2 or numbers[0] != 2 or numbers[1] not in BY_NUMBER:
        return None
    return PaceInfo(info.oid, suite, prefix == PACE_ECDH_CAM, numbers[1], BY_NUMBER[numbers[1]])


def chip_keys(infos: list[SecurityInfo]) -> list[AuthenticationKey]:
    """For chip authentication version 1: each key with its protocol, the strongest first. Raises `Malformed`."""
    ways = {_key_id(info): info.oid for info in infos if info.oid.startswith(CA_ANY) and _version(info) == 1}
    keys = [_chip_key(info, ways) for info in infos if info.oid.startswith(CA_PUBLIC_KEY) and info.items]
    strength = [None, *Suite]
    return sorted(keys, key=lambda key: strength.index(key.suite), reverse=True)


def _chip_key(info: SecurityInfo, ways: dict[int | None, str]) -> AuthenticationKey:
    key_id = _key_id(info)
    elliptic = info.oid == CA_PUBLIC_KEY_ECDH
    # a key without a protocol beside it is used with 3DES (9303-11, 6.2.4.1)
    oid = ways.get(key_id) or ways.get(None) or (f"{CA_ECDH}1" if elliptic else CA_ANY)
    if not elliptic or not oid.startswith(CA_ECDH):
        return AuthenticationKey(oid, None, None, key_id)
    key = public_key(tlv.encode(*info.items[0]))
    suite = BY_ARC.get(int(oid.rsplit(".", 1)[1]))
    return (
        AuthenticationKey(oid, suite, key, key_id)
        if isinstance(key, EcKey)
        else AuthenticationKey(oid, None, None, key_id)
    )


def _numbers(info: SecurityInfo) -> list[int]:
    return [tlv.unsigned(value) for tag, value in info.items if tag == INTEGER]


def _version(info: SecurityInfo) -> int:
    return next(iter(_numbers(info)), 0)


def _key_id(info: SecurityInfo) -> int | None:
    numbers = _numbers(info)
    if info.oid.startswith(CA_PUBLIC_KEY):
        return numbers[0] if numbers else None
    return numbers[1] if len(numbers) > 1 else None


def active_authentication_hash(infos: list[SecurityInfo]) -> str | None:
    """The hash of an ECDSA active authentication; None: DG14 does not name one that we know."""
    for info in infos:
        if info.oid == ACTIVE_AUTHENTICATION and info.items and info.items[-1][0] == OID:
            return AA_HASHES.get(tlv.dotted(info.items[-1][1]))
    return None


def in_dg15(data: bytes) -> EcKey | RsaKey | None:
    """The key for active authentication; None: of a kind that we do not speak. Raises `Malformed`."""
    return public_key(_outer(data, 0x6F))


def public_key(data: bytes) -> EcKey | RsaKey | None:
    """A SubjectPublicKeyInfo; curves by name, by number or by explicit parameters. Raises `Malformed`."""
    items = tlv.parse(tlv.only(data, SEQUENCE))
    algorithm = tlv.parse(tlv.need(items, SEQUENCE))
    bits = tlv.need(items, BITS)
    if bits[:1] != b"\0" or not algorithm or algorithm[0][0] != OID:
        raise Malformed("no public key")
    oid = tlv.dotted(algorithm[0][1])
    if oid == RSA_ENCRYPTION:
        return _rsa(bits[1:])
    if oid not in (EC_PUBLIC_KEY, STANDARDIZED) or len(algorithm) != 2:
        return None
    curve = _curve(*algorithm[1])
    return None if curve is None else EcKey(curve, curve.decode(bits[1:]))


def _rsa(data: bytes) -> RsaKey:
    numbers = [tlv.unsigned(value) for tag, value in tlv.parse(tlv.only(data, SEQUENCE)) if tag == INTEGER]
    if len(numbers) != 2 or not 1024 <= numbers[0].bit_length() <= 8192 or not 3 <= numbers[1] < 1 << 64:
        raise Malformed("no RSA key")
    return RsaKey(*numbers)


def _curve(tag: int, value: bytes) -> Curve | None:
    if tag == OID:
        return BY_OID.get(tlv.dotted(value))
    if tag == INTEGER:
        return BY_NUMBER.get(tlv.unsigned(value))
    return _explicit(value) if tag == SEQUENCE else None


def _explicit(value: bytes) -> Curve | None:
    """ECParameters of TR-03111: version, field, a and b, generator, order, cofactor. Raises `Malformed`."""
    items = tlv.parse(value)
    if [tag for tag, _ in items[:5]] != [INTEGER, SEQUENCE, SEQUENCE, OCTETS, INTEGER]:
        raise Malformed("curve parameters in no known order")
    field = tlv.parse(items[1][1])
    if len(field) != 2 or tlv.dotted(field[0][1]) != PRIME_FIELD:
        return None
    coefficients = [int.from_bytes(each, "big") for tag, each in tlv.parse(items[2][1]) if tag == OCTETS]
    p, n = tlv.unsigned(field[1][1]), tlv.unsigned(items[4][1])
    if len(coefficients) != 2:
        raise Malformed("a curve without its two coefficients")
    if not 160 <= p.bit_length() <= MAX_FIELD_BITS or abs(n.bit_length() - p.bit_length()) > 1 or not p & n & 1:
        raise Malformed("curve parameters that make no group")
    a, b = coefficients
    bare = Curve("explicit", p, a % p, b % p, Point(0, 0), n)
    found = Curve("explicit", p, a % p, b % p, bare.decode(items[3][1]), n)
    return next((known for known in BY_NUMBER.values() if _same(known, found)), found)


def _same(one: Curve, other: Curve) -> bool:
    return (one.p, one.a, one.b, one.generator, one.n) == (other.p, other.a, other.b, other.generator, other.n)
