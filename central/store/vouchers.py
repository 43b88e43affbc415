"""Rows of site vouchers: what was made, who has signed it, which boards have used it."""

from __future__ import annotations

from dataclasses import dataclass

from border.enrolment.values import SiteVoucher
from border.messages import codec
from central.store.api import Transaction, Value


@dataclass(frozen=True, slots=True)
class VoucherRow:
    """`signatures`: signer and COSE_Sign1, first one first. `uses`: board, lane and time of each."""

    voucher: SiteVoucher
    encoded: bytes
    made_ms: int
    withdrawn_ms: int
    signatures: tuple[tuple[str, bytes], ...]
    uses: tuple[tuple[str, str, int], ...]


def add(t: Transaction, voucher: SiteVoucher, now_ms: int) -> bytes:
    """Its encoded form, which is what people sign."""
    encoded = codec.encode(voucher)
    t.rows("INSERT INTO vouchers VALUES (?, ?, ?, ?, 0)", (voucher.serial, voucher.port, encoded, now_ms))
    t.rows("UPDATE centre SET version = version + 1")  # pages look again
    return encoded


def add_signature(t: Transaction, serial: str, signer: str, signature: bytes, now_ms: int) -> None:
    t.rows(
        "INSERT INTO voucher_signatures VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (serial, signer, signature, now_ms)
    )
    t.rows("UPDATE centre SET version = version + 1")


def withdraw(t: Transaction, serial: str, now_ms: int) -> None:
    t.rows("UPDATE vouchers SET withdrawn_ms = ? WHERE serial = ? AND withdrawn_ms = 0", (now_ms, serial))
    t.rows("UPDATE centre SET version = version + 1")


def use(t: Transaction, serial: str, board: str, kiosk: str, now_ms: int) -> None:
    """The same board again is the same use."""
    t.rows("INSERT INTO voucher_uses VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (serial, board, kiosk, now_ms))


def one(t: Transaction, serial: str) -> VoucherRow | None:
    found = _rows(t, "WHERE serial = ?", (serial,))
    return found[0] if found else None


def everything(t: Transaction) -> list[VoucherRow]:
    """Newest first."""
    return _rows(t, "", ())


VOUCHERS = "SELECT serial, voucher, made_ms, withdrawn_ms FROM vouchers "


def _rows(t: Transaction, where: str, values: tuple[Value, ...]) -> list[VoucherRow]:
    vouchers = t.rows(VOUCHERS + where + " ORDER BY made_ms DESC, serial", values)
    return [_row(t, *row) for row in vouchers]


def _row(t: Transaction, serial: str, voucher: bytes, made_ms: int, withdrawn_ms: int) -> VoucherRow:
    signed = t.rows(
        "SELECT signer, signature FROM voucher_signatures WHERE serial = ? ORDER BY at_ms, signer", (serial,)
    )
    uses = t.rows("SELECT board, kiosk, at_ms FROM voucher_uses WHERE serial = ? ORDER BY at_ms", (serial,))
    encoded = bytes(voucher)
    return VoucherRow(
        codec.decode(SiteVoucher, encoded),
        encoded,
        made_ms,
        withdrawn_ms,
        tuple((row[0], bytes(row[1])) for row in signed),
        tuple((row[0], row[1], row[2]) for row in uses),
    )
