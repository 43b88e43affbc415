"""A reader that types, on its wire: what is particular to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.catalogue import DOCUMENT_READER
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceRefused, DeviceTimeout, WireCorrupt
from drivers.passport_reader.wedge import WedgeReader
from simulators.wedge import ENTER, LEFT_SHIFT, WedgeSim, change, event, stroke
from tests.drivers import golden
from tests.drivers.typing_readers import wedge_on


@contextmanager
def rig(tmp_path: Path, layout: str = "us") -> Iterator[tuple[WedgeSim, WedgeReader]]:
    sim = WedgeSim(tmp_path / "keys", layout=layout)
    reader = wedge_on(sim.path)
    try:
        yield sim, reader
    finally:
        reader.close()
        sim.close()


@contextmanager
def later(what: object, *given: object, after_s: float = 0.6) -> Iterator[None]:
    assert callable(what)
    timer = threading.Timer(after_s, what, given)
    timer.start()
    yield
    timer.join()


def test_a_key_that_somebody_touched_is_no_document_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    with rig(tmp_path) as (sim, reader):
        with later(sim.send_events, stroke(30)), pytest.raises(WireCorrupt):
            reader.read(Deadline(10))
        with later(sim.present, golden.PASSPORT):
            assert reader.read(Deadline(10)).lines == golden.PASSPORT


def test_an_enter_alone_begins_no_reading(tmp_path: Path) -> None:
    with rig(tmp_path) as (sim, reader):
        with later(sim.send_events, stroke(ENTER) * 3), pytest.raises(DeviceTimeout):
            reader.read(Deadline(2))
        with later(sim.send_events, stroke(ENTER)), later(sim.present, golden.PASSPORT, after_s=1.2):
            assert reader.read(Deadline(10)).lines == golden.PASSPORT


def test_a_reader_cut_off_in_the_middle_of_a_line_is_asked_again(tmp_path: Path) -> None:
    with rig(tmp_path) as (sim, reader):
        half = sim.typist.line(golden.PASSPORT[0]) + sim.typist.line(golden.PASSPORT[1][:20])
        with later(sim.send_events, half), pytest.raises(WireCorrupt, match="2 lines"):
            reader.read(Deadline(10))
        with later(sim.present, golden.PASSPORT):
            assert reader.read(Deadline(10)).lines == golden.PASSPORT


def test_keys_without_end_are_given_up(tmp_path: Path) -> None:
    with (
        rig(tmp_path) as (sim, reader),
        later(sim.send_events, stroke(30) * 300),
        pytest.raises(WireCorrupt, match="without a pause"),
    ):
        reader.read(Deadline(10))


def test_an_overrun_queue_is_said_and_the_document_asked_for_again(tmp_path: Path) -> None:
    with rig(tmp_path) as (sim, reader):
        whole = (
            sim.typist.line(golden.PASSPORT[0]) + event(0, 3, 0) + event(0, 0, 0) + sim.typist.line(golden.PASSPORT[1])
        )
        with later(sim.send_events, whole), pytest.raises(WireCorrupt, match="lost"):
            reader.read(Deadline(10))
        with later(sim.present, golden.PASSPORT):
            assert reader.read(Deadline(10)).lines == golden.PASSPORT


def test_shift_held_when_the_reader_was_pulled_is_not_held_when_it_is_back(tmp_path: Path) -> None:
    with rig(tmp_path) as (sim, reader):
        held = change(LEFT_SHIFT, 1) + change(51, 1)
        with later(sim.send_events, held), pytest.raises(WireCorrupt):
            reader.read(Deadline(10))
        sim.unplug()
        with pytest.raises(DeviceGone):
            reader.read(Deadline(10))
        sim.replug()
        with later(sim.present, golden.PASSPORT):
            assert reader.read(Deadline(10)).lines == golden.PASSPORT


def test_a_document_typed_with_caps_lock_is_read(tmp_path: Path) -> None:
    with rig(tmp_path) as (sim, reader):
        sim.typist.has_caps_lock = True
        with later(sim.present, golden.PASSPORT):
            assert reader.read(Deadline(10)).lines == golden.PASSPORT


def test_a_reader_set_to_another_keyboard_says_so_at_every_document(tmp_path: Path) -> None:
    with rig(tmp_path, "fr") as (sim, reader):
        for _ in range(2):
            with later(sim.present, golden.PASSPORT), pytest.raises(DeviceRefused, match="keyboard fr"):
                reader.read(Deadline(10))


def test_a_file_that_is_no_keyboard_is_gone_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    with pytest.raises(DeviceGone):
        DOCUMENT_READER["wedge"](str(tmp_path / "file"), "r").read(Deadline(5))


def test_a_number_that_changes_with_every_plug_is_no_address() -> None:
    with pytest.raises(ValueError, match="by-id"):
        DOCUMENT_READER["wedge"]("/dev/input/event3", "r")
    with pytest.raises(ValueError, match="layout=xx"):
        DOCUMENT_READER["wedge"]("/dev/input/by-id/usb-x-event-kbd?layout=xx", "r")
