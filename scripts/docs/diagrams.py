"""State tables as pictures: what is drawn comes from the table, where it is drawn is laid out here by hand.

A state without a box or a pair of states without a route is a `KeyError`, so no diagram can leave out a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from itertools import pairwise
from typing import TypeVar

from appliance.journey import machine
from appliance.reporting import flight

A = TypeVar("A", bound=StrEnum)
B = TypeVar("B", bound=StrEnum)
Point = tuple[float, float]
Table = Mapping[StrEnum, Mapping[StrEnum, StrEnum]]

CHAR_PX, LINE_PX = 6.9, 15.0
STYLE = (
    "text{font:12.5px 'Noto Sans','DejaVu Sans',sans-serif;fill:#14212b}.state{font-weight:700;font-size:14px}"
    ".limit{fill:#44545f;font-size:11.5px}.box{stroke:#14212b;stroke-width:1.5}.way{fill:none;stroke:#44545f;"
    "stroke-width:1.5}.paper{fill:#fff}.under{fill:#fff;fill-opacity:.9}"
)


@dataclass(frozen=True, slots=True)
class Box:
    """Left, top, width, height in pixels, and the fill."""

    x: float
    y: float
    w: float
    h: float
    fill: str


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an arrow, from box to box; `label` is the middle of its words, `wraps` breaks them at underscores."""

    points: tuple[Point, ...]
    label: Point
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    title: str
    size: tuple[int, int]
    boxes: Mapping[StrEnum, Box]
    routes: Mapping[tuple[StrEnum, StrEnum], Route]


def draw(table: Table, layout: Layout, limits: Mapping[StrEnum, str]) -> str:
    """The whole SVG. An event that leads from every state to one and the same is written once, inside that state."""
    common = everywhere(table)
    width, height = layout.size
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(layout.title)}">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#44545f"/></marker></defs>',
        '<rect width="100%" height="100%" class="paper"/>',
    ]
    pairs = by_pair(table, common)
    parts += [_way(layout.routes[pair]) for pair in pairs]
    parts += [_label(layout.routes[pair], events) for pair, events in pairs.items()]
    for state in table:
        extra = [f"from anywhere: {event}" for event, target in common.items() if target is state]
        parts.append(_box(layout.boxes[state], str(state), [*([limits[state]] if state in limits else []), *extra]))
    return "\n".join([*parts, "</svg>"]) + "\n"


def everywhere(table: Table) -> dict[StrEnum, StrEnum]:
    """The events that every state knows and that lead to the same state from all of them."""
    shared = set.intersection(*(set(rows) for rows in table.values()))
    targets = {event: {rows[event] for rows in table.values()} for event in shared}
    return {event: next(iter(found)) for event, found in sorted(targets.items()) if len(found) == 1}


def by_pair(table: Table, without: Mapping[StrEnum, StrEnum]) -> dict[tuple[StrEnum, StrEnum], list[StrEnum]]:
    pairs: dict[tuple[StrEnum, StrEnum], list[StrEnum]] = {}
    for state, rows in table.items():
        for event, target in rows.items():
            if event not in without:
                pairs.setdefault((state, target), []).append(event)
    return pairs


def _way(route: Route) -> str:
    path = " ".join(f"{x:g} {y:g}" for x, y in route.points)
    return f'<path class="way" marker-end="url(#tip)" d="M{path}"/>'


def _label(route: Route, events: list[StrEnum]) -> str:
    words = [str(event) for event in events]
    if route.wraps:
        words = [piece for word in words for piece in word.replace("_", "_\n").split("\n")]
    return _words(route.label, words)


def _words(middle: Point, words: list[str]) -> str:
    x, y = middle
    wide = CHAR_PX * max(map(len, words)) + 6
    top = y - LINE_PX * len(words) / 2
    lines = "".join(
        f'<text x="{x:g}" y="{top + LINE_PX * n + 11.5:g}" text-anchor="middle">{escape(word)}</text>'
        for n, word in enumerate(words)
    )
    under = f'<rect class="under" x="{x - wide / 2:g}" y="{top:g}" width="{wide:g}" height="{LINE_PX * len(words):g}"/>'
    return under + lines


def _box(box: Box, name: str, notes: list[str]) -> str:
    x = box.x + box.w / 2
    top = box.y + box.h / 2 - 8 * len(notes) + 5
    lines = [f'<text class="state" x="{x:g}" y="{top:g}" text-anchor="middle">{escape(name)}</text>']
    lines += [
        f'<text class="limit" x="{x:g}" y="{top + 16 * n:g}" text-anchor="middle">{escape(note)}</text>'
        for n, note in enumerate(notes, start=1)
    ]
    frame = (
        f'<rect class="box" x="{box.x:g}" y="{box.y:g}" width="{box.w:g}" height="{box.h:g}" rx="8" fill="{box.fill}"/>'
    )
    return frame + "".join(lines)


HOME, STEP, MACHINE, END, SHUT = "#e3f1f6", "#ffffff", "#f1eee2", "#e2f2e4", "#f6e5e1"


def journey() -> str:
    return draw(JOURNEY_TABLE, JOURNEY, {state: _limit(limit) for state, limit in machine.LIMITS.items()})


def _plain(table: Mapping[A, Mapping[B, A]]) -> Table:
    return {state: {event: target for event, target in rows.items()} for state, rows in table.items()}


def _limit(limit: machine.Limit) -> str:
    return f"{limit.seconds:g} s" + (", warned" if limit.warns else "")


def outbox() -> str:
    return draw(OUTBOX_TABLE, OUTBOX, {})


def _row(
    states: tuple[StrEnum, ...], *, left: float, step: float, top: float, fill: str
) -> Iterator[tuple[StrEnum, Box]]:
    for n, state in enumerate(states):
        yield state, Box(left + n * step, top, 112, 52, fill)


S = machine.State
_TOP, _BOTTOM = 236.0, 288.0
_STEPS = (S.IDLE, S.WELCOME, S.DOCUMENT, S.CHIP, S.FACE, S.TURN, S.FINGER, S.DECIDING)
_MIDDLE = {state: 76 + 186.0 * n for n, state in enumerate(_STEPS)}
_ENDS = 1586.0


def _over(state: StrEnum, height: float, to: float) -> Route:
    """An arc above the row, into DECIDING."""
    x = _MIDDLE[state] + 20  # type: ignore[index]
    return Route(((x, _TOP), (x, height), (to, height), (to, _TOP)), (x + 110, height))


def _down(x: float, top: float, bottom: float, label: float) -> Route:
    return Route(((x, top), (x, bottom)), (x, label))


JOURNEY = Layout(
    title="The journey of one traveller: every state and every event",
    size=(1686, 670),
    boxes={
        **dict(_row(_STEPS, left=20, step=186, top=_TOP, fill=STEP)),
        S.IDLE: Box(20, _TOP, 112, 52, HOME),
        S.DECIDING: Box(20 + 186 * 7, _TOP, 112, 52, MACHINE),
        S.CLEARED: Box(_ENDS - 56, 176, 116, 52, END),
        S.REFERRED: Box(_ENDS - 56, 296, 116, 52, END),
        S.ABANDONING: Box(392, 386, 856, 44, MACHINE),
        S.WIPING: Box(20, 486, 1206, 44, MACHINE),
        S.OUT_OF_SERVICE: Box(20, 590, 1456, 64, SHUT),
    },
    routes={
        **{
            (a, b): Route(((_MIDDLE[a] + 56, 276), (_MIDDLE[b] - 56, 276)), (_MIDDLE[a] + 92, 256), wraps=True)
            for a, b in pairwise(_STEPS)
        },
        (S.FINGER, S.DECIDING): Route(((1248, 262), (1322, 262)), (1286, 334)),
        (S.WELCOME, S.DECIDING): _over(S.WELCOME, 66, 1408),
        (S.DOCUMENT, S.DECIDING): _over(S.DOCUMENT, 92, 1396),
        (S.CHIP, S.DECIDING): _over(S.CHIP, 118, 1384),
        (S.DOCUMENT, S.FACE): Route(((490, _BOTTOM), (490, 312), (780, 312), (780, _BOTTOM)), (556, 312)),
        (S.FACE, S.DECIDING): _over(S.FACE, 148, 1372),
        (S.TURN, S.DECIDING): _over(S.TURN, 180, 1360),
        (S.TURN, S.TURN): Route(((962, _TOP), (962, 214), (998, 214), (998, _TOP)), (962, 203)),
        **{(state, S.ABANDONING): _down(_MIDDLE[state], _BOTTOM, 386, 338) for state in machine.CAPTURING},
        (S.WELCOME, S.WIPING): _down(_MIDDLE[S.WELCOME], _BOTTOM, 486, 388),
        (S.ABANDONING, S.WIPING): _down(600, 430, 486, 458),
        (S.ABANDONING, S.OUT_OF_SERVICE): Route(((1248, 408), (1296, 408), (1296, 590)), (1296, 560)),
        (S.DECIDING, S.OUT_OF_SERVICE): _down(1408, _BOTTOM, 590, 420),
        (S.DECIDING, S.CLEARED): Route(((1434, 250), (1476, 250), (1476, 202), (1530, 202)), (1476, 224)),
        (S.DECIDING, S.REFERRED): Route(((1434, 274), (1476, 274), (1476, 322), (1530, 322)), (1476, 300)),
        (S.CLEARED, S.DOCUMENT): Route(((1588, 176), (1588, 20), (424, 20), (424, _TOP)), (900, 20)),
        (S.REFERRED, S.DOCUMENT): Route(((1646, 322), (1670, 322), (1670, 40), (410, 40), (410, _TOP)), (1000, 40)),
        (S.CLEARED, S.WIPING): Route(((1646, 202), (1658, 202), (1658, 518), (1226, 518)), (1526, 538)),
        (S.REFERRED, S.WIPING): Route(((1588, 348), (1588, 498), (1226, 498)), (1526, 478)),
        (S.WIPING, S.IDLE): Route(((100, 486), (100, _BOTTOM)), (100, 388)),
        (S.WIPING, S.OUT_OF_SERVICE): _down(600, 530, 590, 560),
        (S.OUT_OF_SERVICE, S.IDLE): Route(
            ((36, 590), (36, 550), (10, 550), (10, 310), (40, 310), (40, _BOTTOM)), (44, 560)
        ),
        (S.OUT_OF_SERVICE, S.OUT_OF_SERVICE): Route(((1476, 604), (1516, 604), (1516, 630), (1476, 630)), (1560, 617)),
    },
)

F = flight.State
_UP = {F.NEW: 78, F.SENT: 370, F.WAIT: 640, F.RECEIPTED: 1015}
_ASIDE = {F.NEW: 90, F.SENT: 440, F.WAIT: 730, F.RECEIPTED: 1000}

OUTBOX = Layout(
    title="One row of the outbox on its way to the centre: every state and every event",
    size=(1170, 560),
    boxes={
        F.PURGED: Box(60, 20, 980, 46, END),
        F.NEW: Box(60, 250, 140, 52, HOME),
        F.SENT: Box(340, 250, 140, 52, STEP),
        F.WAIT: Box(620, 250, 140, 52, STEP),
        F.RECEIPTED: Box(900, 250, 140, 52, STEP),
        F.QUARANTINED: Box(60, 490, 980, 46, SHUT),
    },
    routes={
        **{(state, F.PURGED): _down(x, 250, 66, 110) for state, x in _UP.items()},
        **{(state, F.QUARANTINED): _down(x, 302, 490, 450) for state, x in _ASIDE.items()},
        (F.QUARANTINED, F.PURGED): Route(((60, 513), (30, 513), (30, 43), (60, 43)), (30, 380)),
        (F.QUARANTINED, F.NEW): _down(180, 490, 302, 450),
        (F.NEW, F.NEW): Route(((135, 250), (135, 218), (180, 218), (180, 250)), (158, 202)),
        (F.NEW, F.SENT): Route(((200, 265), (340, 265)), (268, 254)),
        (F.SENT, F.NEW): Route(((340, 288), (200, 288)), (268, 308)),
        (F.SENT, F.WAIT): Route(((480, 265), (620, 265)), (548, 246)),
        (F.WAIT, F.SENT): Route(((620, 288), (480, 288)), (548, 300)),
        (F.WAIT, F.WAIT): Route(((680, 250), (680, 218), (730, 218), (730, 250)), (705, 208)),
        (F.WAIT, F.NEW): Route(((660, 302), (660, 352), (155, 352), (155, 302)), (320, 352)),
        (F.RECEIPTED, F.NEW): Route(((940, 302), (940, 400), (125, 400), (125, 302)), (570, 400)),
        (F.NEW, F.RECEIPTED): Route(((105, 250), (105, 146), (985, 146), (985, 250)), (240, 146)),
        (F.SENT, F.RECEIPTED): Route(((430, 250), (430, 176), (955, 176), (955, 250)), (540, 176)),
        (F.WAIT, F.RECEIPTED): Route(((760, 276), (900, 276)), (828, 264)),
        (F.RECEIPTED, F.RECEIPTED): Route(((1040, 262), (1068, 262), (1068, 292), (1040, 292)), (1112, 277)),
    },
)

JOURNEY_TABLE, OUTBOX_TABLE = _plain(machine.TABLE), _plain(flight.TABLE)
