"""One encounter made ready for its page: facts opened and verified again, each beside its author."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from border.encounter import CheckedFact, DecidedFact, Fact, RecommendedFact
from border.ids import receipt_number
from border.messages import codec, cose
from border.messages.envelope import open_fact
from border.messages.errors import MessageError
from central.console.plain import as_json
from central.console.queries import EncounterRow, FactRow, PartRow, RecordRow
from central.register import Enrolled, Register, Status


@dataclass(frozen=True, slots=True)
class FactView:
    """`fact` is None when not even its text can be read. `problem`: why the signature does not count, or empty."""

    kind: str
    record: str
    signed_by: str
    fact: Fact | None
    problem: str
    revoked: bool  # the signature holds; the key has been revoked since
    json: str


@dataclass(frozen=True, slots=True)
class EncounterView:
    row: EncounterRow
    number: str  # as it was said to the traveller
    checked: FactView | None
    recommended: FactView | None
    decided: tuple[FactView, ...]
    parts: tuple[PartRow, ...]
    records: tuple[RecordRow, ...]

    @property
    def json(self) -> str:
        """Everything on the page but the pictures, as one document."""
        facts = [view for view in (self.checked, self.recommended, *self.decided) if view is not None]
        return as_json(
            {
                "encounter": self.row,
                "facts": [
                    {"kind": f.kind, "signed_by": f.signed_by, "problem": f.problem, "fact": f.fact} for f in facts
                ],
                "records": self.records,
                "parts": self.parts,
            }
        )


def view_of(
    row: EncounterRow,
    facts: Sequence[FactRow],
    parts: Sequence[PartRow],
    records: Sequence[RecordRow],
    register: Register,
) -> EncounterView:
    opened = [fact_view(fact, register) for fact in facts]
    return EncounterView(
        row=row,
        number=receipt_number(row.encounter),
        checked=next((view for view in opened if view.kind == "checked"), None),
        recommended=next((view for view in opened if view.kind == "recommended"), None),
        decided=tuple(view for view in opened if view.kind == "decided"),
        parts=tuple(parts),
        records=tuple(records),
    )


def fact_view(row: FactRow, register: Register) -> FactView:
    """The signature is checked now, with the keys in the register now: what the page says is not a memory."""
    enrolled = register.get(row.kiosk)
    fact, problem = _proven(row.signed, enrolled) if enrolled is not None else (None, "unknown_kiosk")
    if fact is None:
        fact = _unproven(row.signed)
    return FactView(
        kind=row.kind,
        record=row.record,
        signed_by=row.kiosk,
        fact=fact,
        problem=problem,
        revoked=enrolled is not None and enrolled.status is Status.REVOKED,
        json=as_json(fact),
    )


def _proven(signed: bytes, enrolled: Enrolled) -> tuple[Fact | None, str]:
    """By the kiosk's key or one that was; whether that one might still sign it was judged when it came."""
    problem = ""
    for key in (enrolled.public_key, *(former.public_key for former in enrolled.former)):
        try:
            return open_fact(signed, key), ""
        except MessageError as error:
            problem = error.reason
    return None, problem


def _unproven(signed: bytes) -> Fact | None:
    try:
        payload = cose.peek(signed).payload
        return cast(Fact, codec.decode_one_of((CheckedFact, RecommendedFact, DecidedFact), payload))
    except MessageError:
        return None
