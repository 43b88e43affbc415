"""Both wires of a receipt printer keep what all printers must, against a simulator that obeys ESC/POS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.catalogue import PRINTER
from drivers.device_file import DeviceFile
from drivers.printer.escpos import EscposPrinter
from hw_tests.conformance.printer import PrinterConformance, PrinterRig
from simulators.escpos import EscposSim


def rig_of(sim: EscposSim, printer: EscposPrinter) -> PrinterRig:
    def paper_out(is_out: bool) -> None:
        if is_out:
            sim.rows_left = 0
        else:
            sim.refill()

    def cover(is_open: bool) -> None:
        if is_open:
            sim.cover_is_open = True
        else:
            sim.close_cover()

    return PrinterRig(
        printer=printer,
        unplug=sim.unplug,
        replug=sim.replug,
        printed=lambda: [sheet.text for sheet in sim.sheets],
        paper_out=paper_out,
        paper_ends_after_rows=lambda rows: setattr(sim, "rows_left", rows),
        cover=cover,
        low=lambda is_low: setattr(sim, "is_low", is_low),
        mute=lambda on: setattr(sim.faults, "mute", on),
        leaves_after_bytes=lambda count: setattr(sim, "leaves_after_bytes", count),
        slow=lambda seconds: setattr(sim, "row_s", seconds),
    )


@contextmanager
def printing(sim: EscposSim, printer: object) -> Iterator[PrinterRig]:
    assert isinstance(printer, EscposPrinter)
    try:
        yield rig_of(sim, printer)
    finally:
        printer.close()
        sim.close()
    assert sim.unknown == []


class TestOnASerialPort(PrinterConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[PrinterRig]:
        sim = EscposSim(tmp_path / "printer")
        with printing(sim, PRINTER["escpos"](f"{sim.path}?columns=32", "printer")) as rig:
            yield rig


class TestOnTheKernelsPrinterFile(PrinterConformance):
    """A pty in place of /dev/usb/lp0; its speed is what a pty says while nobody has set it."""

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[PrinterRig]:
        sim = EscposSim(tmp_path / "printer", baud=38400)
        line = DeviceFile("printer", str(sim.path))
        with printing(sim, EscposPrinter("printer", line, columns=42, code_page=19)) as rig:
            yield rig
