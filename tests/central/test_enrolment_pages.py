"""Headquarters' pages for vouchers and lanes in a real Chromium: made by one, signed by two, and all of it seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Page

from border.enrolment.values import Purpose
from border.enrolment.voucher import open_voucher, peek_voucher
from central.console.app import Console
from central.enrolment.people import read_people
from central.keys import load_centre
from central.store import vouchers
from scripts import axe
from tests.central.enrolling import DAY_MS, PASSPHRASES, Board, Headquarters, headquarters
from tests.central.serving import serving
from tests.codes import read_code
from tests.spoiled import spoiled
from tests.web.checks import violations

pytestmark = [pytest.mark.timeout(180)]
browsing = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="the program chromium is not installed"),
]
ARTEFACTS = Path(__file__).parent.parent.parent / "artefacts" / "central"
WAIT_MS = 15_000


@dataclass
class Pages:
    hq: Headquarters
    web: httpx.Client

    def form(self, path: str, **fields: object) -> httpx.Response:
        return self.web.post(path, data=fields)

    def serials(self) -> list[str]:
        with self.hq.store.snapshot() as t:
            return [row.voucher.serial for row in vouchers.everything(t)]


MAKE: dict[str, object] = {
    "port": "bequia",
    "lanes": "quay-1, quay-2",
    "devices": "3",
    "days": "30",
    "purpose": [purpose.value for purpose in Purpose][:4],
    "least_level": "software",
    "name": "m.charles",
    "passphrase": PASSPHRASES["m.charles"],
}


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with headquarters(tmp_path / "ca", f"sqlite:{tmp_path / 'office.db'}") as hq:
        console = Console(load_centre(hq.folder / "centre"), hq.url, lambda: hq.now_ms, office=hq.folder)
        with serving(console) as base, httpx.Client(base_url=base, timeout=20) as web:
            yield Pages(hq, web)


def shot(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(ARTEFACTS / f"{name}.png"), full_page=True)


def read_qr(picture: bytes) -> bytes:
    """What another reader than the maker of the code finds in it; OpenCV takes bytes for Latin-1."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return read_code(image).decode("utf-8").encode("latin-1")


def history(hq: Headquarters) -> None:
    """A lane that was swapped, one that a stranger wanted, one that retired, and one that is only expected."""
    voucher = hq.voucher()
    board, spare, other = Board("10000000abcdef01"), Board("10000000abcdef02"), Board("10000000abcdef03")
    board.enrol(hq, voucher)
    hq.office.sheet(board.sheet())
    hq.now_ms += DAY_MS
    spare.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD)
    hq.office.sheet(spare.sheet(accepted=False))
    stranger = Board("10000000abcdef04")
    stranger.refusal(hq, stranger.request(voucher))
    stranger.refusal(hq, stranger.request(voucher))
    other.enrol(hq, voucher, "quay-2")
    hq.office.end("quay-2", "m.charles", "closed for the season")
    hq.now_ms += 5 * DAY_MS


def test_a_voucher_is_made_by_one_and_good_when_another_has_signed(pages: Pages) -> None:
    made = pages.form("/vouchers", **MAKE)
    (serial,) = pages.serials()
    assert (made.status_code, made.headers["location"]) == (303, f"/vouchers/{serial}")
    where = f"/vouchers/{serial}"
    assert pages.web.get(f"{where}/voucher.cbor").status_code == 409
    assert pages.web.get(f"{where}/qr.svg").status_code == 409
    same = pages.form(f"{where}/sign", name="m.charles", passphrase=PASSPHRASES["m.charles"])
    assert (same.status_code, "another person" in same.text) == (409, True)
    wrong = pages.form(f"{where}/sign", name="j.baptiste", passphrase="a guess of some length")
    assert (wrong.status_code, "do not belong together" in wrong.text) == (409, True)
    assert pages.web.get(f"{where}/voucher.cbor").status_code == 409
    assert pages.form(f"{where}/sign", name="j.baptiste", passphrase=PASSPHRASES["j.baptiste"]).status_code == 303
    file = pages.web.get(f"{where}/voucher.cbor").content
    assert set(open_voucher(file, read_people(pages.hq.people_folder)).signers) == PASSPHRASES.keys()
    assert peek_voucher(file).lanes == ("quay-1", "quay-2")
    assert pages.web.get(f"{where}/qr.svg").headers["content-type"] == "image/svg+xml"
    assert Board("board-a").enrol(pages.hq, file).kiosk == "quay-1"


def test_what_a_form_cannot_ask_for_is_said_and_makes_nothing(pages: Pages) -> None:
    changes: list[dict[str, object]] = [
        {"port": "atlantis"},
        {"lanes": ""},
        {"lanes": "a/b"},
        {"devices": "many"},
        {"days": "9999"},
        {"purpose": []},
        {"purpose": ["renew"]},
        {"least_level": "paper"},
        {"name": "nobody"},
        {"name": "../m.charles"},
        {"passphrase": ""},
    ]
    for change in changes:
        assert pages.form("/vouchers", **{**MAKE, **change}).status_code == 409, change
    assert pages.serials() == []


def test_a_form_of_another_site_does_nothing(pages: Pages) -> None:
    foreign = pages.web.post("/vouchers", data=MAKE, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    assert pages.serials() == []


def test_a_withdrawn_voucher_is_no_longer_handed_out(pages: Pages) -> None:
    pages.form("/vouchers", **MAKE)
    where = f"/vouchers/{pages.serials()[0]}"
    second = {"name": "j.baptiste", "passphrase": PASSPHRASES["j.baptiste"]}
    pages.form(f"{where}/sign", **second)
    assert pages.web.get(f"{where}/qr.svg").status_code == 200
    assert pages.form(f"{where}/withdraw", **second).status_code == 303
    assert pages.web.get(f"{where}/qr.svg").status_code == 409
    assert "Withdrawn" in pages.web.get("/vouchers").text


def test_without_the_offices_folder_the_pages_show_and_sign_nothing(pages: Pages) -> None:
    console = Console(load_centre(pages.hq.folder / "centre"), pages.hq.url, lambda: pages.hq.now_ms)
    with serving(console) as base, httpx.Client(base_url=base, timeout=20) as web:
        assert "office's folder" in web.get("/vouchers").text
        assert web.post("/vouchers", data=MAKE).status_code == 403
        assert web.get("/lanes").status_code == 200


def test_the_register_tells_a_lanes_whole_story(pages: Pages) -> None:
    history(pages.hq)
    listed, story = pages.web.get("/lanes").text, pages.web.get("/lanes/quay-1").text
    assert "10000000abcdef02" in listed
    assert "Ends soon" in listed
    assert "10000000abcdef01" in story
    assert "It gave no record" in story
    assert story.count("Signature valid") == 2
    assert "Another board is in service as this lane" in story
    assert "closed for the season" in pages.web.get("/lanes/quay-2").text
    assert pages.web.get("/lanes/quay-9").status_code == 404


def test_a_sheet_that_was_changed_in_the_database_is_not_believed(pages: Pages) -> None:
    history(pages.hq)
    with pages.hq.store.transaction() as t:
        rows = t.rows("SELECT digest, sheet FROM sheets")
        t.each("UPDATE sheets SET sheet = ? WHERE digest = ?", [(spoiled(bytes(row[1])), row[0]) for row in rows])
    story = pages.web.get("/lanes/quay-1").text
    assert "Signature valid" not in story
    assert story.count("Not believed") == 2


class TestInABrowser:
    pytestmark = browsing

    def test_two_people_make_a_voucher(self, pages: Pages, page: Page) -> None:
        page.goto(f"{pages.web.base_url}/vouchers")
        page.get_by_label("Lanes, with spaces between").fill("quay-1 quay-2")
        page.get_by_label("Replace a board").check()
        page.get_by_label("Your name").select_option("m.charles")
        page.get_by_label("Your passphrase").fill(PASSPHRASES["m.charles"])
        shot(page, "voucher-form")
        page.get_by_role("button", name="Make and sign").click()
        page.get_by_text("Wants a second signature").wait_for(timeout=WAIT_MS)
        shot(page, "voucher-second-signature")
        page.locator("#signer-name").select_option("j.baptiste")
        page.locator("#signer-passphrase").fill(PASSPHRASES["j.baptiste"])
        page.get_by_role("button", name="Sign", exact=True).click()
        page.get_by_text("Good", exact=True).wait_for(timeout=WAIT_MS)
        page.wait_for_load_state("load")
        assert page.locator(".qr").evaluate("image => image.complete && image.naturalWidth > 0")
        shot(page, "voucher")
        page.emulate_media(media="print")
        assert page.locator(".qr").is_visible()
        assert not page.locator("header").is_visible()
        shot(page, "voucher-printed")
        (serial,) = pages.serials()
        page.goto(f"{pages.web.base_url}/vouchers/{serial}/qr.svg")
        assert read_qr(page.screenshot()) == pages.web.get(f"/vouchers/{serial}/voucher.cbor").content

    def test_every_page_passes_axe_and_fits_a_tablet(self, pages: Pages, page: Page) -> None:
        history(pages.hq)
        pages.form("/vouchers", **MAKE)
        script = axe.fetch().read_text(encoding="utf-8")
        serials = pages.serials()
        paths = ["lanes", "lanes/quay-1", "lanes/quay-2", "lanes/quay-9", "vouchers"]
        for path in [*paths, *(f"vouchers/{serial}" for serial in serials)]:
            page.set_viewport_size({"width": 1366, "height": 900})
            page.goto(f"{pages.web.base_url}/{path}")
            assert violations(page, script) == [], path
            small = page.evaluate(
                """() => [...document.querySelectorAll('a:not(.skip), button, select, summary, input')]
                  .map(one => [one.textContent.trim() || one.id, one.getBoundingClientRect()])
                  .filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([text]) => text)"""
            )
            assert small == [], path
            page.set_viewport_size({"width": 800, "height": 1100})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        page.set_viewport_size({"width": 1366, "height": 900})
        for path, name in (("lanes", "lanes"), ("lanes/quay-1", "lane"), ("vouchers", "vouchers")):
            page.goto(f"{pages.web.base_url}/{path}")
            shot(page, name)
