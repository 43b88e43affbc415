"""The strip shows every number once, and the gravest of what a cell covers."""

from __future__ import annotations

from central.console.strip import CELLS, CellState, Run, strip
from central.fleet import Contact, KioskView
from central.sequence import Span


def view(last: int, **changes: object) -> KioskView:
    values: dict[str, object] = {
        "kiosk": "k",
        "status": None,
        "contact": Contact.ONLINE,
        "last_seen_ms": 1,
        "report": None,
        "report_ms": 0,
        "report_problem": "",
        "spans": (Span(1, last),) if last else (),
        "gaps": (),
        "incomplete": (),
        "refused": (),
        "chain_breaks": (),
        "dead_letters": 0,
        "alarms": 0,
    }
    return KioskView(**{**values, **changes})  # type: ignore[arg-type]


class TestStrip:
    def test_a_kiosk_without_records_has_none(self) -> None:
        assert strip(view(0)) == []

    def test_a_whole_sequence_is_one_run(self) -> None:
        assert strip(view(1000)) == [Run(CellState.STORED, 0, CELLS, 1, 1000)]

    def test_one_bad_number_in_a_million_is_seen(self) -> None:
        states = [run.state for run in strip(view(1_000_000, chain_breaks=(777_777,)))]
        assert states == [CellState.STORED, CellState.BROKEN, CellState.STORED]

    def test_the_gravest_of_a_cell_wins_and_the_cells_cover_everything(self) -> None:
        runs = strip(view(3, incomplete=(1, 2), refused=(2,), chain_breaks=(3,)))
        assert [run.state for run in runs] == [CellState.INCOMPLETE, CellState.REFUSED, CellState.BROKEN]
        assert [(run.first, run.last) for run in runs] == [(1, 1), (2, 2), (3, 3)]
        assert sum(run.width for run in runs) == 3
