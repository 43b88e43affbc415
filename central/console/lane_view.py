"""What the pages show of the register: each lane's line, and all that was ever known of one lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from border.enrolment.acceptance import signed_with
from border.enrolment.sheet import open_sheet
from border.enrolment.values import CommissioningSheet, Mark
from border.messages.errors import MessageError
from border.webauthn import NotBelieved
from central.enrolment.judgement import public_key
from central.store import lanes
from central.store.api import Row, Transaction
from central.store.lanes import CertificateRow, Event, IdentityRow, LaneRow, SheetRow, Usage

SOON_MS = 2 * 24 * 3600 * 1000
"""A TLS certificate renews itself days before it ends; one that has less left than this has not."""


@dataclass(frozen=True, slots=True)
class SheetView:
    """A commissioning sheet, its signatures checked now. `problem`: why it is not believed.

    `passkey`: the fingerprint of the officer's, which he can compare; empty: he took the lane over without one.
    """

    row: SheetRow
    sheet: CommissioningSheet | None
    problem: str
    passkey: str = ""
    has_false_passkey: bool = False


@dataclass(frozen=True, slots=True)
class IdentityView:
    """One board as the lane, with its certificates, newest first, and its sheets."""

    row: IdentityRow
    certificates: tuple[CertificateRow, ...]
    sheets: tuple[SheetView, ...]


@dataclass(frozen=True, slots=True)
class LaneView:
    """`identities`: newest first; `refusals`: board, reason, detail, last_ms, times."""

    lane: LaneRow
    identities: tuple[IdentityView, ...]
    events: tuple[Event, ...]
    refusals: tuple[Row, ...]

    @property
    def current(self) -> IdentityView | None:
        return next((one for one in self.identities if not one.row.until_ms), None)

    @property
    def swaps(self) -> int:
        return max(0, len(self.identities) - 1)

    @property
    def mark(self) -> Mark | None:
        return self.current.row.mark if self.current is not None else None

    def until_ms(self, usage: str) -> int:
        """When the last certificate of this usage that counts ends; 0: there is none."""
        current = self.current.certificates if self.current is not None else ()
        counting = [row.not_after_ms for row in current if row.usage is Usage(usage) and not row.revoked_ms]
        return max(counting, default=0)


def lane_views(t: Transaction) -> list[LaneView]:
    return [_view(t, row) for row in lanes.all_lanes(t)]


def lane_view(t: Transaction, kiosk: str) -> LaneView | None:
    row = lanes.lane(t, kiosk)
    return _view(t, row) if row is not None else None


def _view(t: Transaction, row: LaneRow) -> LaneView:
    kiosk = row.kiosk
    certificates, sheets = lanes.certificates(t, kiosk), lanes.sheets(t, kiosk)
    return LaneView(
        lane=row,
        identities=tuple(_identity(one, certificates, sheets) for one in reversed(lanes.identities(t, kiosk))),
        events=tuple(reversed(lanes.events(t, kiosk))),
        refusals=tuple(lanes.refusals(t, kiosk)),
    )


def _identity(row: IdentityRow, certificates: Sequence[CertificateRow], sheets: Sequence[SheetRow]) -> IdentityView:
    return IdentityView(
        row=row,
        certificates=tuple(c for c in reversed(certificates) if c.generation == row.generation),
        sheets=tuple(_sheet(row, one) for one in reversed(sheets) if one.generation == row.generation),
    )


def _sheet(identity: IdentityRow, row: SheetRow) -> SheetView:
    try:
        sheet = open_sheet(row.sheet, public_key(identity.public_key))
        used = signed_with(sheet)
    except MessageError as error:
        return SheetView(row, None, error.reason)
    except NotBelieved:
        return SheetView(row, sheet, "", has_false_passkey=True)
    return SheetView(row, sheet, "", used.fingerprint if used else "")
