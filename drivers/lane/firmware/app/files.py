"""Small files that are there whole or not at all, and hashes."""

import hashlib
import os
from binascii import hexlify, unhexlify


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
    return hexlify(data).decode()


def unhexed(text, size):
    """The bytes of a hexadecimal text; None when it is none, or of another size."""
    try:
        data = unhexlify(text.strip())
    except ValueError:
        return None
    return data if len(data) == size else None


def sha256(data):
    return hashlib.sha256(data).digest()
