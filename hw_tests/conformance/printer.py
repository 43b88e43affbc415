"""What every printer must keep, on a simulator and on the bench."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from drivers.api import LineStyle, Paper, Printer, Slip, SlipLine
from drivers.deadline import Deadline
from drivers.errors import Cancelled, CoverOpen, DeviceError, DeviceGone, DeviceTimeout, PaperOut
from hw_tests.conformance.rig import needs, soon, within

PRINT_S = 20.0


def slip(number: str) -> Slip:
    return Slip(
        (
            SlipLine("Landfall", LineStyle.STRONG),
            SlipLine(number, LineStyle.LARGE),
            SlipLine("¿Español? Français, Kreyòl: è ò à é ç ñ"),
            SlipLine(""),
            SlipLine("A line that is so long that no paper of this world takes it without breaking it into several."),
        ),
        f"case {number}",
    )


@dataclass(frozen=True, slots=True)
class PrinterRig:
    """One printer and the hands around it. A knob that is None cannot be turned here: its tests are skipped."""

    printer: Printer
    unplug: Callable[[], None]
    replug: Callable[[], None]
    printed: Callable[[], Sequence[str]] | None = None  # the text of every slip that was cut off; on the bench, eyes
    paper_out: Callable[[bool], None] | None = None
    paper_ends_after_rows: Callable[[int], None] | None = None
    cover: Callable[[bool], None] | None = None
    low: Callable[[bool], None] | None = None
    mute: Callable[[bool], None] | None = None
    leaves_after_bytes: Callable[[int], None] | None = None
    slow: Callable[[float], None] | None = None  # seconds a row takes


class PrinterConformance:
    """Subclass it as `Test...` and give it a fixture `rig`. Every test begins with paper in and the cover closed."""

    def prints(self, rig: PrinterRig, number: str) -> None:
        before = len(rig.printed()) if rig.printed else 0
        rig.printer.print(slip(number), Deadline(PRINT_S))
        if rig.printed:
            new = rig.printed()[before:]
            assert len(new) == 1
            assert number in new[0]

    def test_is_fitted_and_has_paper(self, rig: PrinterRig) -> None:
        assert rig.printer.is_fitted
        assert rig.printer.look(Deadline(5)) is Paper.ENOUGH

    def test_prints_one_slip_after_the_other(self, rig: PrinterRig) -> None:
        for number in ("111-111", "222-222", "333-333"):
            self.prints(rig, number)

    def test_every_letter_of_our_languages_is_on_the_paper(self, rig: PrinterRig) -> None:
        printed = needs(rig.printed, "read what is on the paper")
        rig.printer.print(slip("7K4-203"), Deadline(PRINT_S))
        assert "¿Español? Français, Kreyòl: è ò à é ç ñ" in " ".join(printed()[-1].split())

    def test_a_deadline_already_over_is_a_timeout(self, rig: PrinterRig) -> None:
        with within(0), pytest.raises(DeviceTimeout):
            rig.printer.look(Deadline(0))
        with within(0), pytest.raises(DeviceTimeout):
            rig.printer.print(slip("000-000"), Deadline(0))
        self.prints(rig, "111-111")

    def test_without_paper_nothing_is_begun_and_with_paper_it_prints(self, rig: PrinterRig) -> None:
        paper_out = needs(rig.paper_out, "take the paper out")
        paper_out(True)
        with pytest.raises(PaperOut):
            rig.printer.look(Deadline(5))
        with within(5), pytest.raises(PaperOut):
            rig.printer.print(slip("111-111"), Deadline(PRINT_S))
        paper_out(False)
        self.prints(rig, "222-222")

    @pytest.mark.parametrize("rows", [1, 3, 6])
    def test_paper_that_ends_in_the_slip_is_said_and_the_rest_never_comes_out(self, rig: PrinterRig, rows: int) -> None:
        ends_after = needs(rig.paper_ends_after_rows, "let the paper end in the middle")
        paper_out = needs(rig.paper_out, "put paper in")
        printed = needs(rig.printed, "read what is on the paper")
        ends_after(rows)
        with within(PRINT_S), pytest.raises(PaperOut):
            rig.printer.print(slip("111-111"), Deadline(PRINT_S))
        paper_out(False)
        self.prints(rig, "222-222")
        assert "111-111" not in printed()[-1]

    def test_an_open_cover_is_said(self, rig: PrinterRig) -> None:
        cover = needs(rig.cover, "open the cover")
        cover(True)
        with pytest.raises(CoverOpen):
            rig.printer.look(Deadline(5))
        with pytest.raises(CoverOpen):
            rig.printer.print(slip("111-111"), Deadline(PRINT_S))
        cover(False)
        self.prints(rig, "222-222")

    def test_a_roll_near_its_end_prints_and_is_said(self, rig: PrinterRig) -> None:
        low = needs(rig.low, "wind the roll down")
        low(True)
        assert rig.printer.look(Deadline(5)) is Paper.LOW
        assert rig.printer.print(slip("111-111"), Deadline(PRINT_S)) is Paper.LOW
        low(False)
        assert rig.printer.look(Deadline(5)) is Paper.ENOUGH

    def test_unplugged_is_gone_and_replugged_prints_again(self, rig: PrinterRig) -> None:
        self.prints(rig, "111-111")
        rig.unplug()
        for _ in range(2):
            with within(1), pytest.raises(DeviceGone):
                rig.printer.look(Deadline(5))
            with within(1), pytest.raises(DeviceGone):
                rig.printer.print(slip("222-222"), Deadline(PRINT_S))
        rig.replug()
        self.prints(rig, "333-333")

    @pytest.mark.parametrize("bytes_heard", [1, 2, 3, 4, 7, 30, 100, 200, 280])
    def test_leaving_at_any_byte_is_a_device_error_and_back_it_prints_the_next_slip_alone(
        self, rig: PrinterRig, bytes_heard: int
    ) -> None:
        leaves_after = needs(rig.leaves_after_bytes, "leave at a byte")
        printed = needs(rig.printed, "read what is on the paper")
        self.prints(rig, "000-000")
        leaves_after(bytes_heard)
        with within(PRINT_S), pytest.raises(DeviceError):
            rig.printer.print(slip("111-111"), Deadline(PRINT_S))
        rig.replug()
        rig.printer.look(Deadline(5))
        self.prints(rig, "222-222")
        assert [number in printed()[-1] for number in ("111-111", "222-222")] == [False, True]

    def test_a_mute_printer_is_a_timeout(self, rig: PrinterRig) -> None:
        mute = needs(rig.mute, "silence the printer")
        mute(True)
        with within(3), pytest.raises(DeviceTimeout):
            rig.printer.look(Deadline(5))
        with within(3), pytest.raises(DeviceTimeout):
            rig.printer.print(slip("111-111"), Deadline(PRINT_S))
        mute(False)
        self.prints(rig, "222-222")

    def test_who_leaves_while_a_busy_printer_prints_is_let_go(self, rig: PrinterRig) -> None:
        slow = needs(rig.slow, "print slowly")
        slow(1.0)
        deadline = Deadline(60)
        with within(2), soon(deadline.cancel, after_s=1.0), pytest.raises(Cancelled):
            rig.printer.print(slip("111-111"), deadline)
        slow(0.0)

    def test_a_busy_printer_is_waited_for(self, rig: PrinterRig) -> None:
        slow = needs(rig.slow, "print slowly")
        slow(0.1)
        self.prints(rig, "111-111")

    def test_close_is_safe_twice_and_a_later_call_opens_again(self, rig: PrinterRig) -> None:
        rig.printer.close()
        rig.printer.close()
        self.prints(rig, "111-111")
        rig.printer.close()
        rig.printer.close()

    def test_errors_name_the_device_and_nothing_of_the_slip(self, rig: PrinterRig) -> None:
        rig.unplug()
        with pytest.raises(DeviceError) as caught:
            rig.printer.print(slip("7K4-203"), Deadline(5))
        assert caught.value.device == rig.printer.device
        assert "7K4-203" not in f"{caught.value!r} {slip('7K4-203')!r}"
        rig.replug()
