"""Encounters per second into the journal, beside the disk's own rate of syncs and one durable file per encounter.

A put is the real one: facts signed, samples sealed to the centre, encounter, ledger and outbox rows in one COMMIT
that is on the disk when it returns. A settle is a receipt for it. Rounds of all steps take turns; medians are given.
The sample bytes are random, the keys made for the run, the document the specimen of Doc 9303-4.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from appliance import durable
from appliance.keys import Keys
from appliance.post.journal import Journal
from appliance.post.schema import open_database
from appliance.post.storage import Disk
from border.encounter import CheckedFact, Fact, Sample, SampleKind, SampleRef
from border.ids import uuid7
from border.messages.cose import SoftwareSigner
from border.messages.envelope import Draft, pack
from border.messages.examples import AT, CHECKED, KIOSK, RECOMMENDED
from border.messages.sealing import RecipientPrivate
from border.messages.values import Receipt, ReceiptBatch, ReceiptStatus, RecordKind

PICTURES = ((SampleKind.FACE, 60_000), (SampleKind.FINGER, 15_000), (SampleKind.FINGER, 15_000))
SIZES = {"facts_only": (), "pictures_90kb": PICTURES}
Crossing = tuple[str, tuple[Fact, ...], tuple[Sample, ...]]


def new_keys() -> Keys:
    device, centre, headquarters = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    return Keys(
        kiosk=KIOSK,
        signer=SoftwareSigner(device, KIOSK),
        device=device.public_key(),
        receipts=centre.public_key(),
        seal=RecipientPrivate.generate().public(),
        policy=headquarters.public_key(),
        tls=None,
    )


def crossing(sizes: tuple[tuple[SampleKind, int], ...]) -> Crossing:
    """One synthetic encounter with random samples."""
    id = uuid7(AT.wall_ms, os.urandom(10))
    samples = tuple(Sample(kind, "image/jpeg", os.urandom(size), "00" * 32, "camera") for kind, size in sizes)
    refs = tuple(
        SampleRef(s.kind, s.media_type, hashlib.sha256(s.data).hexdigest(), len(s.data), s.frame_sha256, s.device)
        for s in samples
    )
    checked: CheckedFact = replace(CHECKED, encounter=id, group=id, samples=refs)
    return id, (checked, replace(RECOMMENDED, encounter=id)), samples


def per_s(step: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        step()
    return count / (time.perf_counter() - began)


class Bench:
    """The steps that take turns; each call is one of its kind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = new_keys()
        self.journal = Journal(open_database(folder / "journal"), self.keys, Disk(lambda: 10**12, 2, 1))
        self.log = (folder / "appended").open("ab", buffering=0)
        self.unsettled: list[tuple[str, bytes]] = []
        self.files = 0

    def sync(self) -> None:
        """What the disk itself can do: append 4 KB, wait until it is there."""
        self.log.write(bytes(4096))
        os.fdatasync(self.log.fileno())

    def put(self, sizes: tuple[tuple[SampleKind, int], ...]) -> None:
        id, facts, samples = crossing(sizes)
        done = self.journal.record(RecordKind.ENCOUNTER, id, facts, samples, AT)
        self.unsettled.append((id, done.digest))

    def settle(self) -> None:
        id, digest = self.unsettled.pop()
        batch = ReceiptBatch(KIOSK, AT.wall_ms, 0, (Receipt(id, ReceiptStatus.STORED, digest, (), ""),))
        self.journal.settle(batch, 0.0, AT.wall_ms)

    def pack_only(self, sizes: tuple[tuple[SampleKind, int], ...]) -> bytes:
        """Signing and sealing, without the disk."""
        id, facts, samples = crossing(sizes)
        draft = Draft(KIOSK, 1, bytes(32), RecordKind.ENCOUNTER, id, id, AT, facts)
        packed = pack(draft, samples, self.keys.signer, self.keys.seal)
        return b"".join(m.payload for m in (packed.header, *packed.parts))

    def put_file(self, sizes: tuple[tuple[SampleKind, int], ...]) -> None:
        """The peer: the same bytes as one durable file (temporary file, fsync, rename, folder fsync)."""
        self.files += 1
        durable.write(self.folder / f"file{self.files}", self.pack_only(sizes))

    def close(self) -> None:
        self.log.close()
        self.journal.close()


def measure(bench: Bench, rounds: int, count: int) -> dict[str, list[float]]:
    """Rates of each step, one per round."""
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        rates.setdefault("disk_sync", []).append(per_s(bench.sync, count))
        for name, sizes in SIZES.items():
            steps: dict[str, Callable[[], object]] = {
                "put": partial(bench.put, sizes),
                "settle": bench.settle,
                "durable_file": partial(bench.put_file, sizes),
                "sign_and_seal_only": partial(bench.pack_only, sizes),
            }
            for step, work in steps.items():
                rates.setdefault(f"{name}.{step}", []).append(per_s(work, count))
    return rates


def report(rates: dict[str, list[float]]) -> dict[str, object]:
    median = {name: round(statistics.median(values), 1) for name, values in rates.items()}
    sizes = {
        size: {f"{step}_per_s": median[f"{size}.{step}"] for step in ("put", "settle", "durable_file")}
        | {
            "sign_and_seal_only_per_s": median[f"{size}.sign_and_seal_only"],
            "put_to_disk_sync_ratio": round(median[f"{size}.put"] / median["disk_sync"], 2),
            "put_to_durable_file_ratio": round(median[f"{size}.put"] / median[f"{size}.durable_file"], 2),
        }
        for size in SIZES
    }
    return {
        "bench": "outbox",
        "peer": "one durable file per encounter: the same signed and sealed bytes",
        "disk_sync_per_s": median["disk_sync"],
        **sizes,
    }


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--count", type=int, default=40, help="of each step in each round")
    ask.add_argument("--folder", type=Path, default=None, help="on the disk to be measured; default: the system's")
    args = ask.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        bench = Bench(Path(folder))
        try:
            rates = measure(bench, args.rounds, args.count)
        finally:
            bench.close()
    print(json.dumps({**report(rates), "rounds": args.rounds, "count": args.count}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
