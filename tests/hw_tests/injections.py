"""How each fault of `hw_tests.faults` is injected: at the wire, in files, under the scene, or by a person."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hw_tests.record import NO, NOT_SURE, Limits, Measurement, Outcome, PhaseRecord, Record, Verdict
from hw_tests.runner import stamp
from simulators.board_tree import BATTERY, EMMC, FLAGS, LAN, MAINS, WATCHDOG, ZONE
from simulators.camera_scene import Scene
from simulators.fingers import Condition, impression, master
from simulators.lane_board import GATE_OPENED, GATE_SHUT
from simulators.passport_chip import Chip
from simulators.vpcd_wire import AirInterface
from tests.drivers.golden import IDENTITY_CARD, PASSPORT
from tests.drivers.lane_keys import new_key
from tests.drivers.passports import DG2, MRZ, passport, rsa_key
from tests.hw_tests.hands import touching
from tests.hw_tests.simulated import Kiosk
from tests.provisioning import chips

Injection = Callable[[Kiosk], None]
SPOTS = tuple((100 + 20 * at, 120 + 30 * at) for at in range(12))


def file(path: str, text: str) -> Injection:
    return lambda kiosk: kiosk.tree.write(path, text)


def says(question: str, said: str) -> Injection:
    return lambda kiosk: kiosk.hands.__setattr__("says", {**kiosk.hands.says, question: said})


def leaves_undone(request: str) -> Injection:
    """The person does it and the device does not notice: to the wire that is as if nothing were done."""

    def inject(kiosk: Kiosk) -> None:
        kiosk.hands.does = {name: act for name, act in kiosk.hands.does.items() if name != request}
        kiosk.hands.repeats = {name: act for name, act in kiosk.hands.repeats.items() if name != request}
        impatient(kiosk)

    return inject


def knob(device: str, name: str, value: object) -> Injection:
    """`device` may be a path: `lane.faults`."""

    def inject(kiosk: Kiosk) -> None:
        found: object = kiosk
        for part in device.split("."):
            found = getattr(found, part)
        setattr(found, name, value)

    return inject


def unplugged(device: str) -> Injection:
    return lambda kiosk: getattr(kiosk, device).unplug()


def both(*injections: Injection) -> Injection:
    def inject(kiosk: Kiosk) -> None:
        for each in injections:
            each(kiosk)

    return inject


def impatient(kiosk: Kiosk) -> None:
    kiosk.pace = replace(kiosk.pace, person_s=4.0)


def an_old_record(kiosk: Kiosk) -> None:
    """Of a week ago, when the clock chip was a minute behind; it has gained that minute since."""
    now_s = kiosk.station().now_s()
    offset = Measurement("chip_offset_s", "s", Limits(-5, 5), Verdict.FAIL, -60.0)
    begun_at = stamp(now_s - 7 * 86400)
    phase = PhaseRecord("clock", Outcome.FAIL, begun_at, 1.0, (offset,))
    kiosk.earlier = (Record("", "", "full", "", "somebody", begun_at, 1.0, Outcome.FAIL, (phase,)),)


def ask_tpm(kiosk: Kiosk, *command: str) -> None:
    environment = {"TPM2TOOLS_TCTI": kiosk.tcti, "TSS2_LOG": "all+none", "PATH": "/usr/bin:/bin"}
    subprocess.run(command, check=True, capture_output=True, env=environment)


def no_certificate(kiosk: Kiosk) -> None:
    """Its index is taken away, as a platform owner can."""
    ask_tpm(kiosk, "tpm2_nvundefine", "-C", "p", "0x1c00002")


def copied_certificate(kiosk: Kiosk) -> None:
    """Another chip of the same maker lends its certificate."""
    with kiosk.maker.make("other").powered() as other:
        certificate = kiosk.folder / "other.der"
        environment = {"TPM2TOOLS_TCTI": other.tcti, "TSS2_LOG": "all+none", "PATH": "/usr/bin:/bin"}
        read = ["tpm2_nvread", "-C", "o", "0x1c00002", "-o", str(certificate)]
        subprocess.run(read, check=True, capture_output=True, env=environment)
    size = str(certificate.stat().st_size)
    no_certificate(kiosk)
    ask_tpm(
        kiosk, "tpm2_nvdefine", "-C", "p", "0x1c00002", "-s", size, "-a", "ownerread|authread|ppwrite|platformcreate"
    )
    ask_tpm(kiosk, "tpm2_nvwrite", "-C", "p", "0x1c00002", "-i", str(certificate))


def stranger(kiosk: Kiosk) -> None:
    assert kiosk.tpm_roots is not None
    (kiosk.tpm_roots / "maker.pem").unlink()
    other = chips.Maker(kiosk.folder / "stranger")
    with other.make("chip").powered():
        (kiosk.tpm_roots / "other.pem").write_bytes(other.chain)


def guessed_at(kiosk: Kiosk) -> None:
    """A wrong password for a key that counts wrong ones."""
    context, key = str(kiosk.folder / "primary.ctx"), str(kiosk.folder / "key")
    ask_tpm(kiosk, "tpm2_createprimary", "-C", "o", "-c", context)
    ask_tpm(kiosk, "tpm2_flushcontext", "-t")
    ask_tpm(
        kiosk, "tpm2_create", "-C", context, "-p", "right", "-u", f"{key}.pub", "-r", f"{key}.priv", "-c", f"{key}.ctx"
    )
    ask_tpm(kiosk, "tpm2_flushcontext", "-t")
    (kiosk.folder / "data.bin").write_bytes(b"x")
    guess = ["tpm2_sign", "-c", f"{key}.ctx", "-p", "wrong", "-o", f"{key}.sig", str(kiosk.folder / "data.bin")]
    environment = {"TPM2TOOLS_TCTI": kiosk.tcti, "TSS2_LOG": "all+none", "PATH": "/usr/bin:/bin"}
    assert subprocess.run(guess, capture_output=True, env=environment, check=False).returncode != 0
    ask_tpm(kiosk, "tpm2_flushcontext", "-t")


def other_chip(kiosk: Kiosk) -> None:
    """Opened by another zone."""
    kiosk.chip.chip = Chip(replace(passport(), mrz=MRZ.replace("L898902C3", "L898902C4")))


def copied_chip(kiosk: Kiosk) -> None:
    chip = kiosk.chip.chip
    assert isinstance(chip, Chip)
    chip.passport.aa_key = rsa_key(1024)


def chip_of_another(kiosk: Kiosk) -> None:
    chip = kiosk.chip.chip
    assert isinstance(chip, Chip)
    for name, data in chip.passport.files.items():
        chip.passport.files[name] = data.replace(b"L898902C3", b"X123456Y7")


def without_portrait(kiosk: Kiosk) -> None:
    chip = kiosk.chip.chip
    assert isinstance(chip, Chip)
    del chip.passport.files[DG2]


def seen(device: str, name: str, value: object) -> Injection:
    """A knob of the scene, turned and to be seen."""

    def inject(kiosk: Kiosk) -> None:
        scene = getattr(kiosk, device)
        setattr(scene, name, value)
        scene.settles()

    return inject


def slow_camera(kiosk: Kiosk) -> None:
    kiosk.camera._period_s = 1.4


def another_lane_key(kiosk: Kiosk) -> None:
    kiosk.lane.kiosk = new_key().public_key()


def specimen_is(lines: tuple[str, ...]) -> Injection:
    def inject(kiosk: Kiosk) -> None:
        kiosk.hands.repeats = {"document_specimen": lambda: kiosk.swipe.present(lines)}

    return inject


def pale(kiosk: Kiosk) -> None:
    finger = impression(master(3), Condition.GOOD, 1)
    kiosk.hands.does = {**kiosk.hands.does, "finger_place": lambda: kiosk.sensor.place(finger // 4 + 160)}


def aside(kiosk: Kiosk) -> None:
    finger = impression(master(3), Condition.GOOD, 1)
    finger[:, 64:] = 255
    kiosk.hands.does = {**kiosk.hands.does, "finger_place": lambda: kiosk.sensor.place(finger)}


def touches_are(answer: object) -> Injection:
    return lambda kiosk: kiosk.hands.__setattr__("says", {"touch_grid": answer})


def behind(kiosk: Kiosk) -> None:
    kiosk.floor_s = (datetime.now(UTC) + timedelta(days=1)).timestamp()


SYSTEM_CALLS = {
    "storage_slow": "fdatasync:delay_enter=300000",
    "storage_crawls": "fsync:delay_enter=1500000",
    "storage_breaks": "fsync:error=EIO",
}
"""What strace changes; microseconds."""

INJECTIONS: dict[str, Injection] = {
    "supply_sags": both(file(FLAGS, "1\n"), file("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")),
    "supply_sagged": file(FLAGS, "10000\n"),
    "clock_held_down": file(FLAGS, "2\n"),
    "was_held_down": file(FLAGS, "40000\n"),
    "rail_low": lambda kiosk: kiosk.tree.volts("EXT5V_V", 4.6),
    "too_hot": file(f"{ZONE}/temp", "86200\n"),
    "was_too_hot": file(FLAGS, "80000\n"),
    "fan_stands": file("sys/class/hwmon/hwmon2/fan1_input", "0\n"),
    "memory_missing": file("proc/meminfo", "MemTotal:         945604 kB\n"),
    "memory_ran_out": file("proc/vmstat", "oom_kill 2\n"),
    "mounted_read_only": lambda kiosk: kiosk.tree.write(
        "proc/self/mounts", f"/dev/mmcblk0p2 {kiosk.data.resolve()} ext4 ro,noatime 0 0\n"
    ),
    "file_system_errors": file("sys/fs/ext4/mmcblk0p2/errors_count", "3\n"),
    "emmc_worn": file(f"{EMMC}/life_time", "0x03 0x0a\n"),
    "emmc_no_spare": file(f"{EMMC}/pre_eol_info", "0x03\n"),
    "storage_full": lambda kiosk: setattr(kiosk, "free_percent", 4.0),
    "nvme_worn": lambda kiosk: kiosk.tree.nvme(percentage_used=97),
    "clock_behind": behind,
    "chip_stands": knob("tree", "chip_stands_still", True),
    "chip_off": lambda kiosk: kiosk.tree.chip_is_off(60.0),
    "chip_drifts": an_old_record,
    "cell_empty": lambda kiosk: kiosk.tree.volts("BATT_V", 0.4),
    "watchdog_off": file(f"{WATCHDOG}/state", "inactive\n"),
    "watchdog_slow": file(f"{WATCHDOG}/timeout", "60\n"),
    "watchdog_bit": file(f"{WATCHDOG}/bootstatus", "32\n"),
    "tpm_no_certificate": no_certificate,
    "tpm_copied": copied_certificate,
    "tpm_of_a_stranger": stranger,
    "tpm_guessed_at": guessed_at,
    "no_route": file("proc/net/route", "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"),
    "cable_out": file(f"{LAN}/carrier", "0\n"),
    "cable_bad": file(f"{LAN}/speed", "10\n"),
    "cable_noisy": file(f"{LAN}/statistics/rx_errors", "984\n"),
    "name_unknown": knob("network", "knows_the_name", False),
    "centre_away": lambda kiosk: kiosk.network.shut_the_door(),
    "network_mute": knob("network", "is_mute", True),
    "time_off": knob("network", "time_is_off_s", 90 * 86400.0),
    "time_unknown": knob("network", "stratum", 0),
    "battery_low": file(f"{BATTERY}/capacity", "31\n"),
    "battery_bad": file(f"{BATTERY}/health", "Dead\n"),
    "mains_away": file(f"{MAINS}/online", "0\n"),
    "mains_not_noticed": leaves_undone("ups_pull"),
    "mains_not_back": leaves_undone("ups_put_in"),
    "reader_out": unplugged("swipe"),
    "reader_mute": knob("swipe.faults", "mute", True),
    "reader_dirty": specimen_is((PASSPORT[0].replace("ANNA", "A?NA"), PASSPORT[1])),
    "reader_garbles": specimen_is(("p<utoeriksson", "L898902C36")),
    "reader_wrong": specimen_is(IDENTITY_CARD),
    "reader_nothing": leaves_undone("document_specimen"),
    "chip_reader_out": lambda kiosk: kiosk.pcscd.close(),
    "chip_foreign": other_chip,
    "chip_copied": copied_chip,
    "chip_of_another": chip_of_another,
    "chip_incomplete": without_portrait,
    "chip_slow": lambda kiosk: setattr(kiosk.chip, "air", AirInterface(kbit_s=424, think_s=0.4)),
    "chip_mute": both(knob("chip.faults", "mute", True), impatient),
    "sensor_out": unplugged("sensor"),
    "sensor_mute": knob("sensor.faults", "mute", True),
    "sensor_refuses": knob("sensor.faults", "wrong_status", True),
    "glass_greasy": knob("sensor", "residue", impression(master(4), Condition.DRY, 2)),
    "sensor_grainy": knob("sensor", "grain_levels", 25.0),
    "sensor_stuck": knob("sensor", "stuck_columns", (40, 41, 130)),
    "finger_pale": pale,
    "finger_aside": aside,
    "camera_out": unplugged("camera"),
    "camera_stalls": both(lambda kiosk: kiosk.scene.close(), lambda kiosk: kiosk.camera.cover()),
    "camera_slow": slow_camera,
    "camera_hangs": lambda kiosk: kiosk.scene.hang(),
    "lens_capped": seen("scene", "scene", Scene.COVERED),
    "light_behind": seen("scene", "gain", 3.0),
    "sensor_noisy": seen("scene", "noise_levels", 24.0),
    "second_camera_hangs": lambda kiosk: kiosk.second.hang(),
    "out_of_focus": seen("scene", "blur_px", 4.0),
    "no_card": lambda kiosk: kiosk.hands.__setattr__("does", {}),
    "veiled": seen("scene", "veil", 0.65),
    "pixels_hot": seen("scene", "hot", SPOTS),
    "pixels_dead": seen("scene", "dead", SPOTS),
    "not_covered": leaves_undone("camera_cover"),
    "no_white_paper": leaves_undone("camera_paper"),
    "lamp_dark": seen("scene", "lamp_is_broken", True),
    "no_paper": knob("printer", "rows_left", 0),
    "cover_open": knob("printer", "cover_is_open", True),
    "printer_out": unplugged("printer"),
    "printer_broken": knob("printer", "is_broken", True),
    "slip_unreadable": says("printer_slip", NO),
    "paper_not_noticed": leaves_undone("printer_take_out"),
    "refill_not_noticed": leaves_undone("printer_put_in"),
    "lane_out": unplugged("lane"),
    "lane_mute": knob("lane.faults", "mute", True),
    "lane_was_opened": lambda kiosk: kiosk.lane.open_housing(),
    "lamp_not_red": says("lane_red", NO),
    "lamp_not_green": says("lane_green", NO),
    "button_dead": leaves_undone("lane_press"),
    "jack_dead": leaves_undone("lane_headset"),
    "gate_sticks": says("gate_moved", NO),
    "gate_opens_untold": knob("lane", "untold", {GATE_OPENED}),
    "gate_closes_untold": knob("lane", "untold", {GATE_SHUT}),
    "gate_taken": says("gate_free", NO),
    "tamper_dead": leaves_undone("lane_open_housing"),
    "lane_of_another": another_lane_key,
    "touch_missing": touches_are(touching(range(32))),
    "touch_crooked": touches_are(touching(off_mm=15.0)),
    "screen_spotted": says("screen_even", NO),
    "speaker_faint": lambda kiosk: kiosk.tree.microphone(tones_hz=()),
    "speaker_dead": says("speaker_heard", NO),
    "speaker_unsure": says("speaker_heard", NOT_SURE),
}
