"""A signed passport's files and keys put on a simulated chip; and the chips that forgers make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from border.documents.mrz import Accepted, parse
from border.documents.mrz_writer import mrz_information
from simulators.chip_keys import GM, CaKey, PaceWay
from simulators.passport import lds
from simulators.passport.document import Issuer, Make, Passport, passport, portrait
from simulators.passport.keys import curve_key
from simulators.passport_chip import Chip
from simulators.passport_chip import Passport as OnChip
from simulators.travellers import TRAVELLERS, Traveller

WAY = PaceWay(GM, 2, 13)  # AES-128 on brainpoolP256r1
DG1, DG2 = lds.file_id(1), lds.file_id(2)


def genuine(who: Traveller, today: date, by: Issuer, how: Make = Make()) -> Chip:  # noqa: B008 (frozen)
    """As it was issued: opens by PACE or BAC with its printed zone, and proves itself both ways."""
    return Chip(_on_chip(_made(who, today, by, how), who.lines(today)))


def photograph_changed(who: Traveller, today: date, by: Issuer) -> Chip:
    """Another face stands where the signed one stood."""
    chip = genuine(who, today, by)
    other = next(one for one in TRAVELLERS if one.key != who.key)
    chip.passport.files[DG2] = lds.dg2(portrait(other.face()))
    return chip


def copied(who: Traveller, today: date, by: Issuer) -> Chip:
    """Every file of the true one, on a chip that cannot know its keys."""
    chip = genuine(who, today, by)
    stranger = curve_key("brainpoolP256r1", f"copy {who.key}")
    chip.passport.ca_key = CaKey.of(stranger)
    chip.passport.aa_key = curve_key("secp256r1", f"copy {who.key}")
    return chip


def for_another_page(who: Traveller, today: date, by: Issuer) -> Chip:
    """Signed as it should be, with another name than the page shows: the page was changed."""
    written = replace(who, secondary_identifier=who.secondary_identifier[::-1])
    return Chip(_on_chip(_made(written, today, by, Make()), who.lines(today)))


def _made(who: Traveller, today: date, by: Issuer, how: Make) -> Passport:
    return passport(who, today, replace(how, pace=(WAY.info,)), by)


def _on_chip(made: Passport, printed: tuple[str, ...]) -> OnChip:
    read = parse(printed)
    assert isinstance(read, Accepted), "an invented traveller's zone is a good one"
    assert made.chip_authentication is not None
    files = {file: data for file, data in made.files.items() if file != lds.CARD_ACCESS}
    return OnChip(
        mrz_information(read.mrz),
        files,
        pace=(WAY,),
        ca_key=CaKey.of(made.chip_authentication),
        aa_key=made.active_authentication,
    )
