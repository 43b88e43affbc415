"""The technician's page of the hardware tests: an application to be mounted (`/hardware`), or served alone on loopback.

All addresses in it are relative, so it works below any prefix that ends in a slash. It has no login of its own: who
mounts it lets in whom he wants.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import FormData, Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hw_tests import report
from hw_tests.codes import Code
from hw_tests.phases.screen import CELLS
from hw_tests.prompt import Kind
from hw_tests.record import Answer, Outcome, Record
from hw_tests.runner import Plan, Refused
from hw_tests.session import Session, View
from hw_tests.words import words

FOLDER = Path(__file__).parent
WAIT_S = 20.0
PX_PER_MM = 5.9  # a panel of 10.1 inches with 1280 x 800 pixels
TARGET_MM = 20
MAX_BODY = 16384
LOCAL = ("127.0.0.1", "::1")
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page stands on. `required`: phases that must pass in a full run; `by`: who is signed in, if known.

    Where it is a part of something larger: `serial` was typed there already; only a full run counts there if not
    `has_quick`; `back` is where one goes on.
    """

    session: Session
    software: str
    required: frozenset[str] = frozenset()
    by: str = ""
    px_per_mm: float = PX_PER_MM
    serial: str = ""
    has_quick: bool = True
    back: str = ""


def hardware_app(desk: Desk) -> Starlette:
    """Routes of one desk."""
    pages = _Pages(desk)
    routes = [
        Route("/", pages.whole),
        Route("/state", pages.state),
        Route("/begin", pages.begin, methods=["POST"]),
        Route("/answer", pages.answer, methods=["POST"]),
        Route("/stop", pages.stop, methods=["POST"]),
        Route("/record.json", pages.record),
        Route("/record.xml", pages.junit),
        Route("/record.html", pages.paper),
        Route("/record.pdf", pages.pdf),
        Route("/size.css", pages.size),
        Mount("/static", StaticFiles(directory=FOLDER / "static")),
    ]
    return Starlette(routes=routes, middleware=[Middleware(_Strict)])


class _Pages:
    """One method for each address."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._templates = report.environment()
        self._words = words()

    async def whole(self, request: Request) -> Response:
        view = self._desk.session.view()
        main = self._main(view, is_screen=_is_screen(request))
        return HTMLResponse(self._templates.get_template("page.html").render(main=main, view=view))

    async def state(self, request: Request) -> Response:
        """The main part as it is once it is newer than `after`."""
        after = request.query_params.get("after", "-1")
        newer_than = int(after) if after.removeprefix("-").isdecimal() else -1
        view = await asyncio.to_thread(self._desk.session.view, newer_than, WAIT_S)
        return JSONResponse({"revision": view.revision, "main": self._main(view, is_screen=_is_screen(request))})

    async def begin(self, request: Request) -> Response:
        form = await _form(request)
        if form is None:
            return PlainTextResponse("a touch from another page", 403)
        plan = Plan(
            serial=self._desk.serial or str(form.get("serial", "")),
            by=self._desk.by or str(form.get("by", "")).strip()[:80],
            software=self._desk.software,
            suite=str(form.get("suite", "full")),
            required=self._desk.required,
            allowed=frozenset(str(each) for each in form.getlist("allow")),
        )
        if not plan.by:
            return self._refused(Refused(Code.WHO, "say who runs it"))
        try:
            self._desk.session.begin(plan, has_screen=_is_screen(request))
        except Refused as refused:
            return self._refused(refused)
        return RedirectResponse("./", 303)

    async def answer(self, request: Request) -> Response:
        form = await _form(request)
        if form is None:
            return PlainTextResponse("a touch from another page", 403)
        try:
            touches = _touches(str(form.get("touches", "")))
            given = Answer(str(form["question"]), str(form["said"]), self._desk.session.view().by, touches=touches)
            number = int(str(form["number"]))
        except (KeyError, ValueError) as wrong:
            return PlainTextResponse(f"no answer: {wrong}", 400)
        asked = self._desk.session.view().asked
        if asked is not None and asked.kind is not Kind.ANSWER and not _is_screen(request):
            return PlainTextResponse("only the board's own screen can answer this", 403)
        was_asked = self._desk.session.answer(number, given)
        return RedirectResponse("./", 303) if was_asked else PlainTextResponse("that question is over", 409)

    async def stop(self, request: Request) -> Response:
        if await _form(request) is None:
            return PlainTextResponse("a touch from another page", 403)
        await asyncio.to_thread(self._desk.session.stop)
        return RedirectResponse("./", 303)

    async def record(self, _request: Request) -> Response:
        return self._of_record(lambda record: Response(record.canonical, media_type="application/json"))

    async def junit(self, _request: Request) -> Response:
        return self._of_record(lambda record: Response(report.junit(record), media_type="application/xml"))

    async def paper(self, _request: Request) -> Response:
        """To be saved: its style is inside, which this page's own policy does not allow."""
        head = {"content-disposition": "attachment; filename=hardware-test.html"}
        return self._of_record(lambda record: HTMLResponse(self._paper(record), headers=head))

    async def pdf(self, _request: Request) -> Response:
        record = self._desk.session.view().record
        if record is None:
            return PlainTextResponse("no record yet", 404)
        try:
            printed = await asyncio.to_thread(report.pdf, self._paper(record))
        except report.NoBrowser as missing:
            return PlainTextResponse(str(missing), 503)
        return Response(printed, media_type="application/pdf")

    async def size(self, _request: Request) -> Response:
        """What is 20 mm on this panel."""
        px = self._desk.px_per_mm * TARGET_MM
        return Response(f":root {{ --target: {px:.0f}px; --mm: {self._desk.px_per_mm:g}px; }}\n", media_type="text/css")

    def _main(self, view: View, *, is_screen: bool) -> str:
        """The part of the page that changes."""
        session = self._desk.session
        record = None if view.is_running else view.record
        phases, earlier = session.phases, session.station.earlier
        blocks = () if record is None else tuple(report.blocks(record, phases, self._words, earlier))
        worst_first = sorted(blocks, key=lambda block: block.outcome in (Outcome.PASS, Outcome.SKIP))
        question = view.asked or view.told
        told = {
            "view": view,
            "record": record,
            "blocks": worst_first,
            "flags": sorted({phase.flag for phase in phases if phase.flag}),
            "desk": self._desk,
            "has_way_back": not (self._desk.back and is_screen),  # a kiosk's browser has no button for it
            "is_here": is_screen or question is None or question.kind is Kind.ANSWER,
            "words": self._words,
            "asked": "" if question is None else self._words.asked(question),
            "picture": "" if question is None else question.name,
            "cells": CELLS,
        }
        return self._templates.get_template("main.html").render(told)

    def _paper(self, record: Record) -> str:
        return report.page(record, self._desk.session.phases, self._words, self._desk.session.station.earlier)

    def _of_record(self, made: Callable[[Record], Response]) -> Response:
        record = self._desk.session.view().record
        return PlainTextResponse("no record yet", 404) if record is None else made(record)

    def _refused(self, why: Refused) -> Response:
        page = self._templates.get_template("refused.html").render(why=why)
        return HTMLResponse(page, 409 if why.code is Code.BUSY else 422)


class _Strict:
    """The headers on every answer, and no long bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            await Response(status_code=413)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)


async def _form(request: Request) -> FormData | None:
    """None: it does not come from our own page."""
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if not origin or not host or urlsplit(origin).netloc != host:
        return None
    return await request.form()


def _is_screen(request: Request) -> bool:
    """Whether the page is read on the board itself."""
    return request.client is not None and request.client.host in LOCAL


def _touches(told: str) -> tuple[tuple[int, float], ...]:
    """`cell:mm,cell:mm`. Raises `ValueError`."""
    pairs = (each.split(":") for each in told.split(",") if each)
    return tuple((int(cell), float(off_mm)) for cell, off_mm in pairs)
