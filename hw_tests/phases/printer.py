"""The printer: whether it could print now, a slip that a person looks at, and whether it notices that paper is out."""

from __future__ import annotations

from drivers.api import LineStyle, Printer, Slip, SlipLine
from drivers.catalogue import PRINTER
from drivers.errors import CoverOpen, PaperOut
from hw_tests.devices import ANSWER_S, opened
from hw_tests.record import IS_YES, Expected, Limits
from hw_tests.runner import Log, Phase

PRINT_S = 30.0
SHUT = "close the cover until it clicks"
ROLL = "put a roll in"
READY = (
    Expected("paper", "", Limits(one_of=("enough", "low")), "the roll, by the printer's own sensor", ROLL),
    Expected("cover", "", Limits(one_of=("closed",)), "the cover, by the printer's own sensor", SHUT),
)
SLIP = (
    Expected(
        "legible",
        "",
        IS_YES,
        "the whole slip can be read and its code scanned, as a person sees it",
        "clean the head with alcohol; turn the roll over: only one side prints",
    ),
)
PAPER = (
    Expected(
        "out_noticed",
        "",
        IS_YES,
        "the roll was taken out, and the printer said so",
        "clean the paper sensor; then replace the printer",
    ),
    Expected("back_noticed", "", IS_YES, "the roll was put in, and the printer said so", SHUT),
)
TEST_SLIP = Slip(
    (
        SlipLine("HARDWARE TEST", LineStyle.LARGE),
        SlipLine("0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ", LineStyle.STRONG),
        SlipLine("abcdefghijklmnopqrstuvwxyz é è ò ñ ç"),
    ),
    "LANDFALL HARDWARE TEST",
)


def ready(log: Log) -> None:
    with opened(log, "printer", PRINTER) as printer:
        paper, cover = _look(printer, log)
    log.measure("paper", paper)
    log.measure("cover", cover)


def slip(log: Log) -> None:
    with opened(log, "printer", PRINTER) as printer:
        printer.print(TEST_SLIP, log.left.within(PRINT_S))
    log.ask("legible", "printer_slip")


def paper(log: Log) -> None:
    with opened(log, "printer", PRINTER) as printer:
        log.measure("out_noticed", _becomes(printer, log, "printer_take_out", wanted="out"))
        log.measure("back_noticed", _becomes(printer, log, "printer_put_in", wanted="closed"))


def _becomes(printer: Printer, log: Log, request: str, wanted: str) -> bool:
    deadline = log.tell(request)
    while wanted not in _told(*_look(printer, log)):
        if deadline.remaining_s <= 0:
            return False
        log.left.pause("person", min(0.3, deadline.remaining_s))
    return True


def _told(paper: str, cover: str) -> tuple[str, ...]:
    """`out` whatever the cover, `closed` only with paper behind it."""
    return ("out",) if paper == "out" else (cover,)


def _look(printer: Printer, log: Log) -> tuple[str, str]:
    """Paper and cover."""
    try:
        return str(printer.look(log.left.within(ANSWER_S))), "closed"
    except PaperOut:
        return "out", "closed"
    except CoverOpen:
        return "enough", "open"


PHASES = (
    Phase("printer", READY, ready, is_quick=True),
    Phase("printer_slip", SLIP, slip),
    Phase("printer_paper", PAPER, paper),
)
