"""The hardware tests' own page inside the technician's: there the suite asks, and a whole run lands on the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hw_tests.board import read_board
from hw_tests.page import Desk, hardware_app
from hw_tests.record import Record
from hw_tests.session import Session
from provisioning.bench import SOFTWARE
from provisioning.runner import Runner
from provisioning.step import Refused
from provisioning.steps import hardware
from provisioning.view import StepState

FULL = "full"
HOME = "/"
OPEN = frozenset({StepState.NEXT, StepState.ASKING, StepState.FAILED})
"""While the step waits for a run; when it is done, what came of it can still be read."""


class HardwarePage:
    """An application to be mounted at `hardware.ADDRESS`. `ran`: called when a whole run lies on the desk."""

    def __init__(self, runner: Runner, px_per_mm: float, ran: Callable[[], None]) -> None:
        self._runner, self._ran = runner, ran
        bench = runner.bench
        self._session = Session(lambda: hardware.station(bench), bench.phases, self._keep)
        self._desk = Desk(self._session, SOFTWARE, px_per_mm=px_per_mm, has_quick=False, back=HOME)
        self._app: ASGIApp = hardware_app(self._desk)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await run_in_threadpool(self._for, str(scope["path"]))
        await app(scope, receive, send)

    def leave(self) -> None:
        self._session.stop()

    def _for(self, path: str) -> ASGIApp:
        """The page, or the way back to the steps where it is not the tests' turn."""
        state = next((step.state for step in self._runner.view().steps if step.name == hardware.STEP.name), None)
        is_read = state is StepState.DONE and not path.endswith("/begin")
        if state not in OPEN and not is_read:
            return RedirectResponse(HOME, 303)
        try:
            return self._current()
        except Refused:  # the step itself says why
            return RedirectResponse(HOME, 303)

    def _current(self) -> ASGIApp:
        """Anew when somebody else, or another board, stands before it. Raises `Refused`."""
        bench = self._runner.bench
        phases = bench.phases(hardware.station(bench))
        serial = read_board(bench.settings.device.root).serial  # its end was typed at the board's step
        desk = replace(self._desk, by=bench.who, serial=serial, required=hardware.required(bench, phases))
        if desk != self._desk:
            self._desk, self._app = desk, hardware_app(desk)
        return self._app

    def _keep(self, record: Record) -> None:
        """One that was repeated alone is no whole run; the session hands over the whole with it in its place."""
        hardware.keep(self._runner.bench, record)
        if record.suite == FULL:
            self._ran()
