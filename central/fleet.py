"""Every kiosk as headquarters sees it: its own signed word, when it was last heard, and what is missing of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from border.messages import topics
from border.messages.envelope import open_state
from border.messages.errors import MessageError
from border.messages.values import StateReport
from central.consumers.gaps import Gap
from central.register import Register, Status
from central.sequence import Span
from central.store import updates
from central.store.api import Row, Transaction
from central.store.updates import Step

QUIET_MS = 150_000
"""A kiosk reports every 60 s; after two missed reports its silence shows."""


class Contact(StrEnum):
    ONLINE = "online"
    QUIET = "quiet"  # says it is online, and has not been heard for QUIET_MS
    OFFLINE = "offline"  # the broker has sent its last will
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class KioskView:
    """Sequence numbers: `spans` are here, `gaps` are not and lie before one that is, `incomplete` want slices."""

    kiosk: str
    status: Status | None  # None: not in the register
    contact: Contact
    last_seen_ms: int  # 0: never
    report: StateReport | None  # None: none yet, or its signature does not hold
    report_ms: int
    report_problem: str  # why a stored report is not believed
    spans: tuple[Span, ...]
    gaps: tuple[Gap, ...]
    incomplete: tuple[int, ...]
    refused: tuple[int, ...]
    chain_breaks: tuple[int, ...]
    dead_letters: int
    alarms: int
    updates: tuple[Step, ...] = ()  # by role, the newest step of each

    @property
    def last_here(self) -> int:
        return self.spans[-1].last if self.spans else 0

    @property
    def last_known(self) -> int:
        """The largest sequence number that is here or that the kiosk says it has given."""
        return max(self.last_here, self.report.last_seq if self.report is not None else 0)

    @property
    def missing(self) -> int:
        return sum(len(gap.span) for gap in self.gaps)


def fleet(t: Transaction, register: Register, now_ms: int) -> list[KioskView]:
    """All kiosks that are registered or were ever heard, by name."""
    heard = _keyed(t.rows("SELECT kiosk, last_seen_ms, online, state, state_received_ms FROM kiosks"))
    spans = _grouped(t.rows("SELECT kiosk, first, last FROM spans ORDER BY kiosk, first"))
    gaps = _grouped(t.rows("SELECT kiosk, first, last, noticed_ms FROM gaps ORDER BY kiosk, first"))
    unsettled = _grouped(t.rows("SELECT kiosk, seq, complete FROM records WHERE complete <> 1 ORDER BY kiosk, seq"))
    breaks = _grouped(t.rows("SELECT kiosk, seq FROM chain_flags ORDER BY kiosk, seq"))
    letters = _keyed(t.rows("SELECT kiosk, COUNT(*) FROM dead_letters GROUP BY kiosk"))
    steps: dict[str, list[Step]] = defaultdict(list)
    for step in updates.newest(t):
        steps[step.kiosk].append(step)
    alarms = _keyed(t.rows("SELECT kiosk, COUNT(*) FROM alarms GROUP BY kiosk"))
    views = []
    for kiosk in sorted({*register, *heard, *spans}):
        last_seen_ms, online, state, state_ms = heard.get(kiosk, (0, 0, None, 0))
        report, problem = _opened(kiosk, state, register)
        views.append(
            KioskView(
                kiosk=kiosk,
                status=register[kiosk].status if kiosk in register else None,
                contact=_contact(last_seen_ms, online == 1, now_ms),
                last_seen_ms=last_seen_ms,
                report=report,
                report_ms=state_ms,
                report_problem=problem,
                spans=tuple(Span(*row) for row in spans[kiosk]),
                gaps=tuple(Gap(Span(row[0], row[1]), row[2]) for row in gaps[kiosk]),
                incomplete=tuple(seq for seq, complete in unsettled[kiosk] if complete == 0),
                refused=tuple(seq for seq, complete in unsettled[kiosk] if complete == 2),
                chain_breaks=tuple(seq for (seq,) in breaks[kiosk]),
                dead_letters=letters.get(kiosk, (0,))[0],
                alarms=alarms.get(kiosk, (0,))[0],
                updates=tuple(steps[kiosk]),
            )
        )
    return views


def _keyed(rows: list[Row]) -> dict[str, Row]:
    return {row[0]: row[1:] for row in rows}


def _grouped(rows: list[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row[1:])
    return groups


def _opened(kiosk: str, state: bytes | None, register: Register) -> tuple[StateReport | None, str]:
    """The kiosk's report, verified again with the key it has now."""
    if state is None:
        return None, ""
    if kiosk not in register:
        return None, "unknown_kiosk"
    try:
        return open_state(topics.state(kiosk), bytes(state), register[kiosk].public_key), ""
    except MessageError as error:
        return None, error.reason


def _contact(last_seen_ms: int, online: bool, now_ms: int) -> Contact:
    if last_seen_ms == 0:
        return Contact.NEVER
    if now_ms - last_seen_ms <= QUIET_MS:
        return Contact.ONLINE if online else Contact.OFFLINE
    return Contact.QUIET if online else Contact.OFFLINE
