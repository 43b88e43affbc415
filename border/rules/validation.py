"""What the values of a policy may be: a table of bounds, and the few rules that bind several values together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from border.documents.chip_trust import REMARKS
from border.documents.chip_unread import NEVER_TOLERATED, Unread
from border.documents.countries import CodeKind, kind_of
from border.messages.errors import Mistake
from border.rules.engine import ANY, RULE_LINES
from border.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Bound:
    """A number from `low` to `high`; the ends themselves only where `open` does not exclude them."""

    where: str
    low: float
    high: float
    excluded: str = ""  # "low", "high", "both"

    def admits(self, value: float) -> bool:
        above = value > self.low if self.excluded in ("low", "both") else value >= self.low
        below = value < self.high if self.excluded in ("high", "both") else value <= self.high
        return above and below

    @property
    def wish(self) -> str:
        left = "over" if self.excluded in ("low", "both") else "from"
        right = "below" if self.excluded in ("high", "both") else "to"
        return f"wants {left} {self.low:g} {right} {self.high:g}"


MAX_DISTANCE = 0.7
"""Of embeddings: beyond it different people begin to pass (its authors compare at 0.6)."""

# A limit at an end that would let everybody through (an attack score of 1) is excluded, not trusted.
BOUNDS: tuple[Bound, ...] = (
    Bound("version", 1, 2**31),
    Bound("face.min_inter_eye_px", 20, 1000),
    Bound("face.max_abs_yaw_deg", 0, 45, "low"),
    Bound("face.max_abs_pitch_deg", 0, 45, "low"),
    Bound("face.max_abs_roll_deg", 0, 45, "low"),
    Bound("face.min_sharpness", 0, 100),
    Bound("face.framing.max_head_size", 0.1, 1),
    Bound("face.framing.min_side", 0, 3),
    Bound("face.framing.min_above", 0, 3),
    Bound("face.framing.min_below", 1, 3),
    Bound("face.framing.max_second_face", 0, 1, "high"),
    Bound("face.light.min_mapped", 0, 100),
    Bound("face.light.min_frame_level", 0, 128),
    Bound("face.light.max_frame_level", 128, 255),
    Bound("face.light.min_face_level", 0, 128),
    Bound("face.light.max_surround_ratio", 1, 1000),
    Bound("turn.min_yaw_change_deg", 5, 60),
    Bound("turn.min_residual", 0, 1, "both"),
    Bound("turn.min_relief", 0, 1, "both"),
    Bound("turn.turns", 2, 6),  # one alone might be a turn, which a worn cut-out can show
    Bound("turn.seconds_per_turn", 1, 60),
    Bound("turn.max_track_distance", 0, MAX_DISTANCE, "low"),
    Bound("turn.min_pitch_change_deg", 5, 60),
    Bound("passive.max_attack_score", 0, 1, "both"),
    Bound("passive.min_frames", 1, 100),
    Bound("screen.max_moire", 0, 6, "low"),
    Bound("screen.max_bezel", 0, 1, "both"),
    Bound("screen.min_frames", 1, 100),
    Bound("comparison.max_distance", 0, MAX_DISTANCE, "low"),
    Bound("comparison.min_frames", 1, 100),
    Bound("finger.min_age_years", 0, 120),
    Bound("chip.min_assurance", 1, 3),
    Bound("gate.open_s", 0, 15),
    Bound("chip.tries", 1, 10),
    Bound("chip.wait_s", 3, 60),
    Bound("chip.read_s", 5, 60),
    Bound("chip.max_store_age_hours", 0, 24 * 366, "low"),
    Bound("retries.document", 1, 20),
    Bound("retries.face", 1, 20),
    Bound("retries.finger", 1, 20),
    Bound("retries.total_s", 10, 900),
    Bound("min_self_service_age_years", 12, 120),
    Bound("min_document_validity_days", 0, 366),
    Bound("max_list_age_hours", 0, 24 * 31, "low"),
)
TOLERABLE = frozenset({*map(str, frozenset(Unread) - NEVER_TOLERATED), *REMARKS})
"""What a policy may let pass of a chip; a fault of one that was read is never among it."""
MUST_PROTECT = ("XXA", "XXB", "XXC")
"""Stateless (1954 Convention) and refugees (1951 Convention, and other): no policy may leave them to a machine."""


def mistakes_in(item: object) -> Iterator[Mistake]:
    """Numbers outside their bounds, wherever a decoded map has them; absent and foreign ones are the codec's."""
    for bound in BOUNDS:
        value = _value_at(item, bound.where)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and not bound.admits(value):
            yield Mistake(bound.where, f"{bound.wish}, has {value:g}")


def mistakes_of(policy: Policy) -> Iterator[Mistake]:
    """What bounds cannot say of a whole policy."""
    if kind_of(policy.country) not in (CodeKind.STATE, CodeKind.SPECIMEN):
        yield Mistake("country", "wants the code of a state")
    for where, metric in (("comparison.metric", policy.comparison.metric), ("finger.metric", policy.finger.metric)):
        if not metric:
            yield Mistake(where, "wants the name of a metric")
    yield from _rows("face.min_component", policy.face.min_component, Bound("", 0, 100))
    yield from _rows("finger.min_quality", policy.finger.min_quality, Bound("", 0, 100, "low"))
    yield from _tolerated(policy)
    yield from _documents(policy)
    yield from _protection(policy)
    yield from _stays(policy)


def _value_at(item: object, where: str) -> Any:
    for key in where.split("."):
        if not isinstance(item, Mapping) or key not in item:
            return None
        item = item[key]
    return item


def _rows(where: str, rows: tuple[tuple[str, float], ...], bound: Bound) -> Iterator[Mistake]:
    """Limits by name."""
    names = [name for name, _ in rows]
    for place, (name, lowest) in enumerate(rows):
        if not name or names.index(name) != place:
            yield Mistake(f"{where}[{place}]", "wants a name that no other row has")
        if not bound.admits(lowest):
            yield Mistake(f"{where}[{place}]", f"{bound.wish}, has {lowest:g}")


def _tolerated(policy: Policy) -> Iterator[Mistake]:
    for place, word in enumerate(policy.chip.tolerated):
        where = f"chip.tolerated[{place}]"
        if word not in TOLERABLE:
            yield Mistake(where, f"wants one of {', '.join(sorted(TOLERABLE))}")
        if policy.chip.tolerated.index(word) != place:
            yield Mistake(where, "wants a word that stands there once")


def _documents(policy: Policy) -> Iterator[Mistake]:
    if not policy.accepted_documents:
        yield Mistake("accepted_documents", "wants at least one")
    for place, code in enumerate(policy.accepted_documents):
        if not re.fullmatch("[A-Z]{1,2}", code):
            yield Mistake(f"accepted_documents[{place}]", "wants one or two letters A-Z")


def _protection(policy: Policy) -> Iterator[Mistake]:
    for code in MUST_PROTECT:
        if code not in policy.protection_codes:
            yield Mistake("protection_codes", f"wants {code} among them")


def _stays(policy: Policy) -> Iterator[Mistake]:
    if not policy.stays:
        yield Mistake("stays", "wants at least one")
    taken = set(RULE_LINES)
    everybody_had = False
    for place, stay in enumerate(policy.stays):
        where = f"stays[{place}]"
        if everybody_had:
            yield Mistake(where, "stands behind a row for everybody and is never reached")
        if not re.fullmatch("[a-z][a-z0-9_]*", stay.rule) or stay.rule in taken:
            yield Mistake(f"{where}.rule", "wants a lower_case word of its own")
        if not 1 <= stay.days <= 3660:
            yield Mistake(f"{where}.days", f"wants from 1 to 3660, has {stay.days}")
        if not stay.nationalities:
            yield Mistake(f"{where}.nationalities", "wants at least one")
        unknown = [c for c in stay.nationalities if c != ANY and kind_of(c) is CodeKind.UNKNOWN]
        if unknown:
            yield Mistake(f"{where}.nationalities", f"no such code: {' '.join(unknown)}")
        taken.add(stay.rule)
        everybody_had = everybody_had or ANY in stay.nationalities
