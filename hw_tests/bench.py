"""bench.toml: which real devices lie on the bench, and a rig of conformance for each, with a person as its hands.

One table for each device that is there, named like its key in kiosk.toml, with `driver` and `address` as there:

    [document_reader]   documents = [["P<UTO...", "L898902C3..."], ["I<UTO...", "...", "..."]]   # at least two
    [chip_reader]       mrz = "L898902C364081251204159"   # number, birth, expiry, each with its check digit
                        read_s = 20
    [camera]            size = [720, 1280]                # height, width
    [fingerprint]       size = [288, 256]                 capture_s = 8
    [lane]              key = "device.key"                too_long_s = 20
    [printer]

Only specimen documents and a colleague's finger belong on a bench: what is read is compared and not kept.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from drivers import catalogue
from drivers.api import ChipKeys, Private, Sign
from hw_tests.conformance.camera import CameraRig
from hw_tests.conformance.chip_reader import ChipReaderRig
from hw_tests.conformance.document_reader import DocumentReaderRig, Lines
from hw_tests.conformance.fingerprint import FingerprintRig
from hw_tests.conformance.lane import LaneRig
from hw_tests.conformance.printer import PrinterRig
from hw_tests.person import Person

NAMED = "LANDFALL_BENCH"
WRONG = ChipKeys(mrz=Private("X000000000000000000000000"))
Table = dict[str, Any]


class Closes(Protocol):
    def close(self) -> None: ...


D = TypeVar("D", bound=Closes)


def table(device: str) -> Table:
    """Its table of bench.toml, or skip: it is not on this bench."""
    named = os.environ.get(NAMED)
    if not named:
        pytest.skip(f"{NAMED} names no bench.toml")
    path = Path(named).resolve()
    tables: dict[str, Table] = tomllib.loads(path.read_text(encoding="utf-8"))
    if device not in tables:
        pytest.skip(f"no {device} on this bench")
    return {**tables[device], "folder": path.parent}


@contextmanager
def on_bench(device: D) -> Iterator[D]:
    try:
        yield device
    finally:
        device.close()


@contextmanager
def document_reader(person: Person) -> Iterator[DocumentReaderRig]:
    told = table("document_reader")
    documents: tuple[Lines, ...] = tuple(tuple(lines) for lines in told["documents"])

    def present(lines: Lines) -> None:
        person.ask(f"Put document {documents.index(lines) + 1} through the reader")

    with on_bench(catalogue.DOCUMENT_READER[told["driver"]](told["address"], "document_reader")) as reader:
        yield DocumentReaderRig(reader, documents, present, *_cable(person, "document reader"))


@contextmanager
def chip_reader(person: Person) -> Iterator[ChipReaderRig]:
    told = table("chip_reader")
    person.ask("Take everything off the chip reader")
    with on_bench(catalogue.CHIP_READER[told["driver"]](told["address"], "chip_reader")) as reader:
        yield ChipReaderRig(
            reader,
            ChipKeys(mrz=Private(told["mrz"])),
            WRONG,
            float(told["read_s"]),
            person.asked("Put the specimen on the chip reader"),
            person.asked("Take the specimen up"),
            *_cable(person, "chip reader"),
        )


@contextmanager
def camera(person: Person) -> Iterator[CameraRig]:
    told = table("camera")
    with on_bench(catalogue.CAMERA[told["driver"]](told["address"], "camera")) as device:
        yield CameraRig(device, _size(told), *_cable(person, "camera"))


@contextmanager
def fingerprint(person: Person) -> Iterator[FingerprintRig]:
    told = table("fingerprint")
    person.ask("Take the finger off the glass")
    with on_bench(catalogue.FINGERPRINT[told["driver"]](told["address"], "fingerprint")) as sensor:
        yield FingerprintRig(
            sensor,
            _size(told),
            float(told["capture_s"]),
            person.asked("Lay a finger on the glass and leave it there"),
            person.asked("Take the finger off the glass"),
            *_cable(person, "fingerprint sensor"),
        )


@contextmanager
def lane(person: Person) -> Iterator[LaneRig]:
    told = table("lane")
    unplug, replug = _cable(person, "lane board")

    def plug_headset(is_in: bool) -> None:
        person.ask("Plug the headset in" if is_in else "Pull the headset out")

    with on_bench(catalogue.LANE[told["driver"]](told["address"], "lane")) as device:
        yield LaneRig(
            device,
            float(told["too_long_s"]),
            _signs(told["folder"] / told["key"]),
            press=person.asked("Press the lane's button once"),
            open_housing=person.asked("Open the lane's housing"),
            close_housing=person.asked("Close the lane's housing"),
            plug_headset=plug_headset,
            unplug=unplug,
            replug=replug,
        )


@contextmanager
def printer(person: Person) -> Iterator[PrinterRig]:
    told = table("printer")

    def paper_out(is_out: bool) -> None:
        person.ask("Take the roll out and close the cover" if is_out else "Put the roll in and close the cover")

    def cover(is_open: bool) -> None:
        person.ask("Open the printer's cover" if is_open else "Close the printer's cover")

    with on_bench(catalogue.PRINTER[told["driver"]](told["address"], "printer")) as device:
        yield PrinterRig(device, *_cable(person, "printer"), paper_out=paper_out, cover=cover)


def _cable(person: Person, name: str) -> tuple[Any, Any]:
    return person.asked(f"Pull the cable of the {name}"), person.asked(f"Put the cable of the {name} in again")


def _size(told: Table) -> tuple[int, int]:
    height, width = told["size"]
    return height, width


def _signs(path: Path) -> Sign:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is no key on a curve")

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign
