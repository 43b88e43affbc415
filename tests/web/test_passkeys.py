"""An officer registers a passkey, in a real Chromium with its virtual security key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from appliance.post import officers
from appliance.post.api import Officer
from appliance.web.catalogue import Catalogue
from appliance.web.panel import Panel
from appliance.web.passkeys import Registration, main
from border import webauthn
from practice.processes import free_port
from tests.docs.pages import ROOT
from tests.web.checks import SIZES, too_small, violations
from tests.web.security_key import SecurityKey
from tests.web.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
JOSEPH = Officer("joseph", "Officer Joseph", "officer")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    officers.save(tmp_path, officers.with_officer({}, JOSEPH, "2468"))
    return tmp_path


@contextmanager
def registering(folder: Path, catalogue: Catalogue) -> Iterator[str]:
    port = free_port()
    with serving(Registration(folder, JOSEPH.id, port, catalogue).app(), port):
        yield f"http://localhost:{port}"


def test_a_key_is_registered_beside_the_pin(
    page: Page, folder: Path, catalogue: Catalogue, axe_script: str, panel: Panel
) -> None:
    key = SecurityKey(page)
    with registering(folder, catalogue) as url:
        page.goto(url.replace("localhost", "127.0.0.1"))  # and is led to the name with which a key works
        page.screenshot(path=str(ROOT / "artefacts" / "passkey-register.png"))
        assert violations(page, axe_script) == []
        assert too_small(page.evaluate(SIZES, "body"), panel, with_text=False) == []
        page.click("text=Register my key")
        expect(page.get_by_role("status")).to_contain_text("Registered as")
        assert violations(page, axe_script) == []
        page.click("text=Français")
        expect(page.locator("h1")).to_have_text("Enregistrer une clé: Officer Joseph")
    (credential,) = key.credentials()
    (passkey,) = officers.load(folder)[JOSEPH.id].passkeys
    assert credential["rpId"] == webauthn.RP_ID
    assert webauthn.algorithm(passkey) == "ES256"
    again = officers.with_officer(officers.load(folder), JOSEPH, "1357")
    assert again[JOSEPH.id].passkeys == (passkey,)
    assert officers.with_officer(again, Officer("joseph", "Somebody Else", "officer"), "1357")["joseph"].passkeys == ()


def test_the_same_key_is_not_registered_twice(page: Page, folder: Path, catalogue: Catalogue) -> None:
    SecurityKey(page)
    with registering(folder, catalogue) as url:
        page.goto(url)
        page.click("text=Register my key")
        expect(page.get_by_role("status")).to_be_visible()
        page.click("text=Register my key")
        expect(page.get_by_role("alert")).to_contain_text("InvalidStateError")
    assert len(officers.load(folder)[JOSEPH.id].passkeys) == 1


def test_a_key_that_does_not_know_its_owner_is_not_registered(page: Page, folder: Path, catalogue: Catalogue) -> None:
    SecurityKey(page).knows_its_owner(False)
    with registering(folder, catalogue) as url:
        page.goto(url)
        page.click("text=Register my key")
        expect(page.get_by_role("alert")).to_contain_text("NotAllowedError")
    assert officers.load(folder)[JOSEPH.id].passkeys == ()


def test_what_another_page_sends_is_not_taken(page: Page, folder: Path, catalogue: Catalogue) -> None:
    key = SecurityKey(page)
    with registering(folder, catalogue) as url, httpx.Client(base_url=url) as client:
        page.goto(url)
        told = {"credential": key.make(str(page.locator("[data-options]").get_attribute("data-options")))}
        assert client.post("/register", data=told).status_code == 403
        assert client.post("/register", data=told, headers={"origin": "http://elsewhere.example"}).status_code == 403
        elsewhere = f"127.0.0.1:{urlsplit(url).port}"
        assert client.get("/", headers={"host": elsewhere}).status_code == 303
        assert client.post("/register", data=told, headers={"origin": url}).status_code == 200
        assert client.post("/register", data=told, headers={"origin": url}).status_code == 403  # answered already
    assert len(officers.load(folder)[JOSEPH.id].passkeys) == 1


def test_only_who_is_in_the_roster_registers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "nobody"]) == 1
    assert "nobody is not in" in capsys.readouterr().err
    (folder / officers.FILE).write_text('[[officer]]\nid = "joseph"\npasskey = [{credential = "AAAA"}]\n')
    assert main([str(folder), "joseph"]) == 1
    assert "ROS-WRONG" in capsys.readouterr().err
