"""A person's finger and eyes on the real page in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from appliance.journey.machine import State
from practice.port import OFFICERS
from tests.journeys.stand import Stand

PERSONAL = ("data-event", "data-revision", "data-say")
"""Attributes that count or spell: they differ from one traveller to the next though the screen looks the same."""


class Touchscreen:
    """Presses the buttons that the page shows; one that is not there is a failure of the page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)

    def press(self, touch: str, language: str | None) -> None:
        if language is None:
            self.page.click(f"#touch-{touch}")
        elif self.shows(State.IDLE):
            self.page.click(f"#language-{language}")
        else:
            self.page.click("#open-languages")
            self.page.click(f"#languages button[value={language}]")

    def shows(self, state: State) -> bool:
        return self.page.locator(f"#screen[data-state={state.value}]").count() == 1

    def wait_for(self, state: State) -> None:
        self.page.wait_for_selector(f"#screen[data-state={state.value}]", timeout=60_000)

    def number(self) -> str:
        """The receipt number, as printed large."""
        return self.page.inner_text(".number")

    def neutral(self) -> str:
        """The whole screen as HTML, without what is the traveller's own number."""
        html = self.page.locator("#screen").evaluate("screen => screen.outerHTML")
        html = str(html).replace(self.number(), "NUMBER")
        for attribute in PERSONAL:
            html = re.sub(rf'{attribute}="[^"]*"', "", html)
        return html

    def photograph(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=folder / f"{name}.png")


@contextmanager
def at_the_page(browser: Browser, stand: Stand) -> Iterator[Touchscreen]:
    """The kiosk's page, whose buttons are the stand's panel as long as the block lasts."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    screen = Touchscreen(context.new_page(), stand.url)
    calls, stand.panel = stand.panel, screen
    try:
        yield screen
    finally:
        stand.panel = calls
        context.close()


def sign_in(page: Page, stand: Stand) -> None:
    """As the first practice officer, at the desk."""
    officer, _, _, pin = OFFICERS[0]
    page.goto(f"{stand.officer_url}/sign-in")
    page.fill("#officer", officer)
    page.fill("#pin", pin)
    page.click("form.card button")
    page.wait_for_url(f"{stand.officer_url}/")
