"""A Raspberry Pi as its kernel and firmware tell of it: a folder laid out like /proc, /sys and /etc, and its commands.

Laid out healthy; each fault is a method or a file that is written anew. The clock chip ticks in a thread of its own.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

RATE_HZ = 16000
SERIAL = "10000000deadbeef"
MODEL = "Raspberry Pi 5 Model B Rev 1.0"
FLAGS = "sys/devices/platform/soc/soc:firmware/get_throttled"
CHIP = "sys/class/rtc/rtc0/since_epoch"
ZONE = "sys/class/thermal/thermal_zone0"
WATCHDOG = "sys/class/watchdog/watchdog0"
BATTERY, MAINS = "sys/class/power_supply/ups", "sys/class/power_supply/mains"
LAN = "sys/class/net/eth0"
EMMC = "sys/block/mmcblk0/device"
ROUTE = (
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
)
TICK_S = 0.1
JOIN_S = 5.0
COMMAND = '#!/bin/sh\ncat "{told}/$(echo "$*" | tr " /" "__")" 2>/dev/null || exit 1\n'


class BoardTree:
    """`root` is the folder; `data` is told to be the mount of an eMMC's second partition."""

    def __init__(self, root: Path, data: Path, now_s: Callable[[], float] = time.time) -> None:
        self.root = root
        self.chip_stands_still = False
        self._chip_is_off_s = 0.0
        self._now_s = now_s
        for path, text in self._healthy(data).items():
            self.write(path, text)
        self.microphone((500.0, 800.0, 1300.0))
        self.volts("EXT5V_V", 5.08)
        self.volts("BATT_V", 3.02)
        self._stop = threading.Event()
        self._tick()
        self._ticker = threading.Thread(target=self._ticks, name="clock chip", daemon=True)
        self._ticker.start()

    @property
    def path(self) -> Path:
        """Where its commands are."""
        return self.root / "bin"

    def write(self, path: str, text: str) -> None:
        """Whole at once, as a file of the kernel is read."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(target.name + ".new")
        beside.write_text(text)
        beside.replace(target)

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def command(self, name: str, told: dict[str, str]) -> None:
        """A command that says these words to these arguments, and fails for others."""
        folder = self.root / "told" / name
        for arguments, words in told.items():
            self.write(f"told/{name}/{arguments.replace(' ', '_').replace('/', '_')}", words)
        self.write(f"bin/{name}", COMMAND.format(told=folder))
        (self.root / "bin" / name).chmod(0o755)

    def volts(self, rail: str, volts: float) -> None:
        """As its power chip tells it."""
        self.command("vcgencmd", {f"pmic_read_adc {rail}": f"{rail:>9} volt(24)={volts:.8f}V\n"})

    def microphone(self, tones_hz: tuple[float, ...]) -> None:
        """What arecord hears from now on: a hall's noise, and these tones one after the other; 16 bit, 16 kHz."""
        noise = np.random.default_rng(3).normal(0, 300, RATE_HZ * 2)
        for number, hertz in enumerate(tones_hz):
            begin = int(0.6 * number * RATE_HZ)
            wave = 6000 * np.sin(2 * np.pi * hertz * np.arange(int(0.4 * RATE_HZ)) / RATE_HZ)
            noise[begin : begin + len(wave)] += wave
        path = self.root / "told/microphone"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise.astype("<i2").tobytes())
        self.write("bin/arecord", f'#!/bin/sh\ncat "{path}"\nexec sleep 600\n')
        (self.root / "bin/arecord").chmod(0o755)

    def bare(self) -> None:
        """A board that tells its name, and nothing else of itself."""
        for folder in ("sys/class/hwmon", "sys/class/thermal", "sys/class/power_supply", "sys/class/watchdog"):
            shutil.rmtree(self.root / folder)
        shutil.rmtree(self.root / "bin")
        self.remove(FLAGS)

    def nvme(self, percentage_used: int) -> None:
        """Its storage is an NVMe disk instead, encrypted by the device mapper."""
        mounts = (self.root / "proc/self/mounts").read_text().replace("/dev/mmcblk0p2", "/dev/mapper/data")
        self.write("proc/self/mounts", mounts)
        (self.root / "dev/mapper").mkdir(parents=True)
        (self.root / "dev/mapper/data").symlink_to("../dm-0")
        (self.root / "sys/class/block/dm-0/slaves/nvme0n1p2").mkdir(parents=True)
        self.write("sys/fs/ext4/dm-0/errors_count", "0\n")
        smart = {"nvme_smart_health_information_log": {"critical_warning": 0, "percentage_used": percentage_used}}
        self.command("smartctl", {"--json --all /dev/nvme0n1": json.dumps(smart)})

    def chip_is_off(self, seconds: float) -> None:
        """The clock chip is ahead of the system's clock from now on."""
        self._chip_is_off_s = seconds
        self._tick()

    def pull_plug(self) -> None:
        self.write(f"{MAINS}/online", "0\n")
        self.write(f"{BATTERY}/status", "Discharging\n")

    def put_plug_in(self) -> None:
        self.write(f"{MAINS}/online", "1\n")
        self.write(f"{BATTERY}/status", "Charging\n")

    def close(self) -> None:
        self._stop.set()
        self._ticker.join(JOIN_S)

    def _ticks(self) -> None:
        while not self._stop.wait(TICK_S):
            if not self.chip_stands_still:
                self._tick()

    def _tick(self) -> None:
        self.write(CHIP, f"{int(self._now_s() + self._chip_is_off_s)}\n")

    def _healthy(self, data: Path) -> dict[str, str]:
        return {
            "proc/device-tree/serial-number": SERIAL + "\0",
            "proc/device-tree/model": MODEL + "\0",
            "proc/meminfo": "MemTotal:        4147604 kB\nMemFree:         3055224 kB\n",
            "proc/vmstat": "nr_free_pages 763806\noom_kill 0\n",
            "proc/self/mounts": f"/dev/root / squashfs ro 0 0\n/dev/mmcblk0p2 {data.resolve()} ext4 rw,noatime 0 0\n",
            "proc/net/route": ROUTE,
            "etc/resolv.conf": "nameserver 192.168.1.1\n",
            FLAGS: "0\n",
            "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
            "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
            "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
            "sys/class/hwmon/hwmon2/name": "pwmfan\n",
            "sys/class/hwmon/hwmon2/fan1_input": "3105\n",
            f"{ZONE}/type": "cpu-thermal\n",
            f"{ZONE}/temp": "58400\n",
            f"{WATCHDOG}/state": "active\n",
            f"{WATCHDOG}/timeout": "15\n",
            f"{WATCHDOG}/bootstatus": "0\n",
            f"{EMMC}/life_time": "0x01 0x02\n",
            f"{EMMC}/pre_eol_info": "0x01\n",
            "sys/fs/ext4/mmcblk0p2/errors_count": "0\n",
            f"{LAN}/carrier": "1\n",
            f"{LAN}/speed": "1000\n",
            f"{LAN}/statistics/rx_errors": "0\n",
            f"{LAN}/statistics/rx_packets": "48211\n",
            f"{BATTERY}/type": "Battery\n",
            f"{BATTERY}/capacity": "97\n",
            f"{BATTERY}/health": "Good\n",
            f"{BATTERY}/status": "Full\n",
            f"{BATTERY}/voltage_now": "8210000\n",
            f"{MAINS}/type": "Mains\n",
            f"{MAINS}/online": "1\n",
        }
