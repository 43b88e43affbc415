"""Small files that are there whole or not at all, and hashes."""

import hashlib
import os


def read(path):
    """The text; "" when there is no such file."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def write(path, text):
    """Whole or not at all: a rename replaces in one step, and the new name is on the flash when it returns."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def remove(path):
    """Also what is not there."""
    try:
        os.remove(path)
    except OSError:
        pass


def hexed(data):
    return "".join("%02x" % byte for byte in data)


def unhexed(text, size):
    """The bytes of a hexadecimal text; None when it is not of this size."""
    text = text.strip()
    try:
        return bytes(int(text[i : i + 2], 16) for i in range(0, 2 * size, 2)) if len(text) == 2 * size else None
    except ValueError:
        return None


def sha256(data):
    return hashlib.sha256(data).digest()
