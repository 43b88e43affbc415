"""What the publisher tells the journal and asks of it in one visit, so that only the journal's thread touches it."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.post.journal import Journal
from appliance.reporting.outbox import Dispatch
from appliance.reporting.rows import Counts
from appliance.reporting.settings import Window
from border.encounter import Stamp
from border.messages.values import AlarmKind, ReceiptBatch


@dataclass(slots=True)
class Heard:
    """What came since the last visit. Keys are those of `Dispatch`."""

    link_lost: bool = False
    link_works: bool = False
    acknowledged: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    batches: list[ReceiptBatch] = field(default_factory=list)  # verified
    alarms: list[str] = field(default_factory=list)  # codes to be told to the centre

    def __bool__(self) -> bool:
        return bool(self.link_lost or self.acknowledged or self.refused or self.batches or self.alarms)


@dataclass(frozen=True, slots=True)
class Answer:
    """`alarms`: codes of what did not fit in the receipts."""

    due: list[Dispatch]
    counts: Counts
    alarms: list[str]


def visit(journal: Journal, heard: Heard, window: Window, now_s: float, at: Stamp) -> Answer:
    """Runs on the journal's thread. Raises `StorageFull` when the disk cannot take what was heard."""
    outbox = journal.outbox
    if heard.link_lost:
        outbox.link_lost(now_s)
    if heard.link_works:
        outbox.flights.link_works()
    outbox.acknowledged(heard.acknowledged, now_s)
    outbox.refused(heard.refused, now_s)
    found: list[str] = []
    for batch in heard.batches:
        found += journal.settle(batch, now_s, at.wall_ms).alarms
    for detail in heard.alarms:
        journal.alarm(AlarmKind.TAMPER, detail, at)
    return Answer(outbox.due(now_s, window.messages, window.bytes), outbox.counts(at.wall_ms), found)
