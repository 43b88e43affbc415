"""The label: from the board's own record, so that it cannot say something else; printed where a printer is fitted."""

from __future__ import annotations

import io

import segno

from drivers.api import LineStyle, Slip, SlipLine
from drivers.catalogue import PRINTER
from drivers.deadline import Deadline
from drivers.errors import DeviceError
from provisioning.bench import Bench
from provisioning.step import Answers, Choice, Facts, Question, Step
from provisioning.steps import board

SVG, PNG, FILE = "label.svg", "label.png", "label.json"
PRINT_S = 30.0
MODULE_MM = 1.2
"""Side of one module on a 62 mm label: read from arm's length by any phone."""


def is_done(bench: Bench) -> bool:
    return bench.desk.has(SVG) and bench.desk.has(PNG) and bool(bench.desk.table(FILE).get("stuck"))


def do(bench: Bench, answers: Answers) -> Question | None:
    qr = segno.make(content(bench), error="m", micro=False)
    for name, kind in ((SVG, "svg"), (PNG, "png")):
        if not bench.desk.has(name):
            bench.desk.write(name, _picture(qr, kind))
    if not bench.desk.table(FILE):
        bench.desk.put_table(FILE, {"printed": _print(bench), "stuck": False})
    printed = str(bench.desk.table(FILE)["printed"])
    if answers.get("stuck") != "yes":
        serial = board.read_facts(bench).serial
        return Question(
            "stuck",
            f"Is a label on the housing that says {bench.kiosk} and {serial[-4:]}?",
            choices=(Choice("yes", "It is on"), Choice("no", "Not yet")),
            detail=f"Printer: {printed}. The picture can be printed from the page as well.",
            picture="label.svg",
        )
    bench.desk.put_table(FILE, {"printed": printed, "stuck": True})
    return None


def evidence(bench: Bench) -> Facts:
    return (("label", content(bench)), ("printer", str(bench.desk.table(FILE).get("printed", ""))))


def content(bench: Bench) -> str:
    """What the code says: the page's address, where a phone can reach one; always lane and board."""
    name = f"landfall:{bench.kiosk}:{board.read_facts(bench).serial}"
    return f"{bench.settings.page.url}/#{name}" if bench.settings.page.url else name


def lines(bench: Bench) -> tuple[SlipLine, ...]:
    facts = board.read_facts(bench)
    small = (bench.answer().port, facts.model, f"S/N {facts.serial}")
    return (SlipLine(bench.kiosk, LineStyle.LARGE), *(SlipLine(line) for line in small))


def _picture(qr: segno.QRCode, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "svg":
        qr.save(out, kind="svg", scale=MODULE_MM, unit="mm", border=4)
    else:
        qr.save(out, kind="png", scale=10, border=4)
    return out.getvalue()


def _print(bench: Bench) -> str:
    """What came of it, in words. A label can be written by hand: a printer that fails holds nobody up."""
    devices = board.local_tables(bench).get("devices", {})
    name = devices.get("printer", "none")
    if name == "none":
        return "none fitted"
    bench.talk.say("Printing the label")
    try:
        printer = PRINTER[name](devices["printer_address"], "printer")
    except (KeyError, ValueError) as error:
        return f"not usable: {error}"
    try:
        printer.print(Slip(lines(bench), content(bench)), Deadline(PRINT_S))
    except DeviceError as error:
        return f"failed: {error}"
    finally:
        printer.close()
    return "printed"


STEP = Step("label", "Label", is_done, do, evidence)
