"""Starts the newest whole firmware: a new one has one chance, and behind it stands the one before. Never updated."""

import hashlib
import os
import sys
import time
from binascii import hexlify

import machine

RED, GATE = 2, 4  # as in app/pins.py; the only two that must be right before any firmware runs
SLOTS = ("a", "b")
START_MS = 8000  # for reading, checking and compiling; the application takes the watchdog over with its own limit
LIST = "list"


def read_text(path):
    """What stands in a file; "" when there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def write_text(path, text):
    """Whole or not at all: a rename replaces in one step."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def choice():
    """The slot that has proved itself, and the one that is on trial or ""."""
    words = read_text("slots").split()
    good = words[0] if words and words[0] in SLOTS else SLOTS[0]
    trial = words[1] if len(words) > 1 and words[1] in SLOTS else ""
    return good, trial


def is_whole(slot):
    """Whether every file of the slot's list is there with its SHA-256; an empty list is no firmware."""
    rows = [row.split() for row in read_text(slot + "/" + LIST).split("\n") if row]
    try:
        return bool(rows) and all(digest(slot + "/" + name) == said for said, name in rows)
    except (OSError, ValueError):
        return False


def digest(path):
    """SHA-256 of a file, hex."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(512):
            total.update(data)
    return hexlify(total.digest()).decode()


def chosen():
    """The slot to run and whether it is on trial; None when nothing here is whole. A trial is used up by asking."""
    good, trial = choice()
    if trial:
        write_text("slots", good)
    for slot in (trial, good) + SLOTS:
        if slot and is_whole(slot):
            return slot, slot == trial
    return None


def fail_closed():
    """Gate shut, red on."""
    machine.Pin(GATE, machine.Pin.OUT, value=0)
    machine.Pin(RED, machine.Pin.OUT, value=1)


def start():
    fail_closed()
    machine.WDT(timeout=START_MS)
    found = chosen()
    if found is None:
        while True:  # the watchdog ends this, and the next look may find a contact that holds again
            time.sleep_ms(100)
    sys.path.insert(0, found[0])
    try:
        import app  # noqa: PLC0415  its slot is known only now

        app.run(found[0], found[1])
    except Exception as error:  # noqa: BLE001  whatever it was: start again, and say so
        fail_closed()
        sys.print_exception(error)
        write_text("why", "fault")
    machine.reset()


start()
