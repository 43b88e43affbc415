"""`python -m hw_tests --serial S --by NAME [--station F] [--quick | --phase P] ...`: test this board.

Exit status: 0 passed, 1 not, 2 refused or nothing could be tested.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import uvicorn

from hw_tests import report, store
from hw_tests.board import read_board
from hw_tests.codes import Code
from hw_tests.page import Desk, hardware_app
from hw_tests.phases import REQUIRED_ON_A_RASPBERRY, phases
from hw_tests.record import Outcome, PhaseRecord, Record
from hw_tests.runner import Begun, Ended, Finished, Phase, Plan, Refused, run
from hw_tests.session import Session
from hw_tests.station import QUICK, Station, read_station
from hw_tests.terminal import Terminal
from hw_tests.words import words

PASSED, FAILED, REFUSED = 0, 1, 2
ENDS = {Outcome.PASS: PASSED, Outcome.SKIP: REFUSED}


def main(arguments: Sequence[str]) -> int:
    told = _parser().parse_args(arguments)
    try:
        if told.page:
            return serve(told)
        station = _station(told)
        if not told.by:
            raise Refused(Code.WHO, "say who runs it: --by")
        plan = _plan(told, station)
        record = _ran(phases(station), station, Terminal(told.by, words()), plan)
    except (Refused, OSError, ValueError) as refused:
        sys.stderr.write(f"{refused}\n")
        return REFUSED
    _keep(told.records, record, station, with_pdf=told.pdf)
    return ENDS.get(record.outcome, FAILED)


def serve(told: argparse.Namespace) -> int:
    """The page, on loopback, until it is ended."""
    station = _station(told)
    session = Session(lambda: _station(told), phases, lambda record: store.keep(told.records, record))
    desk = Desk(session, told.software, _plan(told, station).required, told.by)
    uvicorn.run(hardware_app(desk), host="127.0.0.1", port=told.page, log_level="warning")
    return PASSED


def _ran(todo: Sequence[Phase], station: Station, person: Terminal, plan: Plan) -> Record:
    for each in run(todo, station, person, plan):
        if isinstance(each, Begun):
            sys.stderr.write(f"{each.number:3d}/{each.of} {words().phase(each.phase)} ... ")
        elif isinstance(each, Ended):
            sys.stderr.write(f"{each.phase.outcome}{_why(each.phase)}\n")
        sys.stderr.flush()
        if isinstance(each, Finished):
            record = each.record
    sys.stderr.write(f"{record.outcome}: {', '.join(record.failed()) or 'nothing failed'}\n")
    return record


def _why(phase: PhaseRecord) -> str:
    """The reason, or each value that failed beside its limits."""
    if phase.reason:
        return f": {phase.reason}"
    bad = [each for each in phase.measurements if each.verdict in report.BAD]
    return "".join(f"\n        {each.name}: {report.told(each.value, each.unit)}, wanted {each.limits}" for each in bad)


def _keep(folder: Path, record: Record, station: Station, *, with_pdf: bool) -> None:
    path = store.keep(folder, record)
    page = report.page(record, phases(station), words(), station.earlier)
    path.with_suffix(".xml").write_bytes(report.junit(record))
    path.with_suffix(".html").write_text(page, encoding="utf-8")
    if with_pdf:
        _print(path.with_suffix(".pdf"), page)
    sys.stdout.write(f"{path}\n")


def _print(path: Path, page: str) -> None:
    try:
        path.write_bytes(report.pdf(page))
    except report.NoBrowser as missing:
        sys.stderr.write(f"no PDF: {missing}\n")


def _station(told: argparse.Namespace) -> Station:
    station = read_station(told.station, root=told.root) if told.station else Station(told.data, told.root)
    earlier = store.earlier(told.records, read_board(told.root).serial)
    return replace(station, earlier=earlier, pace=QUICK if told.quick else station.pace)


def _plan(told: argparse.Namespace, station: Station) -> Plan:
    suite = "quick" if told.quick else told.phase or "full"
    required = REQUIRED_ON_A_RASPBERRY if read_board(station.root).is_raspberry else frozenset[str]()
    return Plan(told.serial, told.by, told.software, suite, required, frozenset(told.allow))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hw_tests", description="Test the hardware of this board.")
    parser.add_argument("--serial", default="", help="the board's serial number, typed from its label")
    parser.add_argument("--by", default="", help="who runs it and answers")
    parser.add_argument("--station", type=Path, help="which devices are fitted (hw_tests/station.py tells its form)")
    parser.add_argument("--page", type=int, metavar="PORT", help="serve the technician's page there instead")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="what asks nobody anything: at each opening of the port")
    which.add_argument("--phase", help="one phase alone, again")
    parser.add_argument("--allow", action="append", default=[], metavar="FLAG", help="cuts-power, moves-gate")
    parser.add_argument("--records", type=Path, default=Path("/var/lib/landfall/hardware-tests"))
    parser.add_argument("--pdf", action="store_true", help="the page on paper too, printed by Chromium")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where /proc, /sys and /etc are read")
    parser.add_argument("--data", type=Path, default=Path("/var/lib/landfall"), help="without --station")
    parser.add_argument("--software", default="", help="version, for the record")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
