"""A new firmware: its signature first, then its bytes into one file, then its files into the slot that is not running.

Until the last step, the name of the slot on trial, nothing that the loader looks at has changed.
"""

import hashlib
import os

from files import hexed, remove, sha256, write
from p256 import verify
from wire import BAD_SIGNATURE, BAD_VALUE, FULL, NO_KEY, NOT_NOW, OK, OLDER, OTHER_OFFSET, TORN

PURPOSE = b"landfall lane firmware 1"
INCOMING = "incoming"
MAX_BYTES = 256 * 1024
STEP = 512
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"


class Update:
    """`release_key`: x and y of whoever may sign firmware; None: nobody may."""

    def __init__(self, running, version, release_key):
        self._good = running
        self._other = "b" if running == "a" else "a"
        self._version = version
        self._key = release_key
        self._forget()

    def _forget(self):
        self._size, self._sha256, self._have, self._file = 0, b"", 0, None
        self.is_ready = False

    @property
    def is_receiving(self):
        return self._file is not None

    def drop(self):
        """The kiosk that sent it is gone."""
        if self._file is not None:
            self._file.close()
        self._forget()
        remove(INCOMING)

    def begin(self, payload):
        """A generator that returns a status. version u32, size u32, SHA-256, signature (r, s)."""
        self.drop()
        if len(payload) != 104:
            return BAD_VALUE
        version, size = int.from_bytes(payload[:4], "big"), int.from_bytes(payload[4:8], "big")
        if self._key is None:
            return NO_KEY
        if version <= self._version:
            return OLDER
        if not 0 < size <= MAX_BYTES:
            return BAD_VALUE
        if not (yield from verify(self._key, sha256(PURPOSE + payload[:40]), payload[40:])):
            return BAD_SIGNATURE
        self._size, self._sha256 = size, payload[8:40]
        try:
            self._file = open(INCOMING, "wb")
        except OSError:
            return FULL
        return OK

    def chunk(self, payload):
        """(status, offset that is wanted next). offset u32, bytes."""
        offset, data = int.from_bytes(payload[:4], "big"), payload[4:]
        if self._file is None:
            return NOT_NOW, 0
        if offset != self._have or not data or offset + len(data) > self._size:
            return OTHER_OFFSET, self._have
        try:
            self._file.write(data)
        except OSError:
            self.drop()
            return FULL, 0
        self._have += len(data)
        return OK, self._have

    def end(self):
        """A generator that returns a status: only whole and true bytes become files, and only whole files a trial."""
        if self._file is None:
            return NOT_NOW
        self._file.close()
        self._file = None
        try:
            status = yield from self._unpacked()
        except OSError:
            status = FULL
        remove(INCOMING)
        self.is_ready = status == OK
        return status

    def _unpacked(self):
        if self._have != self._size or not (yield from self._is_true()):
            return TORN
        yield from self._emptied()
        rows = []
        with open(INCOMING, "rb") as file:
            while head := file.read(1):
                name, size = file.read(head[0]).decode(), int.from_bytes(file.read(4), "big")
                if not is_name(name) or size > self._size:
                    return TORN
                digest = yield from self._copied(file, self._other + "/" + name, size)
                if digest is None:
                    return TORN
                rows.append(hexed(digest) + " " + name)
        if not any(row.endswith(" app.py") for row in rows):
            return TORN
        write(self._other + "/list", "\n".join(rows))
        write("slots", self._good + " " + self._other)
        return OK

    def _is_true(self):
        total = hashlib.sha256()
        with open(INCOMING, "rb") as file:
            while data := file.read(STEP):
                total.update(data)
                yield
        return total.digest() == self._sha256

    def _emptied(self):
        """The list goes first: a slot without one is no firmware."""
        remove(self._other + "/list")
        try:
            os.mkdir(self._other)
        except OSError:
            pass
        for name in os.listdir(self._other):
            remove(self._other + "/" + name)
            yield

    def _copied(self, source, path, size):
        """The SHA-256 of what was written; None when the source is too short."""
        total = hashlib.sha256()
        with open(path, "wb") as file:
            while size:
                data = source.read(min(STEP, size))
                if not data:
                    return None
                file.write(data)
                total.update(data)
                size -= len(data)
                yield
        return total.digest()


def is_name(name):
    """A file of the firmware: letters, digits and _ before .py, and no way out of the slot."""
    return name.endswith(".py") and len(name) > 3 and all(letter in LETTERS for letter in name[:-3])
