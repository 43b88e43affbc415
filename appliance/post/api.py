"""The port's own memory as officer pages see it: referrals, one case, the board of kiosks, decisions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from border.encounter import CheckedFact, DecidedFact, FaceArea, OfficerOutcome, RecommendedFact, SampleRef

REFUSAL_REASONS: tuple[str, ...] = (
    "document_not_valid",
    "document_not_own",
    "no_visa_or_permit",
    "entry_ban",
    "public_charge",
    "undesirable",
)
ADMIT_REASONS: tuple[str, ...] = (
    "identity_confirmed",
    "machine_mistaken",
    "document_checked_by_hand",
    "humanitarian",
)
REFER_ON_REASONS: tuple[str, ...] = ("second_line", "protection", "medical", "customs", "supervisor")
"""Coded reasons, one list per outcome; the officer's page offers exactly these (locale keys `reason.<value>`)."""

REASONS: dict[OfficerOutcome, tuple[str, ...]] = {
    OfficerOutcome.ADMIT: ADMIT_REASONS,
    OfficerOutcome.REFUSE: REFUSAL_REASONS,
    OfficerOutcome.REFER_ON: REFER_ON_REASONS,
}


@dataclass(frozen=True, slots=True)
class Officer:
    """A named human who may decide. Id and display name; the PIN lives only as an argon2 hash."""

    id: str
    name: str
    role: str  # "officer" or "supervisor"


@dataclass(frozen=True, slots=True)
class Referral:
    """One row of the queue: enough to choose whom to see next."""

    encounter: str
    number: str  # the receipt number the traveller holds
    at_wall_ms: int
    waiting_s: int
    severity: int  # 0 most urgent
    name: str
    document_number: str
    reasons: tuple[str, ...]
    face_sha256: str | None
    taken_by: str | None
    walked_away: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One encounter, whole: the three facts apart, and the pictures by hash."""

    encounter: str
    number: str
    checked: CheckedFact
    recommended: RecommendedFact
    decided: DecidedFact | None
    samples: tuple[SampleRef, ...]
    faces: tuple[tuple[str, FaceArea], ...]  # of the samples that show one, by their hash
    reported: bool  # the centre has accepted it


class Link(StrEnum):
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class KioskStatus:
    """One kiosk of the port on the live board; the same value a kiosk serves its neighbours as JSON."""

    kiosk: str
    lane: str
    direction: str
    state: str  # the journey's state, or "unreachable"
    help_called: bool
    uplink: Link
    unreported: int  # records waiting for the centre's acceptance
    oldest_unreported_s: int
    quarantined: int
    referrals_waiting: int
    devices: tuple[tuple[str, str], ...]  # (device id, "ready" or an error code)
    list_age_hours: float | None
    trust_age_hours: float | None  # of the trust store; None: none
    clock: str
    disk_free_mb: int
    storage_days: float | None  # without any record leaving; None: nothing to judge by
    supply: str  # "mains", "battery", "unknown"
    supply_minutes: float | None
    undervoltage: bool
    temperature_c: float | None
    passive_pad: str  # the bundle with its version; "": none, the active challenge stands alone
    seen_s_ago: int
    officer_url: str


class DecisionRefused(ValueError):
    """The decision cannot be taken as asked: wrong reason for the outcome, taken by another, already decided."""


class Post(Protocol):
    """What officer pages may do. Calls are quick and local; they work with the uplink down."""

    def referrals(self) -> tuple[Referral, ...]:
        """Open referrals of this kiosk, the longest wait and highest severity first."""
        ...

    def case(self, encounter: str) -> Case | None: ...

    def recent(self, limit: int) -> tuple[Referral, ...]:
        """Decided and cleared encounters, newest first."""
        ...

    def picture(self, sha256: str, officer: Officer) -> tuple[str, bytes] | None:
        """Media type and bytes; each look is itself recorded."""
        ...

    def take(self, encounter: str, officer: Officer) -> None:
        """Say who attends to it. Raises `DecisionRefused` when somebody else does."""
        ...

    def decide(self, encounter: str, officer: Officer, outcome: OfficerOutcome, reason: str, note: str) -> None:
        """Sign and record fact three, in one transaction with its outbox row. Raises `DecisionRefused`."""
        ...

    def sign_in(self, officer_id: str, pin: str) -> Officer | None:
        """None for wrong name, wrong PIN or a lock-out (5 wrong in a row lock for 5 minutes, across restarts)."""
        ...

    def board(self) -> tuple[KioskStatus, ...]:
        """This kiosk first, then its neighbours on the port's LAN."""
        ...

    def help_seen(self) -> None:
        """An officer has seen the call for help."""
        ...

    def housing_seen(self, officer: Officer) -> None:
        """This officer has looked at the lane's opened housing; the board shows whether the latch has fallen."""
        ...

    def changes(self) -> AsyncIterator[int]:
        """A growing number each time queue or board changed; for the pages' event stream."""
        ...
