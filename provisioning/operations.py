"""Beginning an operation, and whether a renewal is due: what an operation knows before its first step."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

from cryptography import x509

from border.enrolment.values import Purpose
from provisioning.bench import LANE, OPERATION, Bench
from provisioning.refusals import Code, refused

FROM_A_LANE = frozenset({Purpose.MOVE_SITE, Purpose.RENEW, Purpose.RETIRE})
"""What only a board that is a lane can do."""

OWN = frozenset({Purpose.RENEW, Purpose.RETIRE})
"""Without a voucher: the lane stays, or ends."""

RENEW_AT = 1 / 3
"""Of a certificate's life: when only this is left, it is renewed. Two thirds of the time there is room for failures."""

THE_BOARD = "this board"


def begin(bench: Bench, purpose: Purpose, *, who: str = "", abandon: bool = False) -> None:
    """Clears the desk for it. Raises `Refused`: another is not finished, or this board is no lane."""
    at_hand, kiosk = bench.operation, lane_of(bench)
    if at_hand and not at_hand.get("finished"):
        if at_hand["purpose"] == purpose.value:
            return
        if not abandon:
            raise refused(
                Code.BUSY,
                "Another operation is not finished.",
                why=f"{at_hand['purpose'].replace('_', ' ')} was begun on this board.",
                then="Finish it, or begin this one with --abandon; what was done stays in the record.",
            )
    if purpose in FROM_A_LANE and not kiosk:
        raise refused(
            Code.CONFIGURATION,
            "This board is no lane.",
            why="It was never commissioned, or was wiped.",
            then="Use commission.",
        )
    bench.desk.file_away()
    table: dict[str, object] = {"purpose": purpose.value, "finished": False, "left": kiosk}
    if purpose is Purpose.MOVE_SITE:
        table["slot"] = 1 - bench.desk.slot
    if purpose in OWN:
        bench.desk.put_table(LANE, {"kiosk": kiosk, "who": who or THE_BOARD})
    bench.desk.put_table(OPERATION, table)


def lane_of(bench: Bench) -> str:
    """What this board is by its own configuration; empty: nothing."""
    try:
        table = tomllib.loads((bench.folder / "kiosk.toml").read_text(encoding="utf-8"))
        return str(table["kiosk"]["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_renewal_due(bench: Bench) -> bool:
    """Whether less than a third of the certificate's life is left, by a clock that is never before its floor."""
    try:
        certificate = x509.load_pem_x509_certificate((bench.keys / "tls.pem").read_bytes())
    except (OSError, ValueError):
        return False
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return ends - datetime.fromtimestamp(bench.now_ms() / 1000, UTC) < (ends - begins) * RENEW_AT
