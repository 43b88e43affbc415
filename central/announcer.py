"""Tells every device that something new was published: the update office's signed timestamp, retained at the broker.

    python -m central.announcer CENTRE FILE --broker HOST:PORT [--once]

CENTRE is DIR/centre of `central.ca`; FILE is the office's image/metadata/timestamp.json, announced as it lies there and
again whenever it changes. What it says is between the office and the devices: nobody here reads it.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from border.messages import topics
from central.lists import publish

log = logging.getLogger(__name__)
LOOK_S = 1.0
AGAIN_S = 5.0
MOST_BYTES = 16 * 1024


class NoTimestamp(ValueError):
    """The file is not there, or is too long for what it should be."""


def read(path: Path) -> bytes:
    """Raises `NoTimestamp`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NoTimestamp(f"{path}: {error.strerror}") from error
    if not 0 < len(data) <= MOST_BYTES:
        raise NoTimestamp(f"{path}: {len(data)} bytes are no timestamp")
    return data


def announce(centre: Path, broker: str, path: Path, announced: bytes) -> bytes:
    """If it is another than before; returns what is announced now. Raises `NoTimestamp`, TimeoutError, OSError."""
    data = read(path)
    if data != announced:
        publish(centre, broker, {topics.announcement(): data})
        log.info("announced, %d bytes", len(data))
    return data


def run(centre: Path, broker: str, path: Path, leaving: threading.Event) -> None:
    """Until `leaving`. A broker that does not answer is asked again."""
    announced = b""
    while not leaving.is_set():
        wait_s = LOOK_S
        try:
            announced = announce(centre, broker, path, announced)
        except (NoTimestamp, TimeoutError, OSError) as error:
            log.warning("not announced: %s", error)
            wait_s = AGAIN_S
        leaving.wait(wait_s)


def main(arguments: Sequence[str]) -> int:
    """0: done; 75: the broker or the file is not there, try again later."""
    parser = argparse.ArgumentParser("central.announcer", description="Announces what the update office published.")
    parser.add_argument("centre", type=Path)
    parser.add_argument("timestamp", type=Path, metavar="FILE")
    parser.add_argument("--broker", required=True, metavar="HOST:PORT")
    parser.add_argument("--once", action="store_true", help="announce what lies there, and end")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if chosen.once:
        try:
            announce(chosen.centre, chosen.broker, chosen.timestamp, b"")
        except (NoTimestamp, TimeoutError, OSError) as error:
            sys.stderr.write(f"central.announcer: {error}\n")
            return 75
        return 0
    leaving = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leaving.set())
    run(chosen.centre, chosen.broker, chosen.timestamp, leaving)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
