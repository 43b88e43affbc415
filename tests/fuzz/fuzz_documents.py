"""Any bytes for a chip's file, a certificate or a signed list: a value or a `DocumentError`; the judge never raises."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache

from border.documents import lds
from border.documents.certificates import read_certificate, read_crl
from border.documents.chip_trust import Assurance, ChipFiles, judge
from border.documents.errors import REASONS, DocumentError
from border.documents.sod import read_sod
from border.documents.tlv import read
from border.documents.trust_store import TrustStore, with_deviation_list, with_master_list

NOW = datetime(2026, 1, 2, tzinfo=UTC)
STORE = TrustStore()


def as_sod_of_a_chip(data: bytes) -> None:
    trust = judge(ChipFiles({1: data[:93], 2: data[93:]}, data, data), STORE, NOW)
    assert trust.assurance < Assurance.SIGNED


READERS: tuple[Callable[[bytes], object], ...] = (
    *(read, lds.read_com, lds.read_dg1, lds.read_dg2, lds.read_dg11, lds.read_dg12, lds.read_dg14, lds.read_dg15),
    *(read_sod, read_certificate, read_crl, as_sod_of_a_chip),
    lambda data: with_master_list(STORE, data, NOW, ("UT",)),
    lambda data: with_deviation_list(STORE, data, NOW),
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
    from simulators.passport import lds as writer  # noqa: PLC0415  # what makes seeds stays uninstrumented
    from simulators.passport import pki  # noqa: PLC0415
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
    return [bytes([reader]) + data for number, data in found for reader in (number, 0)]


def main() -> None:
    """Run under atheris until stopped: `python -m tests.fuzz.fuzz_documents [corpus folder]`."""
    import atheris  # noqa: PLC0415  # only the fuzzer needs it

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
