"""Every hint, every prompt of the challenge and every end, in each language, as one picture in artefacts/screens/."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from appliance.journey.machine import State
from appliance.journey.view import Asked
from appliance.vision import framing
from appliance.web.catalogue import Catalogue
from appliance.web.panel import Panel
from scripts.docs.sheets import TILE, sheet
from simulators.faces import FRONTAL, GOOD, Identity, Lighting, Pose, Scene, empty_quay, render
from tests.web.conftest import Kiosk
from tests.web.hands import open_at, wait_for
from tests.web.test_traveller_fits import OUTSIDE
from tests.web.views import REFERRED, view_of

pytestmark = pytest.mark.browser
FOLDER = Path("artefacts") / "screens"
FACE = {str(cause) for cause in framing.Cause}
IN_STEP = {
    "swipe": "document",
    "turn_page": "document",
    "leave_lying": "chip",
    "put_down": "chip",
    "place": "finger",
    "lift": "finger",
    "press": "finger",
}

STANDING: dict[str, tuple[Pose, Scene]] = {
    "move_closer": (replace(FRONTAL, distance_cm=90), GOOD),
    "move_back": (replace(FRONTAL, distance_cm=30), GOOD),
    "centre_left": (replace(FRONTAL, x_cm=-13), GOOD),
    "centre_right": (replace(FRONTAL, x_cm=13), GOOD),
    "centre_up": (replace(FRONTAL, y_cm=11), GOOD),
    "centre_down": (replace(FRONTAL, y_cm=-10), GOOD),
    "too_dark": (FRONTAL, replace(GOOD, lighting=Lighting.DARK)),
    "back_lit": (FRONTAL, replace(GOOD, lighting=Lighting.BACKLIT)),
    "look_straight": (replace(FRONTAL, yaw_deg=25), GOOD),
    "eyes_open": (replace(FRONTAL, eyes_open=0.0), GOOD),
}
"""What the camera sees when a hint is said; for any other hint of the face a traveller who stands well."""


DOING = {
    Asked.TURN_LEFT: replace(FRONTAL, yaw_deg=20.0),
    Asked.TURN_RIGHT: replace(FRONTAL, yaw_deg=-20.0),
    Asked.LIFT_CHIN: replace(FRONTAL, pitch_deg=-15.0),
    Asked.LOWER_CHIN: replace(FRONTAL, pitch_deg=15.0),
}
"""What the camera sees when somebody does as he is asked."""

CUT_OFF = """() => [...document.querySelectorAll('.arrow path')].filter(path => {
  const drawn = path.getBBox(), to = path.getScreenCTM(), half = parseFloat(getComputedStyle(path).strokeWidth) / 2;
  const box = path.closest('svg').getBoundingClientRect();
  const [left, right] = [drawn.x - half, drawn.x + drawn.width + half].map(x => to.a * x + to.e);
  const [top, bottom] = [drawn.y - half, drawn.y + drawn.height + half].map(y => to.d * y + to.f);
  return left < box.left || right > box.right || top < box.top || bottom > box.bottom;
}).length"""
"""How many strokes of the arrow over the mirror reach out of it."""


def mirror_of(hint: str) -> bytes:
    if hint == "no_face":
        pixels = empty_quay()
    elif hint == "several_faces":
        pixels = np.hstack([render(Identity.of(n))[:, 160:480] for n in (1, 7)])
    else:
        pixels = render(Identity.of(7), *STANDING.get(hint, (FRONTAL, GOOD)))
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def screens(catalogue: Catalogue) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """Name, view and mirror picture of every screen of the sheet."""
    for hint in sorted(key.removeprefix("hint.") for key in catalogue.keys if key.startswith("hint.")):
        step = "face" if hint in FACE else next((s for word, s in IN_STEP.items() if hint.startswith(word)), "finger")
        yield f"hint {hint}", view_of(step, hint=hint, progress=0.4), mirror_of(hint)
    for asked in Asked:
        pixels = render(Identity.of(7), DOING.get(asked, FRONTAL))
        picture = cv2.imencode(".jpg", pixels)[1].tobytes()
        yield f"asked {asked}", view_of("turn", asked=asked, progress=0.5), picture
    for state in (State.DECIDING, State.ABANDONING):
        yield f"after {state}", view_of(str(state)), mirror_of("")
    yield "referred, whatever the reason", view_of("referred", receipt=REFERRED), mirror_of("")
    yield "cleared", view_of("cleared"), mirror_of("")


@pytest.mark.parametrize("code", ["en", "es", "fr", "ht"])
def test_everything_a_traveller_may_be_told_fits_and_is_kept_as_one_sheet(
    browser: Browser, kiosk: Kiosk, panel: Panel, catalogue: Catalogue, code: str
) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": panel.width_px, "height": panel.height_px})
    open_at(page, kiosk, "face", language=code)
    taken = []
    for name, view, picture in screens(catalogue):
        kiosk.mirror.jpeg = picture
        kiosk.journey.show(**{**view, "language": code})
        wait_for(page, kiosk)
        if kiosk.journey.view.camera:
            await_pictures(page, 3)
        assert page.evaluate(OUTSIDE) == [], name
        assert page.evaluate(CUT_OFF) == 0, name
        taken.append((name, page.screenshot()))
    page.close()
    png = sheet(taken)
    (FOLDER / f"traveller-{code}.png").write_bytes(png)
    drawn = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None and drawn.shape[0] * drawn.shape[1] > len(taken) * TILE[0] * TILE[1]


def await_pictures(page: Page, many: int) -> None:
    """Until so many more pictures were painted: the newest is then the one of this screen."""
    frames = "Number(document.getElementById('mirror')?.dataset.frames ?? 0)"
    before = page.evaluate(frames)
    for _ in range(100):
        if page.evaluate(frames) - before >= many:
            return
        page.wait_for_timeout(30)
    raise AssertionError("the mirror stands still")
