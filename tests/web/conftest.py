"""What the page tests share: the catalogue, a kiosk on a free port, a Chromium per file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from appliance.web.catalogue import Catalogue, load
from appliance.web.officer import officer_app
from appliance.web.panel import KNOWN, Panel
from appliance.web.speech import Speech
from appliance.web.traveller import traveller_app
from scripts import axe
from tests.web.peers import HandJourney, HandMirror
from tests.web.post_peer import PIN, HandPost
from tests.web.serving import serving


@dataclass(frozen=True, slots=True)
class Kiosk:
    """A served traveller page and the hands that move it."""

    url: str
    journey: HandJourney
    mirror: HandMirror


@dataclass(frozen=True, slots=True)
class PostOffice:
    """A served officer page and the post behind it."""

    url: str
    post: HandPost


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(scope="session")
def panel() -> Panel:
    return KNOWN["10.1in-1280x800"]


@pytest.fixture(scope="session")
def axe_script() -> str:
    return axe.fetch().read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def kiosk(catalogue: Catalogue, panel: Panel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    journey, mirror = HandJourney(), HandMirror()
    speech = Speech(catalogue, tmp_path_factory.mktemp("voice"))
    with serving(traveller_app(journey, mirror, speech, catalogue, panel)) as url:
        yield Kiosk(url, journey, mirror)


@pytest.fixture(scope="module")
def post_office(catalogue: Catalogue, panel: Panel) -> Iterator[PostOffice]:
    post = HandPost()
    with serving(officer_app(post, catalogue, panel)) as url:
        yield PostOffice(url, post)


@pytest.fixture
def page(browser: Browser, panel: Panel) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": panel.width_px, "height": panel.height_px})
    yield context.new_page()
    context.close()


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("#officer", "o-17")
    page.fill("#pin", PIN)
    page.click("form.card button")
    page.wait_for_url(f"{url}/")


def scratch(folder: Path, name: str, text: str) -> Path:
    """A small program for a test to run."""
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path
