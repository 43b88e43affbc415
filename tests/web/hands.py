"""What a browser test does again and again: bring a screen up, wait for it, wait for the kiosk to have heard."""

from __future__ import annotations

import time

from playwright.sync_api import Page

from tests.web.conftest import Kiosk
from tests.web.views import view_of


def open_at(page: Page, kiosk: Kiosk, name: str, **changes: object) -> None:
    page.goto("about:blank")
    kiosk.journey.show(**view_of(name, **{"language": "en", **changes}))
    page.goto(kiosk.url)
    wait_for(page, kiosk)


def wait_for(page: Page, kiosk: Kiosk) -> None:
    page.wait_for_selector(f'#screen[data-revision="{kiosk.journey.view.revision}"]')


def wait_until(is_so: object, seconds: float = 5.0) -> None:
    """Until `is_so()` is true; fails after `seconds`."""
    assert callable(is_so)
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


def is_playing(page: Page) -> bool:
    return bool(page.evaluate("(v => !v.paused && v.currentTime > 0)(document.getElementById('voice'))"))
