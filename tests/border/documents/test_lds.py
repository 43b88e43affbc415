"""The chip's files as values: what the invented travellers' chips say is what is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from border.documents import lds
from border.documents.errors import DocumentError
from border.documents.face_record import MAX_PICTURE
from border.documents.zone_comparison import Difference, compare_zones
from simulators.passport import der
from simulators.passport import lds as writer
from simulators.passport.document import Make, passport, portrait
from simulators.passport.keys import Scheme
from simulators.travellers import TRAVELLERS, Traveller, traveller
from tests.border.documents.chips import TODAY, utopia

SKIPPER = traveller("skipper")
JPEG = writer.Picture(b"\xff\xd8\xff picture", writer.JPEG, 413, 531)
JP2 = writer.Picture(b"\x00\x00\x00\x0cjP  \r\n\x87\n picture", writer.JPEG_2000, 413, 531)


@pytest.mark.parametrize("who", TRAVELLERS, ids=lambda who: who.key)
def test_dg1_is_the_zone_of_every_format(who: Traveller) -> None:
    lines = who.lines(TODAY)
    assert lds.read_dg1(writer.dg1(lines)) == lines
    assert compare_zones(lines, lines).agrees


@pytest.mark.parametrize("zone", [(), ("A" * 89,), ("a" * 88,), ("É" * 44, "A" * 43)])
def test_what_is_no_zone_is_refused(zone: tuple[str, ...]) -> None:
    with pytest.raises(DocumentError):
        lds.read_dg1(der.tlv(0x61, der.tlv(0x5F1F, "".join(zone).encode("latin-1"))))


@pytest.mark.parametrize("record", ["19794", "39794"])
@pytest.mark.parametrize("picture", [JPEG, JP2], ids=["jpeg", "jp2"])
def test_the_portrait_comes_out_as_it_went_in(record: str, picture: writer.Picture) -> None:
    found = lds.read_dg2(writer.dg2(picture, record=record))
    assert (found.media_type, found.data) == (picture.media_type, picture.data)


def test_feature_points_are_stepped_over() -> None:
    for points in (0, 1, 68):
        block = der.tlv(0x7F60, der.tlv(0xA1), der.tlv(0x5F2E, writer.face_19794(JPEG, points)))
        assert lds.read_dg2(der.tlv(0x75, der.tlv(0x7F61, der.integer(1), block))).data == JPEG.data


def _dg2(record: bytes, faces: int = 1) -> bytes:
    return der.tlv(0x75, der.tlv(0x7F61, der.integer(faces), der.tlv(0x7F60, der.tlv(0x5F2E, record))))


RECORD = writer.face_19794(JPEG)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_dg2(RECORD, faces=0), "no_face"),
        (_dg2(RECORD[:30]), "truncated"),
        (_dg2(RECORD[:-1]), "truncated"),
        (_dg2(b"FIR\0" + RECORD[4:]), "bad_version"),
        (_dg2(RECORD[:12] + b"\0\0" + RECORD[14:]), "no_face"),
        (_dg2(RECORD[:18] + b"\xff\xff" + RECORD[20:]), "no_face"),  # more feature points than the block holds
        (writer.dg2(replace(JPEG, data=b"GIF89a")), "no_face"),
        (writer.dg2(replace(JPEG, data=JPEG.data + bytes(MAX_PICTURE))), "too_large"),
        (der.tlv(0x75, der.tlv(0x7F61, der.integer(1), der.tlv(0x7F60, der.tlv(0xA1)))), "no_face"),
        (der.tlv(0x75, der.tlv(0x7F61, der.integer(1), der.tlv(0x7F60, der.tlv(0x7F2E)))), "no_face"),
    ],
)
def test_a_picture_that_cannot_be_had_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError) as refused:
        lds.read_dg2(data)
    assert refused.value.reason == reason


def test_ef_com_names_versions_and_groups() -> None:
    com = lds.read_com(writer.com((1, 2, 14)))
    assert (com.lds_version, com.unicode_version) == ("0107", "040000")
    assert com.groups == {1, 2, 14}


def test_details() -> None:
    files = passport(SKIPPER, TODAY, Make(), utopia()).files
    personal, document = lds.read_dg11(files[0x010B]), lds.read_dg12(files[0x010C])
    assert personal.full_name == "TOLVIK<BRANDT<<ANSGAR"
    assert (personal.date_of_birth[4:], personal.place_of_birth) == ("0417", "PORT OF UTOPIA")
    assert (document.issuing_authority, len(document.date_of_issue)) == ("UTOPIA", 8)
    assert "TOLVIK" not in f"{personal!r}{document!r}"


def test_a_packed_date_is_read() -> None:
    data = der.tlv(0x6B, der.tlv(0x5C, b"\x5f\x2b"), der.tlv(0x5F2B, bytes.fromhex("19710417")))
    assert lds.read_dg11(data).date_of_birth == "19710417"


@pytest.mark.parametrize("curve", ["secp256r1", "brainpoolP256r1", "brainpoolP512r1"])
def test_the_keys_of_dg14_and_dg15_are_the_chips_own(curve: str) -> None:
    how = Make(active=Scheme(curve), agreement=curve, agreement_cipher="aes256", agreement_id=3)
    made = passport(SKIPPER, TODAY, how, utopia())
    infos = {info.protocol: info for info in lds.read_dg14(made.files[0x010E])}
    offer = infos[f"{lds.CHIP_AUTHENTICATION}.2.4"]
    key = infos[f"{lds.CHIP_KEY}.2"]
    assert (offer.version, offer.number, key.number) == (1, 3, 3)
    assert infos[lds.ACTIVE_AUTHENTICATION].algorithm == "0.4.0.127.0.7.1.1.4.1.3"
    assert made.chip_authentication is not None and made.active_authentication is not None
    assert isinstance(key.key, ec.EllipticCurvePublicKey)
    assert key.key == made.chip_authentication.public_key()
    assert lds.read_dg15(made.files[0x010F]) == made.active_authentication.public_key()


def test_an_rsa_key_of_active_authentication() -> None:
    made = passport(SKIPPER, TODAY, Make(active=Scheme("rsa2048")), utopia())
    key = lds.read_dg15(made.files[0x010F])
    assert isinstance(key, rsa.RSAPublicKey) and key.key_size == 2048


def test_differing_characters_are_marked_with_both_readings() -> None:
    printed = SKIPPER.lines(TODAY)
    altered = (printed[0], "X" + printed[1][1:20] + "F" + printed[1][21:])
    compared = compare_zones(altered, printed)
    assert not compared.agrees
    assert compared.differences == (
        Difference(1, 0, "X", "U", "document_number"),
        Difference(1, 20, "F", "M", "sex"),
    )
    assert compared.fields == ("document_number", "sex")
    assert "X" not in repr(compared.differences[0])


def test_a_check_digit_belongs_to_no_field() -> None:
    printed = SKIPPER.lines(TODAY)
    changed = (printed[0], printed[1][:9] + "A" + printed[1][10:])
    assert compare_zones(changed, printed).fields == ("",)


@pytest.mark.parametrize("other", [(), ("A" * 30,) * 3, ("A" * 44,)])
def test_another_shape_never_agrees(other: tuple[str, ...]) -> None:
    assert not compare_zones(SKIPPER.lines(TODAY), other).agrees
    assert not compare_zones(other, ()).agrees


def test_portraits_weigh_what_documents_carry() -> None:
    for media_type in (writer.JPEG, writer.JPEG_2000):
        assert 8_000 < len(portrait(SKIPPER.face(), media_type).data) < 25_000
