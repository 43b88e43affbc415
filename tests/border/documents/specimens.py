"""The specimen zones of Doc 9303 (Utopia, nobody's data), and a seeded corpus of made-up ones."""

from __future__ import annotations

import random

from border.documents.mrz import Format
from border.documents.mrz_writer import Holder, write

Lines = tuple[str, ...]
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

TD3 = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
TD2 = (
    "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
    "D231458907UTO7408122F1204159<<<<<<<6",
)
TD1 = (
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
)
MRV_A = (
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
)
MRV_B = (
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
    "L8988901C4XXX4009078F9612109<<<<<<<<",
)
LONG_TD1 = (
    "I<UTOD23145890<7349<<<<<<<<<<<",
    "3407127M9507122UTO<<<<<<<<<<<2",
    "STEVENSON<<PETER<JOHN<<<<<<<<<",
)
LONG_TD2 = (
    "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<",
    "D23145890<UTO3407127M95071227349<<<8",
)
FR_ID = (  # the specimen that France published with the card; nobody's data
    "IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<",
    "8806923102858CORINNE<<<<<<<6512068F6",
)
BY_FORMAT: dict[Format, Lines] = {
    Format.TD1: TD1,
    Format.TD2: TD2,
    Format.TD3: TD3,
    Format.MRV_A: MRV_A,
    Format.MRV_B: MRV_B,
    Format.FR_ID: FR_ID,
}


def put(lines: Lines, line: int, position: int, text: str) -> Lines:
    """The lines with `text` written over them from that place on."""
    old = lines[line]
    return *lines[:line], old[:position] + text + old[position + len(text) :], *lines[line + 1 :]


def corpus(format_: Format, count: int, seed: int = 9303) -> list[Lines]:
    """Valid zones with numbers of every style: all digits, letters first, mixed, with and without optional data."""
    chance = random.Random(f"{seed} {format_}")
    return [write(format_, _holder(format_, number, chance)) for number in range(count)]


def _holder(format_: Format, style: int, chance: random.Random) -> Holder:
    if format_ is Format.FR_ID:
        return _french_holder(chance)
    pool = ALPHANUMERIC if style % 3 == 0 else "0123456789"
    prefix = chance.choice("ABCDEFGHJKLMNPRTVWXYZ") if style % 3 == 1 else ""
    number = prefix + "".join(chance.choice(pool) for _ in range(9 - len(prefix)))
    optional = "".join(chance.choice(pool) for _ in range(chance.choice((0, 3, 7))))
    return Holder(
        primary_identifier=chance.choice(("ERIKSSON", "SAINT-JEAN", "O'NEIL")),
        secondary_identifier="ANNA MARIA",
        document_number=number,
        date_of_birth=_date(chance),
        date_of_expiry=_date(chance),
        nationality="UTO",
        issuing_state="UTO",
        document_code="V" if format_ in {Format.MRV_A, Format.MRV_B} else "I" if format_ is Format.TD1 else "P",
        sex=chance.choice("MFX"),
        optional_data=(optional,),
    )


def _french_holder(chance: random.Random) -> Holder:
    return Holder(
        primary_identifier=chance.choice(("ERIKSSON", "SAINT-JEAN", "O'NEIL")),
        secondary_identifier="ANNA MARIA",
        document_number="".join(chance.choice("0123456789") for _ in range(12)),
        date_of_birth=_date(chance),
        date_of_expiry="<<<<<<",
        nationality="FRA",
        issuing_state="FRA",
        document_code="ID",
        sex=chance.choice("MF"),
        optional_data=("".join(chance.choice("0123456789") for _ in range(chance.choice((0, 6)))),),
    )


def _date(chance: random.Random) -> str:
    return f"{chance.randrange(100):02d}{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
