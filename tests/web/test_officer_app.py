"""The officer's server over real HTTP: the door, forms that are ours, decisions, neighbours; no browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone

import httpx
import pytest

from appliance.web.catalogue import Catalogue
from appliance.web.officer import officer_app
from appliance.web.panel import Panel
from appliance.web.sessions import IDLE_S
from border.encounter import OfficerOutcome, SampleKind
from tests.web.post_peer import FIRST, PIN, PRINT, SECOND, HandPost
from tests.web.serving import serving


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Desk:
    """A served desk with an honest tablet."""

    def __init__(self, url: str, post: HandPost, clock: Clock) -> None:
        self.url, self.post, self.clock = url, post, clock
        self.tablet = httpx.Client(base_url=url, headers={"origin": url})

    def sign_in(self, officer: str = "o-17", pin: str = PIN) -> httpx.Response:
        return self.tablet.post("/sign-in", data={"officer": officer, "pin": pin})

    def token(self) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', self.tablet.get("/").text)
        assert found is not None
        return found[1]

    def send(self, path: str, **data: str) -> httpx.Response:
        return self.tablet.post(path, data={"form_token": self.token(), **data})


@pytest.fixture
def desk(catalogue: Catalogue, panel: Panel) -> Iterator[Desk]:
    post, clock = HandPost(), Clock()
    zone = timezone(timedelta(hours=-4))
    with serving(officer_app(post, catalogue, panel, monotonic_s=clock, zone=zone)) as url:
        desk = Desk(url, post, clock)
        with desk.tablet:
            yield desk


@pytest.mark.parametrize("path", ["/", "/recent", f"/case/{FIRST.encounter}"])
def test_without_a_session_every_page_leads_to_the_door(desk: Desk, path: str) -> None:
    answer = desk.tablet.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "ERIKSSON" not in answer.text


@pytest.mark.parametrize("path", ["/events", "/picture/aa"])
def test_without_a_session_streams_and_pictures_are_closed(desk: Desk, path: str) -> None:
    assert desk.tablet.get(path).status_code == 401
    assert desk.post.looks == []


def test_signing_in_gives_a_cookie_no_script_and_no_other_site_can_use(desk: Desk) -> None:
    answer = desk.sign_in()
    cookie = answer.headers["set-cookie"].lower()
    assert answer.headers["location"] == "/"
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "ERIKSSON" in desk.tablet.get("/").text


def test_wrong_and_locked_say_the_same(desk: Desk) -> None:
    wrong = desk.sign_in(pin="1")
    for _ in range(4):
        desk.sign_in(pin="1")
    locked = desk.sign_in()
    assert (wrong.status_code, locked.status_code) == (403, 403)
    assert wrong.text == locked.text
    assert "set-cookie" not in locked.headers


def test_a_sign_in_from_another_site_is_not_tried(desk: Desk) -> None:
    answer = desk.tablet.post(
        "/sign-in", data={"officer": "o-17", "pin": PIN}, headers={"origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_quiet_desk_signs_out_by_itself(desk: Desk) -> None:
    desk.sign_in()
    desk.clock.now_s += IDLE_S + 1
    assert desk.tablet.get("/").headers["location"] == "/sign-in"


def test_signing_out_ends_the_session_on_the_server(desk: Desk) -> None:
    desk.sign_in()
    kept = dict(desk.tablet.cookies)
    desk.send("/sign-out")
    assert httpx.get(desk.url, cookies=kept).headers["location"] == "/sign-in"


@pytest.mark.parametrize(
    "path",
    ["/help-seen", "/housing-seen", "/sign-out", f"/case/{FIRST.encounter}/take", f"/case/{FIRST.encounter}/decide"],
)
def test_a_form_that_is_not_ours_does_nothing(desk: Desk, path: str) -> None:
    desk.sign_in()
    data = {"outcome": "admit", "reason": "identity_confirmed"}
    forged = [
        desk.tablet.post(path, data=data),
        desk.tablet.post(path, data={"form_token": "x", **data}),
        desk.tablet.post(path, data={"form_token": desk.token(), **data}, headers={"origin": "http://evil.example"}),
    ]
    assert [answer.status_code for answer in forged] == [403, 403, 403]
    assert (desk.post.decisions, desk.post.calls_seen, desk.post.rows[0].taken_by) == ([], 0, None)
    assert desk.post.looked == []
    assert desk.tablet.get("/").status_code == 200


def test_only_an_opened_housing_asks_to_be_looked_at(desk: Desk) -> None:
    desk.sign_in()
    assert "housing-seen" not in desk.tablet.get("/").text
    own = desk.post.status[0]
    desk.post.status[0] = replace(own, devices=(*own.devices, ("lane", "DEV-TAMPER")))
    assert 'id="housing-seen"' in desk.tablet.get("/").text
    assert desk.send("/housing-seen").headers["location"] == "/"
    assert len(desk.post.looked) == 1
    assert "housing-seen" not in desk.tablet.get("/").text


def test_take_confirm_decide(desk: Desk) -> None:
    desk.sign_in()
    case = f"/case/{FIRST.encounter}"
    assert desk.send(f"{case}/take").headers["location"] == case
    choice = {"outcome": "refuse", "reason": "document_not_own", "note": " <b>seen</b> "}
    confirm = desk.send(f"{case}/confirm", **choice)
    assert "Document of another person" in confirm.text
    assert "&lt;b&gt;seen&lt;/b&gt;" in confirm.text
    assert desk.post.decisions == []
    assert desk.send(f"{case}/decide", **choice).headers["location"] == "/?recorded=1"
    (fact,) = desk.post.decisions
    assert (fact.author, fact.outcome, fact.reason, fact.note) == (
        "o-17",
        OfficerOutcome.REFUSE,
        "document_not_own",
        "<b>seen</b>",
    )
    assert "Document of another person" in desk.tablet.get(case).text


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"outcome": "admit", "reason": "entry_ban"}, 400),
        ({"outcome": "admit", "reason": ""}, 400),
        ({"outcome": "", "reason": "entry_ban"}, 400),
        ({"outcome": "clear", "reason": "entry_ban"}, 400),
        ({"outcome": "admit", "reason": "identity_confirmed", "note": "x" * 2001}, 400),
        ({"outcome": "admit", "reason": "identity_confirmed"}, 409),  # not taken
    ],
)
def test_a_decision_that_does_not_fit_is_not_recorded(desk: Desk, data: dict[str, str], status: int) -> None:
    desk.sign_in()
    answer = desk.send(f"/case/{FIRST.encounter}/decide", **data)
    assert answer.status_code == status
    assert "Not recorded" in answer.text
    assert desk.post.decisions == []


def test_what_another_officer_has_cannot_be_taken(desk: Desk) -> None:
    desk.sign_in()
    assert desk.send(f"/case/{SECOND.encounter}/take").status_code == 409
    assert "With o-18" in desk.tablet.get(f"/case/{SECOND.encounter}").text


def test_a_case_that_is_not_here_is_said_so(desk: Desk) -> None:
    desk.sign_in()
    assert desk.tablet.get("/case/none").status_code == 404
    assert desk.send("/case/none/confirm", outcome="admit", reason="humanitarian").status_code == 404


def test_facts_stand_apart_with_measures_limits_digits_and_repairs(desk: Desk) -> None:
    desk.sign_in()
    text = desk.tablet.get(f"/case/{FIRST.encounter}").text
    who, why, folded, rules, human = (
        text.index(piece)
        for piece in ('class="facts"', 'id="machine-title"', "<details", 'class="advice"', 'id="human-title"')
    )
    measured = re.search(r"attack score, median</span><span class=\"value\"><b>0.83</b><small>, at most 0.5<", text)
    assert measured is not None and who < why < measured.start() < folded < rules < human
    assert "never heard of" in text
    assert "Line 2, place 4: read O, taken as 0, proved by Number" in text
    assert "disagrees" in text
    assert "2026-11-18 07:06" in text  # the port's own time


def test_live_face_and_portrait_stand_side_by_side_with_their_difference_in_words(desk: Desk) -> None:
    desk.sign_in()
    desk.post.portrait = SampleKind.PORTRAIT
    text = desk.tablet.get(f"/case/{FIRST.encounter}").text
    live, portrait, turned = (text.index(f"/picture/{sha256}") for sha256 in ("aa", "cc", "bb"))
    assert live < portrait < turned
    assert "Portrait, from the chip" in text
    assert "Difference from the live face: 0.43. Up to 0.6 counts as one person." in text
    assert re.search(r"difference of face and portrait</span><span class=\"value\"><b>0.43<", text)


def test_a_printed_portrait_says_that_it_is_printed_and_no_difference_is_claimed(desk: Desk) -> None:
    desk.sign_in()
    desk.post.portrait = SampleKind.PORTRAIT_PRINTED
    text = desk.tablet.get(f"/case/{FIRST.encounter}").text
    assert "/picture/cc" in text and "Portrait, printed on the page" in text
    assert "Difference from the live face" not in text


def test_without_a_portrait_its_place_says_so(desk: Desk) -> None:
    desk.sign_in()
    text = desk.tablet.get(f"/case/{FIRST.encounter}").text
    assert "The document gave no portrait. Compare the traveller with the printed one." in text


def test_each_look_at_a_picture_reaches_the_post_with_its_officer(desk: Desk) -> None:
    desk.sign_in()
    picture = desk.tablet.get("/picture/aa")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert picture.headers["cache-control"] == "no-store"
    assert desk.tablet.get("/picture/zz").status_code == 404
    assert desk.post.looks == [("aa", "o-17"), ("zz", "o-17")]


def test_a_finger_record_shows_the_picture_inside_it_and_no_record_shows_nothing(desk: Desk) -> None:
    desk.sign_in()
    picture = desk.tablet.get("/picture/ff")
    assert (picture.headers["content-type"], picture.content) == ("image/png", PRINT)
    assert desk.tablet.get("/picture/ee").status_code == 404


@pytest.mark.parametrize("path", ["/api/status", "/board.json"])
def test_neighbours_read_the_status_without_a_sign_in_and_nothing_personal(desk: Desk, path: str) -> None:
    answer = httpx.get(desk.url + path)
    assert (answer.json()["kiosk"], answer.json()["uplink"]) == ("bridgetown-1", "up")
    assert "ERIKSSON" not in answer.text


@pytest.mark.parametrize("code", ["en", "es", "fr", "ht"])
def test_the_officer_chooses_the_language(desk: Desk, catalogue: Catalogue, code: str) -> None:
    desk.sign_in()
    answer = desk.tablet.post("/language", data={"language": code, "back": "/recent"})
    assert answer.headers["location"] == "/recent"
    assert f'lang="{code}"' in desk.tablet.get("/").text
    assert catalogue.text(code, "finding.document_expired") in desk.tablet.get("/").text.replace("&#39;", "'")


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_choosing_a_language_leads_nowhere_else(desk: Desk, back: str) -> None:
    answer = desk.tablet.post("/language", data={"language": "fr", "back": back})
    assert answer.headers["location"] == "/"


def test_a_language_nobody_has_or_another_site_chooses_is_not_set(desk: Desk) -> None:
    assert desk.tablet.post("/language", data={"language": "xx"}).status_code == 400
    foreign = desk.tablet.post("/language", data={"language": "fr"}, headers={"origin": "null"})
    assert foreign.status_code == 403


def test_the_stream_ends_with_the_session(desk: Desk) -> None:
    desk.sign_in()
    with desk.tablet.stream("GET", "/events", timeout=10) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: desk"
        desk.clock.now_s += IDLE_S + 1
        desk.post.change()
        assert "event: over" in list(lines)
