"""Reading the machine readable zone from pages: per format and field, and above all what is wrong and looks valid.

Adapter to the product's page reader and parser. What a document says is compared here and then forgotten: answers
hold the words of `Word` only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any

from appliance.vision.mrz_reader import PageReader, Profile
from border.documents.layout import Field, Layout, layout_of
from border.documents.mrz import Accepted, parse
from evaluation import pictures, plots
from evaluation.layout import Data, Page
from evaluation.sections import Headline, Plot, Section, Table, rate_cells, rated
from evaluation.statistics import Rate
from evaluation.work import Answer, Work, at_most, named

TITLE = "Machine readable zone: reading a page"
UNKNOWN = "no format of ours"


class Word(StrEnum):
    """What became of one field."""

    RIGHT = "right"
    REPAIRED = "repaired"  # right, after a character was put right by a check digit
    UNREAD = "unread"  # the reader or the parser said so
    WRONG = "wrong"  # and something else of the zone gives it away
    WRONG_BUT_VALID = "wrong_but_valid"  # every check digit of the zone agrees


class Ending(StrEnum):
    """What became of one page. `PROVEN`: every check digit agrees."""

    PROVEN = "proven"
    UNPROVEN = "unproven"  # taken, but a digit is missing or refuted
    READ_AGAIN = "read_again"  # the parser asks for another look
    NO_ZONE = "no_zone"


def habit_of(profile: str) -> Profile:
    """Pages below mrz/cradle/ are read as in the kiosk's cradle, all others as photographs."""
    return Profile.CRADLE if profile == Profile.CRADLE.value else Profile.PHOTO


def judge(reader: PageReader, page: Page) -> Answer:
    """One page through reader and parser: its ending, its repairs, and a word for each printed field."""
    reading = reader.read(pictures.colour(page.picture))
    printed = layout_of(page.lines)
    answer: Answer = {"format": printed.format.value if printed else UNKNOWN, "repairs": 0, "fields": {}}
    accepted = parse(reading.lines, dict(reading.alternatives)) if reading else None
    if not isinstance(accepted, Accepted):
        ending = Ending.READ_AGAIN if reading else Ending.NO_ZONE
        words = {field.name: Word.UNREAD for field in printed.fields} if printed else {}
        return {**answer, "ending": ending, "fields": words}
    assert reading is not None
    ending = Ending.PROVEN if reading.is_proven else Ending.UNPROVEN
    words = dict(_words(printed, page.lines, accepted, is_proven=reading.is_proven)) if printed else {}
    whole = accepted.lines == page.lines if page.lines else None
    return {**answer, "ending": ending, "repairs": len(accepted.mrz.repairs), "fields": words, "whole": whole}


def _words(
    printed: Layout, lines: tuple[str, ...], accepted: Accepted, *, is_proven: bool
) -> Iterator[tuple[str, Word]]:
    """A word for each field that is printed. A zone taken for another format is wrong in every field."""
    same = accepted.mrz.format is printed.format
    for field in printed.fields:
        read = field.text(accepted.lines) if same else ""
        if same and "?" in read:
            yield field.name, Word.UNREAD
        elif read != field.text(lines):
            yield field.name, Word.WRONG_BUT_VALID if is_proven else Word.WRONG
        else:
            yield field.name, Word.REPAIRED if _is_repaired(field, accepted) else Word.RIGHT


def _is_repaired(field: Field, accepted: Accepted) -> bool:
    return any(
        repair.line == field.line and field.start <= repair.position < field.end for repair in accepted.mrz.repairs
    )


def evaluate(data: Data, reader_of: Callable[[str], PageReader], work: Work, most: int | None = None) -> Section:
    """The whole part, from pages; `reader_of` knows the reader of a profile."""
    chosen = at_most(data.pages, most, lambda one: one.profile)
    items = [(named([one.picture], data.root) + "\0".join(one.lines), one) for one in chosen]
    answers = work.through("mrz", items, lambda one: judge(reader_of(one.profile), one))
    return section([(page.profile, bool(page.lines), answer) for page, answer in zip(chosen, answers, strict=True)])


Answered = Sequence[tuple[str, bool, Answer]]
"""Profile, whether somebody wrote down what is printed, and the answer."""


def section(answered: Answered) -> Section:
    """The report of pages that were read."""
    profiles = sorted({profile for profile, _, _ in answered})
    groups = [(profile or "all", [row for row in answered if row[0] == profile]) for profile in profiles]
    known = [row for row in answered if row[1]]
    headlines = [Headline(rated(proven(rows)), f"pages with every check digit valid, {name}") for name, rows in groups]
    if known:
        headlines.insert(0, Headline(rated(wrong_fields(known)), "fields wrong on pages whose digits all agree"))
        headlines.insert(0, Headline(rated(wrong_pages(known)), "pages wrong somewhere though every digit agrees"))
    return Section(
        "mrz",
        TITLE,
        headlines=tuple(headlines),
        notes=tuple(_notes(answered)),
        tables=(_pages_table(groups), *_field_tables(known)),
        plots=_plots(groups, known),
        numbers={"profiles": {name: _numbers(rows) for name, rows in groups}, "fields": _field_numbers(known)},
    )


def proven(rows: Answered) -> Rate:
    return Rate(sum(answer["ending"] == Ending.PROVEN for _, _, answer in rows), len(rows))


def wrong_pages(rows: Answered) -> Rate:
    """Of the pages whose text is known, those with a field that is wrong and looks valid."""
    known = [answer for _, is_known, answer in rows if is_known]
    return Rate(sum(_is_wrong(answer) for answer in known), len(known))


def _is_wrong(answer: Answer) -> bool:
    """A page of a format that is not ours has no fields to compare: proven as another format it is wrong."""
    if answer["format"] == UNKNOWN:
        return bool(answer["ending"] == Ending.PROVEN and not answer["whole"])
    return Word.WRONG_BUT_VALID in answer["fields"].values()


def wrong_fields(rows: Answered) -> Rate:
    words = [word for _, _, answer in rows for word in answer["fields"].values()]
    return Rate(sum(word == Word.WRONG_BUT_VALID for word in words), len(words))


def _notes(answered: Answered) -> Iterator[str]:
    yield (
        "Names, states and the document code carry no check digit: only they can be wrong on a page whose digits all "
        "agree, and a number whose misreading happens to satisfy its digits."
    )
    if any(not is_known for _, is_known, _ in answered):
        yield "For pages without a text file nobody knows what is printed: they count as valid or not, never as right."


def _numbers(rows: Answered) -> dict[str, Any]:
    endings = Counter(str(answer["ending"]) for _, _, answer in rows)
    return {
        "proven": proven(rows).told(),
        "wrong_but_valid": wrong_pages(rows).told(),
        "repaired": repaired(rows).told(),
        "endings": {ending.value: endings[ending] for ending in Ending},
    }


def repaired(rows: Answered) -> Rate:
    return Rate(sum(bool(answer["repairs"]) for _, _, answer in rows), len(rows))


def _pages_table(groups: Sequence[tuple[str, Answered]]) -> Table:
    rows = []
    for name, mine in groups:
        endings = Counter(answer["ending"] for _, _, answer in mine)
        told = ", ".join(f"{ending.replace('_', ' ')} {endings[ending]}" for ending in Ending)
        rows.append((name, rated(proven(mine)), rated(repaired(mine)), rated(wrong_pages(mine)), told))
    return Table(
        "Pages, with 95 % Clopper-Pearson intervals",
        ("profile", "every check digit valid", "of all, repaired", "wrong but valid, of known text", "ended as"),
        tuple(rows),
    )


def _by_format(known: Answered) -> dict[str, list[Answer]]:
    formats = sorted({answer["format"] for _, _, answer in known})
    return {name: [answer for _, _, answer in known if answer["format"] == name] for name in formats}


def _field_counts(answers: Sequence[Answer]) -> dict[str, Counter[str]]:
    """Field to how often each word; fields in printed order."""
    counts: dict[str, Counter[str]] = {}
    for answer in answers:
        for name, word in answer["fields"].items():
            counts.setdefault(name, Counter())[str(word)] += 1
    return counts


def _field_numbers(known: Answered) -> dict[str, Any]:
    return {
        name: {field: {word.value: counts[word] for word in Word} for field, counts in _field_counts(answers).items()}
        for name, answers in _by_format(known).items()
    }


def _field_tables(known: Answered) -> Iterator[Table]:
    for name, answers in _by_format(known).items():
        counted = _field_counts(answers)
        rows = []
        for field, counts in counted.items():
            total = sum(counts.values())
            cells = rate_cells(Rate(counts[Word.WRONG_BUT_VALID], total))
            rows.append((field.replace("_", " "), str(total), *(str(counts[word]) for word in Word), cells[3]))
        if rows:
            head = ("field", "n", *(word.replace("_", " ") for word in Word), "95 % of wrong but valid")
            pages = "1 page" if len(answers) == 1 else f"{len(answers)} pages"
            yield Table(f"Fields of {name}, {pages}", head, tuple(rows))


def _plots(groups: Sequence[tuple[str, Answered]], known: Answered) -> tuple[Plot, ...]:
    rates = [(name, proven(rows)) for name, rows in groups]
    told = "; ".join(f"{name} {rated(rate)}" for name, rate in rates)
    found = [Plot("Pages with every check digit valid", plots.intervals(rates, "share of pages"), told)]
    totals = Counter(str(word) for _, _, answer in known for word in answer["fields"].values())
    if totals:
        bars = [
            (field.replace("_", " "), [counts[word] for word in Word])
            for field, counts in _field_counts([answer for _, _, answer in known]).items()
        ]
        words = ", ".join(f"{word.replace('_', ' ')} {totals[word]}" for word in Word)
        names = [word.replace("_", " ") for word in Word]
        found.append(Plot("What became of each field, all formats", plots.stacked(bars, names), f"All fields: {words}"))
    return tuple(found)
