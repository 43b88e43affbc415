"""From a bare state folder to a commissioned lane with a stick and no network, for each place of the identity key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.config import load as load_config
from provisioning.steps import WHOLE
from tests.provisioning.chips import PIN, Maker
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import Board, done, failure

MakeBoard = Callable[..., Board]


@pytest.fixture
def headquarters(tmp_path: Path) -> Headquarters:
    return Headquarters(tmp_path / "hq")


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("maker") / "maker")


@pytest.fixture(params=["software", "pkcs11", "tpm"])
def board(
    request: pytest.FixtureRequest, headquarters: Headquarters, maker: Maker, token: str, tmp_path: Path
) -> Iterator[Board]:
    place = tmp_path / "board"
    if request.param == "software":
        yield Board(place, headquarters.people)
    elif request.param == "pkcs11":
        (tmp_path / "pin").write_text(PIN)
        identity = f'level = "pkcs11"\nmodule = "{token}"\nlabel = "landfall"\npin_file = "{tmp_path / "pin"}"'
        yield Board(place, headquarters.people, identity=identity)
    else:
        with maker.make(tmp_path.name).powered() as chip:
            headquarters.trusts(maker.chain)
            yield Board(place, headquarters.people, identity=f'level = "tpm"\ntcti = "{chip.tcti}"')


def test_a_bare_board_becomes_a_lane(board: Board, headquarters: Headquarters) -> None:
    headquarters.voucher(board.stick)
    board.officers()
    view = board.go()
    for _ in range(2):  # a TPM is asked for its proof
        if view.is_finished:
            break
        assert failure(view).code == "PRO-NO-ANSWER", view.current and view.current.failure
        assert headquarters.answer(board.stick)
        view = board.go()
    assert view.is_finished, view.current and view.current.failure
    assert done(view) == [step.name for step in WHOLE]
    assert load_config(board.state / "kiosk.toml").kiosk.id == "quay-1"
