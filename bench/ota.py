"""Updates: one check by a device, a large download, what the director costs for each, an app from word to commit.

The peer, in the same run and against the same server, is plain python-tuf as its documentation uses it: one
repository, metadata and download. Ours asks two repositories, syncs what it keeps, and goes on where a line broke.
What RAUC fetches of a changed image, and plain RAUC beside it, are measured where it has its block device: ota_image.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import urllib3
from tuf.ngclient import Updater

from appliance import durable
from appliance.keys import TlsFiles
from appliance.updates import ANNOUNCEMENT
from central import announcer
from ota import layout
from ota.disk import RealDisk
from ota.floor import Floor
from ota.publish import Writer, assignment, sign
from ota.release import Release, Role
from ota.repository import Repository, Settled, Source
from ota.trust import Identity, check
from practice.processes import free_port
from tests.central.broker import Broker, running_broker
from tests.ota.conftest import ME, Server, World, holders, release
from tests.ota.fleet import QuietDisk
from tests.ota.test_client import Kiosk, until
from tests.reporting.kiosk import Kiosk as Line
from tests.reporting.kiosk import wait_until

MB = 1_000_000
COMMIT_LIMIT_S = 120.0
LONG_S = 3600
"""Nobody asks by himself within this bench."""


def median_ms(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds), 2)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """By a process of its own, so that it warms and burdens nobody."""
    command = [sys.executable, "-m", "bench.ota_child", "serve", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/"
    finally:
        server.terminate()
        server.wait()


def published(updates: Path, size: int) -> None:
    """One app of that many bytes, for one device."""
    keys, director_keys = holders(roles=True), holders(roles=False)
    image = Writer(layout.image(updates))
    image.found(keys)
    content = updates / "content"
    with content.open("wb") as file:
        block = bytes(range(256)) * 4096
        for _ in range(size // len(block)):
            file.write(block)
    with content.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    length = content.stat().st_size
    made = Release(Role.APPS, "apps/1-kiosk", length, digest, "1", 1, (ME.hardware,))
    image.place(made, content)
    image.accept(Role.APPS, sign(image.offering(made), keys.roles[Role.APPS]))
    image.refresh(keys)
    director = Writer(layout.director(updates, ME.device))
    director.found(director_keys)
    director.assign({made.name: assignment(made, ME.device, ME.hardware, "bench")}, director_keys.targets)
    director.refresh(director_keys)


def child(who: str, updates: Path, scratch: Path, url: str) -> dict[str, float]:
    """A process with empty folders."""
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        for repository, there in (("image", "image"), ("director", f"director/{ME.device}")):
            root = (updates / there / "metadata" / "1.root.json").read_bytes()
            (folder / f"{repository}.root.json").write_bytes(root)
        command = [sys.executable, "-m", "bench.ota_child", who, str(folder), url]
        told: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return told


def sent(url: str) -> int:
    with urllib.request.urlopen(f"{url}sent", timeout=10) as answer:
        return int(json.load(answer)["bytes"])


def large(scratch: Path, size_mb: int, rounds: int) -> dict[str, Any]:
    """A download in processes that take turns: memory, time, and what a line that breaks half-way costs."""
    updates = scratch / "large"
    updates.mkdir()
    published(updates, size_mb * MB)
    told: dict[str, list[dict[str, float]]] = {"ours": [], "peer_python_tuf": []}
    broken: dict[str, float] = {}
    with served(updates) as url:
        for _ in range(rounds):
            for name, who in (("ours", "ours"), ("peer_python_tuf", "peer")):
                told[name].append(child(who, updates, scratch, url))
        for name, who in (("ours", "ours"), ("peer_python_tuf", "peer")):
            before = sent(url)
            urllib.request.urlopen(f"{url}cut/{size_mb * MB // 2}", timeout=10).close()
            child(who, updates, scratch, url)
            broken[name] = round((sent(url) - before) / MB, 1)
    return {
        name: {
            "peak_memory_mb": round(max(one["peak_mb"] for one in runs), 1),
            "fetch_s": round(statistics.median(one["fetch_s"] for one in runs), 2),
            "processor_s": round(statistics.median(one["processor_s"] for one in runs), 2),
            "sent_when_the_line_broke_half_way_mb": broken[name],
        }
        for name, runs in told.items()
    }


def checks(scratch: Path, rounds: int) -> dict[str, Any]:
    """One question of a device that knows nothing, and one of the same process when nothing has changed; python-tuf's
    refresh beside."""
    updates = scratch / "checks"
    updates.mkdir()
    published(updates, MB)
    image_root = (updates / "image/metadata/1.root.json").read_bytes()
    director_root = (updates / f"director/{ME.device}/metadata/1.root.json").read_bytes()
    times: dict[str, list[float]] = {}
    settled: dict[Path, Settled] = defaultdict(Settled)
    with served(updates) as url:

        def ours(folder: Path) -> None:
            pool = urllib3.PoolManager()
            sources = (
                Source("director", folder / "d", director_root, f"{url}director/{ME.device}/metadata/"),
                Source("image", folder / "i", image_root, f"{url}image/metadata/"),
            )
            director, image = (Repository(s, pool, int(time.time()), RealDisk(), settled[folder]) for s in sources)
            check(director, image, Identity(ME.device, ME.hardware), Floor())
            pool.clear()

        def peer(folder: Path) -> None:
            updater = Updater(str(folder / "p"), f"{url}image/metadata/", bootstrap=image_root)
            updater.refresh()
            updater.get_targetinfo("apps/1-kiosk")

        for number in range(rounds):
            for name, work in (("ours", ours), ("peer_python_tuf", peer)):
                folder = scratch / f"{name}-{number}"
                folder.mkdir()
                for when in ("first", "again"):
                    times.setdefault(f"{name}.{when}", []).append(timed(partial(work, folder)))
    return {
        name: {f"{when}_ms": median_ms(times[f"{name}.{when}"]) for when in ("first", "again")}
        for name in ("ours", "peer_python_tuf")
    }


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def director(scratch: Path, devices: int) -> dict[str, Any]:
    """A device that is new, and one that is told of something else; with and without waiting for the disk."""
    keys = holders(roles=False)
    root = Writer(scratch / "root").found(keys)
    thing = release(b"app", 1, "apps/1-kiosk")
    found: dict[str, Any] = {}
    for name, disk in (("synced", RealDisk()), ("signing_only", QuietDisk())):
        new_s, again_s = [], []
        for number in range(devices):
            folder = scratch / "directors" / name / f"kiosk-{number}"
            began = time.perf_counter()
            writer = Writer(folder, disk=disk)
            writer.found(keys, root)
            new_s.append(time.perf_counter() - began)
            began = time.perf_counter()
            told = {thing.name: assignment(thing, f"kiosk-{number}", "rpi5", "canary")}
            writer.assign(told, keys.targets)
            writer.refresh(keys)
            again_s.append(time.perf_counter() - began)
        found[name] = {"new_device_ms": median_ms(new_s), "assignment_ms": median_ms(again_s)}
    shown = Writer(scratch / "directors" / "synced" / "kiosk-0").served()
    return {**found, "bytes_for_a_device": sum(map(len, shown.values()))}


def commit(scratch: Path, rounds: int) -> dict[str, Any]:
    """A small app on a real launcher, with the real client: told over a real broker with certificates on both sides,
    and without it, asking every second."""
    with running_broker(scratch / "line", ["quay-1"]) as broker, kiosk(scratch / "told", LONG_S) as told:
        over_mqtt = announced(told, broker, rounds)
    with kiosk(scratch / "asks", 1) as asks:
        seconds = []
        for number in range(1, rounds + 1):
            began_s = time.monotonic()
            asks.publish(number, f"app-{number}")
            until_kept(asks, number)
            seconds.append(time.monotonic() - began_s)
    return {
        "over_mqtt": {**over_mqtt, "spread_s": 0},
        "asking_every_second": {"median_s": seconds_of(seconds), "worst_s": round(max(seconds), 2)},
    }


def announced(kiosk: Kiosk, broker: Broker, rounds: int) -> dict[str, float]:
    """The kiosk's own line to its broker hands over what headquarters' announcer says; the client finds it there."""
    folder, heard, kept = broker.kiosk_folder("quay-1"), list[float](), list[float]()
    stamp = kiosk.world.served("image", "timestamp.json")

    def announce(data: bytes) -> None:
        durable.write(kiosk.folder / ANNOUNCEMENT, data, mode=0o644)
        heard.append(time.monotonic())

    tls = TlsFiles(folder / "ca.crt", folder / "device.crt", folder / "device.key")
    line = Line(scratch_of(kiosk), broker.port, tls=tls, host="localhost", announce=announce).start()
    try:
        wait_until(lambda: line.publisher.connected)
        for number in range(1, rounds + 1):
            kiosk.publish(number, f"app-{number}")
            began_s, heard[:] = time.monotonic(), []
            announcer.announce(broker.centre_folder, f"{broker.host}:{broker.port}", stamp, b"")
            until_kept(kiosk, number)
            kept.append(time.monotonic() - began_s)
            heard_s = heard[0] - began_s
    finally:
        line.stop()
    return {
        "median_s": seconds_of(kept),
        "worst_s": round(max(kept), 2),
        "of_it_to_the_kiosks_disk_s": round(heard_s, 3),
    }


def seconds_of(seconds: list[float]) -> float:
    return round(statistics.median(seconds), 2)


def scratch_of(kiosk: Kiosk) -> Path:
    folder = kiosk.folder / "line"
    folder.mkdir()
    return folder


@contextmanager
def kiosk(folder: Path, poll_s: int) -> Iterator[Kiosk]:
    """Its app runs, and its client has asked once."""
    (folder / "served").mkdir(parents=True)
    (folder / "kiosk").mkdir()
    server = Server(folder / "served")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    world = World(folder / "served", server)
    world.now.at = datetime.now(UTC)
    for repository, keys in ((world.image, world.image_keys), (world.director, world.director_keys)):
        repository.refresh(keys)
    more = f'announcement = "{ANNOUNCEMENT}"\nspread_s = 0\n'
    kiosk = Kiosk(folder / "kiosk", world, free_port(), more=more, poll_s=poll_s)
    try:
        kiosk.start_app()
        kiosk.processes.append(kiosk.client())
        until((kiosk.ota / "floor-b").exists)
        yield kiosk
    finally:
        for process in reversed(kiosk.processes):
            process.terminate()
            process.wait()
        server.shutdown()
        server.server_close()
        thread.join()


def until_kept(kiosk: Kiosk, number: int) -> None:
    ends, state = time.monotonic() + COMMIT_LIMIT_S, kiosk.ota / "state.json"
    while True:
        told = json.loads(state.read_bytes()) if state.exists() else []
        if told and (told[-1]["counter"], told[-1]["state"]) == (number, "kept"):
            return
        if time.monotonic() > ends:
            raise TimeoutError(f"release {number} was not kept: {told[-1:]}")
        time.sleep(0.02)


def run(size_mb: int, rounds: int, devices: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        download = large(scratch, size_mb, rounds)
        return {
            "bench": "ota",
            "peer": "python-tuf: Updater.refresh, get_targetinfo and download_target on the image repository alone",
            "download_mb_each": size_mb,
            "download": download,
            "memory_ratio": round(
                download["ours"]["peak_memory_mb"] / download["peer_python_tuf"]["peak_memory_mb"], 2
            ),
            "device_check": checks(scratch, max(rounds, 1) * 5),
            "director": director(scratch, devices),
            "announcement_to_commit": commit(scratch, rounds),
        }


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--size-mb", type=int, default=500)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--devices", type=int, default=100)
    args = ask.parse_args()
    print(json.dumps({**run(args.size_mb, args.rounds, args.devices), "rounds": args.rounds}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
