"""What kiosks say of their updates: one row for each step, and of each role the step that it has come to."""

from __future__ import annotations

from dataclasses import dataclass

from border.messages.values import UpdateReport
from central.store.api import Transaction


@dataclass(frozen=True, slots=True)
class Step:
    """As in `UpdateReport`; `received_ms` by the centre's clock."""

    kiosk: str
    role: str
    transaction: str
    phase: str
    version: str
    attempt: int
    reason: str
    source: str
    slot: str
    boot_id: str
    happened_s: int
    received_ms: int


COLUMNS = "kiosk, role, txn, phase, version, attempt, reason, source, slot, boot_id, happened_s, received_ms"


def has(t: Transaction, kiosk: str, id_: str) -> bool:
    return bool(t.rows("SELECT 1 FROM updates WHERE kiosk = ? AND id = ?", (kiosk, id_)))


def add(t: Transaction, report: UpdateReport, received_ms: int) -> None:
    t.each(
        "INSERT INTO updates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (
                report.kiosk,
                report.id,
                report.transaction,
                report.role,
                report.phase,
                report.version,
                report.sha256,
                report.attempt,
                report.reason,
                report.source,
                report.slot,
                report.boot_id,
                report.happened_s,
                received_ms,
            )
        ],
    )


def newest(t: Transaction) -> list[Step]:
    """Of each kiosk and role the step that was taken last; of two in one second, the one that arrived last."""
    rows = t.rows(f"SELECT {COLUMNS} FROM updates ORDER BY kiosk, role, happened_s, received_ms")  # noqa: S608
    steps = [Step(*row) for row in rows]
    return list({(step.kiosk, step.role): step for step in steps}.values())
