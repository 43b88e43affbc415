"""Any bytes for a chip's file, a certificate or a signed list: a value or a `DocumentError`; the judge never raises."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from border.documents import card_files, lds
from border.documents.certificates import read_certificate, read_crl
from border.documents.chip_trust import Assurance, ChipFiles, judge
from border.documents.errors import REASONS, DocumentError
from border.documents.sod import CONTENT, read_sod
from border.documents.tlv import read
from border.documents.trust_store import (
    DEVIATION_LIST,
    DEVIATION_LIST_SIGNING,
    MASTER_LIST,
    MASTER_LIST_SIGNING,
    TrustStore,
    with_deviation_list,
    with_master_list,
)

if TYPE_CHECKING:
    from simulators.passport.pki import Signer

NOW = datetime(2026, 1, 2, tzinfo=UTC)
STORE = TrustStore()


def as_sod_of_a_chip(data: bytes) -> None:
    trust = judge(ChipFiles({1: data[:93], 2: data[93:]}, data, data), STORE, NOW)
    assert trust.assurance < Assurance.SIGNED


@cache
def _issuer() -> tuple[TrustStore, dict[str, Signer]]:
    """A store that believes one authority, and that one's signers by their purpose; "" signs documents."""
    from simulators.passport import pki  # noqa: PLC0415  # what signs stays uninstrumented

    span = (NOW - timedelta(days=1), NOW + timedelta(days=1))
    authority = pki.csca(span)
    purposes = (MASTER_LIST_SIGNING, DEVIATION_LIST_SIGNING)
    lists = {purpose: pki.signer(authority, span, serial=8, purpose=purpose) for purpose in purposes}
    return TrustStore((read_certificate(authority.certificate),)), {"": pki.signer(authority, span), **lists}


def _signed(kind: str, content: bytes, purpose: str = "") -> bytes:
    from simulators.passport import pki  # noqa: PLC0415

    return pki.signed_data(kind, content, _issuer()[1][purpose], None, NOW)


def inside_a_master_list(data: bytes) -> object:
    """Past the signature: what a publisher whom we believe might write."""
    return with_master_list(_issuer()[0], _signed(MASTER_LIST, data, MASTER_LIST_SIGNING), NOW, ("UT",))


def inside_a_deviation_list(data: bytes) -> object:
    return with_deviation_list(_issuer()[0], _signed(DEVIATION_LIST, data, DEVIATION_LIST_SIGNING), NOW)


def inside_a_sod(data: bytes) -> None:
    """A security object that its state has signed, and the same bytes as a group."""
    sod = b"\x77" + _length(signed := _signed(CONTENT, data)) + signed
    trust = judge(ChipFiles({1: data, 2: data}, sod, data), _issuer()[0], NOW)
    assert trust.assurance < Assurance.SIGNED or {1, 2} <= trust.groups_proven


def beside_a_true_signature(data: bytes) -> None:
    """Groups of any bytes, truly signed; the first byte says which."""
    from simulators.passport import lds as writer  # noqa: PLC0415

    number = (1, 2, 11, 12, 14, 15)[data[0] % 6] if data else 1
    groups = {1: b"", 2: b"", number: data[1:]}
    sod = writer.sod(groups, _issuer()[1][""], NOW)
    security = _signed(card_files.SECURITY_OBJECT, data[1:])
    files = ChipFiles(groups, sod, card_access=data[1:], card_security=security)
    trust = judge(files, _issuer()[0], NOW)
    assert trust.groups_proven == groups.keys()
    assert trust.assurance < Assurance.GENUINE


def _length(data: bytes) -> bytes:
    return b"\x84" + len(data).to_bytes(4, "big")


READERS: tuple[Callable[[bytes], object], ...] = (
    *(read, lds.read_com, lds.read_dg1, lds.read_dg2, lds.read_dg11, lds.read_dg12, lds.read_dg14, lds.read_dg15),
    *(read_sod, read_certificate, read_crl, as_sod_of_a_chip),
    lambda data: with_master_list(STORE, data, NOW, ("UT",)),
    lambda data: with_deviation_list(STORE, data, NOW),
    *(card_files.read_card_access, card_files.read_card_security, card_files.infos_of_dg14),
    *(inside_a_master_list, inside_a_deviation_list, inside_a_sod, beside_a_true_signature),
)


def one_input(data: bytes) -> None:
    """The first byte picks the reader."""
    if not data:
        return
    try:
        READERS[data[0] % len(READERS)](data[1:])
    except DocumentError as error:
        assert error.reason in REASONS


@cache
def seeds() -> list[bytes]:
    """Whole files, each for the reader that takes it and for one that does not. Made once: signatures differ."""
    from simulators.passport import der, pki  # noqa: PLC0415
    from simulators.passport import lds as writer  # noqa: PLC0415  # what makes seeds stays uninstrumented
    from simulators.passport.document import Make, passport  # noqa: PLC0415
    from simulators.passport.keys import Scheme  # noqa: PLC0415
    from simulators.travellers import traveller  # noqa: PLC0415

    today = date(2026, 1, 2)
    small = writer.Picture(b"\xff\xd8\xff small", writer.JPEG, 413, 531)
    made = passport(traveller("skipper"), today, Make(active=Scheme("secp256r1"))).files
    by = pki.csca((NOW, NOW))
    lists = pki.signer(by, (NOW, NOW), purpose=pki.MASTER_LIST_SIGNING)
    explicit = pki.csca((NOW, NOW), Scheme("brainpoolP256r1", explicit=True))
    row = pki.Deviation("2.2", lists, ("U1",), (NOW, NOW), 2, "words")
    found = [
        *((number, made[file]) for number, file in ((1, 0x011E), (2, 0x0101), (4, 0x010B), (5, 0x010C))),
        *((number, made[file]) for number, file in ((6, 0x010E), (7, 0x010F), (8, 0x011D), (11, 0x011D))),
        *((3, writer.dg2(small, record=record)) for record in ("19794", "39794")),
        *((9, one.certificate) for one in (by, lists, explicit)),
        (10, pki.crl(by, (1, 2), NOW)),
        (12, pki.master_list([by.certificate], lists, by, NOW)),
        (13, pki.deviation_list([row], lists, by, NOW)),
    ]
    whole = passport(
        traveller("skipper"), today, Make(pace=(der.seq(der.oid("0.4.0.127.0.7.2.2.4.2.2")),), mapping="secp256r1")
    )
    groups = {1: b"a", 2: b"b"}
    found += [
        (14, whole.files[0x011C]),
        (15, whole.card_security),
        (16, whole.files[0x010E]),
        (17, der.seq(der.integer(0), der.set_of(by.certificate))),
        (18, der.seq(der.integer(0), der.set_of(pki.deviation(row)))),
        (19, writer.security_object(groups)),
        *((20, bytes([at]) + made[0x0100 + number]) for at, number in enumerate((1, 2, 11, 12, 14, 15)) if number != 2),
        (20, b"\x01" + writer.dg2(small)),
        (20, b"\x04" + whole.files[0x011C]),
    ]
    return [bytes([reader]) + data for number, data in found for reader in (number, 0)]


def main() -> None:
    """Run under atheris until stopped: `python -m tests.fuzz.fuzz_documents [corpus folder]`."""
    import atheris  # noqa: PLC0415  # only the fuzzer needs it

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
