"""Every screen in every language in a real Chromium: no scrolling, no overlap, large enough, axe content."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from appliance.web.catalogue import Catalogue
from appliance.web.panel import Panel
from tests.web.checks import SIZES, too_small, violations
from tests.web.conftest import Kiosk
from tests.web.hands import open_at, wait_for
from tests.web.views import SCREENS, view_of

pytestmark = pytest.mark.browser
CODES = ("en", "es", "fr", "ht")

OUTSIDE = """() => {
  const wrong = [];
  const box = document.querySelector('main').getBoundingClientRect();
  const seen = (e) => e.checkVisibility() && !e.closest('.unseen') && !e.closest('svg');
  for (const e of [...document.querySelectorAll('body *')].filter(seen)) {
    const r = e.getBoundingClientRect();
    if (r.left < -1 || r.top < -1 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1)
      wrong.push(e.outerHTML.slice(0, 60));
  }
  for (const e of [...document.querySelectorAll('main h1, main p, main button, main dl, main dl div')].filter(seen)) {
    const r = e.getBoundingClientRect();
    if (r.bottom > box.bottom + 1 || r.top < box.top - 1) wrong.push('main: ' + e.outerHTML.slice(0, 60));
    if (e.scrollWidth > e.clientWidth + 2) wrong.push('wide: ' + e.outerHTML.slice(0, 60));
  }
  const pieces = 'main h1, main .text, main .hint p, main .actions button, main dl';
  const parts = [...document.querySelectorAll(pieces)].filter(seen);
  for (const [n, a] of parts.entries()) for (const b of parts.slice(n + 1)) {
    const [p, q] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
    const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (wide > 2 && high > 2)
      wrong.push('over each other: ' + a.outerHTML.slice(0, 40) + ' ' + b.outerHTML.slice(0, 40));
  }
  const root = document.scrollingElement;
  if (root.scrollHeight > innerHeight || root.scrollWidth > innerWidth) wrong.push('scrolls');
  return wrong;
}"""


@pytest.fixture(scope="module")
def one_page(browser: Browser, panel: Panel) -> Iterator[Page]:
    """One page for the many looks: screens are brought to it by the event stream, as on a kiosk."""
    context = browser.new_context(viewport={"width": panel.width_px, "height": panel.height_px})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_fits_is_large_enough_and_accessible(
    one_page: Page, kiosk: Kiosk, panel: Panel, axe_script: str, name: str, code: str
) -> None:
    kiosk.journey.show(**view_of(name, language=code))
    if not one_page.url.startswith(kiosk.url):
        one_page.goto(kiosk.url)
    wait_for(one_page, kiosk)
    one_page.wait_for_selector("body:not(.settling)")
    assert one_page.evaluate(OUTSIDE) == []
    assert too_small(one_page.evaluate(SIZES, "#screen"), panel) == []
    assert violations(one_page, axe_script, is_modal=name == "warning") == []
    assert one_page.get_attribute("html", "lang") == code


@pytest.mark.parametrize("code", CODES)
def test_every_hint_fits_in_the_fullest_screens(page: Page, kiosk: Kiosk, catalogue: Catalogue, code: str) -> None:
    open_at(page, kiosk, "finger", language=code)
    hints = sorted(key for key in catalogue.keys if key.startswith("hint."))
    for number, hint in enumerate(hints):
        name = ("finger", "turn", "document", "face")[number % 4]
        kiosk.journey.show(**view_of(name, hint=hint, language=code))
        wait_for(page, kiosk)
        assert page.evaluate(OUTSIDE) == [], hint
