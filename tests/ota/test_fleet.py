"""A thousand kiosks, two in a hundred of which fail: the rollout halts by itself, and the page in a Chromium tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ota import rollout as rollouts
from ota.office import Office
from ota.office_page import OfficePage
from ota.release import Role
from ota.rollout import Rollout, Status, Terms
from scripts import axe
from tests.ota.fleet import BOARD, Clock, Fleet, QuietDisk
from tests.web.checks import violations
from tests.web.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

SCREENS = Path(__file__).parents[2] / "artefacts" / "screens"
DESK = {"width": 1280, "height": 900}


@dataclass
class Desk:
    """Headquarters' page, and the office and the fleet behind it."""

    page: Page
    office: Office
    fleet: Fleet

    def look(self, name: str) -> str:
        """What the page says now; its picture is kept."""
        self.page.reload()
        assert violations(self.page, axe.fetch().read_text(encoding="utf-8")) == [], name
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"updates-{name}.png", full_page=True)
        return self.page.inner_text("main")

    def press(self, button: str) -> None:
        """With the keyboard alone."""
        self.page.keyboard.press("Home")
        for _ in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement.textContent").startswith(button):
                with self.page.expect_navigation():
                    self.page.keyboard.press("Enter")
                return
        raise AssertionError(f"no key leads to {button}")


def desk(browser: Browser, folder: Path, size: int, share: float) -> Iterator[Desk]:
    clock = Clock()
    office = Office(folder, QuietDisk(), clock, Terms())
    fleet = Fleet(folder, office, clock, size, share)
    with serving(OfficePage(office, folder, folder, clock).app()) as address:
        context = browser.new_context(viewport=DESK)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(address)
        yield Desk(page, office, fleet)
        context.close()


@pytest.fixture
def thousand(browser: Browser, tmp_path: Path) -> Iterator[Desk]:
    yield from desk(browser, tmp_path, 1000, 0.02)


@pytest.fixture
def few(browser: Browser, tmp_path: Path) -> Iterator[Desk]:
    yield from desk(browser, tmp_path, 12, 0.0)


def test_of_a_thousand_with_two_in_a_hundred_that_fail_it_halts_before_the_second_ring_is_done(thousand: Desk) -> None:
    office, fleet = thousand.office, thousand.fleet
    fleet.go_on(minutes=15)
    assert len(office.devices) == 1000, "everybody has asked once"
    release = office.publish(Role.APPS, "kiosk.zip", b"the app of 2027.01", "2027.01", (BOARD,))
    fleet.go_on(minutes=15)
    assert "Under way" in thousand.look("1-canary")
    rollout = until_it_stands(thousand)
    assert (rollout.status, rollout.ring) == (Status.WAITING, 0), "with this seed no canary fails"
    assert "Waits for a person" in thousand.look("2-waits")
    thousand.press("Begin the next ring")
    rollout = until_it_stands(thousand)
    assert (rollout.status, rollout.ring) == (Status.HALTED, 1), "by itself"
    canaries = {name for name in rollout.given if rollouts.bucket(rollout.release, name) < rollout.bounds[0]}
    given = set(rollout.given)
    ring = [d for d in fleet.devices if d.name in given]
    kept = [d for d in ring if d.running and d.name not in canaries]
    assert 0 < len(kept) < len(ring) - len(canaries) - len(rollout.failed), "in the middle of the second ring"

    shown = thousand.look("3-halted")
    assert "Halted" in shown
    early = thousand.page.locator(".rings tbody tr", has_text="early").locator("td").all_inner_texts()
    assert early[1:] == [str(len(ring) - len(canaries)), str(len(kept)), str(len(rollout.failed))]
    failed = [d for d in ring if d.name in rollout.failed]
    assert f"{len(failed)} failed" in shown
    for device in failed:
        assert device.fails_with in shown
    rows = thousand.page.locator(".scroll tbody tr")
    first = rows.nth(0).inner_text()
    assert any(device.name in first and device.fails_with in first for device in failed), "failed ones come first"
    assert rows.count() == 100
    thousand.page.click("text=Show all devices")
    assert rows.count() == 1000
    assert release.version in first

    fleet.go_on(minutes=15)  # everybody hears of it
    kept_then = {d.name for d in fleet.devices if d.running}
    fleet.go_on(minutes=8 * 60)
    assert {d.name for d in fleet.devices if d.running} == kept_then, "who has it and has not started it does not"
    assert set(office.courses[-1].rollout.given) == given, "nobody else is given it"
    assert all(d.update is None for d in fleet.devices if d.name not in given)


def until_it_stands(desk: Desk) -> Rollout:
    """Minute by minute, as long as it goes on by itself."""
    while (rollout := desk.office.courses[-1].rollout).status is Status.RUNNING:
        desk.fleet.go_on(minutes=1)
    return rollout


def test_a_person_halts_it_with_the_keyboard_and_lets_it_go_on(few: Desk) -> None:
    few.fleet.go_on(minutes=15)
    few.office.publish(Role.APPS, "kiosk.zip", b"an app", "2027.02", (BOARD,))
    few.fleet.go_on(minutes=15)
    few.page.reload()
    few.press("Halt")
    assert few.office.courses[-1].rollout.status is Status.HALTED
    assert "A person halted it" in few.look("4-halted-by-a-person")
    sizes = few.page.locator(".rings tbody td:nth-child(2)").all_inner_texts()
    assert sum(map(int, sizes)) == len(few.fleet.devices), "each device is in one ring"
    given = dict(few.office.courses[-1].rollout.given)
    few.fleet.go_on(minutes=240)
    assert dict(few.office.courses[-1].rollout.given) == given
    few.page.reload()
    few.press("Go on with 0 failed")
    while (rollout := few.office.courses[-1].rollout).status is not Status.DONE:
        few.fleet.go_on(minutes=240)
        if rollout.status is Status.WAITING:
            few.page.reload()
            few.press("Begin the next ring")
    assert "Done" in few.look("5-done")
    assert all(device.running == few.office.courses[-1].release.sha256 for device in few.fleet.devices)
