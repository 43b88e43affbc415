"""One batch of judged arrivals becomes rows in one transaction, and the receipts to say once it is committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from border.messages.values import Receipt, ReceiptStatus
from central.arrivals import Arrival, ArrivedAlarm, ArrivedRequest, ArrivedState, ArrivedUpdate, Refusal
from central.completion import ASKED_AGAIN_MS, GRACE_MS, OpenPartBytes, Said, close, settle
from central.store import notes, parts, records, updates
from central.store.api import Transaction
from central.store.notes import AlarmNote, Letter
from central.store.parts import Slice
from central.store.records import Known, NewRecord


def keep(t: Transaction, arrivals: Sequence[Arrival], open_part: OpenPartBytes, now_ms: int) -> Said:
    """All of one batch. The caller commits, and says what is returned only after that."""
    said = Said()
    fresh, again = _records(t, [a for a in arrivals if isinstance(a, NewRecord)], said)
    _check_chain(t, fresh, now_ms)
    records.touch(t, again, now_ms - GRACE_MS + ASKED_AGAIN_MS)
    slices = [a for a in arrivals if isinstance(a, Slice)]
    parts.add_slices(t, slices)
    named = parts.records_of(t, slices)
    records.touch(t, named, now_ms)
    fresh_ids = frozenset(one.record.id for one in fresh)
    settle(t, {*fresh_ids, *again, *named}, fresh_ids, said, open_part=open_part, now_ms=now_ms)
    _others(t, arrivals, said)
    notes.seen(t, dict(_signs_of_life(arrivals)))
    close(t, said, now_ms)
    return said


def _records(t: Transaction, arrived: Sequence[NewRecord], said: Said) -> tuple[list[NewRecord], list[str]]:
    """Insert the new ones; refuse those that contradict a stored one. Returns the new, and the ids that came again."""
    known = records.known(t, [one.record for one in arrived])
    by_id = {one.id: one for one in known}
    by_slot = {(one.kiosk, one.seq): one for one in known}
    fresh: list[NewRecord] = []
    again: list[str] = []
    for one in arrived:
        record = one.record
        stored = by_id.get(record.id) or by_slot.get((record.kiosk, record.seq))
        if stored is None:
            fresh.append(one)
            mine = Known(record.id, record.kiosk, record.seq, one.digest, one.completeness)
            by_id[record.id] = by_slot[record.kiosk, record.seq] = mine
        elif stored.id != record.id:
            _contradict(t, one, "sequence_reused", said)
        elif stored.digest != one.digest or stored.kiosk != record.kiosk:
            _contradict(t, one, "tampered", said)
        else:
            again.append(record.id)
    records.insert(t, fresh)
    return fresh, again


def _contradict(t: Transaction, one: NewRecord, reason: str, said: Said) -> None:
    """Signed by the kiosk, and yet not what it signed before under this id or number: keep it as evidence."""
    kiosk, id_ = one.record.kiosk, one.record.id
    letter = Letter(one.topic, reason, kiosk, one.digest, len(one.payload), one.payload, one.received_ms)
    notes.add_letters(t, [letter])
    alarm_id = f"{reason}-{one.digest.hex()}"
    detail = f"seq {one.record.seq}"
    alarm = AlarmNote(kiosk, alarm_id, "centre", reason, detail, id_, one.received_ms, one.received_ms)
    notes.add_alarms(t, [alarm])
    said.say(kiosk, Receipt(id_, ReceiptStatus.REJECT, one.digest, (), reason))


def _check_chain(t: Transaction, fresh: Sequence[NewRecord], now_ms: int) -> None:
    breaks = records.chain_breaks(t, [one.record for one in fresh])
    notes.add_chain_flags(t, breaks, now_ms)
    notes.add_alarms(
        t,
        [
            AlarmNote(b.kiosk, f"chain-{b.seq}", "centre", "chain_broken", f"seq {b.seq}", "", now_ms, now_ms)
            for b in breaks
        ],
    )


def _others(t: Transaction, arrivals: Sequence[Arrival], said: Said) -> None:
    for one in arrivals:
        match one:
            case ArrivedState():
                notes.keep_state(t, one.report, one.signed, one.received_ms)
            case ArrivedRequest():
                records.ask_again(t, one.kiosk)
                said.listen(one.kiosk)
            case ArrivedAlarm():
                _alarm(t, one, said)
            case ArrivedUpdate():
                _update(t, one, said)
            case Refusal():
                notes.add_letters(t, [one.letter])
                if one.answer_id:
                    receipt = Receipt(one.answer_id, ReceiptStatus.REJECT, one.letter.digest, (), one.letter.reason)
                    said.say(one.letter.kiosk, receipt)


def _alarm(t: Transaction, one: ArrivedAlarm, said: Said) -> None:
    """An alarm is answered like a record, so that a kiosk may keep it until it is."""
    alarm = one.alarm
    note = AlarmNote(
        kiosk=alarm.kiosk,
        id=alarm.id,
        source="kiosk",
        kind=alarm.kind.value,
        detail=alarm.detail,
        record="",
        at_ms=alarm.at.wall_ms,
        received_ms=one.received_ms,
    )
    status = ReceiptStatus.DUPLICATE if notes.has_alarm(t, alarm.kiosk, alarm.id) else ReceiptStatus.STORED
    notes.add_alarms(t, [note])
    said.say(alarm.kiosk, Receipt(alarm.id, status, one.digest, (), ""))


def _update(t: Transaction, one: ArrivedUpdate, said: Said) -> None:
    """Kept once for each step; said again under another signature it is still that step."""
    report = one.report
    known = updates.has(t, report.kiosk, report.id)
    updates.add(t, report, one.received_ms)
    status = ReceiptStatus.DUPLICATE if known else ReceiptStatus.STORED
    said.say(report.kiosk, Receipt(report.id, status, one.digest, (), ""))


def _signs_of_life(arrivals: Sequence[Arrival]) -> Iterator[tuple[str, int]]:
    """(kiosk, when) of everything a kiosk itself has sent just now, in order."""
    for one in arrivals:
        match one:
            case NewRecord():
                yield one.record.kiosk, one.received_ms
            case ArrivedState() if one.report.online and not one.retained:
                yield one.report.kiosk, one.received_ms
            case ArrivedAlarm():
                yield one.alarm.kiosk, one.received_ms
            case ArrivedUpdate():
                yield one.report.kiosk, one.received_ms
            case Slice() | ArrivedRequest():
                yield one.kiosk, one.received_ms
