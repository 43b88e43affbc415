"""What a test image has beyond Debian's packages: our update client, a stand-in for the kiosk's app, RAUC's set-up."""

from __future__ import annotations

import io
import shutil
import tarfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
COMPATIBLE = "landfall-guest"
HARDWARE = "virt"
DEVICE = "guest-1"
HOST = "10.0.2.2"
GATE_S = 150
DEADLINE_S = 400
HEALTHY, SICK, DEAD = "healthy", "sick", "dead"
"""A release that is well; one whose app says that a device is gone; one that dies before anything of ours starts."""

SYSTEM_CONF = f"""[system]
compatible={COMPATIBLE}
bootloader=custom
mountprefix=/run/rauc/mnt
data-directory=/data/rauc
bundle-formats=verity
activate-installed=false
min-bundle-version=1.0.0
[keyring]
path=/etc/rauc/ca.pem
check-purpose=codesign
[handlers]
bootloader-custom-backend=/usr/lib/landfall/rauc-backend
[slot.rootfs.0]
device=/dev/vda4
type=ext4
bootname=A
[slot.boot.0]
device=/dev/vda2
type=vfat
parent=rootfs.0
[slot.rootfs.1]
device=/dev/vda5
type=ext4
bootname=B
[slot.boot.1]
device=/dev/vda3
type=vfat
parent=rootfs.1
"""
IMPORTED = ("ota.__main__", "ota.trial", "ota.backend", "http.server")
PYTHON = "PYTHONPATH=/usr/lib/landfall:/usr/lib/landfall/site PYTHONDONTWRITEBYTECODE=1"
BACKEND = """#!/bin/sh
# No site, no path of its own: RAUC asks several times.
cd /usr/lib/landfall
exec python3 -S -m ota.backend --selector /bootcfg/autoboot.txt --states /data/slot-states --once /dev/vdb "$@"
"""
RESTART = """#!/bin/sh
if [ -d /run/systemd/system ]; then exec systemctl --no-block reboot; fi
touch /run/stopping
/usr/lib/landfall/peaks > /dev/console
kill -TERM $(cat /run/trial.pid) 2>/dev/null
sleep 1
sync
exec reboot -f -f
"""
TRIAL_LOG = """#!/bin/sh
if [ -d /run/systemd/system ]; then exec journalctl -b -n 200 --no-pager -o short-monotonic; fi
dmesg | tail -n 40
cat /run/landfall.log
"""
APP = """import http.server, json
told = dict(line.strip().split("=") for line in open("/etc/landfall/release"))
ails = ["camera: gone"] if told["HEALTH"] == "sick" else []
body = json.dumps({"release": "", "idle": True, "ails": ails, "paints": True}).encode()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", 8080), Answer).serve_forever()
"""
MOUNTS = f"""export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ {PYTHON}
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /var
ln -s /run /var/run
mkdir -p /run/dbus /run/rauc/mnt /var/tmp /var/lib/dbus
mount -t vfat -o ro,noatime /dev/vda1 /bootcfg
mount -t ext4 -o noatime,commit=1 /dev/vda6 /data || reboot -f -f
"""
FAST = f"""#!/bin/sh
# Everything that an update needs of a machine, without systemd: a start takes seconds under emulation.
{MOUNTS}. /etc/landfall/release
echo "KIOSK version=$VERSION health=$HEALTH"
[ "$HEALTH" = dead ] && {{ echo c > /proc/sysrq-trigger; }}
cd /usr/lib/landfall
python3 app.py >/dev/null 2>&1 &
python3 -m ota.trial --folder /data/ota --selector /bootcfg/autoboot.txt --deadline-s {DEADLINE_S} \\
  --log /usr/lib/landfall/trial-log --restart /usr/lib/landfall/restart >/dev/null 2>&1 &
echo $! > /run/trial.pid
dbus-daemon --system --fork --nopidfile
rauc --mount=/run/rauc/mnt service >/run/rauc.log 2>&1 &
while [ -b /dev/vdc ] && [ ! -e /run/stopping ]; do
  mkdir -p /run/stick
  mount -t vfat -o ro /dev/vdc /run/stick && python3 -m ota --config /etc/landfall/ota.toml usb /run/stick 2>&1
  umount /run/stick
  sleep 5
done &
while [ ! -e /run/stopping ]; do
  python3 -m ota --config /etc/landfall/ota.toml 2>&1 | tee -a /run/landfall.log
  sleep 1
done
sleep 1000
"""
PLAIN = f"""#!/bin/sh
# RAUC alone, with nothing of ours but its set-up: installs what the command line names, and says how that was.
{MOUNTS}cd /usr/lib/landfall
dbus-daemon --system --fork --nopidfile
rauc --mount=/run/rauc/mnt service >/run/rauc.log 2>&1 &
bundle=$(sed -n 's/.*landfall.bundle=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
while [ ! -S /run/dbus/system_bus_socket ] || ! rauc status >/dev/null 2>&1; do sleep 1; done
echo PLAIN begins
rauc install "$bundle" >/dev/null 2>/run/said && echo PLAIN installed || {{ cat /run/said; echo PLAIN failed; }}
/usr/lib/landfall/peaks
sleep 1000
"""
PEAKS = """#!/bin/sh
# The most memory that each process of an update has had, in kB.
for process in /proc/[0-9]*; do
  case "$(tr '\\0' ' ' < $process/cmdline)" in
    *"rauc "*service*) name=rauc;;
    *"-m ota --config"*) name=client;;
    *) continue;;
  esac
  sed -n "s/^VmHWM:[^0-9]*\\([0-9]*\\).*/PEAK $name \\1/p" $process/status
done
"""
COMPILE = f"""#!/bin/sh
# In place of all that: what the client imports, compiled, onto the partition of the slot that is still empty.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ PYTHONPATH=/usr/lib/landfall:/usr/lib/landfall/site
mount -t tmpfs tmpfs /run
PYTHONPYCACHEPREFIX=/run/compiled python3 -c "import {", ".join(IMPORTED)}"
tar cf /dev/vda5 -C /run/compiled .
sync
reboot -f -f
"""
UNITS = {
    "landfall-app.service": """[Unit]
Description=Stand-in for the kiosk's app
[Service]
ExecStart=/usr/bin/python3 /usr/lib/landfall/app.py
Restart=always
""",
    "landfall-trial.service": f"""[Unit]
Description=Watch over a try of an image
DefaultDependencies=no
After=systemd-remount-fs.service
[Service]
Environment={PYTHON}
ExecStart=/usr/bin/python3 -m ota.trial --folder /data/ota --selector /bootcfg/autoboot.txt \\
  --deadline-s {DEADLINE_S} --log /usr/lib/landfall/trial-log
""",
    "landfall-version.service": """[Unit]
Description=Say the version on the console
[Service]
Type=oneshot
EnvironmentFile=/etc/landfall/release
ExecStart=/bin/sh -c 'echo "KIOSK version=$VERSION health=$HEALTH"; [ $HEALTH != dead ] || echo c > /proc/sysrq-trigger'
StandardOutput=journal+console
""",
    "landfall-ota.service": f"""[Unit]
Description=Update client
After=dbus.service local-fs.target landfall-version.service
Wants=dbus.service
RequiresMountsFor=/data /bootcfg
[Service]
Environment={PYTHON}
ExecStart=/usr/bin/python3 -m ota --config /etc/landfall/ota.toml
StandardOutput=journal+console
StandardError=journal+console
Restart=always
RestartSec=2
""",
}
MASKED = (
    "getty@tty1.service", "serial-getty@ttyAMA0.service", "apt-daily.timer", "apt-daily-upgrade.timer",
    "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "systemd-networkd.service", "dpkg-db-backup.timer",
    "systemd-networkd-wait-online.service", "systemd-pcrphase.service", "systemd-pcrphase-sysinit.service",
    "systemd-update-utmp.service", "systemd-hwdb-update.service", "rauc-mark-good.service",
)  # fmt: skip
FSTAB = """/dev/vda1 /bootcfg vfat ro,noatime,x-systemd.device-timeout=900 0 0
/dev/vda6 /data ext4 rw,noatime,commit=1,x-systemd.device-timeout=900 0 0
tmpfs /tmp tmpfs defaults 0 0
"""
UNNEEDED = (
    "usr/share/info", "usr/share/common-licenses", "usr/share/zoneinfo", "usr/share/lintian", "usr/share/perl5",
    "usr/lib/udev/hwdb.d", "usr/lib/udev/hwdb.bin", "usr/lib/apt", "var/lib/apt", "var/cache", "var/lib/dpkg",
    "usr/share/bash-completion", "usr/share/zsh",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Office:
    """What a device has built in about headquarters. `url`: as the guest reaches it, ends in a slash."""

    url: str
    content: str
    image_root: bytes
    director_root: bytes
    ca: bytes


def dress(tree: Path, office: Office, wheels: Iterable[Path]) -> None:
    """Debian's tree becomes a kiosk's."""
    for name in UNNEEDED:
        shutil.rmtree(tree / name, ignore_errors=True)
        (tree / name).unlink(missing_ok=True) if (tree / name).is_file() else None
    for name in ("bootcfg", "data", "var/cache", "usr/lib/landfall/site", "etc/landfall", "etc/rauc"):
        (tree / name).mkdir(parents=True, exist_ok=True)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tree / "usr/lib/landfall/site")
    shutil.copytree(ROOT / "ota", tree / "usr/lib/landfall/ota", ignore=shutil.ignore_patterns("__pycache__"))
    _put(tree, "etc/rauc/system.conf", SYSTEM_CONF.encode())
    _put(tree, "etc/rauc/ca.pem", office.ca)
    _put(tree, "etc/landfall/image.root.json", office.image_root)
    _put(tree, "etc/landfall/director.root.json", office.director_root)
    _put(tree, "etc/landfall/ota.toml", settings(office).encode())
    _put(tree, "etc/fstab", FSTAB.encode())
    _put(tree, "etc/machine-id", b"")
    _put(tree, "usr/lib/landfall/app.py", APP.encode())
    for name, text in (
        ("rauc-backend", BACKEND), ("restart", RESTART), ("trial-log", TRIAL_LOG), ("fast", FAST),
        ("compile", COMPILE), ("plain", PLAIN), ("peaks", PEAKS),
    ):  # fmt: skip
        _put(tree, f"usr/lib/landfall/{name}", text.encode(), 0o755)
    _units(tree)


def place_compiled(tree: Path, compiled: bytes) -> None:
    """`compiled`: a tar of what Python's import left below a prefix; each goes beside its source."""
    with tarfile.open(fileobj=io.BytesIO(compiled)) as archive:
        for member in archive:
            if member.isfile() and (file := archive.extractfile(member)):
                source = tree / member.name
                source.parent.joinpath("__pycache__").mkdir(exist_ok=True)
                source.parent.joinpath("__pycache__", source.name).write_bytes(file.read())


def release(tree: Path, version: str, health: str, more: bytes = b"") -> None:
    """The one file in which versions differ, and something that makes a version large."""
    _put(tree, "etc/landfall/release", f"VERSION={version}\nHEALTH={health}\n".encode())
    _put(tree, "usr/lib/landfall/content", more)


def settings(office: Office) -> str:
    return f"""device = "{DEVICE}"
hardware = "{HARDWARE}"
folder = "/data/ota"
poll_s = 2
director = "{office.url}director/{DEVICE}/metadata"
image = "{office.url}image/metadata"
content = "{office.content}"
office = "{office.url}"
director_root = "director.root.json"
image_root = "image.root.json"
[app]
status = "http://127.0.0.1:8080/"
restart = ["true"]
gate_s = 60
[image_slots]
restart = ["/usr/lib/landfall/restart"]
gate_s = {GATE_S}
devices = ["/dev/vd*"]
peers = ["{office.url.split("/")[2]}"]
"""


def _units(tree: Path) -> None:
    folder = tree / "etc/systemd/system"
    wants = folder / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    for name, text in UNITS.items():
        _put(tree, f"etc/systemd/system/{name}", text.encode())
        (wants / name).symlink_to(f"../{name}")
    (folder / "sysinit.target.wants").mkdir(exist_ok=True)
    (folder / "sysinit.target.wants" / "landfall-trial.service").symlink_to("../landfall-trial.service")
    for name in MASKED:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("/dev/null")
    default = folder / "default.target"
    default.unlink(missing_ok=True)
    default.symlink_to("/usr/lib/systemd/system/multi-user.target")


def _put(tree: Path, name: str, data: bytes, mode: int = 0o644) -> None:
    path = tree / name
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
