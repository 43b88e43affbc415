"""Every cell of the table of methods is run, every fault is found, and the document tells no more and no less."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.pcscd import Pcscd, Slot
from tests.drivers import chip_table
from tests.drivers.chip_faults import FAULTS, Fault
from tests.drivers.chip_methods import LIBEAC, PEERS, Bench, Cell, Reader, cells
from tests.drivers.conftest import empty, without
from tests.drivers.openpace import eac

CELLS = [cell for cell in cells() if cell.peer != LIBEAC]
ON_A_READER = [cell for cell in cells() if cell.peer == LIBEAC]


@pytest.fixture(scope="module")
def reader(pcscd: Pcscd, rested: dict[Slot, float]) -> Iterator[Reader]:
    if eac() is None:
        without("Debian package libeac3 is not installed")
    with empty(pcscd, rested) as slot:
        made = Reader(slot)
        yield made
        made.close()


@pytest.mark.parametrize("cell", ON_A_READER, ids=lambda cell: cell.name)
def test_a_cell_beside_libeac(reader: Reader, cell: Cell, tmp_path: Path) -> None:
    cells()[cell](Bench(tmp_path, reader))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_a_cell(cell: Cell, tmp_path: Path) -> None:
    cells()[cell](Bench(tmp_path))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_and_nothing_else(fault: Fault) -> None:
    fault.run()


def test_no_peer_is_named_in_vain() -> None:
    assert {cell.peer for cell in cells()} == set(PEERS)


def test_the_document_tells_of_these_cells_and_faults() -> None:
    text = chip_table.DOCUMENT.read_text(encoding="utf-8")
    assert text == chip_table.renewed(text, cells()), "run: python -m tests.drivers.chip_table"
    assert {found[2] for found in chip_table.BLOCK.finditer(text)} == set(chip_table.BLOCKS)
