"""The chip's power: littlefs on a file, as on the RP2040's flash, then main.py. Arguments: the file, the cut.

The cut: 0, or the number of the write to the flash in whose middle the power goes.
"""

import os
import sys

BLOCK = 4096


class Flash:
    """A block device like NOR flash: erased bytes are FF. Each erasing and each writing counts for the cut."""

    def __init__(self, path, cut):
        self._file = open(path, "r+b")
        self._blocks = os.stat(path)[6] // BLOCK
        self._cut = cut
        self.writes = 0

    def readblocks(self, number, buffer, offset=0):
        self._file.seek(number * BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, number, data, offset=0):
        self._put(number * BLOCK + offset, data)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._blocks
        if operation == 5:
            return BLOCK
        if operation == 6:
            self._put(argument * BLOCK, b"\xff" * BLOCK)
        return 0

    def _put(self, at, data):
        self.writes += 1
        self._file.seek(at)
        if self.writes == self._cut:
            self._file.write(memoryview(data)[: len(data) // 2])
            machine.power_off()
        self._file.write(data)


def copy(source, target):
    """One file from outside onto the flash."""
    with open(source, "rb") as old, open(target, "wb") as new:
        while data := old.read(512):
            new.write(data)


sys.path[:] = [sys.argv[3]]  # where machine.py lies
if sys.argv[2] == "format":
    flash = Flash(sys.argv[1], 0)
    os.VfsLfs2.mkfs(flash)
    os.mount(os.VfsLfs2(flash), "/flash")
    for folder, _, name in (row.rpartition("/") for row in sys.argv[5:]):
        if folder and folder not in os.listdir("/flash"):
            os.mkdir("/flash/" + folder)
        path = folder + "/" + name if folder else name
        copy(sys.argv[4] + "/" + path, "/flash/" + path)
    sys.exit(0)

import machine  # noqa: E402

flash = Flash(sys.argv[1], int(sys.argv[2]))
os.mount(os.VfsLfs2(flash), "/flash")
os.chdir("/flash")
sys.path[:] = [""]
with open("main.py") as file:
    exec(file.read(), {"__name__": "__main__"})
