"""The traveller's server over real HTTP: headers, touches, origins, events, speech; no browser."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from appliance.journey.view import Touch
from appliance.web.catalogue import Catalogue
from appliance.web.panel import Panel
from appliance.web.speech import Speech
from appliance.web.traveller import traveller_app
from tests.web.conftest import Kiosk
from tests.web.peers import HandJourney, HandMirror
from tests.web.serving import serving
from tests.web.views import view_of


@pytest.mark.parametrize("path", ["/", "/state", "/static/kiosk.js", "/panel.css", "/nothing", "/readyz"])
def test_every_answer_carries_the_strict_policy(kiosk: Kiosk, path: str) -> None:
    headers = httpx.get(kiosk.url + path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_pages_hold_no_script_or_style_of_their_own_and_name_no_other_host(kiosk: Kiosk) -> None:
    text = httpx.get(kiosk.url).text
    assert "<style" not in text
    assert " style=" not in text
    assert text.count("<script") == text.count('<script type="module" src="/static/')
    assert "http" not in text.replace("http-equiv", "")


def test_own_scripts_stay_small() -> None:
    folder = Path(__file__).parents[2] / "appliance" / "web" / "static"
    names = ("kiosk.js", "mirror.js", "stream.js", "voice.js")
    assert sum((folder / name).stat().st_size for name in names) < 10_000


@pytest.mark.parametrize("touch", Touch)
def test_each_touch_reaches_the_journey(kiosk: Kiosk, touch: Touch) -> None:
    answer = httpx.post(f"{kiosk.url}/touch/{touch}", headers={"origin": kiosk.url})
    assert answer.status_code == 204
    assert kiosk.journey.touches[-1] == (touch, None)


def test_a_language_travels_with_its_touch(kiosk: Kiosk) -> None:
    data, origin = {"language": "ht"}, {"origin": kiosk.url}
    assert httpx.post(f"{kiosk.url}/touch/language", data=data, headers=origin).status_code == 204
    assert kiosk.journey.touches[-1] == (Touch.LANGUAGE, "ht")


@pytest.mark.parametrize(
    ("path", "origin", "data", "status"),
    [
        ("/touch/help", None, {}, 403),
        ("/touch/help", "http://evil.example", {}, 403),
        ("/touch/help", "null", {}, 403),
        ("/painted/3", "http://evil.example", {}, 403),
        ("/touch/open_the_gate", "own", {}, 400),
        ("/touch/language", "own", {"language": "xx"}, 400),
        ("/touch/help", "own", {"language": "x" * 70_000}, 413),
    ],
)
def test_what_is_not_our_own_page_or_not_a_touch_does_nothing(
    kiosk: Kiosk, path: str, origin: str | None, data: dict[str, str], status: int
) -> None:
    before = (list(kiosk.journey.touches), list(kiosk.journey.painted_revisions))
    headers = {} if origin is None else {"origin": kiosk.url if origin == "own" else origin}
    assert httpx.post(kiosk.url + path, data=data, headers=headers).status_code == status
    assert before == (kiosk.journey.touches, kiosk.journey.painted_revisions)


def test_a_body_of_unstated_length_is_not_read(kiosk: Kiosk) -> None:
    def endless() -> object:
        yield b"language=en"

    answer = httpx.post(f"{kiosk.url}/touch/help", content=endless(), headers={"origin": kiosk.url})  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_painting_is_told_to_the_journey(kiosk: Kiosk) -> None:
    assert httpx.post(f"{kiosk.url}/painted/41", headers={"origin": kiosk.url}).status_code == 204
    assert kiosk.journey.painted_revisions[-1] == 41


def test_the_state_is_what_anybody_sees(kiosk: Kiosk) -> None:
    kiosk.journey.show(**view_of("referred"))
    answer = httpx.get(f"{kiosk.url}/state")
    assert (answer.json()["state"], answer.json()["outcome"]) == ("referred", "referred")
    assert "7K4-203" not in answer.text


def _first_event(url: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    """The first event that says something, its data joined."""
    found: dict[str, str] = {"data": ""}
    with httpx.stream("GET", url, headers=headers, timeout=10) as answer:
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name in ("id", "event"):
                found[name] = value
            elif name.startswith("data"):
                found["data"] += value
            elif not line and "event" in found:
                return found
    raise AssertionError("the stream ended")


def test_a_new_page_gets_the_present_screen_and_one_that_has_it_gets_a_beat(kiosk: Kiosk) -> None:
    kiosk.journey.show(**view_of("document"))
    first = _first_event(f"{kiosk.url}/events")
    assert first["event"] == "view"
    assert 'data-state="document"' in first["data"]
    again = _first_event(f"{kiosk.url}/events", {"last-event-id": first["id"]})
    assert (again["event"], again.get("id")) == ("beat", None)
    assert _first_event(f"{kiosk.url}/events?last={first['id']}")["event"] == "beat"


def test_a_page_of_an_earlier_run_gets_the_screen_even_when_the_numbers_agree(kiosk: Kiosk) -> None:
    first = _first_event(f"{kiosk.url}/events")
    revision = first["id"].partition(".")[2]
    assert _first_event(f"{kiosk.url}/events", {"last-event-id": f"00000000.{revision}"})["event"] == "view"


def test_speech_comes_by_key_only(kiosk: Kiosk) -> None:
    clip = httpx.get(f"{kiosk.url}/speech/ht/touch.help.wav")
    assert (clip.status_code, clip.headers["content-type"], clip.content[:4]) == (200, "audio/wav", b"RIFF")
    for path in ("en/free text", "xx/touch.help", "en/..%2f..%2fetc"):
        assert httpx.get(f"{kiosk.url}/speech/{path}.wav").status_code == 404


def test_the_mirror_is_for_our_own_page_only(kiosk: Kiosk) -> None:
    address = kiosk.url.replace("http", "ws") + "/preview"
    with connect(address, origin=Origin(kiosk.url)) as socket:
        assert socket.recv(timeout=5) == kiosk.mirror.jpeg
    for origin in (None, Origin("http://evil.example")):
        with pytest.raises(InvalidStatus, match="403"):
            connect(address, origin=origin)


def test_without_a_voice_the_page_is_whole_and_readyz_says_it(
    catalogue: Catalogue, panel: Panel, tmp_path: Path
) -> None:
    speech = Speech(catalogue, tmp_path, program="no-such-voice")
    app = traveller_app(HandJourney(), HandMirror(), speech, catalogue, panel, practice=True)
    with serving(app) as url:
        assert httpx.get(f"{url}/readyz").json() == {"page": "ready", "speech": "absent"}
        assert httpx.get(f"{url}/speech/en/touch.help.wav").status_code == 404
        page = httpx.get(url).text
    assert "sound-repeat" not in page
    assert "Practice" in page


def test_all_referrals_look_the_same(kiosk: Kiosk) -> None:
    """Whatever step it came from and whatever stood on the screen then: one page, byte for byte."""
    pages = set()
    for left_over in ({}, {"attempts_left": 1, "progress": 0.3}, {"hint": "finger_other"}, {"attempts_left": 0}):
        kiosk.journey.show(**view_of("referred", **left_over))
        pages.add(re.sub(r'data-(event|revision)="[^"]*"', "", httpx.get(kiosk.url).text))
    assert len(pages) == 1
