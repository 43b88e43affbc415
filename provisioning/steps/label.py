"""The label: from the board's own record, so that it cannot say something else; on its own printer when asked to."""

from __future__ import annotations

import io

import segno

from drivers.api import LineStyle, Slip, SlipLine
from drivers.catalogue import PRINTER
from drivers.deadline import Deadline
from drivers.errors import CoverOpen, DeviceError, PaperOut
from provisioning.bench import Bench
from provisioning.step import Answers, Choice, Facts, Question, Step
from provisioning.steps import board

SVG, PNG, FILE = "label.svg", "label.png", "label.json"
PRINT_S = 30.0
MODULE_MM = 1.2
"""Side of one module on a 62 mm label: read from arm's length by any phone."""

ON, PRINT = "yes", "print"
REMEDIES = {
    PaperOut.code: "It has no paper. Put a roll in, and print again.",
    CoverOpen.code: "Its cover is open. Close it until it clicks, and print again.",
}


def is_done(bench: Bench) -> bool:
    return bench.desk.has(SVG) and bench.desk.has(PNG) and bool(bench.desk.table(FILE).get("stuck"))


def do(bench: Bench, answers: Answers) -> Question | None:
    qr = segno.make(content(bench), error="m", micro=False)
    for name, kind in ((SVG, "svg"), (PNG, "png")):
        if not bench.desk.has(name):
            bench.desk.write(name, _picture(qr, kind))
    said, times = answers.get("stuck", ""), int(bench.desk.table(FILE).get("times", 0))
    if said == f"{PRINT} {times + 1}":  # by number: an answer that is read again prints nothing again
        bench.desk.put_table(FILE, {"times": times + 1, "printed": _print(bench)})
    if said != ON:
        return _question(bench)
    bench.desk.put_table(FILE, {**bench.desk.table(FILE), "stuck": True})
    return None


def evidence(bench: Bench) -> Facts:
    return (("label", content(bench)), ("printer", _printed(bench)))


def content(bench: Bench) -> str:
    """What the code says: the page's address, where a phone can reach one; always lane and board."""
    name = f"landfall:{bench.kiosk}:{board.read_facts(bench).serial}"
    return f"{bench.settings.page.url}/#{name}" if bench.settings.page.url else name


def lines(bench: Bench) -> tuple[SlipLine, ...]:
    facts = board.read_facts(bench)
    small = (bench.answer().port, facts.model, f"S/N {facts.serial}")
    return (SlipLine(bench.kiosk, LineStyle.LARGE), *(SlipLine(line) for line in small))


def _question(bench: Bench) -> Question:
    serial, times = board.read_facts(bench).serial, int(bench.desk.table(FILE).get("times", 0))
    again = "Print it again" if times else "Print it here"
    offered = (Choice(f"{PRINT} {times + 1}", again),) if _printer(bench) else (Choice("no", "Not yet"),)
    return Question(
        "stuck",
        f"Is a label on the housing that says {bench.kiosk} and {serial[-4:]}?",
        choices=(Choice(ON, "It is on"), *offered),
        detail=f"The kiosk's printer: {_printed(bench)}. The picture can be printed from the page as well.",
        picture="label.svg",
    )


def _picture(qr: segno.QRCode, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "svg":
        qr.save(out, kind="svg", scale=MODULE_MM, unit="mm", border=4)
    else:
        qr.save(out, kind="png", scale=10, border=4)
    return out.getvalue()


def _printer(bench: Bench) -> tuple[str, str] | None:
    """Driver and address; None: none is fitted."""
    devices = board.local_tables(bench).get("devices", {})
    name = str(devices.get("printer", "none"))
    return None if name == "none" else (name, str(devices.get("printer_address", "")))


def _printed(bench: Bench) -> str:
    if not _printer(bench):
        return "none fitted"
    return str(bench.desk.table(FILE).get("printed", "not used"))


def _print(bench: Bench) -> str:
    """What came of it, in words. A label can be written by hand: a printer that fails holds nobody up."""
    name, address = _printer(bench) or ("", "")
    bench.talk.say("Printing the label")
    try:
        printer = PRINTER[name](address, "printer")
    except (KeyError, ValueError) as error:
        return f"not usable, {error}"
    try:
        printer.print(Slip(lines(bench), content(bench)), Deadline(PRINT_S))
    except DeviceError as error:
        return f"{error.code}. {REMEDIES.get(error.code, f'It did not print: {error.detail}')}".rstrip(".")
    finally:
        printer.close()
    return "has printed it"


STEP = Step("label", "Label", is_done, do, evidence)
