"""Utopia's authorities as they stand on one day, and chips signed by them, for the tests of trust."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from border.documents.certificates import read_certificate, read_crl
from border.documents.chip_trust import ChipFiles
from border.documents.trust_store import TrustStore
from simulators.passport import lds
from simulators.passport.document import Issuer, Make, issuer, passport
from simulators.passport.keys import Scheme
from simulators.passport.pki import Signer, Span, crl, csca, signer
from simulators.travellers import traveller

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
WHO = "skipper"


def years(before: float, after: float) -> Span:
    """From so many years before now to so many after it."""
    return NOW - timedelta(days=365 * before), NOW + timedelta(days=365 * after)


@cache
def utopia(scheme: Scheme = Scheme()) -> Issuer:  # noqa: B008 (frozen)
    return issuer(TODAY, scheme)


def files_of(by: Issuer, how: Make = Make()) -> ChipFiles:  # noqa: B008 (frozen)
    """What a reader brings of the skipper's chip."""
    return as_read(passport(traveller(WHO), TODAY, how, by).files)


def as_read(files: dict[int, bytes]) -> ChipFiles:
    groups = {number - 0x0100: data for number, data in files.items() if 0x0101 <= number <= 0x0110}
    return ChipFiles(groups, files[lds.SOD], files[lds.COM])


def store_of(*authorities: Signer, revoked: Iterable[int] | None = ()) -> TrustStore:
    """These authorities, each with a fresh list of what it revoked; None: without lists."""
    lists = () if revoked is None else tuple(read_crl(crl(one, revoked, NOW)) for one in authorities)
    return TrustStore(tuple(read_certificate(one.certificate) for one in authorities), crls=lists)


def resigned(files: ChipFiles, by: Signer, at: datetime | None = NOW, how: lds.Sealing = lds.Sealing()) -> ChipFiles:  # noqa: B008
    """The same groups under another signature."""
    return replace(files, sod=lds.sod(files.groups, by, at, how))


__all__ = ["NOW", "TODAY", "WHO", "as_read", "csca", "files_of", "resigned", "signer", "store_of", "utopia", "years"]
