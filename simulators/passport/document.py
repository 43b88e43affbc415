"""A whole chip for an invented traveller: every file with the keys behind it, signed by Utopia's authorities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

import cv2
from cryptography.hazmat.primitives.asymmetric import ec

from simulators.faces import Identity, Pose, Scene, render
from simulators.passport import der, lds
from simulators.passport.keys import PrivateKey, Scheme, curve_key, key, public_info
from simulators.passport.pki import Place, Signer, csca, signer
from simulators.travellers import Traveller

PROTOCOLS = "0.4.0.127.0.7.2.2"  # BSI TR-03110
ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"
PLAIN_ECDSA = "0.4.0.127.0.7.1.1.4.1"  # then 1..5 for SHA-1 .. SHA-512
CHIP_PROTOCOLS = {"3des": 1, "aes128": 2, "aes192": 3, "aes256": 4}
PLAIN_DIGESTS = {"sha1": 1, "sha224": 2, "sha256": 3, "sha384": 4, "sha512": 5}


@dataclass(frozen=True, slots=True)
class Issuer:
    """The authority and the document signer of one day."""

    authority: Signer
    signer: Signer


@dataclass(frozen=True, slots=True)
class Make:
    """How the chip is made; what is None is left out.

    `active`: the key of Active Authentication. `agreement`: the curve of Chip Authentication, with `agreement_cipher`
    3des, aes128, aes192 or aes256 and `agreement_id` to name the key. `pace`: PACEInfo elements (DER), which go into
    EF.CardAccess and DG14. `mapping`: the curve of PACE-CAM's key, which EF.CardSecurity holds.
    """

    picture: str = lds.JPEG
    record: str = "19794"  # or 39794
    sealing: lds.Sealing = field(default_factory=lds.Sealing)
    active: Scheme | None = field(default_factory=Scheme)
    agreement: str | None = "brainpoolP256r1"
    agreement_cipher: str = "aes128"
    agreement_id: int | None = None
    pace: Sequence[bytes] = ()
    mapping: str | None = None
    details: bool = True  # DG11 and DG12


@dataclass(frozen=True, slots=True, eq=False)
class Passport:
    """`files`: file id (0x011E EF.COM, 0x011D EF.SOD, 0x0101 DG1 ..., 0x011C EF.CardAccess) to bytes.

    EF.CardSecurity stands by itself: in the master file it has the id that EF.SOD has in the application.
    """

    files: dict[int, bytes]
    active_authentication: PrivateKey | None  # behind DG15
    chip_authentication: ec.EllipticCurvePrivateKey | None  # behind DG14
    issuer: Issuer
    mapping: ec.EllipticCurvePrivateKey | None = None  # behind EF.CardSecurity
    card_security: bytes = b""


def issuer(today: date, scheme: Scheme = Scheme(), place: Place = Place()) -> Issuer:  # noqa: B008 (frozen)
    """An authority of fifteen years and a signer of ten, both a year old; the same keys all through one process."""
    now = datetime(today.year, today.month, today.day, tzinfo=UTC)
    authority = csca((now - timedelta(days=365), now + timedelta(days=14 * 365)), scheme, place)
    return Issuer(
        authority, signer(authority, (now - timedelta(days=365), now + timedelta(days=10 * 365)), scheme, place)
    )


def passport(who: Traveller, today: date, how: Make = Make(), by: Issuer | None = None) -> Passport:
    """The chip of his document, issued a month ago."""
    by = issuer(today) if by is None else by
    issued = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=30)
    active = key(how.active, f"active {who.key}").private if how.active else None
    agreement = curve_key(how.agreement, f"agreement {who.key}") if how.agreement else None
    groups = {1: lds.dg1(who.lines(today)), 2: lds.dg2(portrait(who.face(), how.picture), record=how.record)}
    if how.details:
        groups[11] = lds.dg11(_name(who), _birth(who, today), "PORT OF UTOPIA")
        groups[12] = lds.dg12("UTOPIA", issued.strftime("%Y%m%d"))
    infos = [*how.pace, *_infos(how, active, agreement)]
    if infos:
        groups[14] = lds.dg14(infos)
    if active is not None:
        groups[15] = lds.dg15(public_info(active))
    mapping = curve_key(how.mapping, f"mapping {who.key}") if how.mapping else None
    security = b"" if mapping is None else lds.card_security([*how.pace, chip_key(mapping)], by.signer, issued)
    return Passport(_files(groups, by, issued, how), active, agreement, by, mapping, security)


def _files(groups: dict[int, bytes], by: Issuer, issued: datetime, how: Make) -> dict[int, bytes]:
    files = {lds.file_id(group): data for group, data in groups.items()}
    files[lds.COM] = lds.com(groups)
    files[lds.SOD] = lds.sod(groups, by.signer, issued, how.sealing)
    if how.pace:
        files[lds.CARD_ACCESS] = der.set_of(*how.pace)
    return files


def _infos(how: Make, active: PrivateKey | None, agreement: ec.EllipticCurvePrivateKey | None) -> list[bytes]:
    """SecurityInfos of both proofs of a chip that is no copy (Doc 9303-11, sections 9.2.3, 9.2.5 and 9.2.6)."""
    made: list[bytes] = []
    if agreement is not None:
        names = () if how.agreement_id is None else (der.integer(how.agreement_id),)
        protocol = f"{PROTOCOLS}.3.2.{CHIP_PROTOCOLS[how.agreement_cipher]}"
        made.append(der.seq(der.oid(protocol), der.integer(1), *names))
        made.append(chip_key(agreement, *names))
    if isinstance(active, ec.EllipticCurvePrivateKey) and how.active is not None:
        algorithm = f"{PLAIN_ECDSA}.{PLAIN_DIGESTS[how.active.digest]}"
        made.append(der.seq(der.oid(ACTIVE_AUTHENTICATION), der.integer(1), der.oid(algorithm)))
    return made


def chip_key(key: ec.EllipticCurvePrivateKey, *names: bytes) -> bytes:
    """ChipAuthenticationPublicKeyInfo."""
    return der.seq(der.oid(f"{PROTOCOLS}.1.2"), public_info(key, explicit=True), *names)


def _name(who: Traveller) -> str:
    return f"{who.primary_identifier}<<{who.secondary_identifier}".replace(" ", "<")


def _birth(who: Traveller, today: date) -> str:
    month, day = who.birthday
    had_it = (today.month, today.day) >= (month, day or 1)
    return f"{today.year - who.age_years - (not had_it):04d}{month:02d}{day or 0:02d}"


@cache
def portrait(face: Identity, media_type: str = lds.JPEG) -> lds.Picture:
    """35 x 45 mm at 300 per inch, some 15 kB, as documents carry it."""
    scene = Scene(width_px=413, height_px=531, focal=1.2)
    pixels = render(face, Pose(distance_cm=46.0, y_cm=0.0), scene)
    if media_type == lds.JPEG:
        written, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])
    else:
        written, data = cv2.imencode(".jp2", pixels, [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 25])
    assert written
    return lds.Picture(data.tobytes(), media_type, scene.width_px, scene.height_px)
