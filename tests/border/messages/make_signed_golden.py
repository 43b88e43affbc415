"""Signed and sealed golden files, made once with the throw-away keys beside. Never run again for a published version.

`python -m tests.border.messages.make_signed_golden`: ECDSA and HPKE draw random numbers, so each run makes other bytes;
what the tests can hold on to is that these bytes open for ever.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from border.encounter import Sample, SampleKind
from border.ledger import sign_checkpoint
from border.messages.envelope import (
    Draft,
    pack,
    sign_alarm,
    sign_receipts,
    sign_request,
    sign_state,
)
from border.messages.examples import (
    ALARM_VALUE,
    AT,
    CHECKED,
    CHECKPOINT,
    ENCOUNTER,
    FACE,
    LISTED,
    POLICY,
    RECEIPTS,
    RECOMMENDED,
    REQUEST,
    STATE,
)
from border.messages.schema import HERE
from border.messages.trust import TrustFile, sign_trust
from border.messages.values import RecordKind
from border.rules.codec import sign_policy
from border.watchlist.codec import sign_list
from border.watchlist.values import Born, Entry, ListedName, WatchList
from tests.border.messages.keys import CENTRE, KIOSK, READER

SAMPLE = Sample(SampleKind.FACE, FACE.media_type, b"no picture, only bytes", FACE.frame_sha256, FACE.device)
REF = replace(FACE, sha256=hashlib.sha256(SAMPLE.data).hexdigest(), size=len(SAMPLE.data))
FACTS = (replace(CHECKED, samples=(REF,)), RECOMMENDED)
DRAFT = Draft("quay-1", 1, bytes(32), RecordKind.ENCOUNTER, ENCOUNTER, ENCOUNTER, AT, FACTS)
ENTRY = Entry("e-1", (ListedName("SAMPLE", "PERSON"),), Born(1974, 8), ("X0000001",), "UTO", "speak_alone")
EMPTY_TRUST = TrustFile(7, AT.wall_ms, (), (), (), (), (), (), ())
WATCHLIST = WatchList(LISTED.version, LISTED.issued_at_ms, (ENTRY,))


def files() -> dict[str, bytes]:
    packed = pack(DRAFT, [SAMPLE], KIOSK, READER.public())
    return {
        "record.v1.cose": packed.header.payload,
        "part.v1.sealed": b"".join(part.payload for part in packed.parts),
        "receipts.v1.cose": sign_receipts(RECEIPTS, CENTRE),
        "state.v1.cose": sign_state(STATE, KIOSK),
        "alarm.v1.cose": sign_alarm(ALARM_VALUE, KIOSK),
        "request.v1.cose": sign_request(REQUEST, KIOSK),
        "checkpoint.v1.cose": sign_checkpoint(CHECKPOINT, KIOSK),
        "policy.v1.cose": sign_policy(POLICY, CENTRE),
        "watchlist.v1.cose": sign_list(WATCHLIST, CENTRE),
        "trust.v1.cose": sign_trust(EMPTY_TRUST, CENTRE),
    }


if __name__ == "__main__":
    for name, data in files().items():
        (HERE / "golden" / name).write_bytes(data)
