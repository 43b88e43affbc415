"""Names in the configuration become drivers; nothing is opened by that."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from drivers.api import Camera, ChipReader, DocumentReader, FingerprintSensor
from drivers.catalogue import CAMERA, CHIP_READER, DOCUMENT_READER, FINGERPRINT

ADDRESSES = {
    "elyctis": "/dev/ttyACM0?mode=inquire&baud=115200",
    "rte": "/dev/ttyUSB0?baud=19200&check=sum&count_from=0&check_from=3",
    "line": "/dev/ttyUSB0?baud=9600&gap_ms=80",
    "wedge": "/dev/input/by-id/usb-Desko_Penta-event-kbd?layout=de&gap_ms=80",
    "zfm": "/dev/ttyUSB1?baud=57600&fast=0&password=0000ABCD",
    "r503": "/dev/ttyUSB1",
    "uru4000": "1-1.4",
    "frames": "/some/folder?fps=12.5&loop=0",
    "v4l2": "/dev/video0?size=640x480&fps=15",
    "mjpeg": "http://10.0.0.7:8080/video?camera=2",
    "pcsc": "ACS ACR1281?blocks=short",
    "picamera": "1?size=1536x864&fps=20",
}
ALL: dict[str, Callable[[str, str], DocumentReader | ChipReader | FingerprintSensor | Camera]] = {
    **DOCUMENT_READER,
    **CHIP_READER,
    **FINGERPRINT,
    **CAMERA,
}


def test_the_names_are_these() -> None:
    assert set(DOCUMENT_READER) == {"elyctis", "rte", "line", "wedge"}
    assert set(CHIP_READER) == {"pcsc"}
    assert set(FINGERPRINT) == {"zfm", "r503", "uru4000"}
    assert set(CAMERA) == {"frames", "v4l2", "mjpeg", "picamera"}


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_a_driver_is_made_knows_its_id_and_closes_unopened(name: str) -> None:
    driver = ALL[name](ADDRESSES[name], "device-7")
    assert driver.device == "device-7"
    driver.close()
    driver.close()


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("elyctis", "/dev/x?mode=loud"),
        ("rte", "/dev/x?check=crc"),
        ("rte", "/dev/x?count_from=9"),
        ("line", "/dev/x?gap_ms=0"),
        ("pcsc", "?blocks=long"),
        ("pcsc", "*?blocks=huge"),
        ("zfm", "/dev/x?password=1234"),
        ("zfm", "/dev/x?password=0000XYZ0"),
        ("r503", "/dev/x?baud=7"),
        ("uru4000", "05ba:000a"),
        ("uru4000", "1-1.4?seed=1"),
        ("frames", "?fps=3"),
        ("frames", "/x?fps=0"),
        ("v4l2", "/dev/video0?size=big"),
        ("mjpeg", "rtsp://camera/"),
        ("picamera", "front"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused_at_once(name: str, address: str) -> None:
    with pytest.raises(ValueError):
        ALL[name](address, "device-7")


def test_the_catalogue_needs_neither_picamera2_nor_pcsc_nor_asyncio() -> None:
    code = (
        "import sys, drivers.catalogue; "
        "print([m for m in ('picamera2', 'libcamera', 'smartcard', 'asyncio') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=25)
    assert told.stdout.strip() == "[]"
