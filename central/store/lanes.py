"""Rows of the register: ports, lanes, every board and key that was a lane, certificates, requests, sheets, events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from border.enrolment.values import BoardFacts, Mark
from central.store.api import Row, Transaction

MOST_REFUSALS = 200
"""Rows of one lane: whoever knows a lane's name can make them."""


class LaneState(StrEnum):
    EXPECTED = "expected"  # a voucher names it, no board has come
    ENROLLED = "enrolled"  # a board has its certificates
    COMMISSIONED = "commissioned"  # and an officer has accepted it
    MOVED = "moved"
    RETIRED = "retired"


IN_SERVICE = frozenset({LaneState.ENROLLED, LaneState.COMMISSIONED})
ENDED = frozenset({LaneState.MOVED, LaneState.RETIRED})


class Usage(StrEnum):
    IDENTITY = "identity"  # signs records; no broker takes it
    TLS = "tls"
    EVICTION = "eviction"  # the office's own, for a moment in a lane's name


@dataclass(frozen=True, slots=True)
class LaneRow:
    kiosk: str
    port: str
    state: LaneState
    since_ms: int


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One board with one key. `until_ms` 0: in force; else `last_seq` is the newest record this key may have signed."""

    kiosk: str
    generation: int
    board: str
    model: str
    ek: str
    devices: tuple[tuple[str, str], ...]
    public_key: bytes
    mark: Mark
    from_ms: int
    until_ms: int
    last_seq: int
    storage_lost: bool
    ended: str


@dataclass(frozen=True, slots=True)
class End:
    """How an identity ends: what it may still have signed, and whether some of that may never come."""

    last_seq: int
    storage_lost: bool
    why: str


@dataclass(frozen=True, slots=True)
class CertificateRow:
    serial: str
    kiosk: str
    generation: int
    usage: Usage
    not_before_ms: int
    not_after_ms: int
    der: bytes
    revoked_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A request that was dealt with, or waits for the proof of its challenge."""

    digest: bytes
    kiosk: str
    request: bytes
    secret: bytes
    until_ms: int
    settled_ms: int


@dataclass(frozen=True, slots=True)
class Event:
    kiosk: str
    at_ms: int
    what: str
    who: str
    detail: str


@dataclass(frozen=True, slots=True)
class SheetRow:
    digest: bytes
    kiosk: str
    generation: int
    commissioned: bool
    received_ms: int
    sheet: bytes


def set_port(t: Transaction, port: str, configuration: str) -> None:
    t.rows(
        "INSERT INTO ports VALUES (?, ?) ON CONFLICT (port) DO UPDATE SET configuration = excluded.configuration",
        (port, configuration),
    )


def port_configuration(t: Transaction, port: str) -> str | None:
    rows = t.rows("SELECT configuration FROM ports WHERE port = ?", (port,))
    return str(rows[0][0]) if rows else None


def port_names(t: Transaction) -> list[str]:
    return [row[0] for row in t.rows("SELECT port FROM ports ORDER BY port")]


def lane(t: Transaction, kiosk: str) -> LaneRow | None:
    rows = t.rows("SELECT kiosk, port, state, since_ms FROM lanes WHERE kiosk = ?", (kiosk,))
    return _lane(rows[0]) if rows else None


def all_lanes(t: Transaction) -> list[LaneRow]:
    return [_lane(row) for row in t.rows("SELECT kiosk, port, state, since_ms FROM lanes ORDER BY port, kiosk")]


def expect(t: Transaction, kiosks: Sequence[str], port: str, now_ms: int) -> None:
    """Lanes that nobody knew are expected; what is known of others stays."""
    t.each(
        "INSERT INTO lanes VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(kiosk, port, LaneState.EXPECTED.value, now_ms) for kiosk in kiosks],
    )


def set_state(t: Transaction, kiosk: str, state: LaneState, now_ms: int) -> None:
    t.rows("UPDATE lanes SET state = ?, since_ms = ? WHERE kiosk = ?", (state.value, now_ms, kiosk))
    t.rows("UPDATE enrolment SET version = version + 1")


IDENTITIES = (
    "SELECT kiosk, generation, board, model, ek, devices, public_key, mark, from_ms, until_ms, last_seq, "
    "storage_lost, ended FROM identities "
)


def identities(t: Transaction, kiosk: str) -> list[IdentityRow]:
    """Of this lane, oldest first."""
    wanted = IDENTITIES + "WHERE kiosk = ? ORDER BY generation"
    return [_identity(row) for row in t.rows(wanted, (kiosk,))]


def all_identities(t: Transaction) -> list[IdentityRow]:
    wanted = IDENTITIES + "ORDER BY kiosk, generation"
    return [_identity(row) for row in t.rows(wanted)]


def with_key(t: Transaction, public_key: bytes) -> list[IdentityRow]:
    wanted = IDENTITIES + "WHERE public_key = ? ORDER BY from_ms"
    return [_identity(row) for row in t.rows(wanted, (public_key,))]


def in_force_on(t: Transaction, board: BoardFacts) -> list[IdentityRow]:
    """Identities in force on this board: the same serial number or, where there is one, the same endorsement key."""
    wanted = IDENTITIES + "WHERE until_ms = 0 AND (board = ? OR (ek = ? AND ek <> 'none'))"
    return [_identity(row) for row in t.rows(wanted, (board.serial, board.ek_certificate_sha256))]


def add_identity(t: Transaction, row: IdentityRow) -> None:
    t.rows(
        "INSERT INTO identities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.kiosk,
            row.generation,
            row.board,
            row.model,
            row.ek,
            json.dumps(row.devices),
            row.public_key,
            row.mark.value,
            row.from_ms,
            row.until_ms,
            row.last_seq,
            int(row.storage_lost),
            row.ended,
        ),
    )
    t.rows("UPDATE enrolment SET version = version + 1")


def end_identity(t: Transaction, kiosk: str, end: End, now_ms: int) -> None:
    """The identity in force of this lane ends, if there is one."""
    t.rows(
        "UPDATE identities SET until_ms = ?, last_seq = ?, storage_lost = ?, ended = ? "
        "WHERE kiosk = ? AND until_ms = 0",
        (now_ms, end.last_seq, int(end.storage_lost), end.why, kiosk),
    )
    t.rows("UPDATE enrolment SET version = version + 1")


CERTIFICATES = (
    "SELECT serial, kiosk, generation, usage, not_before_ms, not_after_ms, der, revoked_ms, reason FROM certificates "
)


def add_certificate(t: Transaction, row: CertificateRow) -> None:
    t.rows(
        "INSERT INTO certificates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.serial,
            row.kiosk,
            row.generation,
            row.usage.value,
            row.not_before_ms,
            row.not_after_ms,
            row.der,
            row.revoked_ms,
            row.reason,
        ),
    )


def certificates(t: Transaction, kiosk: str) -> list[CertificateRow]:
    wanted = CERTIFICATES + "WHERE kiosk = ? ORDER BY generation, not_before_ms"
    return [_certificate(row) for row in t.rows(wanted, (kiosk,))]


def certificate(t: Transaction, serial: str) -> CertificateRow | None:
    rows = t.rows(CERTIFICATES + "WHERE serial = ?", (serial,))
    return _certificate(rows[0]) if rows else None


def all_certificates(t: Transaction) -> list[CertificateRow]:
    return [_certificate(row) for row in t.rows(CERTIFICATES)]


def revoke(t: Transaction, kiosk: str, why: str, now_ms: int) -> list[str]:
    """Every certificate of this lane that counts ends. Their serial numbers."""
    serials = [row[0] for row in t.rows("SELECT serial FROM certificates WHERE kiosk = ? AND revoked_ms = 0", (kiosk,))]
    t.rows(
        "UPDATE certificates SET revoked_ms = ?, reason = ? WHERE kiosk = ? AND revoked_ms = 0", (now_ms, why, kiosk)
    )
    return sorted(serials)


def revoked(t: Transaction, since_ms: int) -> list[CertificateRow]:
    """What a revocation list must name: certificates that ended early and would still be valid at `since_ms`."""
    wanted = CERTIFICATES + "WHERE revoked_ms > 0 AND not_after_ms >= ? ORDER BY serial"
    return [_certificate(row) for row in t.rows(wanted, (since_ms,))]


def version(t: Transaction) -> int:
    """Grows with every change of a lane's keys."""
    return int(t.rows("SELECT version FROM enrolment")[0][0])


def known_request(t: Transaction, nonce: bytes, digest: bytes) -> bool:
    return bool(t.rows("SELECT 1 FROM enrolment_requests WHERE nonce = ? OR digest = ?", (nonce, digest)))


def add_request(t: Transaction, nonce: bytes, purpose: str, row: PendingRequest, now_ms: int) -> None:
    t.rows(
        "INSERT INTO enrolment_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (nonce, row.digest, row.kiosk, purpose, row.request, now_ms, row.secret, row.until_ms, row.settled_ms),
    )


def pending_request(t: Transaction, digest: bytes) -> PendingRequest | None:
    rows = t.rows(
        "SELECT digest, kiosk, request, secret, until_ms, settled_ms FROM enrolment_requests WHERE digest = ?",
        (digest,),
    )
    if not rows:
        return None
    digest_, kiosk, request, secret, until_ms, settled_ms = rows[0]
    return PendingRequest(bytes(digest_), kiosk, bytes(request), bytes(secret), until_ms, settled_ms)


def settle(t: Transaction, digest: bytes, now_ms: int) -> None:
    t.rows("UPDATE enrolment_requests SET settled_ms = ? WHERE digest = ?", (now_ms, digest))


def add_nonce(t: Transaction, nonce: bytes, now_ms: int, until_ms: int) -> None:
    t.rows("DELETE FROM centre_nonces WHERE until_ms < ?", (now_ms,))
    t.rows("INSERT INTO centre_nonces VALUES (?, ?)", (nonce, until_ms))


def use_nonce(t: Transaction, nonce: bytes, now_ms: int) -> bool:
    """Whether it was given, has not run out, and was not used; it is used now."""
    found = t.rows("SELECT until_ms FROM centre_nonces WHERE nonce = ?", (nonce,))
    t.rows("DELETE FROM centre_nonces WHERE nonce = ?", (nonce,))
    return bool(found) and found[0][0] >= now_ms


def add_event(t: Transaction, event: Event) -> None:
    t.rows(
        "INSERT INTO lane_events (kiosk, at_ms, what, who, detail) VALUES (?, ?, ?, ?, ?)",
        (event.kiosk, event.at_ms, event.what, event.who, event.detail),
    )
    t.rows("UPDATE centre SET version = version + 1")  # pages look again


def events(t: Transaction, kiosk: str) -> list[Event]:
    rows = t.rows("SELECT kiosk, at_ms, what, who, detail FROM lane_events WHERE kiosk = ? ORDER BY number", (kiosk,))
    return [Event(*row) for row in rows]


def add_refusal(t: Transaction, kiosk: str, board: str, reason: str, detail: str, now_ms: int) -> None:
    """The same board refused as the same lane for the same reason is one row that counts; the oldest make room."""
    t.rows(
        "INSERT INTO enrolment_refusals VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT (kiosk, board, reason) DO UPDATE "
        "SET times = enrolment_refusals.times + 1, last_ms = excluded.last_ms, detail = excluded.detail",
        (kiosk, board, reason, detail, now_ms, now_ms),
    )
    t.rows(
        "DELETE FROM enrolment_refusals WHERE kiosk = ? AND last_ms < (SELECT MIN(last_ms) FROM (SELECT last_ms FROM "
        "enrolment_refusals WHERE kiosk = ? ORDER BY last_ms DESC LIMIT ?) AS newest)",
        (kiosk, kiosk, MOST_REFUSALS),
    )
    t.rows("UPDATE centre SET version = version + 1")


def refusals(t: Transaction, kiosk: str) -> list[Row]:
    """board, reason, detail, last_ms, times; newest first."""
    return t.rows(
        "SELECT board, reason, detail, last_ms, times FROM enrolment_refusals WHERE kiosk = ? ORDER BY last_ms DESC",
        (kiosk,),
    )


def add_sheet(t: Transaction, row: SheetRow) -> None:
    t.rows(
        "INSERT INTO sheets VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (row.digest, row.kiosk, row.generation, int(row.commissioned), row.received_ms, row.sheet),
    )


def sheets(t: Transaction, kiosk: str) -> list[SheetRow]:
    rows = t.rows(
        "SELECT digest, kiosk, generation, commissioned, received_ms, sheet FROM sheets WHERE kiosk = ? "
        "ORDER BY received_ms",
        (kiosk,),
    )
    return [SheetRow(bytes(row[0]), row[1], row[2], row[3] == 1, row[4], bytes(row[5])) for row in rows]


def known_last_seq(t: Transaction, kiosk: str) -> tuple[int, bytes | None]:
    """The largest sequence number that is here of this lane, with the ledger's head after it; 0: none."""
    rows = t.rows("SELECT seq, head FROM records WHERE kiosk = ? ORDER BY seq DESC LIMIT 1", (kiosk,))
    return (int(rows[0][0]), bytes(rows[0][1])) if rows else (0, None)


def state_report(t: Transaction, kiosk: str) -> bytes | None:
    """The lane's own newest word of itself, signed."""
    rows = t.rows("SELECT state FROM kiosks WHERE kiosk = ? AND state IS NOT NULL", (kiosk,))
    return bytes(rows[0][0]) if rows else None


def _lane(row: Row) -> LaneRow:
    return LaneRow(row[0], row[1], LaneState(row[2]), row[3])


def _identity(row: Row) -> IdentityRow:
    return IdentityRow(
        kiosk=row[0],
        generation=row[1],
        board=row[2],
        model=row[3],
        ek=row[4],
        devices=tuple((str(kind), str(id_)) for kind, id_ in json.loads(row[5])),
        public_key=bytes(row[6]),
        mark=Mark(row[7]),
        from_ms=row[8],
        until_ms=row[9],
        last_seq=row[10],
        storage_lost=row[11] == 1,
        ended=row[12],
    )


def _certificate(row: Row) -> CertificateRow:
    return CertificateRow(
        serial=row[0],
        kiosk=row[1],
        generation=row[2],
        usage=Usage(row[3]),
        not_before_ms=row[4],
        not_after_ms=row[5],
        der=bytes(row[6]),
        revoked_ms=row[7],
        reason=row[8],
    )
