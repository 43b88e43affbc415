"""When a record is complete, and what the centre says of it: stored, duplicate, need or reject.

What a receipt says, exactly (the kiosk deletes on the first two):

stored     Header, facts, and every slice of every part the header names are in committed rows; each part's bytes
           have the digest the header names, open with the centre's key, and are the sample the signed fact names.
           Said once, when the last of that is committed.
duplicate  The same, said again because something of the record came again.
need       The header is committed and these slices are not. Said when a record has been quiet for GRACE_MS, again
           after REPEAT_MS, and soon after its header comes once more.
reject     Nothing of this message was kept but a dead letter; or all was kept and a part can never be opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from border.messages.errors import MessageError
from border.messages.values import Receipt, ReceiptStatus
from central.store import notes, parts, records
from central.store.api import Transaction
from central.store.notes import AlarmNote
from central.store.parts import OpenPart
from central.store.records import Completeness, Known

GRACE_MS = 3000
REPEAT_MS = 60_000
ASKED_AGAIN_MS = 500  # the slices may be right behind the header that came again
MAX_MISSING = 200
"""Slices named in one receipt; when they have come, the next names the rest."""

MAX_NEEDS = 20  # receipts of this kind in one sweep

OpenPartBytes = Callable[[OpenPart, bytes], object]
"""Raises MessageError when the sealed bytes do not open to the sample that the header names."""


@dataclass(slots=True)
class Said:
    """What to say after the commit: receipts by kiosk, and the largest gap-free seq of each kiosk spoken to."""

    receipts: dict[str, list[Receipt]] = field(default_factory=dict)
    highest_seq: dict[str, int] = field(default_factory=dict)

    def say(self, kiosk: str, receipt: Receipt) -> None:
        self.receipts.setdefault(kiosk, []).append(receipt)

    def listen(self, kiosk: str) -> None:
        """This kiosk is answered even if there is no receipt for it."""
        self.receipts.setdefault(kiosk, [])


@dataclass(frozen=True, slots=True)
class _Verified:
    whole: frozenset[OpenPart]  # these are what the header says
    refused: dict[str, str]  # record id -> why one of its parts can never be


def settle(
    t: Transaction,
    touched: Iterable[str],
    fresh: frozenset[str],
    said: Said,
    *,
    open_part: OpenPartBytes,
    now_ms: int,
) -> None:
    """Verify the parts that are whole now, and say what can be said of each record touched."""
    stored = records.by_id(t, sorted(touched))
    wanted = [one.id for one in stored if one.completeness is Completeness.INCOMPLETE]
    open_parts = parts.open_parts(t, wanted)
    verified = _verify(t, open_parts, open_part, now_ms)
    still_open = {part.record for part in open_parts if part not in verified.whole}
    for one in stored:
        if one.completeness is Completeness.REFUSED:
            said.say(one.kiosk, _rejected(one, records.refusal_reason(t, one.id)))
        elif one.id in verified.refused:
            records.conclude(t, one.id, Completeness.REFUSED)
            said.say(one.kiosk, _rejected(one, verified.refused[one.id]))
        elif one.completeness is Completeness.COMPLETE:
            status = ReceiptStatus.STORED if one.id in fresh else ReceiptStatus.DUPLICATE
            said.say(one.kiosk, Receipt(one.id, status, one.digest, (), ""))
        elif one.id not in still_open:
            records.conclude(t, one.id, Completeness.COMPLETE)
            said.say(one.kiosk, Receipt(one.id, ReceiptStatus.STORED, one.digest, (), ""))


def _verify(t: Transaction, open_parts: Sequence[OpenPart], open_part: OpenPartBytes, now_ms: int) -> _Verified:
    """Look at each part that has all its slices; what is not even the named bytes is thrown out and wanted again."""
    here = parts.positions(t, open_parts)
    whole: list[OpenPart] = []
    corrupt: list[OpenPart] = []
    refused: dict[str, str] = {}
    for part in open_parts:
        if parts.missing([part], here):
            continue
        sealed = parts.sealed(t, part.kiosk, part.ref)
        if hashlib.sha256(sealed).hexdigest() != part.ref.sha256:
            corrupt.append(part)
            continue
        try:
            open_part(part, sealed)
        except MessageError as error:
            refused[part.record] = error.reason
        else:
            whole.append(part)
    parts.mark_verified(t, whole)
    parts.throw_out(t, corrupt)
    notes.add_alarms(t, [_part_alarm(p, "part_corrupt", now_ms) for p in corrupt])
    broken = [p for p in open_parts if p.record in refused]
    notes.add_alarms(t, [_part_alarm(p, refused[p.record], now_ms) for p in broken])
    return _Verified(frozenset(whole), refused)


def _part_alarm(part: OpenPart, detail: str, now_ms: int) -> AlarmNote:
    id_ = f"part-{part.ref.sha256}-{detail}"
    return AlarmNote(part.kiosk, id_, "centre", "part_refused", detail, part.record, now_ms, now_ms)


def _rejected(one: Known, reason: str) -> Receipt:
    return Receipt(one.id, ReceiptStatus.REJECT, one.digest, (), reason)


def ask(t: Transaction, now_ms: int) -> Said:
    """`need` receipts for incomplete records that have gone quiet. When there are none, nothing is written."""
    said = Said()
    quiet = records.by_id(t, records.quiet(t, now_ms - GRACE_MS, now_ms - REPEAT_MS, MAX_NEEDS))
    open_parts = parts.open_parts(t, [one.id for one in quiet])
    here = parts.positions(t, open_parts)
    for one in quiet:
        wanted = parts.missing([p for p in open_parts if p.record == one.id], here)[:MAX_MISSING]
        said.say(one.kiosk, Receipt(one.id, ReceiptStatus.NEED, one.digest, tuple(wanted), ""))
    if quiet:
        records.asked(t, [one.id for one in quiet], now_ms)
        close(t, said, now_ms)
    return said


def close(t: Transaction, said: Said, now_ms: int) -> None:
    """The last writes of a transaction: what will be said, and that pages have something new to show."""
    notes.log_receipts(t, [(kiosk, r) for kiosk, each in said.receipts.items() for r in each], now_ms)
    said.highest_seq.update({kiosk: records.highest_seq(t, kiosk) for kiosk in said.receipts})
    notes.next_version(t)
