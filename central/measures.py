"""What each kiosk did hour by hour, for the update office to compare who has a release with who has not.

    python -m central.measures --database URL --out FILE [--days N] [--every SECONDS]

The file is JSON: `{"rows": [[kiosk, hour, encounters, referred, poor], ...]}`, hours in seconds since 1970, by the
centre's clock. Counts and names of kiosks, nothing of any traveller.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from central.files import write_whole
from central.store import open_store
from central.store.api import StoreUnavailable, Transaction

log = logging.getLogger(__name__)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
POOR = "%quality%"
"""Of the reasons: that a picture or print was not good enough."""

Row = tuple[str, int, int, int, int]


def hourly(t: Transaction, since_ms: int) -> list[Row]:
    """Kiosk, hour, encounters, how many were referred, how many for a sample that was too poor."""
    rows = t.rows(
        "SELECT kiosk, received_ms / ?, COUNT(*), SUM(CASE WHEN outcome = 'referred' THEN 1 ELSE 0 END), "
        "SUM(CASE WHEN reasons LIKE ? THEN 1 ELSE 0 END) FROM encounters WHERE received_ms >= ? "
        "GROUP BY 1, 2 ORDER BY 1, 2",
        (HOUR_MS, POOR, since_ms),
    )
    return [
        (kiosk, int(hour) * HOUR_MS // 1000, int(count), int(referred), int(poor))
        for kiosk, hour, count, referred, poor in rows
    ]


def main(arguments: Sequence[str]) -> int:
    """0: done; 75: the database is away, try again later."""
    parser = argparse.ArgumentParser("central.measures", description="What each kiosk did, for the update office.")
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--every", type=float, default=0.0, metavar="SECONDS", help="again and again; default once")
    chosen = parser.parse_args(arguments)
    store, leaving = open_store(chosen.database), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leaving.set())
    while True:
        try:
            with store.transaction() as t:
                rows = hourly(t, time.time_ns() // 1_000_000 - chosen.days * DAY_MS)
            write_whole(chosen.out, json.dumps({"rows": rows}).encode())
        except StoreUnavailable as error:
            log.warning("the database is away: %s", error)
            if not chosen.every:
                return 75
        if not chosen.every or leaving.wait(chosen.every):
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
