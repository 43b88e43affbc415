"""Inputs to start from: whole messages, answers and zones, each with the first byte its harness reads as a switch."""

from __future__ import annotations

from functools import cache

CUTS = (b"\x00", b"\x01", b"\x07", b"\xff")
"""Into what pieces the rest is cut, as the wires' harnesses read their first byte."""

# Imports stand in the functions: under atheris everything imported before its own hooks stays uninstrumented.
# ruff: noqa: PLC0415


def documents() -> list[bytes]:
    """Every file of two chips, certificates and signed lists; the first byte picks the reader."""
    from tests.fuzz import fuzz_documents

    return fuzz_documents.seeds()


@cache
def chip() -> list[bytes]:
    """Whole visits as the chip's answers, files, keys and protected answers, each with its switch."""
    from drivers.deadline import Deadline
    from drivers.errors import DeviceError
    from drivers.passport_reader.chip import PassportChip
    from simulators.passport_chip import Chip
    from tests.drivers import golden_chip, passports

    found = []
    for made in (passports.passport(face_bytes=300), passports.everything(), passports.passport(passports.PLAIN)):
        heard = passports.Recorder(Chip(made))
        try:
            PassportChip("seed", heard).read(passports.KEYS, Deadline(60), passports.nobody)
        except DeviceError:
            continue
        said = (heard.chip.atr, *heard.answers)
        found.append(b"\x00" + b"".join(bytes([len(each)]) + each for each in said if len(each) < 256))
        whole = (*made.files.values(), *made.master.values())
        found += [bytes([kind]) + each for each in whole if len(each) < 1500 for kind in (1, 2, 4)]
        found += [bytes([6, file]) + each for file in range(8) for each in whole if len(each) < 500]
    known = [answer[:-2] for _, _, answer, _ in golden_chip.MESSAGING]
    return [*found, *(b"\x03" + each for each in known), *(b"\x05" + each[:-10] for each in known)]


def enrolment() -> list[bytes]:
    from tests.fuzz import fuzz_enrolment

    return fuzz_enrolment.seeds()


def messages() -> list[bytes]:
    from tests.fuzz import fuzz_messages

    return fuzz_messages.seeds()


def mjpeg() -> list[bytes]:
    from tests.drivers import golden

    whole = (golden.MJPEG_WITH_LENGTHS, golden.MJPEG_WITHOUT_LENGTHS)
    pieces = (b"--b\r\nContent-Length: 9\r\n\r\n", b"\r\n--b\r\n\r\n\xff\xd8", b"\xff\xd9")
    return [cut + each for cut in CUTS for each in (*whole, *pieces)]


def mrz() -> list[bytes]:
    """Zones of every synthetic traveller, and one with doubts behind it."""
    from datetime import date

    from border.messages.examples import LINES
    from simulators.travellers import TRAVELLERS

    zones = [LINES, *(who.lines(date(2026, 1, 2)) for who in TRAVELLERS)]
    plain = ["\r\n".join(lines).encode("ascii") for lines in zones]
    return [*plain, plain[0] + b"\x00" + bytes([0, 5]) + b"O" + bytes([1, 9]) + b"0"]


def swipe() -> list[bytes]:
    from tests.drivers import golden

    whole = (golden.ELYCTIS_PASSPORT, golden.RTE_PASSPORT, golden.LINES_IN_MARKS)
    return [cut + each for cut in CUTS for each in (*whole, b"\x01\x61\x00OU\x02", b"I\0Z")]


def uru4000() -> list[bytes]:
    """Keys, the header of each layout, and a pattern that is plain or looks scrambled."""
    from simulators.uru4000 import PLAIN, SECRET
    from tests.drivers.test_uru4000_wire import header

    layouts = (PLAIN, SECRET, ((0x82, 145), (0x82, 145)), ((0x01, 20), (0x02, 255), (0x00, 15)), ((0x02, 200),))
    noise = bytes(at * at * 31 % 251 for at in range(256))
    return [bytes(range(64)) + header(layout) + fill for layout in layouts for fill in (b"\x80", noise)]


def lane() -> list[bytes]:
    from tests.drivers import golden

    whole = (golden.LANE_GO_OBEYED, golden.LANE_FIRST_BEAT, golden.LANE_GO_FOR_FIVE_SECONDS, b"\x05\1\x81\1\0")
    return [cut + each for cut in CUTS for each in (*whole, b"".join(whole))]


def zfm() -> list[bytes]:
    from tests.drivers import golden

    upload = golden.ZFM_OK + golden.ZFM_DATA + golden.ZFM_LAST_DATA
    return [cut + each for cut in CUTS for each in (upload, golden.ZFM_OK, golden.ZFM_DATA[:9], b"\xef\x01")]
