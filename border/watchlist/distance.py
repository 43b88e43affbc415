"""How far two words are apart: Damerau-Levenshtein edits, Jaro-Winkler similarity."""

from __future__ import annotations


def edits(a: str, b: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that make `b` of `a` (optimal string alignment)."""
    if a == b:
        return 0
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def jaro_winkler(a: str, b: str) -> float:
    """0 nothing in common .. 1 equal; a common beginning of up to four letters counts extra (0.1 each)."""
    jaro = _jaro(a, b)
    prefix = 0
    for letter, other in zip(a[:4], b[:4], strict=False):
        if letter != other:
            break
        prefix += 1
    return jaro + prefix * 0.1 * (1 - jaro)


def _jaro(a: str, b: str) -> float:
    if a == b:
        return 1.0
    reach = max(max(len(a), len(b)) // 2 - 1, 0)
    taken = [False] * len(b)
    common: list[str] = []
    for i, letter in enumerate(a):
        for j in range(max(0, i - reach), min(len(b), i + reach + 1)):
            if not taken[j] and b[j] == letter:
                taken[j] = True
                common.append(letter)
                break
    if not common:
        return 0.0
    theirs = (b[j] for j, used in enumerate(taken) if used)
    out_of_order = sum(letter != other for letter, other in zip(common, theirs, strict=True)) / 2
    m = len(common)
    return (m / len(a) + m / len(b) + (m - out_of_order) / m) / 3
