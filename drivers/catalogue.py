"""Every driver by its name in the configuration; the only door through which a concrete driver is reached.

A factory takes the address and the device id, opens nothing, and raises `ValueError` for an address it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from drivers.address import Address
from drivers.api import Camera, ChipReader, DocumentReader, FillLight, FingerprintSensor, Lane, Printer
from drivers.bulk import ANY, UsbLine
from drivers.camera.feed import LiveCamera
from drivers.camera.frames import FrameFiles
from drivers.camera.mjpeg import MjpegSource
from drivers.camera.picamera import PicameraSource
from drivers.camera.v4l2 import V4l2Source
from drivers.card import CardLine
from drivers.device_file import DeviceFile
from drivers.fill_light import HttpFillLight, LedFillLight, NoFillLight
from drivers.fingerprint.uru4000 import READER, Uru4000Sensor
from drivers.fingerprint.zfm import R503, ZFM_20, Lamp, Model, ZfmSensor
from drivers.input_device import grab_keyboard, headphones_are_in, open_jack
from drivers.lane.board import BoardLane
from drivers.lane.jack import JackLane
from drivers.lane.none import NoLane
from drivers.lane.pins import PinLane, PinNumbers, lgpio_factory
from drivers.line import SerialLine
from drivers.passport_reader.chip import PassportChip
from drivers.passport_reader.swipe import GAP_S, REST_S, ElyctisReader, Mode, SwipeReader
from drivers.passport_reader.swipe_wire import Check, RteFormat, line_reader, rte_reader
from drivers.passport_reader.wedge import GAP_S as WEDGE_GAP_S
from drivers.passport_reader.wedge import WedgeReader
from drivers.passport_reader.wedge_wire import LAYOUTS
from drivers.printer.escpos import EscposPrinter
from drivers.printer.none import NoPrinter

MIN_BAUD, MAX_BAUD = 1200, 921600


def elyctis(address: str, device: str) -> DocumentReader:
    """`/dev/ttyACM0?mode=continuous|inquire&baud=9600`; another speed than this is found by asking."""
    at = Address.parse(address, frozenset({"mode", "baud"}))
    mode = Mode(at.choice("mode", Mode.CONTINUOUS, tuple(Mode)))
    return ElyctisReader(device, _line(at, device, 9600), mode)


def rte(address: str, device: str) -> DocumentReader:
    """`/dev/ttyUSB0?baud=9600&check=xor|sum|none&count_from=3&check_from=1&gap_ms=100`."""
    at = Address.parse(address, frozenset({"baud", "check", "count_from", "check_from", "gap_ms"}))
    form = RteFormat(
        Check(at.choice("check", Check.XOR, tuple(Check))),
        at.integer("count_from", 3, low=0, high=3),
        at.integer("check_from", 1, low=0, high=3),
    )
    gap_s = _gap_s(at)
    return SwipeReader(device, _line(at, device, 9600), lambda: rte_reader(device, form), gap_s, max(gap_s, REST_S))


def line(address: str, device: str) -> DocumentReader:
    """`/dev/ttyUSB0?baud=9600&gap_ms=100`: any reader that sends the lines as text."""
    at = Address.parse(address, frozenset({"baud", "gap_ms"}))
    gap_s = _gap_s(at)
    return SwipeReader(device, _line(at, device, 9600), lambda: line_reader(device), gap_s, gap_s)


def wedge(address: str, device: str) -> DocumentReader:
    """`/dev/input/by-id/usb-...-event-kbd?layout=us|uk|br|es|latam|pt|it|de|fr&gap_ms=200`: a reader that types."""
    at = Address.parse(address, frozenset({"layout", "gap_ms"}))
    if re.fullmatch(r"/dev/input/event\d+", at.place):
        raise ValueError(f"{at.place} may be another keyboard tomorrow: give its name under /dev/input/by-id/")
    layout = at.choice("layout", "us", tuple(LAYOUTS))
    gap_s = at.number("gap_ms", WEDGE_GAP_S * 1000, low=20, high=1000) / 1000
    return WedgeReader(device, DeviceFile(device, at.place, lambda path: grab_keyboard(path, device)), layout, gap_s)


def pcsc(address: str, device: str) -> ChipReader:
    """`ACS ACR1281?blocks=long|short`: how the reader's name begins, or `*`; short for a reader that cuts answers."""
    at = Address.parse(address, frozenset({"blocks"}))
    long_blocks = at.choice("blocks", "long", ("long", "short")) == "long"
    return PassportChip(device, CardLine(device, at.place), long_blocks=long_blocks)


def zfm(address: str, device: str) -> FingerprintSensor:
    """`/dev/ttyUSB1?baud=57600&fast=1&password=00000000&light=none|lamp` (password: 8 hex digits; lamp: ZFM-70)."""
    return _zfm(address, device, ZFM_20)


def r503(address: str, device: str) -> FingerprintSensor:
    """As `zfm` without `light`, for the round capacitive sensor with a ring of light."""
    return _zfm(address, device, R503)


def uru4000(address: str, device: str) -> FingerprintSensor:
    """`*` or `1-1.4`: the first U.are.U 4500 on USB, or that in the plug with this name of the kernel's."""
    at = Address.parse(address, frozenset())
    if at.place != ANY and not re.fullmatch(r"\d+-\d+(\.\d+)*", at.place):
        raise ValueError(f"a plug is * or like 1-1.4, not {at.place!r}")
    return Uru4000Sensor(device, UsbLine(device, at.place, READER))


def frames(address: str, device: str) -> Camera:
    """`/path/of/folder/or/film?fps=15&loop=1`."""
    at = Address.parse(address, frozenset({"fps", "loop"}))
    fps = at.number("fps", 15, low=0.1, high=120)
    return LiveCamera(device, FrameFiles(device, Path(at.place), fps=fps, loop=at.flag("loop", True)))


def v4l2(address: str, device: str) -> Camera:
    """`/dev/video0?size=1280x720&fps=30`."""
    at = Address.parse(address, frozenset({"size", "fps"}))
    fps = at.number("fps", 30, low=1, high=120)
    return LiveCamera(device, V4l2Source(device, Path(at.place), size=at.size("size", (1280, 720)), fps=fps))


def mjpeg(address: str, device: str) -> Camera:
    """`http://host:port/path?query`: all of it is the camera's."""
    return LiveCamera(device, MjpegSource(device, address))


def picamera(address: str, device: str) -> Camera:
    """`0?size=1280x720&fps=30`: the number of the camera on the Pi."""
    at = Address.parse(address, frozenset({"size", "fps"}))
    if not at.place.isdecimal():
        raise ValueError(f"a Pi camera has a number, not {at.place!r}")
    fps = at.number("fps", 30, low=1, high=120)
    return LiveCamera(device, PicameraSource(device, int(at.place), size=at.size("size", (1280, 720)), fps=fps))


def no_fill_light(_address: str, device: str) -> FillLight:
    """No lamp; the address is not read."""
    return NoFillLight(device)


def http_fill_light(address: str, device: str) -> FillLight:
    """`http://host:port/path`: a lamp that takes `?level=0` to `?level=100`, as cameras with one do."""
    return HttpFillLight(device, address)


def led_fill_light(address: str, device: str) -> FillLight:
    """`/sys/class/leds/NAME`: a lamp that Linux drives, such as one on a PWM pin of the Pi."""
    at = Address.parse(address, frozenset())
    if not at.place.startswith("/"):
        raise ValueError(f"a lamp of the kernel is a folder of /sys/class/leds, not {at.place!r}")
    return LedFillLight(device, Path(at.place))


def no_lane(_address: str, device: str) -> Lane:
    """No gate and no lamp; the address is not read."""
    return NoLane(device)


def lane_board(address: str, device: str) -> Lane:
    """`/dev/ttyUSB2?baud=115200&firmware=/path/of/a/bundle`: the board is offered that firmware when it is newer."""
    at = Address.parse(address, frozenset({"baud", "firmware"}))
    firmware = Path(at.options["firmware"]) if "firmware" in at.options else None
    return BoardLane(device, _line(at, device, 115200), firmware)


def pins(address: str, device: str) -> Lane:
    """`/dev/gpiochip0?red=17&green=27&gate=22&button=23&tamper=24&headset=25`: the Pi's own pins, by BCM number."""
    known = ("red", "green", "gate", "button", "tamper")
    at = Address.parse(address, frozenset({*known, "headset"}))
    chip = re.fullmatch(r"/dev/gpiochip(\d+)", at.place)
    if chip is None:
        raise ValueError(f"a chip of pins is /dev/gpiochipN, not {at.place!r}")
    if missing := [name for name in known if name not in at.options]:
        raise ValueError(f"no pin for {', '.join(missing)}")
    numbers = {name: at.integer(name, 0, low=2, high=27) for name in at.options}
    return PinLane(device, PinNumbers(**numbers), lambda: lgpio_factory(int(chip[1])))


def jack(address: str, device: str) -> Lane:
    """`/dev/input/by-path/...`: no lamp and no gate, only the headphone jack of a sound card."""
    at = Address.parse(address, frozenset())
    return JackLane(device, DeviceFile(device, at.place, lambda path: open_jack(path, device)), headphones_are_in)


def no_printer(_address: str, device: str) -> Printer:
    """No printer; the address is not read."""
    return NoPrinter(device)


def escpos(address: str, device: str) -> Printer:
    """`/dev/ttyUSB2?baud=9600&columns=42&code_page=19`, or `/dev/usb/lp0?columns=42`: a receipt printer with status."""
    at = Address.parse(address, frozenset({"baud", "columns", "code_page"}))
    wire = DeviceFile(device, at.place) if at.place.startswith("/dev/usb/") else _line(at, device, 9600)
    return EscposPrinter(
        device,
        wire,
        columns=at.integer("columns", 42, low=24, high=64),
        code_page=at.integer("code_page", 19, low=0, high=255),
    )


def _line(at: Address, device: str, baud: int) -> SerialLine:
    return SerialLine(device, at.place, at.integer("baud", baud, low=MIN_BAUD, high=MAX_BAUD))


def _gap_s(at: Address) -> float:
    return at.number("gap_ms", GAP_S * 1000, low=20, high=1000) / 1000


def _zfm(address: str, device: str, model: Model) -> FingerprintSensor:
    lamps = {"light"} if model.lamp is Lamp.NONE else set()
    at = Address.parse(address, frozenset({"baud", "fast", "password", *lamps}))
    password = at.options.get("password", "00000000")
    if len(password) != 8 or set(password.lower()) - set("0123456789abcdef"):
        raise ValueError("password wants 8 hexadecimal digits")
    if at.choice("light", "none", ("none", "lamp")) == "lamp":
        model = replace(model, lamp=Lamp.BACKLIGHT)
    sensor_line = _line(at, device, 57600)
    return ZfmSensor(device, sensor_line, model, fast=at.flag("fast", True), password=int(password, 16))


DOCUMENT_READER: dict[str, Callable[[str, str], DocumentReader]] = {
    "elyctis": elyctis,
    "rte": rte,
    "line": line,
    "wedge": wedge,
}
CHIP_READER: dict[str, Callable[[str, str], ChipReader]] = {"pcsc": pcsc}
FINGERPRINT: dict[str, Callable[[str, str], FingerprintSensor]] = {"zfm": zfm, "r503": r503, "uru4000": uru4000}
CAMERA: dict[str, Callable[[str, str], Camera]] = {
    "frames": frames,
    "v4l2": v4l2,
    "mjpeg": mjpeg,
    "picamera": picamera,
}
FILL_LIGHT: dict[str, Callable[[str, str], FillLight]] = {
    "none": no_fill_light,
    "http": http_fill_light,
    "led": led_fill_light,
}
LANE: dict[str, Callable[[str, str], Lane]] = {"none": no_lane, "board": lane_board, "pins": pins, "jack": jack}
PRINTER: dict[str, Callable[[str, str], Printer]] = {"none": no_printer, "escpos": escpos}
