"""Names as a zone prints them (Doc 9303-3, -4): how they are transliterated, cut short, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from border.documents.transliteration import SCHEMES, UNKNOWN, transliterate

# Two spellings of one letter in zones of different states: the longer to the shorter.
DIGRAPHS = (("NXX", "N"), ("UXX", "U"), ("AE", "A"), ("AA", "A"), ("OE", "O"), ("UE", "U"))


class NameMatch(StrEnum):
    """How two names agree, best first. VARIANT and TRUNCATED may be the same name; somebody should look."""

    EXACT = "exact"
    VARIANT = "variant"  # equal under another transliteration, or but for spaces
    TRUNCATED = "truncated"  # one is what the truncation rules leave of the other
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Name:
    """One name from any source, in any script the tables know. `truncated` comes with a name out of a zone."""

    primary: str
    secondary: str = ""
    truncated: bool = False

    def __repr__(self) -> str:
        return "<name>"  # never the traveller's data


def matches(a: Name, b: Name) -> NameMatch:
    """Compare two names. A letter no table knows makes them DIFFERENT: absence of proof is not agreement."""
    ours, theirs = list(_spellings(a)), list(_spellings(b))
    if not all(_is_legible(*spelling) for spelling in (ours[0], theirs[0])):
        return NameMatch.DIFFERENT
    both_cut = a.truncated and b.truncated
    if ours[0] == theirs[0]:
        return NameMatch.TRUNCATED if both_cut else NameMatch.EXACT
    if {_key(spelling) for spelling in ours} & {_key(spelling) for spelling in theirs}:
        return NameMatch.TRUNCATED if both_cut else NameMatch.VARIANT
    cuts = [(short, full) for short in ours for full in theirs if a.truncated]
    cuts += [(short, full) for short in theirs for full in ours if b.truncated]
    if any(_is_cut(short, full) for short, full in cuts):
        return NameMatch.TRUNCATED
    return NameMatch.DIFFERENT


def name_field(primary: str, secondary: str, width: int) -> str:
    """The name field of a zone, `width` characters wide; ValueError when a name has no letter the tables know.

    A name that does not fit is cut so that both identifiers keep at least a letter and the last position holds a
    letter: that letter is how a reader knows that something is missing.
    """
    first, second = transliterate(primary).replace(" ", "<"), transliterate(secondary).replace(" ", "<")
    if not first or UNKNOWN in first + second:
        raise ValueError("a name with letters outside the transliteration tables")
    joined = f"{first}<<{second}" if second else first
    if len(joined) <= width:
        return joined.ljust(width, "<")
    if second:
        first = _cut(first, max(width - 2 - len(second), width // 2)) if len(first) > width - 3 else first
        return f"{first}<<{_cut(second, width - 2 - len(first))}"
    return _cut(first, width)


def _cut(identifier: str, width: int) -> str:
    """At most `width` characters, ending in a letter when cut: a filler there would hide that something is missing."""
    if len(identifier) <= width or identifier[width - 1] != "<":
        return identifier[:width]
    components = identifier[: width - 1].split("<")
    longest = max(range(len(components)), key=lambda at: len(components[at]))
    if len(components[longest]) == 1:
        return identifier[: width - 1] + identifier[width]
    # The longest component gives up a letter, so that the first of the next one shows.
    components[longest] = components[longest][:-1]
    return "<".join(components) + "<" + identifier[width]


def _is_legible(primary: str, secondary: str) -> bool:
    return bool(primary) and UNKNOWN not in primary + secondary


def _spellings(name: Name) -> Iterator[tuple[str, str]]:
    """(primary, secondary) by every scheme, the recommended one first."""
    for scheme in SCHEMES:
        yield transliterate(name.primary, scheme), transliterate(name.secondary, scheme)


def _key(spelling: tuple[str, str]) -> tuple[str, str]:
    primary, secondary = spelling
    return _folded(primary).replace(" ", ""), _folded(secondary).replace(" ", "")


def _folded(text: str) -> str:
    for longer, shorter in DIGRAPHS:
        text = text.replace(longer, shorter)
    return text


def _is_cut(short: tuple[str, str], full: tuple[str, str]) -> bool:
    """True when every component of the short name begins the full one's, in order, and only last ones lack."""
    return all(_begins(_folded(cut).split(), _folded(whole).split()) for cut, whole in zip(short, full, strict=True))


def _begins(cut: list[str], whole: list[str]) -> bool:
    return len(cut) <= len(whole) and all(
        component.startswith(part) for part, component in zip(cut, whole, strict=False)
    )
