"""A bare board with a TPM becomes a lane, and its first traveller reaches the centre over mutual TLS."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.journey.machine import State
from appliance.keys import load_keys
from appliance.reporting.settings import tls_context
from practice.quay import Quay
from tests.journeys.arriving import assert_all_is_there, cross_quickly, kept
from tests.journeys.lanes import Island, devices
from tests.provisioning.chips import Chip, Maker
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import Board, failure

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[tuple[Maker, Chip]]:
    maker = Maker(tmp_path / "maker")
    with maker.make("chip").powered() as chip:
        yield maker, chip


@pytest.mark.parametrize("online", [False, True], ids=["by stick", "over the line"])
def test_the_first_traveller_of_a_commissioned_lane_is_at_the_centre(
    chip: tuple[Maker, Chip], tmp_path: Path, online: bool
) -> None:
    maker, tpm = chip
    island = Island(tmp_path / "island", online=online)
    quay = Quay(tmp_path / "quay")
    try:
        island.office.trusts(maker.chain)
        identity = f'level = "tpm"\ntcti = "{tpm.tcti}"'
        board = Board(tmp_path / "board", island.office.people, identity=identity, devices=devices(quay))
        island.office.voucher(board.stick, level="tpm")
        board.officers()
        if online:
            island.office.open()
        else:
            for _ in ("request", "proof"):
                assert failure(board.go()).code == "PRO-NO-ANSWER"
                assert island.office.answer(board.stick)
        view = board.go()
        assert view.is_finished, view
        evidence = {step.name: dict(step.evidence) for step in view.steps}
        assert evidence["enrolment"]["identity proven"] == "tpm_proven"
        assert evidence["enrolment"]["way"] == ("over the line" if online else "on a stick")
        quay.belong_to(board.state / "keys" / "device.crt")
        with island.kiosk(board, quay) as stand:
            record = stand.cross("skipper")
            assert record.outcome == "cleared"
            assert_all_is_there(island.harbour, stand)
    finally:
        quay.close()
        island.close()


def test_what_waited_on_the_disk_reaches_the_centre_from_another_board(tmp_path: Path) -> None:
    island = Island(tmp_path / "island")
    quay = Quay(tmp_path / "quay")
    hardware = devices(quay)
    try:
        old = Board(tmp_path / "old", island.office.people, devices=hardware)
        through(old, island.office, "commission", "enrol")
        quay.belong_to(old.state / "keys" / "device.crt")
        with island.kiosk(old, quay) as stand:
            cross_quickly(stand, "deckhand")
            assert_all_is_there(island.harbour, stand)
            island.harbour.centre.stop()  # nobody signs for what comes now
            cross_quickly(stand, "cook")
            assert stand.board()["unreported"] >= 1
            before = [record.id for record in stand.encounters()]
        new = Board(tmp_path / "new", island.office.people, serial="10000000abcdef02", devices=hardware)
        shutil.copytree(old.state, new.state)  # the board is dead, and its disk goes into another one
        through(new, island.office, "replace-board", "replace_board")
        quay.belong_to(new.state / "keys" / "device.crt")
        island.harbour.restart_centre()
        with island.kiosk(new, quay) as stand:
            stand.until("nothing waits", lambda: stand.board()["unreported"] == 0)
            stand.until("all are there", lambda: set(before) <= kept(island.harbour, stand).encounters)
            stand.reach(State.FACE, "bosun")
            stand.touch("officer")
            stand.wait_for(State.REFERRED)
            stand.leave()
            stand.until("the next too", lambda: len(kept(island.harbour, stand).encounters) == len(before) + 1)
            assert kept(island.harbour, stand).gaps == 0
        with pytest.raises(ssl.SSLError), greeted(old, island):
            pass
        with greeted(new, island) as line:
            assert line.version() == "TLSv1.3"
    finally:
        quay.close()
        island.close()


def through(board: Board, office: Headquarters, operation: str, purpose: str) -> None:
    office.voucher(board.stick, "--purpose", purpose)
    board.officers()
    assert failure(board.go(operation)).code == "PRO-NO-ANSWER"
    assert office.answer(board.stick)
    view = board.go(operation)
    assert view.is_finished, view


@contextmanager
def greeted(board: Board, island: Island) -> Iterator[ssl.SSLSocket]:
    """The broker's handshake with this board's certificate, and its first word after it."""
    keys = load_keys(board.state / "keys")
    assert keys.tls is not None
    context = tls_context(keys.tls)
    with (
        socket.create_connection(("localhost", island.harbour.port.broker_port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        line.sendall(bytes.fromhex("c000"))  # a ping before a CONNECT: mosquitto closes; a refused one says so
        line.recv(1)
        yield line
