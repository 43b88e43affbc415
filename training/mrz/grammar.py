"""What the synthetic lines say: zones of invented holders in all six formats, and lines that are pure chance."""

from __future__ import annotations

import numpy as np

from appliance.vision.mrz_strip import ALPHABET
from border.documents.mrz_writer import Holder, write
from border.documents.values import Format

Rng = np.random.Generator

RANDOM_SHARE = 0.12
LENGTHS = (30, 36, 44)
FORMATS = (Format.TD3, Format.TD1, Format.TD2, Format.MRV_A, Format.MRV_B, Format.FR_ID)
WEIGHTS = (0.44, 0.26, 0.11, 0.07, 0.05, 0.07)
CODES = {
    Format.TD3: ("P", "P", "P", "PD", "PS", "PO"),
    Format.TD1: ("I", "ID", "AC", "C", "IR"),
    Format.TD2: ("I", "ID", "P"),
    Format.MRV_A: ("V", "V", "VC", "VB"),
    Format.MRV_B: ("V", "V", "VC", "VB"),
}
OPTIONAL_WIDTHS = {Format.TD1: 15, Format.TD2: 7, Format.TD3: 14, Format.MRV_A: 16, Format.MRV_B: 8}
STATES = (
    "UTO", "ATG", "BHS", "BRB", "BLZ", "BRA", "CAN", "COL", "CUB", "D", "DMA", "DOM", "ESP", "FRA", "GBR", "GRD",
    "GUY", "HTI", "IND", "ITA", "JAM", "KNA", "LCA", "MEX", "NLD", "NOR", "PAN", "PHL", "PRT", "SUR", "SWE", "TTO",
    "UKR", "USA", "VCT", "VEN", "XOM", "XXA", "ZAF",
)  # fmt: skip
ONSETS = (
    "",
    "B",
    "C",
    "CH",
    "D",
    "F",
    "G",
    "H",
    "J",
    "K",
    "L",
    "M",
    "N",
    "P",
    "QU",
    "R",
    "S",
    "ST",
    "T",
    "V",
    "W",
    "X",
    "Y",
    "Z",
)
VOWELS = ("A", "E", "I", "O", "U", "AI", "EA", "IE", "OO", "OU", "AU")
CODAS = ("", "", "", "L", "LL", "N", "NG", "R", "S", "T", "X", "CK", "D", "M", "TZ")


def random_line(rng: Rng) -> str:
    """One line as printed: RANDOM_SHARE pure chance, otherwise any line of a zone."""
    if rng.random() < RANDOM_SHARE:
        return characters(rng, int(rng.choice(LENGTHS)))
    lines = random_zone(rng)
    return lines[int(rng.integers(len(lines)))]


def random_zone(rng: Rng, format_: Format | None = None) -> tuple[str, ...]:
    """All lines of one zone of an invented holder, every check digit right; the names are syllables."""
    format_ = format_ or FORMATS[int(rng.choice(len(FORMATS), p=WEIGHTS))]
    return write(format_, _french_holder(rng) if format_ is Format.FR_ID else _holder(rng, format_))


def characters(rng: Rng, count: int, alphabet: str = ALPHABET) -> str:
    return "".join(alphabet[at] for at in rng.integers(len(alphabet), size=count))


def _holder(rng: Rng, format_: Format) -> Holder:
    width = OPTIONAL_WIDTHS[format_]
    code, state = str(rng.choice(CODES[format_])), _state(rng)
    if (format_, code, state) == (Format.TD2, "ID", "FRA"):
        code = "I"  # IDFRA in 36 characters is the French card
    fields = (_optional(rng, width), _optional(rng, 11)) if format_ is Format.TD1 else (_optional(rng, width),)
    return Holder(
        primary_identifier=_names(rng, 1, 2),
        secondary_identifier=_names(rng, 1, 3),
        document_number=_number(rng),
        date_of_birth=_date(rng),
        date_of_expiry=_date(rng),
        nationality=_state(rng),
        issuing_state=state,
        document_code=code,
        sex=str(rng.choice(("M", "F", "X"), p=(0.45, 0.45, 0.1))),
        optional_data=fields,
    )


def _french_holder(rng: Rng) -> Holder:
    year_month = f"{rng.integers(100):02d}{rng.integers(1, 13):02d}"
    return Holder(
        primary_identifier=_names(rng, 1, 2),
        secondary_identifier=_names(rng, 1, 2),
        document_number=year_month + characters(rng, 8, ALPHABET[:10]),
        date_of_birth=_date(rng),
        date_of_expiry="<<<<<<",
        nationality="FRA",
        issuing_state="FRA",
        document_code="ID",
        sex=str(rng.choice(("M", "F"))),
        optional_data=(characters(rng, 6, ALPHABET[:10]) if rng.random() < 0.7 else "",),
    )


def _number(rng: Rng) -> str:
    """Two letters and digits, digits alone, or any mixture: the mixtures teach 0 from O and 1 from I."""
    kind = int(rng.integers(3))
    if kind == 0:
        return characters(rng, 2, ALPHABET[10:36]) + characters(rng, int(rng.integers(5, 8)), ALPHABET[:10])
    return characters(rng, int(rng.integers(7, 10)), ALPHABET[:10] if kind == 1 else ALPHABET[:36])


def _optional(rng: Rng, width: int) -> str:
    if rng.random() < 0.5:
        return ""
    return characters(rng, int(rng.integers(2, width + 1)), ALPHABET[:10] if rng.random() < 0.5 else ALPHABET[:36])


def _date(rng: Rng) -> str:
    return f"{rng.integers(100):02d}{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}"


def _state(rng: Rng) -> str:
    return str(rng.choice(STATES)) if rng.random() < 0.6 else characters(rng, 3, ALPHABET[10:36])


def _names(rng: Rng, low: int, high: int) -> str:
    return " ".join(_name(rng) for _ in range(int(rng.integers(low, high + 1))))


def _name(rng: Rng) -> str:
    syllables = (
        str(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)) for _ in range(int(rng.integers(1, 5)))
    )
    return "".join(syllables)
