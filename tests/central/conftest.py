"""Fixtures of the centre's tests: keys, empty databases of both kinds, and the collector's work over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from central import ca
from central.keys import load_centre
from central.store import open_store
from central.store.api import Store
from tests.central.place import Place, filled_place
from tests.central.postgres_server import postgres_server
from tests.central.rig import KIOSKS, Centre
from tests.central.tpms import Tpm, running_tpm


@pytest.fixture(scope="module")
def ca_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ca")
    ca.init(folder, KIOSKS, datetime.now(UTC))
    return folder


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Gives the address of an empty database at every call."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:{tmp_path_factory.mktemp('store') / 'centre.db'}"
        return
    with postgres_server() as server:
        yield server.new_database


@pytest.fixture
def new_centre(ca_folder: Path, new_url: Callable[[], str]) -> Iterator[Callable[[], Centre]]:
    stores: list[Store] = []

    def make() -> Centre:
        stores.append(open_store(new_url()))
        return Centre(ca_folder, load_centre(ca_folder / "centre"), stores[-1])

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def centre(new_centre: Callable[[], Centre]) -> Centre:
    return new_centre()


@pytest.fixture(scope="module", params=["rsa", "ecc"])
def tpm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tpm]:
    with running_tpm(tmp_path_factory.mktemp("tpm") / "state", request.param) as running:
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with filled_place(tmp_path) as filled:
        yield filled


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A desk's screen. Fails the test on anything the browser complained of."""
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 1366, "height": 900})
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    yield page
    page.close()
    assert complaints == []
