"""Encounters per second from the broker to the commit, beside a collector that commits each message by itself.

The work is the real one: mutual TLS, verification, unsealing, one face of 60 KB and two fingers of 15 KB each.
A backlog waits in the broker's persistent session; the clock runs from the first complete record to the last.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from border.messages.envelope import Packed
from border.messages.values import ReceiptStatus
from central.collector import Pace
from central.store import open_store
from tests.central.author import Author, Traveller, picture
from tests.central.broker import Broker, running_broker
from tests.central.collecting import collecting
from tests.central.postgres_server import binaries, postgres_server
from tests.central.sender import Sender

KIOSKS = ("bench-1", "bench-2", "bench-3", "bench-4")
PACES = {"batch_of_50": Pace(), "peer_commit_per_message": Pace(most=1, linger_s=0.0)}
LIMIT_S = 300.0
NewDatabase = Callable[[], str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encounters", type=int, default=120, help="in one backlog")
    parser.add_argument("--rounds", type=int, default=3, help="the compared things alternate; the median counts")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="landfall-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        broker = stack.enter_context(running_broker(folder, KIOSKS))
        databases: dict[str, NewDatabase] = {"sqlite": lambda: f"sqlite:{Path(tempfile.mkdtemp(dir=folder)) / 'c.db'}"}
        if binaries() is not None:
            databases["postgresql"] = stack.enter_context(postgres_server()).new_database
        print(json.dumps(measure(broker, databases, chosen.encounters, chosen.rounds), indent=2))
    return 0


def measure(broker: Broker, databases: dict[str, NewDatabase], encounters: int, rounds: int) -> dict[str, object]:
    rates: dict[str, dict[str, list[float]]] = {name: {pace: [] for pace in PACES} for name in databases}
    for number in range(rounds):
        backlog = _backlog(broker, number, encounters)
        for name, new_database in databases.items():
            for word, pace in PACES.items():
                rate = _drained_per_s(broker, new_database(), backlog, pace)
                rates[name][word].append(rate)
                print(f"round {number + 1} {name} {word}: {rate:.0f}/s", file=sys.stderr)
    return {
        "bench": "central",
        "peer": "the same collector with one commit for each message",
        "encounters": encounters,
        "encounter_bytes": 90_000,
        "rounds": rounds,
        **{name: _figures(found) for name, found in rates.items()},
        "publish_to_receipt_sqlite": _latency(broker, databases["sqlite"]()),
    }


def _figures(found: dict[str, list[float]]) -> dict[str, float]:
    medians = {f"{pace}_per_s": round(statistics.median(rates), 1) for pace, rates in found.items()}
    ours, peer = (statistics.median(found[pace]) for pace in PACES)
    return {**medians, "ours_over_peer_ratio": round(ours / peer, 2)}


def _backlog(broker: Broker, number: int, encounters: int) -> dict[str, list[Packed]]:
    """Synthetic encounters of all kiosks; the chains start anew in each round, and so do the databases."""
    traveller = Traveller(number=f"R{number}", pictures=(picture(60_000), picture(15_000), picture(15_000)))
    authors = [Author(broker.kiosk_folder(kiosk), kiosk) for kiosk in KIOSKS]
    return {author.kiosk: [author.encounter(traveller) for _ in range(encounters // len(KIOSKS))] for author in authors}


def _drained_per_s(broker: Broker, database: str, backlog: dict[str, list[Packed]], pace: Pace) -> float:
    with collecting(broker.centre_folder, broker.port, database):
        pass  # from here on the broker keeps what comes for the collector
    with _senders(broker) as senders:
        for sender in senders:
            sender.publish_all(message for one in backlog[sender.kiosk] for message in (one.header, *one.parts))
        wanted = sum(map(len, backlog.values()))
        with collecting(broker.centre_folder, broker.port, database, pace=pace):
            return _rate(database, wanted)


@contextmanager
def _senders(broker: Broker) -> Iterator[Sequence[Sender]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Sender(broker, kiosk)) for kiosk in KIOSKS]


def _rate(database: str, wanted: int) -> float:
    """Complete records after the first seen, over the time since the first was seen.

    When all came at once, which only a tiny backlog does, the time is since the beginning: too long.
    """
    store = open_store(database)
    begun_s = time.monotonic()
    first, first_s, until = 0, 0.0, begun_s + LIMIT_S
    while time.monotonic() < until:
        with store.snapshot() as t:
            complete = t.rows("SELECT COUNT(*) FROM records WHERE complete = 1")[0][0]
        now_s = time.monotonic()
        if complete and not first:
            first, first_s = complete, now_s
        if complete == wanted:
            store.close()
            return (wanted - first) / (now_s - first_s) if complete > first else wanted / (now_s - begun_s)
        time.sleep(0.02)
    raise TimeoutError(f"{complete} of {wanted} after {LIMIT_S:.0f} s")


def _latency(broker: Broker, database: str, encounters: int = 40) -> dict[str, float]:
    """One encounter at a time: from the first byte handed to MQTT to the signed receipt in hand."""
    author = Author(broker.kiosk_folder(KIOSKS[0]), KIOSKS[0])
    found: list[float] = []
    with collecting(broker.centre_folder, broker.port, database), Sender(broker, KIOSKS[0]) as sender:
        for number in range(encounters):
            packed = author.encounter(Traveller(pictures=(picture(60_000), picture(15_000), picture(15_000))))
            begun = time.perf_counter()
            sender.send(packed)
            sender.wait_for(ReceiptStatus.STORED, number + 1)
            found.append((time.perf_counter() - begun) * 1000)
    found.sort()
    return {"p50_ms": round(statistics.median(found), 1), "p95_ms": round(found[int(len(found) * 0.95)], 1)}


if __name__ == "__main__":
    sys.exit(main())
