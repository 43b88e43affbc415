"""Why two names were taken for one: stable words for an officer's page, never the names themselves."""

from __future__ import annotations

from collections.abc import Iterator

from border.watchlist.names import Alignment, Pair

EDITS = {0: "equal", 1: "one_edit", 2: "two_edits"}
MORE = "alike"
UNLIKE = 0.5
"""A pair below this was only left over; it explains nothing."""

WORDS: dict[str, str] = {
    "document_number_equal": "The document's number is listed.",
    "issuing_state_equal": "By the same state.",
    "issuing_state_different": "By another state; name alike as well.",
    "issuing_state_not_listed": "The list does not say by which state.",
    "surname_equal": "Same surname.",
    "surname_one_edit": "Surname one letter apart.",
    "surname_two_edits": "Surname two letters apart.",
    "surname_alike": "Surname alike.",
    "given_names_equal": "Same given names, as far as both have them.",
    "given_names_one_edit": "Given names one letter apart.",
    "given_names_two_edits": "Given names two letters apart.",
    "given_names_alike": "Given names alike.",
    "initial_only": "One name is an initial only.",
    "transliteration_differs": "Same letters under another transliteration.",
    "surname_and_given_names_swapped": "Surname and given names change places.",
    "names_missing": "One side has names that the other lacks.",
    "spaces_differ": "The same letters in a row, or nearly, spaced otherwise.",
    "name_truncated": "The zone was too short for the whole name.",
    "date_of_birth_equal": "Same date of birth.",
    "day_month_swapped": "Day and month change places.",
    "year_of_birth_near": "Same day and month, one or two years apart.",
    "date_of_birth_partly_known": "Date of birth agrees as far as both are known.",
    "date_of_birth_unknown": "One date of birth is not known.",
}
"""Every word a hit's explanation may hold, with what it means."""


def explain(alignment: Alignment) -> tuple[str, ...]:
    """Words of WORDS for one alignment, the surname first."""
    if alignment.joined:
        return ("spaces_differ",)
    pairs = tuple(pair for pair in alignment.pairs if pair.likeness >= UNLIKE and not pair.listed.is_particle)
    surname = [pair for pair in pairs if pair.listed.is_surname]
    given = [pair for pair in pairs if not pair.listed.is_surname]
    return (*_part("surname", surname), *_part("given_names", given), *_oddities(alignment, pairs))


def _part(name: str, pairs: list[Pair]) -> Iterator[str]:
    whole = [pair for pair in pairs if not _is_initial(pair)]
    if whole:
        yield f"{name}_{EDITS.get(sum(pair.edits for pair in whole), MORE)}"


def _oddities(alignment: Alignment, pairs: tuple[Pair, ...]) -> Iterator[str]:
    if any(_is_initial(pair) for pair in pairs):
        yield "initial_only"
    if any(_is_variant(pair) for pair in pairs):
        yield "transliteration_differs"
    if pairs and all(pair.shown.is_surname != pair.listed.is_surname for pair in pairs):
        yield "surname_and_given_names_swapped"
    if alignment.missing or any(pair.likeness < UNLIKE for pair in alignment.pairs):
        yield "names_missing"
    if alignment.truncated:
        yield "name_truncated"


def _is_initial(pair: Pair) -> bool:
    return 1 in (len(pair.shown.folded), len(pair.listed.folded)) and pair.shown.folded != pair.listed.folded


def _is_variant(pair: Pair) -> bool:
    return pair.shown.folded == pair.listed.folded and pair.shown.printed != pair.listed.printed
