"""Runs inside the booted image, from a second disk, with Python's own library alone: commissions it, looks, answers.

GET /report: what was seen, JSON. GET /page: the traveller page, as the screen's browser gets it. GET /update: what the
kiosk says of itself.
GET /disk: how the disk is locked, and whether it was asked before. GET /shut: what one that does not open says, and its
page. GET /release/KEY, /stick: as the technician's page does.
GET /identity/make/NONCE, /identity/activate/CREDENTIAL/SECRET, /sign/DATA: the board's TPM, hexadecimal.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chip  # type: ignore[import-not-found]  # beside this file on the second disk

SITE = Path("/mnt/site")
HOME = Path("/data/landfall")
COMMISSIONED = "commissioned"
PAGE = "http://127.0.0.1:8101/"
PORT = 8109
TRY = Path("/proc/device-tree/chosen/bootloader/tryboot")
WRITES = ("/usr/written", "/etc/written", "/bootcfg/written")
SYSCTLS = ("kernel/kptr_restrict", "kernel/sysrq", "kernel/dmesg_restrict", "kernel/panic", "net/ipv4/ip_forward")
UNITS = (
    "landfall-data.service", "data.mount", "landfall-folders.service", "landfall-appliance.service",
    "landfall-screen.service", "landfall-signer.service", "landfall-provision.service", "landfall-renew.timer",
    "landfall-ota.path", "nftables.service", "chrony.service", "pcscd.socket", "seatd.service",
    "systemd-networkd.service", "systemd-resolved.service", "systemd-journald.service",
)  # fmt: skip
LIMIT_S = 1500
STICK_S = 30


def say(text: str) -> None:
    sys.stdout.write(f"ASK {text}\n")
    sys.stdout.flush()


def tell(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def is_active(unit: str) -> bool:
    return tell("systemctl", "is-active", unit) == "active"


def commission() -> bool:
    """What provisioning leaves, carried in. Whether this board had to be commissioned at all."""
    while not is_active("landfall-folders.service"):
        time.sleep(2)
    if TRY.read_bytes()[-1:] == b"\1":
        say_of_the_try()
    if (HOME / COMMISSIONED).exists():
        return False
    say(f"not commissioned: kiosk is {tell('systemctl', 'is-active', 'landfall-appliance.service')}")
    for path in sorted(SITE.iterdir()):
        if path.name != COMMISSIONED:
            shutil.copytree(path, HOME / path.name, dirs_exist_ok=True) if path.is_dir() else shutil.copy(path, HOME)
    tell("chown", "-R", "landfall:landfall", str(HOME))
    shutil.copy(SITE / COMMISSIONED, HOME / COMMISSIONED)
    shutil.chown(HOME / COMMISSIONED, "landfall", "landfall")
    return True


def say_of_the_try() -> None:
    """Once its log is kept."""
    log = Path("/data/ota/trial.log")
    while not log.exists():
        time.sleep(2)
    said = log.stat().st_size
    say(f"not kept: slot {tell('findmnt', '--noheadings', '--output', 'PARTLABEL', '/')}, log {said} bytes")


def wait_for_page() -> float:
    """Seconds since the machine was started; -1 when it did not come."""
    ends_s = time.monotonic() + LIMIT_S
    while time.monotonic() < ends_s:
        try:
            with urllib.request.urlopen(PAGE, timeout=30) as answer:
                if answer.status == 200:
                    return time.monotonic()
        except OSError:
            time.sleep(1)
    return -1.0


def can_write(name: str) -> bool:
    try:
        Path(name).write_text("x")
    except OSError:
        return False
    return True


def exposures() -> dict[str, float]:
    units = [path.name for path in Path("/usr/lib/systemd/system").glob("landfall-*.service")]
    found = {}
    for unit in units:
        told = tell("systemd-analyze", "security", "--no-pager", "--offline=true", f"/usr/lib/systemd/system/{unit}")
        if match := re.search(r"exposure level for \S+: ([0-9.]+)", told):
            found[unit] = float(match[1])
    return found


def within(unit: str, program: str, *told: str) -> Any:
    """What the program printed, run with all the rights of that unit and none beside."""
    text = Path(f"/usr/lib/systemd/system/{unit}").read_text()
    text = re.sub(
        r"^(ExecStart|Type|Restart\w*|Condition\w*|WatchdogSec|TimeoutStartSec)=.*\n", "", text, flags=re.MULTILINE
    )
    own = (
        f"[Service]\nType=oneshot\nTimeoutStartSec=infinity\nEnvironment=PYTHONPATH=/usr/lib/landfall/app\n"
        f"ExecStart=/usr/bin/python3 -W ignore /mnt/within/{program} {' '.join(told)}\n"
        "StandardOutput=truncate:/run/asked\n"
    )
    Path("/run/systemd/system/asked.service").write_text(text.partition("[Install]")[0] + own)
    tell("systemctl", "daemon-reload")
    failed = tell("systemctl", "start", "asked.service")
    if said := Path("/run/asked").read_text():
        return json.loads(said)
    return {"failed": failed + tell("journalctl", "-b", "-u", "asked", "-n", "30", "-o", "cat")}


def signed(data: bytes) -> bytes:
    """By the unit that holds the key, through its socket."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(600)
        line.connect("/data/landfall/identity.sock")
        line.sendall(struct.pack(">I", len(data)) + data)
        return line.recv(64, socket.MSG_WAITALL)


def gate() -> Any:
    """As the update client sees a camera that is there: the kernel's own pretended one."""
    tell("modprobe", "vivid", "n_devs=1", "vid_cap_nr=9")
    return within("landfall-ota.service", "gate.py")


def lay_over() -> None:
    """Headquarters' own files, as `make image --with` would have laid them, for the root is not written."""
    own, there = Path("/mnt/landfall"), Path("/etc/landfall")
    if own.is_dir():
        shutil.copytree(there, "/run/asked-landfall")
        tell("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(there))
        for folder in (Path("/run/asked-landfall"), own):
            shutil.copytree(folder, there, dirs_exist_ok=True)


def disk() -> dict[str, Any]:
    """Leaves a mark on it."""
    mark = HOME / "asked"
    was_asked = mark.exists()
    mark.touch()
    os.sync()
    return {
        "level": json.loads(Path("/run/landfall/data.json").read_text()),
        "slots": tell("cryptsetup", "luksDump", "/dev/disk/by-partlabel/data").count(": luks2"),
        "was_asked": was_asked,
    }


def shut() -> dict[str, Any]:
    with urllib.request.urlopen("http://localhost:8103/now", timeout=60) as answer:
        page = answer.read().decode()
    units = ("landfall-data.service", "landfall-unlock.service", "landfall-adopt.path", "landfall-screen.service")
    return {
        "locked": json.loads(Path("/run/landfall/locked.json").read_text()),
        "page": page,
        "units": {unit: tell("systemctl", "show", "-P", "ActiveState", unit) for unit in units},
        "screen": tell("systemctl", "show", "-P", "ConditionResult", "landfall-screen.service"),
    }


def stick() -> dict[str, Any]:
    """Whether the technician's page could read it and write onto it, once it is mounted."""
    there = Path("/run/landfall/stick")
    ends_s = time.monotonic() + STICK_S
    while not is_active("run-landfall-stick.mount") and time.monotonic() < ends_s:
        time.sleep(2)
    own = ("setpriv", "--reuid", "landfall", "--regid", "landfall", "--clear-groups")
    return {
        "failed": tell(*own, "cp", str(there / "voucher.cbor"), str(there / "request.cose")),
        "listed": sorted(path.name for path in there.iterdir()) if there.is_dir() else [],
        "disks": tell("lsblk", "--output", "NAME,LABEL,TRAN"),
        "mounted": tell("findmnt", "--noheadings", "--output", "FSTYPE,OPTIONS", str(there)),
    }


def release(key: str) -> None:
    """The file that the page leaves, as its own user leaves it."""
    disk = json.loads(Path("/run/landfall/locked.json").read_text())["disk"]
    told = Path("/run/landfall-unlock/told")
    told.write_text(json.dumps({"disk": disk, "key": key, "try": "asked"}))
    shutil.chown(told, "landfall", "landfall")
    told.chmod(0o640)
    told.rename(told.with_name("released.json"))


DISK: dict[str, Callable[..., Any]] = {"disk": disk, "shut": shut, "release": release, "stick": stick}


def report(was_bare: bool, page_s: float) -> dict[str, Any]:
    sbom = json.loads(Path("/usr/share/landfall/sbom.cdx.json").read_text())
    return {
        "was_bare": was_bare,
        "page_s": page_s,
        "units": {unit: tell("systemctl", "show", "-P", "ActiveState", unit) for unit in UNITS},
        "failed": tell("systemctl", "list-units", "--failed", "--plain", "--no-legend"),
        "kiosk": tell(
            "systemctl", "show", "-p", "WatchdogUSec,StatusText,NRestarts,SubState", "landfall-appliance.service"
        ),
        "exposures": exposures(),
        "written": [name for name in WRITES if can_write(name)],
        "root": tell("findmnt", "--noheadings", "--output", "FSTYPE,OPTIONS", "/"),
        "data": tell("findmnt", "--noheadings", "--output", "SOURCE,FSTYPE,OPTIONS", "/data"),
        "data_bytes": int(tell("blockdev", "--getsize64", "/dev/mapper/data")),
        "crypt": tell("cryptsetup", "status", "data"),
        "gate": gate(),
        "provision_said": tell(
            "journalctl", "-b", "-u", "landfall-provision.service", "-n", "20", "--no-pager", "-o", "cat"
        ),
        "level": json.loads(Path("/run/landfall/data.json").read_text()),
        "rules": tell("nft", "list", "ruleset"),
        "sbom": {"format": sbom["bomFormat"], "components": len(sbom["components"])},
        "sysctls": {name: Path("/proc/sys", name).read_text().strip() for name in SYSCTLS},
        "journal": tell("journalctl", "--header").count("/var/log/journal"),
        "logins": tell("sh", "-c", "ps -eo comm | grep -E 'getty|sshd|login$' || true"),
        "root_password": Path("/etc/shadow").read_text().split(":")[1],
        "time_waited": tell("systemctl", "is-active", "time-sync.target", "network-online.target"),
        "screen": tell("sh", "-c", "ps -eo user:20,comm | grep -E 'cage|chromium' | sort | uniq -c"),
        "screen_said": tell("journalctl", "-b", "-u", "landfall-screen.service", "-n", "40", "--no-pager", "-o", "cat"),
        "kiosk_said": tell(
            "journalctl", "-b", "-u", "landfall-appliance.service", "-n", "40", "--no-pager", "-o", "cat"
        ),
        "started": tell("systemd-analyze", "time"),
    }


class Answer(http.server.BaseHTTPRequestHandler):
    """Bytes for the host."""

    told: bytes = b""

    def do_GET(self) -> None:
        match self.path.strip("/").split("/"):
            case ["report"]:
                body = json.dumps(report(*self.server.seen)).encode()  # type: ignore[attr-defined]
            case ["identity", *told]:
                body = json.dumps(within("landfall-signer.service", "identity.py", *told)).encode()
            case ["disk" | "shut" | "release" | "stick" as what, *told]:
                body = json.dumps(DISK[what](*told)).encode()
            case ["sign", data]:
                body = signed(bytes.fromhex(data))
            case ["page" | "update" as name]:
                with urllib.request.urlopen(PAGE + name.removeprefix("page"), timeout=60) as answer:
                    body = answer.read()
            case _:
                raise ValueError(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    say("looks")
    if Path("/mnt/has-chip").exists():
        chip.fit()
        say("chip is fitted")
    lay_over()
    tell("systemd-notify", "--ready", f"--pid={os.getpid()}")
    was_bare, page_s = False, -1.0
    if Path("/mnt/only-disk").exists():
        while not (Path("/run/landfall/locked.json").exists() or is_active("landfall-folders.service")):
            time.sleep(2)
    else:
        was_bare = commission()
        page_s = wait_for_page()
        say(f"page after {page_s:.0f} s")
    tell("nft", "insert", "rule", "inet", "landfall", "input", "tcp", "dport", str(PORT), "accept")
    server = http.server.ThreadingHTTPServer(("0.0.0.0", PORT), Answer)
    server.seen = (was_bare, page_s)  # type: ignore[attr-defined]
    say("answers")
    server.serve_forever()


if __name__ == "__main__":
    main()
