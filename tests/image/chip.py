"""Runs inside the booted image, for the asker: a TPM that the kernel takes for the board's own, with swtpm outside.

Debian's kernel for arm64 has no driver for the one TPM that the emulator has (TCG_TIS is not set). It has the kernel's
own door for a TPM in another process: /dev/vtpmx. Commands go out through a serial port of the emulated machine.
"""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import threading
import time
from pathlib import Path

PORT = Path("/dev/virtio-ports/tpm")
NEW_DEVICE, IS_TPM2 = 0xC014A100, 1  # _IOWR(0xa1, 0, 20 bytes): flags, number, handle, major, minor
SET_LOCALITY = 0x20001000
"""The kernel's own word to whoever is behind that door; not a TPM's."""
DONE = struct.pack(">HII", 0x8001, 10, 0)
MOST = 4096


def fit() -> None:
    """Returns when the kernel has the chip."""
    while not PORT.exists():
        time.sleep(0.2)
    subprocess.run(["modprobe", "tpm_vtpm_proxy"], check=True)
    told = bytearray(struct.pack("=5I", IS_TPM2, 0, 0, 0, 0))
    door = os.open("/dev/vtpmx", os.O_RDWR)
    fcntl.ioctl(door, NEW_DEVICE, told)
    chip = struct.unpack("=5I", told)[2]
    threading.Thread(target=relay, args=(chip, os.open(PORT, os.O_RDWR)), daemon=True).start()
    while not Path("/dev/tpmrm0").exists():
        time.sleep(0.2)


def relay(chip: int, outside: int) -> None:
    while True:
        command = os.read(chip, MOST)
        if struct.unpack(">I", command[6:10])[0] == SET_LOCALITY:
            os.write(chip, DONE)
            continue
        os.write(outside, command)
        answer = exactly(outside, 10)
        answer += exactly(outside, struct.unpack(">I", answer[2:6])[0] - 10)
        os.write(chip, answer)


def exactly(file: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += os.read(file, size - len(data))
    return data
