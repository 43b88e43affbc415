"""The partition that keeps what matters: health, errors, room, and how fast it truly writes, with fsync."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import statistics
import time
from pathlib import Path

from hw_tests.board import number, text
from hw_tests.command import is_there, said
from hw_tests.record import IS_YES, TOLD, Expected, Limits
from hw_tests.runner import Log, Phase
from hw_tests.station import Station

MIB = 1 << 20
APPENDS, APPEND_BYTES = 40, 4096
REPLACE = "replace the storage (replace-storage keeps the lane's name)"
EXPECTS = (
    Expected(
        "writable", "", IS_YES, "whether the partition is mounted for writing", "restart; if it comes again: " + REPLACE
    ),
    Expected("errors", "", Limits(0, 0), "errors the file system has noted since it was made (ext4)", REPLACE),
    Expected("worn_percent", "%", Limits(0, 80), "share of its life that eMMC or NVMe says is used", REPLACE),
    Expected("spare", "", Limits(one_of=("normal",)), "eMMC's word on its spare blocks", REPLACE),
    Expected(
        "free_percent", "%", Limits(10), "room left", "see that the link to the centre works: what is sent is deleted"
    ),
    Expected("write_MBps", "MB/s", Limits(5), "whole file written and brought to the storage", REPLACE),
    Expected(
        "append_ms",
        "ms",
        Limits(0, 250),
        "the 38th of 40 appends by time of 4 kB, each brought to the storage",
        REPLACE,
    ),
    Expected("append_typical_ms", "ms", TOLD, "the middle one of them"),
    Expected(
        "read_back", "", IS_YES, "what was written is what is read, past the cache where the kernel allows", REPLACE
    ),
)


def measure(log: Log) -> None:
    station = log.station
    mount = mount_of(station)
    log.measure_or("writable", None if mount is None else "rw" in mount[1], "no such mount")
    block = None if mount is None else _block(station.root, mount[0])
    log.measure_or("errors", _errors(station.root, block), "not ext4, or none that counts errors")
    _health(log, None if block is None else _disk(station.root, block))
    log.measure("free_percent", station.free_percent(station.data))
    _speed(log, station.data / ".hardware-test")


def _speed(log: Log, path: Path) -> None:
    try:
        told, digest = _write(path, log.station.pace.write_mib)
        log.measure("write_MBps", told)
        log.measure("read_back", _digest(path) == digest)
        waits_ms = sorted(_append(path) for _ in range(APPENDS))
        log.measure("append_ms", waits_ms[int(0.95 * (APPENDS - 1))])
        log.measure("append_typical_ms", statistics.median(waits_ms))
    finally:
        path.unlink(missing_ok=True)


def _write(path: Path, mib: int) -> tuple[float, str]:
    """Million bytes per second, and the digest of what was written."""
    piece, digest = secrets.token_bytes(MIB), hashlib.sha256()
    begun_s = time.monotonic()
    with path.open("wb") as file:
        for number_ in range(mib):
            part = number_.to_bytes(8, "big") + piece[8:]
            file.write(part)
            digest.update(part)
        file.flush()
        os.fsync(file.fileno())
        took_s = time.monotonic() - begun_s
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return mib * MIB / 1e6 / took_s, digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _append(path: Path) -> float:
    """Milliseconds."""
    with path.open("ab") as file:
        file.write(bytes(APPEND_BYTES))
        file.flush()
        begun_s = time.monotonic()
        os.fdatasync(file.fileno())
        return 1000 * (time.monotonic() - begun_s)


def mount_of(station: Station) -> tuple[str, list[str]] | None:
    """Source and options of the mount that holds the data folder: the longest that fits, the last of equals."""
    rows = [row.split() for row in (text(station.root, "proc/self/mounts") or "").splitlines()]
    data = str(station.data.resolve())
    fits = [row for row in rows if len(row) >= 4 and (data + "/").startswith(row[1].rstrip("/") + "/")]
    if not fits:
        return None
    best = max(fits, key=lambda row: len(row[1].rstrip("/")))
    return best[0], best[3].split(",")


def _block(root: Path, source: str) -> str | None:
    """Its name in /sys/class/block; None: no block device. A name of the device mapper is a link in /dev/mapper."""
    if not source.startswith("/dev/"):
        return None
    path = root / source.lstrip("/")
    return path.readlink().name if path.is_symlink() else path.name


def _errors(root: Path, block: str | None) -> float | None:
    return None if block is None else number(root, f"sys/fs/ext4/{block}/errors_count")


def _disk(root: Path, block: str) -> str:
    """The whole disk below a partition, and below a layer of encryption."""
    while slaves := sorted((root / f"sys/class/block/{block}/slaves").glob("*")):
        block = slaves[0].name
    partition = re.fullmatch(r"(mmcblk\d+|nvme\d+n\d+)p\d+|([a-z]+)\d+", block)
    return (partition[1] or partition[2]) if partition else block


def _health(log: Log, disk: str | None) -> None:
    root, why = log.station.root, "this storage tells nothing of its health"
    spare = None
    if disk is not None and disk.startswith("mmcblk"):
        worn = _emmc_worn(text(root, f"sys/block/{disk}/device/life_time"))
        word = text(root, f"sys/block/{disk}/device/pre_eol_info")
        spare = {"0x01": "normal", "0x02": "warning", "0x03": "urgent"}.get(word or "")
    else:
        worn = None if disk is None else _nvme_worn(log.station, disk)
    log.measure_or("worn_percent", worn, why)
    log.measure_or("spare", spare, why)


def _emmc_worn(life: str | None) -> float | None:
    """JESD84: two estimates in steps of ten per cent, 0x01 is 0 to 10; 0x00 is not told."""
    steps = [int(each, 16) for each in (life or "").split()]
    return 10.0 * max(steps) if any(steps) else None


def _nvme_worn(station: Station, disk: str) -> float | None:
    if not (disk.startswith("nvme") and is_there(station, "smartctl")):
        return None
    try:
        told = json.loads(said(station, "smartctl", "--json", "--all", f"/dev/{disk}").out)
        return float(told["nvme_smart_health_information_log"]["percentage_used"])
    except (ValueError, KeyError, TypeError):
        return None


PHASES = (Phase("storage", EXPECTS, measure, is_quick=True),)
