"""What the image's layers promise, held against the tools that will read them, without a boot."""

from __future__ import annotations

import ast
import itertools
import json
import re
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from appliance import watchdog
from ota.__main__ import FAILED
from provisioning import program
from provisioning.__main__ import AGAIN
from provisioning.image import disk
from provisioning.image.__main__ import WHEELS
from provisioning.image.board import adopt, luks
from provisioning.image.debian import read_list, read_lock
from provisioning.image.python_layer import ENTRY
from provisioning.image.tree import LAYERS, ORDER, ROOT, app_files, leave_out, overlays, packages
from provisioning.settings import load
from provisioning.steps.handover import COMMISSIONED
from tests.image.tools import UNITS, call, needs

BASE = LAYERS / "base" / "files"
SERVICES = [path for path in UNITS if path.suffix == ".service"]
EXPOSURE = "20"
"""Of 100: 2.0 in the tool's own words."""
DISTRIBUTIONS = {
    "cv2": "opencv-python-headless", "paho": "paho-mqtt", "serial": "pyserial", "usb": "pyusb", "argon2": "argon2-cffi",
    "multipart": "python-multipart", "pkcs11": "python-pkcs11", "tpm2_pytss": "tpm2-pytss", "smartcard": "pyscard",
}  # fmt: skip
"""Modules whose package has another name."""
WAITING = ("time-sync.target", "network-online.target", "systemd-time-wait-sync", "wait-online", "time-set.target")


def values(path: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_each_service_is_exposed_2_0_at_most(unit: Path) -> None:
    needs("systemd-analyze", "systemd")
    done = call("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(unit))
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_the_threshold_really_refuses(tmp_path: Path) -> None:
    needs("systemd-analyze", "systemd")
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    done = call("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(bare))
    assert done.returncode != 0


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_no_unit_waits_for_the_time_or_the_network(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    assert [word for word in WAITING if word in text] == []


def test_what_waits_for_time_or_network_is_masked() -> None:
    masked = read_list((LAYERS / "base" / "masked").read_text())
    assert {"systemd-time-wait-sync.service", "systemd-networkd-wait-online.service"} <= set(masked)


def test_no_shell_is_offered() -> None:
    masked = set(read_list((LAYERS / "base" / "masked").read_text()))
    assert {
        "getty@.service", "serial-getty@.service", "console-getty.service", "debug-shell.service",
        "emergency.service", "rescue.service",
    } <= masked  # fmt: skip
    unwanted = {"openssh-server", "dropbear", "telnetd", "sudo", "apt"}
    locked = {package.name for package in read_lock((ROOT / "provisioning/image/debian.lock").read_text())}
    assert unwanted & locked == set()


def test_the_machines_watchdog_is_one_that_a_pi_takes() -> None:
    conf = BASE / "etc/systemd/system.conf.d/landfall.conf"
    for key in ("RuntimeWatchdogSec", "RebootWatchdogSec"):
        (value,) = values(conf, key)
        assert 0 < seconds(value) <= 15


def test_the_kiosk_is_restarted_when_its_page_stands_still() -> None:
    unit = next(path for path in UNITS if path.name == "landfall-appliance.service")
    assert values(unit, "Type") == ["notify"]
    assert values(unit, "NotifyAccess") == ["all"], "the launcher is the main process, the app below it speaks"
    (limit,) = values(unit, "WatchdogSec")
    assert seconds(limit) >= 5 * watchdog.BEAT_S
    screen = next(path for path in UNITS if path.name == "landfall-screen.service")
    assert values(screen, "PartOf") == ["landfall-appliance.service"], "the browser that did not paint goes with it"


def test_the_kiosk_says_ready_on_the_socket_that_systemd_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert watchdog.notify("READY=1")
        assert supervisor.recv(64) == b"READY=1"


def test_the_firewall_is_read_by_nft_and_drops_by_default() -> None:
    needs("nft", "nftables")
    rules = BASE / "etc/nftables.conf"
    done = call("nft", "--check", "--file", str(rules))
    if "Operation not permitted" in done.stderr:
        pytest.skip("nft may not look at this machine's tables: run as root")
    assert done.returncode == 0, done.stderr
    text = rules.read_text()
    assert re.findall(r"hook (\w+) priority filter; policy (\w+);", text) == [
        ("input", "drop"), ("forward", "drop"), ("output", "drop"),
    ]  # fmt: skip
    assert "8101" not in text, "the traveller page is nobody's but the screen's"


def test_nft_refuses_rules_with_a_mistake(tmp_path: Path) -> None:
    needs("nft", "nftables")
    wrong = tmp_path / "wrong.conf"
    wrong.write_text((BASE / "etc/nftables.conf").read_text().replace("policy drop", "policy dorp"))
    assert call("nft", "--check", "--file", str(wrong)).returncode != 0


def test_chrony_takes_its_configuration_and_its_peers_are_in_the_port() -> None:
    needs("chronyd", "chrony")
    conf = BASE / "etc/chrony/chrony.conf"
    done = call("chronyd", "-p", "-f", str(conf))
    assert done.returncode == 0, done.stderr
    text = conf.read_text()
    assert re.search(r"^local stratum \d+ orphan$", text, re.MULTILINE)
    assert not re.search(r"^(server|pool) ", text, re.MULTILINE), "who keeps the time, provisioning says"


def test_the_journal_has_an_end_and_no_disk() -> None:
    conf = BASE / "etc/systemd/journald.conf.d/landfall.conf"
    assert values(conf, "Storage") == ["volatile"]
    (most,) = values(conf, "RuntimeMaxUse")
    assert re.fullmatch(r"\d+M", most)


def test_the_browser_goes_nowhere_but_home() -> None:
    policy = json.loads((LAYERS / "kiosk/files/etc/chromium/policies/managed/landfall.json").read_text())
    assert policy["URLBlocklist"] == ["*"]
    assert policy["URLAllowlist"] == ["http://127.0.0.1:8101", "http://localhost:8103"]
    assert policy["DeveloperToolsAvailability"] == 2
    browser = (LAYERS / "kiosk/files/usr/lib/landfall/browser").read_text()
    assert ["http://" + found for found in re.findall(r"=\"\$\{[23]:-([^}]+)\}", browser)] == policy["URLAllowlist"]
    assert "--no-sandbox" not in browser
    assert "remote-debugging" not in browser


def test_the_browsers_own_isolation_has_what_it_needs() -> None:
    unit = next(path for path in UNITS if path.name == "landfall-screen.service")
    assert values(unit, "RestrictNamespaces") == ["user pid net"]
    sysctl = (BASE / "etc/sysctl.d/60-landfall.conf").read_text()
    assert "max_user_namespaces" not in sysctl
    assert "unprivileged_userns" not in sysctl


def test_units_that_start_by_themselves_exist_or_are_debians() -> None:
    preset = (BASE / "usr/lib/systemd/system-preset/10-landfall.preset").read_text()
    enabled = re.findall(r"^enable (\S+)$", preset, re.MULTILINE)
    assert preset.splitlines()[-1] == "disable *"
    ours = {path.name for path in UNITS}
    assert {name for name in enabled if name.startswith(("landfall", "data"))} <= ours
    unwanted = {
        path.name for path in UNITS
        if "[Install]" in path.read_text() and path.name not in enabled
    }  # fmt: skip
    assert unwanted == set()


def test_the_data_partition_is_the_only_one_that_is_written() -> None:
    fstab = read_list((BASE / "etc/fstab").read_text())
    disks = [line.split() for line in fstab if not line.startswith("tmpfs")]
    assert all("ro" in fields[3].split(",") for fields in disks)
    (options,) = values(next(path for path in UNITS if path.name == "data.mount"), "Options")
    assert {"nodev", "nosuid", "noexec"} <= set(options.split(","))


def unit(name: str) -> Path:
    return next(path for path in UNITS if path.name == name)


def test_the_identity_key_is_held_by_one_unit_that_the_kiosk_asks() -> None:
    signer, kiosk = unit("landfall-signer.service"), unit("landfall-appliance.service")
    assert values(signer, "ExecStart") == [
        "/usr/bin/python3 -m provisioning.signer --config /etc/landfall/provisioning.toml"
    ]
    assert values(signer, "DeviceAllow") == ["char-tpm rw"], "and nothing else"
    assert values(signer, "User") == values(kiosk, "User"), "its socket is its owner's alone"
    assert values(signer, "RestrictAddressFamilies") == ["AF_UNIX"]
    assert not any("tpm" in device for device in values(kiosk, "DeviceAllow"))
    for key in ("Wants", "After"):
        assert any(signer.name in names.split() for names in values(kiosk, key))


def test_the_screen_can_tell_whether_there_is_a_kiosk() -> None:
    """The browser looks for kiosk.toml and is another user; where it may not pass it sees none, ever."""
    folders = (LAYERS / "appliance/files/usr/lib/landfall/folders.conf").read_text()
    assert re.search(r"^d /data/landfall +0751 ", folders, re.MULTILINE)
    assert values(unit("landfall-screen.service"), "User") == ["landfall-screen"]


def test_whoever_opens_the_chip_is_of_its_group() -> None:
    """Debian gives /dev/tpmrm0 to the user and the group tss: root without capabilities may not open it."""
    users = (BASE / "usr/lib/sysusers.d/landfall.conf").read_text()
    assert re.search(r"^m landfall\s+tss$", users, re.MULTILINE)
    for path in SERVICES:
        if "char-tpm rw" in values(path, "DeviceAllow"):
            groups = " ".join(values(path, "SupplementaryGroups")).split()
            assert values(path, "User") == ["landfall"] or "tss" in groups, path.name


def test_the_signers_settings_are_ones_that_it_takes() -> None:
    settings = load(LAYERS / "appliance/files/etc/landfall/provisioning.toml")
    assert settings.identity.level == "tpm"
    assert settings.device.folder == Path("/data/landfall")


def test_a_shut_disk_has_a_page_that_keeps_nothing_on_disks() -> None:
    """Who asks touches no disk, who opens it speaks to nobody, and one file in memory lies between them."""
    page, opener, path = unit("landfall-unlock.service"), unit("landfall-adopt.service"), unit("landfall-adopt.path")
    shut, unlock = (load(LAYERS / f"appliance/files/etc/landfall/{name}.toml") for name in ("provisioning", "unlock"))
    assert replace(unlock, device=shut.device, disk=shut.disk) == shut, "all else is one and the same"
    assert unlock.device.folder.is_relative_to("/run/landfall-unlock")
    assert values(page, "ConditionPathExists") == [str(unlock.disk.shut)]
    assert values(page, "RuntimeDirectory") == ["landfall-unlock"]
    assert not any("/data" in folder or "block" in folder for folder in values(page, "ReadWritePaths"))
    assert not any("block" in device for device in values(page, "DeviceAllow"))
    assert values(path, "PathChanged") == [str(unlock.disk.released)]
    (command,) = values(opener, "ExecStart")
    assert command.split()[-1] == str(unlock.disk.released)
    assert str(unlock.disk.outcome).startswith(f"/run/{luks.OWN}/")
    assert unlock.disk.outcome.name == adopt.OUTCOME
    assert values(opener, "PrivateNetwork") == ["yes"]
    assert "landfall" in values(opener, "SupplementaryGroups")[0].split(), "root without capabilities reads by group"
    assert values(opener, "SuccessAction") == ["reboot"]
    assert not any("mapper" in name for name in values(opener, "DeviceAllow")), "it maps nothing"


def test_the_screen_shows_a_page_where_there_is_one_and_else_the_fault() -> None:
    screen = unit("landfall-screen.service")
    assert values(screen, "ConditionPathIsMountPoint") == ["|/data"]
    assert values(screen, "ConditionPathExists") == ["|/run/landfall/locked.json"]
    assert "data.mount" not in " ".join(values(screen, "Requires"))


def test_a_stick_belongs_to_whoever_writes_requests_onto_it() -> None:
    (options,) = values(unit("run-landfall-stick.mount"), "Options")
    users = (BASE / "usr/lib/sysusers.d/landfall.conf").read_text()
    (number,) = re.findall(r"^u landfall +(\d+):", users, re.MULTILINE)
    assert f"uid={number},gid={number}" in options


def test_the_rule_of_the_stick_is_read_after_debians_that_reads_names() -> None:
    rules = LAYERS / "appliance/files/usr/lib/udev/rules.d"
    (name,) = [path.name for path in rules.iterdir() if "ID_FS_LABEL" in path.read_text()]
    assert "60-persistent-storage.rules" < name < "99-systemd.rules"


def test_of_drivers_that_are_left_out_what_a_stick_needs_stays(tmp_path: Path) -> None:
    left_out, kept = (read_list((LAYERS / "board" / f"modules-{what}").read_text()) for what in ("left-out", "kept"))
    assert {"drivers/scsi/scsi_mod.ko.xz", "drivers/scsi/sd_mod.ko.xz"} <= set(kept)
    for name in (*kept, "drivers/scsi/other.ko.xz", "drivers/scsi/deep/other.ko.xz", "drivers/usb/storage.ko.xz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    leave_out(tmp_path, left_out, kept)
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {*kept, "drivers/usb/storage.ko.xz"}
    with pytest.raises(FileNotFoundError):
        leave_out(tmp_path, left_out, ["drivers/scsi/renamed.ko.xz"])


def test_a_disk_of_another_board_opens_no_lane() -> None:
    kiosk = unit("landfall-appliance.service")
    (asked,) = values(kiosk, "ExecCondition")
    assert asked == "/usr/bin/python3 -m provisioning.newcomer --config /etc/landfall/provisioning.toml"


def test_a_renewal_is_counted_from_the_start_and_not_by_a_clock_that_may_be_wrong() -> None:
    timer, service = unit("landfall-renew.timer"), unit("landfall-renew.service")
    assert values(timer, "OnCalendar") == []
    assert values(timer, "OnBootSec")
    assert values(timer, "OnUnitActiveSec")
    (command,) = values(service, "ExecStart")
    assert command.endswith(" renew")
    assert values(service, "SuccessExitStatus") == [str(AGAIN)], "no line to the centre is no failed unit"
    assert values(service, "Type") == ["oneshot"]


def test_the_gate_of_an_image_sees_which_devices_are_there_and_opens_none() -> None:
    client = unit("landfall-ota.service")
    assert values(client, "PrivateDevices") == []
    assert values(client, "DevicePolicy") == ["closed"]
    assert values(client, "DeviceAllow") == []
    assert values(client, "ProcSubset") == [], "the firmware's word on the start lies in /proc"


def test_a_stick_is_handed_to_the_update_client_as_soon_as_it_is_mounted() -> None:
    stick, client = unit("landfall-stick.service"), unit("landfall-ota.service")
    assert values(stick, "WantedBy") == values(stick, "BindsTo") == ["run-landfall-stick.mount"]
    (where,) = values(unit("run-landfall-stick.mount"), "Where")
    assert values(stick, "ExecStart") == [f"{values(client, 'ExecStart')[0]} usb {where}"]
    assert values(stick, "SuccessExitStatus") == [str(FAILED)], "a stick that is refused is no failed unit"


def test_the_kiosk_starts_when_the_lane_may_open_and_no_sooner() -> None:
    """Its configuration is there before its hardware is tested, and the tests want the devices for themselves."""
    marker = f"/data/landfall/{COMMISSIONED}"
    assert values(unit("landfall-appliance.path"), "PathExists") == [marker]
    assert values(unit("landfall-appliance.service"), "ConditionPathExists") == [marker]
    browser = (LAYERS / "kiosk/files/usr/lib/landfall/browser").read_text()
    assert f'commissioned="${{1:-{marker}}}"' in browser
    assert program.OPEN[0] == COMMISSIONED, "and it goes first, before the kiosk is wiped"


def test_a_try_is_watched_from_the_first_second_by_one_who_may_restart_the_machine() -> None:
    trial = unit("landfall-trial.service")
    assert values(trial, "DefaultDependencies") == ["no"]
    assert values(trial, "WantedBy") == ["sysinit.target"]
    assert values(trial, "Requires") + values(trial, "After") == []
    assert values(trial, "CapabilityBoundingSet") == ["CAP_SYS_BOOT"]
    assert "reboot" in values(trial, "SystemCallFilter")


def test_each_overlay_that_the_firmware_is_told_of_is_on_board(tmp_path: Path) -> None:
    needs("dtc", "device-tree-compiler")
    told = re.findall(r"^dtoverlay=(\w[\w-]*)", (LAYERS / "board/boot/config.txt").read_text(), re.MULTILINE)
    assert told
    assert {path.name for path in overlays(tmp_path)} == {f"{name}.dtbo" for name in told}


def test_every_program_that_a_unit_starts_is_on_board() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in app_files()}
    modules = [found for path in SERVICES for found in re.findall(r"python3 -m (\S+)", path.read_text())]
    assert modules
    for module in modules:
        place = module.replace(".", "/")
        assert {f"{place}.py", f"{place}/__main__.py"} & names, module


def test_what_the_units_programs_import_is_on_board() -> None:
    """From a wheel of the lock or from Debian; a program that asks for more would not start on any board."""
    wheels = {found["name"] for found in ENTRY.finditer(WHEELS.read_text())}
    left_out = set(read_list((LAYERS / "python" / "from-debian").read_text()))
    debian = {package.name for package in read_lock((ROOT / "provisioning/image/debian.lock").read_text())}
    programs = {found for path in SERVICES for found in re.findall(r"python3 -m (\S+)", path.read_text())}
    programs.add("appliance")  # which the launcher starts
    outside = {name.partition(".")[0] for name in loaded(programs)} - set(sys.stdlib_module_names)
    names = {DISTRIBUTIONS.get(module, module) for module in outside}
    assert {"starlette", "tpm2-pytss", "python-pkcs11", "segno"} <= names, "found by following imports"
    assert {name for name in names if name not in wheels - left_out and f"python3-{name}" not in debian} == set()


def loaded(programs: set[str]) -> set[str]:
    """Modules of others that are loaded with these."""
    places = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", "."): path for path in app_files()}
    places |= {name.removesuffix(".__init__"): path for name, path in places.items()}
    todo, seen, others = [*programs, *(f"{name}.__main__" for name in programs)], set[str](), set[str]()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in places:
            todo += [*imported(places[name]), name.rpartition(".")[0]]
        elif name.partition(".")[0] not in places and name:
            others.add(name)
    return others


def imported(path: Path) -> list[str]:
    """What this module loads with itself; what is taken from a package may be a module of it."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    found = [alias.name for node in body if isinstance(node, ast.Import) for alias in node.names]
    taken = [node for node in body if isinstance(node, ast.ImportFrom) and node.module]
    return [*found, *(name for node in taken for name in (node.module or "", *_members(node)))]


def _members(node: ast.ImportFrom) -> list[str]:
    return [f"{node.module}.{alias.name}" for alias in node.names]


def test_each_wanted_package_is_locked_by_its_hash() -> None:
    locked = {package.name for package in read_lock((ROOT / "provisioning/image/debian.lock").read_text())}
    assert set(packages()) <= locked
    boot = {package.name for package in read_lock((ROOT / "provisioning/image/boot.lock").read_text())}
    assert {"busybox-static", "raspi-firmware"} < boot
    assert not any(name.startswith(("linux-image", "initramfs-tools")) for name in locked)


@pytest.mark.parametrize("name", ["debian.lock", "boot.lock"])
def test_a_lock_names_no_host(name: str) -> None:
    text = (ROOT / "provisioning/image" / name).read_text()
    assert "://" not in text
    assert ".org" not in text


def test_the_selector_fills_one_sector() -> None:
    data = disk.selector()
    assert len(data) == 512
    assert data.startswith(b"[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n")


def test_the_disk_has_two_of_all_but_selector_and_data() -> None:
    parts = disk.layout()
    assert [part.name for part in parts] == ["bootcfg", "boot_a", "boot_b", "root_a", "root_b", "data"]
    assert all(later.start == part.start + part.size for part, later in itertools.pairwise(parts))


def test_the_board_gets_the_app_and_not_the_builder() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in app_files()}
    assert {"appliance/__main__.py", "ota/launcher.py", "provisioning/image/board/data.py"} <= names
    assert not any(name.startswith(("provisioning/image/layers", "tests/", "simulators/")) for name in names)


def test_layers_are_listed_in_the_order_they_are_laid() -> None:
    assert sorted(ORDER) == sorted(path.name for path in LAYERS.iterdir())


def test_drivers_that_units_name_are_loaded_before_them() -> None:
    """A device rule that names a driver which is not there yet is dropped without a word."""
    loaded = read_list((BASE / "etc/modules-load.d/landfall.conf").read_text())
    assert "dm_mod" in loaded
    unit = next(path for path in UNITS if path.name == "landfall-data.service")
    assert "DeviceAllow=block-device-mapper rw" in unit.read_text()
    assert any("systemd-modules-load.service" in after for after in values(unit, "After"))
