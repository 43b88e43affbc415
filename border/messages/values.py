"""Every message that crosses MQTT, as frozen values. Wire form and signatures: codec.py, envelope.py."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from border.encounter import SampleKind, Stamp

VERSION = 1
"""Payload version `v`; the topic root carries the major version too."""

MAX_PART_BYTES = 48 * 1024
"""Longest slice of a sealed part in one message, so that an alarm never waits behind a picture."""


class RecordKind(StrEnum):
    ENCOUNTER = "encounter"
    DECISION = "decision"


class Priority:
    """Smaller goes first."""

    ALARM = 0
    HEADER = 1
    PART = 2
    BACKLOG = 3
    TELEMETRY = 4


@dataclass(frozen=True, slots=True)
class PartRef:
    """One sealed sample that travels in slices: named by the SHA-256 (hex) of its ciphertext."""

    kind: SampleKind
    media_type: str
    sample_sha256: str  # of the plain bytes; equals the SampleRef in the signed fact
    sha256: str  # of the sealed bytes; names the topic
    size: int  # sealed bytes
    slices: int


@dataclass(frozen=True, slots=True)
class Record:
    """What is reported once and never lost: gap-free `seq` and hash chain per kiosk, facts inside.

    `facts` are COSE_Sign1 byte strings, each signed apart (checked, recommended, decided).
    """

    kiosk: str
    seq: int  # 1, 2, 3 ... per kiosk
    previous: bytes  # 32 bytes: ledger head before this record
    kind: RecordKind
    id: str  # UUIDv7 of this record; an encounter record's id is the encounter's
    encounter: str
    at: Stamp
    facts: tuple[bytes, ...]
    parts: tuple[PartRef, ...]


@dataclass(frozen=True, slots=True)
class PartSlice:
    """`data` is at most MAX_PART_BYTES of the sealed part; slices are 0-based."""

    sha256: str
    index: int
    data: bytes


class ReceiptStatus(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"
    NEED = "need"  # the header is stored, these slices are missing
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The centre's word on one record, after its commit."""

    id: str
    status: ReceiptStatus
    digest: bytes  # SHA-256 of the record envelope as received
    missing: tuple[tuple[str, int], ...]  # (part sha256, slice index)
    reason: str  # empty unless REJECT


@dataclass(frozen=True, slots=True)
class ReceiptBatch:
    """Signed by the centre, for one kiosk. `highest_seq`: the largest seq up to which nothing is missing."""

    kiosk: str
    at_wall_ms: int
    highest_seq: int
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class StickFile:
    """`name` has no folder in it; `sha256` in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StickManifest:
    """What one kiosk has put on a stick for the centre. `number` names this export."""

    kiosk: str
    number: str
    at: Stamp
    messages: int
    records: int
    files: tuple[StickFile, ...]


@dataclass(frozen=True, slots=True)
class StateReport:
    """Birth and heartbeat, retained. Holds no personal data."""

    kiosk: str
    boot_id: str
    at: Stamp
    online: bool
    software: str
    state: str  # the journey's state
    policy_version: int
    list_version: int
    trust_version: int
    outbox_depth: int
    oldest_unreported_s: int
    quarantined: int
    last_seq: int
    disk_free_mb: int
    devices: tuple[tuple[str, str], ...]
    health: tuple[tuple[str, str, str], ...]  # (part, "ok" | "look" | "act", value), as the port's own board shows it
    direction: str
    port: str
    lane: str


class AlarmKind(StrEnum):
    HELP = "help"
    DEVICE = "device"
    TAMPER = "tamper"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Alarm:
    kiosk: str
    id: str
    kind: AlarmKind
    at: Stamp
    detail: str  # a code, never free text about a person


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """One step of one update on one device; the same transaction and phase is the same step, however often it is said.

    `role` and `phase` are the update client's own words, `reason` is empty or begins with a code; nothing personal.
    """

    kiosk: str
    id: str  # from kiosk, transaction and phase
    at: Stamp  # when the kiosk took it up for sending
    transaction: str
    role: str
    phase: str
    version: str
    sha256: str  # of the release, hex
    attempt: int
    reason: str
    source: str  # by which way it was ordered: net, usb
    slot: str  # from which it was written; empty without slots
    boot_id: str  # in which start
    happened_s: int  # seconds since 1970, by the clock the client believed


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """The signed outside of a record: what the broker may see. `sealed` holds the Record."""

    kiosk: str
    id: str
    seq: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A kiosk asks for the content it lacks, because some brokers keep retained messages on one node only."""

    kiosk: str
    at: Stamp
    policy_version: int  # what it has; 0: none
    list_version: int
    trust_version: int
