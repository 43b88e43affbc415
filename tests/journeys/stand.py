"""One kiosk in a test's hands, and what people do in front of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx

from appliance.journey.machine import CAPTURING, Event, State
from appliance.keys import load_keys
from practice.port import KioskPlace
from practice.processes import answers
from practice.quay import Quay
from tests.journeys import records
from tests.journeys.rows import Step, steps_in

OnLoop = Callable[[Coroutine[Any, Any, None]], None]

LOOK_EVERY_S = 0.05
PATIENCE_S = 60.0
"""How long a person waits for what must come; far longer than it takes on a quiet machine."""

WITHOUT_CHIP = tuple(state for state in CAPTURING if state is not State.CHIP)
"""The capture steps of a kiosk that has no reader for chips."""

SLOW_MACHINE = frozenset(
    {
        "turn_no_response",
        "turn_track_lost",
        "turn_other_face",  # seen once in some hundred crossings of drawn heads, on a busy machine
        "challenge_not_done",
        "face_not_captured",
        "finger_not_captured",
    }
)
"""Reasons that a starved simulated camera gives for an honest traveller; he may then simply try again."""


class EndedEarly(AssertionError):
    """Cleared or referred before the step that a test wants."""


class Panel(Protocol):
    """How a finger reaches the traveller's screen."""

    def press(self, touch: str, language: str | None) -> None: ...


class Stand:
    """One kiosk, its simulated devices, and the person before it."""

    def __init__(self, place: KioskPlace, quay: Quay, *, keys: Path, on_loop: OnLoop) -> None:
        self.place, self.quay, self._on_loop = place, quay, on_loop
        self.url = f"http://127.0.0.1:{place.traveller_port}"
        self.officer_url = f"http://127.0.0.1:{place.officer_port}"
        self.journal = place.folder / "journal.sqlite"
        self.panel: Panel = Calls(self.url)
        self._http = httpx.Client(timeout=10.0, headers={"connection": "close"})
        self._device = load_keys(keys).device
        quay.look(f"{self.url}/state")

    def close(self) -> None:
        self.place.process.stop()
        self.quay.close()
        self._http.close()

    # what anybody in the room can see

    def screen(self) -> dict[str, Any]:
        """The public screen state."""
        return self._json(f"{self.url}/state")

    @property
    def state(self) -> State:
        return State(self.screen()["state"])

    def board(self) -> dict[str, Any]:
        """This kiosk on the officers' board."""
        return self._json(f"{self.officer_url}/api/status")

    def device(self, name: str) -> str:
        """How the board says this device is."""
        return str(dict(self.board()["devices"])[name])

    def _json(self, url: str) -> dict[str, Any]:
        answer = self._http.get(url)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def wait_for(self, *wanted: State, within_s: float = PATIENCE_S) -> State:
        """The first of these states that the screen shows; fails with all that was seen instead."""
        seen: list[State] = []
        ends_s = time.monotonic() + within_s
        while (now := self.state) not in wanted:
            seen += [now] if seen[-1:] != [now] else []
            assert time.monotonic() < ends_s, f"waited for {wanted}, saw {seen}; {self.screen()}"
            time.sleep(LOOK_EVERY_S)
        return now

    def wait_for_row(self, state: State, event: Event) -> None:
        """Until this row has been walked since the last traveller came; some states pass too quickly to be seen."""

        def is_walked() -> bool:
            rows = [step.row for step in self.steps()]
            came = len(rows) - 1 - rows[::-1].index((State.IDLE, Event.LANGUAGE_CHOSEN))
            return (state, event) in rows[came:]

        self.until(f"{state} + {event}", is_walked)

    def until(self, what: str, holds: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        ends_s = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < ends_s, f"waited in vain: {what}; {self.screen()}"
            time.sleep(LOOK_EVERY_S)

    # what was walked and written down

    def steps(self) -> list[Step]:
        return steps_in(self.place.folder / "kiosk.log")

    def encounters(self) -> list[records.Encounter]:
        return records.encounters(self.journal, self._device)

    def last(self) -> records.Encounter:
        return self.encounters()[-1]

    @contextmanager
    def recording(self) -> Iterator[list[records.Encounter]]:
        """Filled, at the end of the block, with the encounters recorded inside it."""
        before = len(self.encounters())
        new: list[records.Encounter] = []
        yield new
        new += self.encounters()[before:]

    # what a traveller does

    def touch(self, touch: str, language: str | None = None) -> None:
        self.panel.press(touch, language)

    def step_up(self, key: str, *, language: str = "en", face: str = "bona_fide") -> None:
        """A traveller comes to a kiosk that is free, and chooses his language."""
        self.wait_for(State.IDLE)
        self.quay.present(key)
        self.quay.show_face(face)
        self.touch("language", language)
        self.wait_for(State.WELCOME)

    def swipe(self, how: str = "well") -> None:
        """Until the kiosk has noticed: who hears no beep swipes once more."""
        noticed = self._noticed()
        while not noticed():
            time.sleep(0.6)  # the reader's question must stand before the swipe
            self.quay.swipe(how)
            self._wait_briefly(noticed)

    def place_finger(self, condition: str = "own") -> None:
        """On the glass until the kiosk has judged it, then lifted."""
        noticed = self._noticed()
        self.quay.place(condition)
        self.until("the impression is judged", noticed)
        self.quay.lift()

    def _noticed(self) -> Callable[[], bool]:
        before = self.screen()

        def has_changed() -> bool:
            now = self.screen()
            return bool(now["state"] != before["state"] or now["attempts_left"] != before["attempts_left"])

        return has_changed

    @staticmethod
    def _wait_briefly(noticed: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + 4.0
        while not noticed() and time.monotonic() < ends_s:
            time.sleep(LOOK_EVERY_S)

    def reach(self, state: State, key: str = "skipper", **how: str) -> None:
        """Bring a traveller as far as this capture step, or WELCOME.

        Should the machine be too busy to film him, he begins again, as he would.
        """
        for _ in range(2):
            try:
                return self._lead_to(state, key, **how)
            except EndedEarly:
                if how.get("face", "bona_fide") != "bona_fide" or not self.last().reasons & SLOW_MACHINE:
                    raise
                self.go_home()
        return self._lead_to(state, key, **how)

    def _lead_to(self, state: State, key: str, **how: str) -> None:
        self.step_up(key, **how)
        for step in (State.DOCUMENT, State.FACE, State.TURN, State.FINGER):
            if state is State.CHIP and step is State.FACE:
                self.swipe()
                self.wait_for(State.CHIP)
                return
            if self.state is state:
                return
            self._go_on_to(step)

    def _go_on_to(self, step: State) -> None:
        if step is State.DOCUMENT:
            self.touch("arriving")
        elif step is State.FACE:
            self.swipe()
        self._wait_with_patience(step)

    def _wait_with_patience(self, *wanted: State) -> State:
        """As `wait_for`, asking for more time whenever the kiosk warns."""
        ends_s = time.monotonic() + PATIENCE_S
        while True:
            now = self.screen()
            if now["state"] in wanted:
                return State(now["state"])
            assert time.monotonic() < ends_s, f"waited for {wanted}, saw {now}"
            if now["state"] in (State.CLEARED, State.REFERRED):
                raise EndedEarly(f"before {wanted}: {self.last().reasons}")
            if now["seconds_left"] is not None:
                self.touch("more_time")
            time.sleep(LOOK_EVERY_S)

    def go_through(self, *, finger: str = "own") -> State:
        """From DOCUMENT, with everything that is asked, to the end."""
        self.swipe()
        ends = (State.CLEARED, State.REFERRED)
        if self._wait_with_patience(State.FINGER, State.DECIDING, *ends) is State.FINGER:
            while self.state is State.FINGER:
                self.place_finger(finger)
        return self.wait_for(*ends)

    def cross(self, key: str, *, finger: str = "own", **how: str) -> records.Encounter:
        """Everything that is asked, until the kiosk has said cleared or referred; the record of it.

        Should the machine be too busy to film him, the traveller begins again, as he would.
        """
        for _ in range(3):
            self.step_up(key, **how)
            self.touch("arriving")
            self.wait_for(State.DOCUMENT)
            end = self.go_through(finger=finger)
            record = self.last()
            assert record.outcome == end
            if how.get("face", "bona_fide") != "bona_fide" or not record.reasons & SLOW_MACHINE:
                return record
            self.leave()
        return record

    def leave(self) -> None:
        """Done: the page is finished with, the finger lifted, nobody before the camera."""
        self.touch("finish")
        self.wait_for(State.IDLE)
        self.quay.walk_away()

    def go_home(self) -> None:
        """From wherever the last test left the kiosk, with all devices and the uplink in order again."""
        self.put_uplink()
        for device in ("document_reader", "camera", "fingerprint"):
            self.quay.disturb(device, "well")
            self.quay.disturb(device, "replug")
        self.quay.disturb("chip_reader", "replug")
        self.quay.show_chip("good")
        self.quay.walk_away()
        ends_s = time.monotonic() + PATIENCE_S
        while (now := self.state) is not State.IDLE:
            assert time.monotonic() < ends_s, f"no way home from {now}"
            self.touch("finish" if now in (State.CLEARED, State.REFERRED) else "stop")
            time.sleep(0.2)

    # what a mishap does

    def pull_uplink(self) -> None:
        self._on_loop(self.place.uplink.pull())

    def put_uplink(self) -> None:
        self._on_loop(self.place.uplink.put())

    def wait_until_open(self) -> None:
        """After a start: both pages answer."""
        ports = (self.place.traveller_port, self.place.officer_port)
        self.place.process.wait_until(lambda: all(answers(port) for port in ports), PATIENCE_S)


class Calls:
    """The finger as HTTP calls, exactly those the page makes."""

    def __init__(self, url: str) -> None:
        self._url = url

    def press(self, touch: str, language: str | None) -> None:
        fields = {} if language is None else {"language": language}
        answer = httpx.post(f"{self._url}/touch/{touch}", data=fields, headers={"origin": self._url}, timeout=10.0)
        assert answer.status_code == 204, answer.text
