"""The technician's page: on the board's own touch screen, and on a phone that was let in by the code on that screen.

One question at a time, what was done and found, and of each failure what, why and what next. The work runs in a thread
of its own; the page shows where it is, and goes on by itself when a stick is put in.
"""

from __future__ import annotations

import asyncio
import hmac
import io
import math
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
import segno
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from provisioning import operations
from provisioning.bench import Phases
from provisioning.hardware_page import HardwarePage
from provisioning.runner import Runner
from provisioning.settings import PageSettings, Settings
from provisioning.step import Refused
from provisioning.steps import NAMES, hardware, unlock
from provisioning.steps.label import PNG, SVG
from provisioning.view import Failure, StepState, View

HERE = Path(__file__).parent / "web"
COOKIE = "technician"
TARGET_MM, PHONE_PX_PER_MM = 20.0, 6.3
LOOK_S, BEAT_S, STICKS_S = 0.2, 2.0, 2.0
MAX_BODY = 16384
"""An assertion names its credential twice, and that may be a kilobyte."""

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TITLES = {
    "commission": "Commission a lane",
    "replace-board": "Replace the board",
    "replace-storage": "Replace the storage",
    "move-site": "Move to another site",
    "retire": "Retire this lane",
}
"""Operations that a technician begins; a renewal begins by itself."""

SHUT_TITLES = {"unlock-disk": "Replace the board: open its disk"}
"""What there is to be done while the disk is shut to this board."""

STATES = {
    StepState.DONE: "done",
    StepState.FAILED: "failed",
    StepState.ASKING: "asks",
    StepState.NEXT: "next",
    StepState.RUNNING: "running",
    StepState.WAITING: "later",
}


class Worker:
    """Runs the steps beside the page, until one asks or fails."""

    def __init__(self, settings: Settings, phases: Phases) -> None:
        """Raises OSError."""
        self.runner = Runner(settings, phases, on_page=True)
        self.tests = HardwarePage(self.runner, settings.page.width_px / settings.page.width_mm, self.go)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._leaving = threading.Event()
        self.is_shut = settings.disk.is_shut
        self.refusal = self._shut() if self.is_shut else None

    @property
    def is_working(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def go(self) -> None:
        """Unless it works already. Returns at once."""
        with self._lock:
            if not self.is_working and not self._leaving.is_set():
                self._thread = threading.Thread(target=self._work, name="provisioning", daemon=True)
                self._thread.start()

    def begin(self, operation: str) -> None:
        """Raises KeyError: no such operation."""
        purpose = NAMES[operation]
        try:
            operations.begin(self.runner.bench, purpose)
        except Refused as why:
            self.refusal = Failure(why.code, why.what, why.why, why.then, why.again)
            return
        self.refusal = None
        self.runner.look()
        self.go()

    def answer(self, key: str, value: str) -> None:
        """Raises KeyError: nobody asks that."""
        self.runner.answer(key, value)
        self.go()

    def watch(self) -> None:
        """A stick that was put in may hold what was missing: then it goes on by itself. Until `leave`."""
        before = self._on_sticks()
        while not self._leaving.wait(STICKS_S):
            now, current = self._on_sticks(), self.runner.view().current
            waits = current is not None and current.failure is not None and current.failure.again
            if now != before and waits:
                self.go()
            before = now

    def leave(self) -> None:
        self._leaving.set()
        self.tests.leave()
        if self._thread is not None:
            self._thread.join(10.0)

    def _work(self) -> None:
        try:
            self.runner.go()
        except Refused as why:
            self.refusal = Failure(why.code, why.what, why.why, why.then, why.again)

    def _shut(self) -> Failure:
        """Why the disk does not open, as the image's first unit said it."""
        told = unlock.read_shut(self.runner.bench)
        code, what, why, then = (str(told.get(key, "")) for key in ("code", "what", "why", "then"))
        return Failure(code, what, why, then, again=False)

    def _on_sticks(self) -> tuple[tuple[str, float], ...]:
        found: list[tuple[str, float]] = []
        for folder in self.runner.bench.sticks():
            try:
                found += [(str(path), path.stat().st_mtime) for path in sorted(folder.iterdir())]
            except OSError:  # pulled out in the middle of the look
                continue
        return tuple(found)


Handler = Callable[[Request], Awaitable[Response]]


class Pages:
    """`token` lets a phone in; the screen itself, on loopback, needs none."""

    def __init__(self, worker: Worker, settings: PageSettings, token: str) -> None:
        self._worker, self._settings, self._token = worker, settings, token
        self._titles = SHUT_TITLES if worker.is_shut else TITLES
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
        )

    def app(self) -> Starlette:
        inside, acts = self._inside, self._acts
        return Starlette(
            routes=[
                Route("/", inside(self._whole)),
                Route("/now", inside(self._now)),
                Route("/events", inside(self._events)),
                Route("/begin", acts(self._begin), methods=["POST"]),
                Route("/go", acts(self._go), methods=["POST"]),
                Route("/answer", acts(self._answer), methods=["POST"]),
                Route("/label.svg", inside(self._label_svg)),
                Route("/label.png", inside(self._label_png)),
                Route("/phone.svg", inside(self._phone)),
                Route("/panel.css", self._panel),
                Mount(f"/{hardware.ADDRESS}".rstrip("/"), self._mounted(self._worker.tests)),
                Mount("/static", StaticFiles(directory=HERE / "static")),
            ],
            middleware=[Middleware(_Headers)],
        )

    # -- who may

    def _inside(self, page: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            return self._turned_away(request) or await page(request)

        return guarded

    def _mounted(self, app: ASGIApp) -> ASGIApp:
        """An application of others, for the same people."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            await (self._turned_away(Request(scope)) or app)(scope, receive, send)

        return guarded

    def _turned_away(self, request: Request) -> Response | None:
        if not self._is_ours(request):
            return Response("Not this page's address.\n", 421)
        if self._is_screen(request) or self._has_token(request.cookies.get(COOKIE, "")):
            return None
        if self._has_token(request.query_params.get("t", "")):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, self._token, httponly=True, samesite="strict")
            return answer
        return Response("Scan the code on the kiosk's own screen.\n", 403)

    def _acts(self, act: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            origin = urlsplit(request.headers.get("origin", "")).netloc
            length = request.headers.get("content-length", "")
            if origin != request.headers.get("host") or not length.isdecimal() or int(length) > MAX_BODY:
                return Response("Only from this page.\n", 403)
            return await act(request)

        return self._inside(guarded)

    def _is_ours(self, request: Request) -> bool:
        """A name that somebody else points here is not ours: it would make his page our screen."""
        port = self._settings.listen.rpartition(":")[2]
        ours = {f"127.0.0.1:{port}", f"localhost:{port}", urlsplit(self._settings.url).netloc}
        return request.headers.get("host", "") in ours - {""}

    @staticmethod
    def _is_screen(request: Request) -> bool:
        return request.client is not None and request.client.host in ("127.0.0.1", "::1")

    def _has_token(self, told: str) -> bool:
        return bool(told) and hmac.compare_digest(told.encode(), self._token.encode())

    # -- what is shown

    async def _whole(self, request: Request) -> Response:
        """The screen by the one name with which a passkey signs: never by an address."""
        if self._is_screen(request) and request.headers["host"].startswith("127."):
            return RedirectResponse(self._settings.own_url, 303)
        return await self._rendered("page.html", request)

    async def _now(self, request: Request) -> Response:
        return await self._rendered("now.html", request)

    async def _rendered(self, name: str, request: Request) -> Response:
        view = await run_in_threadpool(self._worker.runner.view)
        text = self._templates.get_template(name).render(
            view=view,
            current=view.current,
            is_finished=view.is_finished and bool(view.steps),
            is_working=self._worker.is_working,
            refusal=self._worker.refusal,
            titles=self._titles,
            states=STATES,
            is_screen=self._is_screen(request),
            has_phone=bool(self._settings.url) and self._is_screen(request),
        )
        return Response(text, media_type="text/html")

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(self._changes(request), media_type="text/event-stream")

    async def _changes(self, request: Request) -> AsyncIterator[str]:
        """The revision whenever it grew, and a beat, so that the page notices when nothing comes any more."""
        shown, waited = "", 0.0
        while not await request.is_disconnected():
            now = self._state()
            if now != shown or waited >= BEAT_S:
                yield f"data: {now}\n\n"
                shown, waited = now, 0.0
            await asyncio.sleep(LOOK_S)
            waited += LOOK_S

    def _state(self) -> str:
        return f"{self._worker.runner.revision} {int(self._worker.is_working)} {self._worker.refusal is not None}"

    async def _label_svg(self, _request: Request) -> Response:
        return await self._file(SVG, "image/svg+xml")

    async def _label_png(self, _request: Request) -> Response:
        return await self._file(PNG, "image/png")

    async def _file(self, name: str, media_type: str) -> Response:
        desk = self._worker.runner.bench.desk
        if not desk.has(name):
            return Response(status_code=404)
        return Response(await run_in_threadpool(desk.read, name), media_type=media_type)

    async def _phone(self, request: Request) -> Response:
        """The code that lets a phone in, for the screen alone."""
        if not self._is_screen(request) or not self._settings.url:
            return Response(status_code=404)
        out = io.BytesIO()
        segno.make(f"{self._settings.url}/?t={self._token}", micro=False).save(out, kind="svg", scale=6, border=4)
        return Response(out.getvalue(), media_type="image/svg+xml")

    async def _panel(self, _request: Request) -> Response:
        return Response(panel_css(self._settings), media_type="text/css")

    # -- what is done

    async def _begin(self, request: Request) -> Response:
        async with request.form(max_files=0) as form:
            operation = str(form.get("operation", ""))
        if operation not in self._titles:
            return Response(status_code=400)
        await run_in_threadpool(self._worker.begin, operation)
        return RedirectResponse("/", 303)

    async def _go(self, _request: Request) -> Response:
        self._worker.go()
        return RedirectResponse("/", 303)

    async def _answer(self, request: Request) -> Response:
        async with request.form(max_files=0) as form:
            key, value = str(form.get("key", "")), str(form.get("value", "")).strip()
        if value:
            try:
                await run_in_threadpool(self._worker.answer, key, value)
            except KeyError:
                return RedirectResponse("/", 303)  # somebody else was faster: the page shows what is asked now
        return RedirectResponse("/", 303)


def panel_css(settings: PageSettings) -> str:
    """How large 20 mm are on the board's screen, and on a phone."""
    own = math.ceil(TARGET_MM * settings.width_px / settings.width_mm)
    phone = math.ceil(TARGET_MM * PHONE_PX_PER_MM)
    return f":root{{--target:{own}px}}\n@media (max-width:600px){{:root{{--target:{phone}px}}}}\n"


class _Headers:
    """What every answer carries."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = CONTENT_POLICY
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "same-origin"
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def serve(settings: Settings, phases: Phases) -> int:
    """Until a signal. Raises OSError."""
    worker, token = Worker(settings, phases), secrets.token_urlsafe(16)
    watch = threading.Thread(target=worker.watch, name="sticks", daemon=True)
    watch.start()
    host, _, port = settings.page.listen.rpartition(":")
    app = Pages(worker, settings.page, token).app()
    config = uvicorn.Config(app, host=host, port=int(port), log_level="warning", ws="none", timeout_graceful_shutdown=2)
    sys.stderr.write(f"technician's page: {settings.page.own_url}/\n")
    try:
        uvicorn.Server(config).run()
    finally:
        worker.leave()
    return 0


__all__ = ["Pages", "View", "Worker", "panel_css", "serve"]
