"""The officer's desk as a web app: the door, the desk with queue and board, the live stream, the neighbours' JSON."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, tzinfo
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from appliance.post.api import Post
from appliance.web.board import KINDS, PICTURES, badges, health
from appliance.web.catalogue import Catalogue
from appliance.web.desk import COOKIE, Desk
from appliance.web.events import BEAT, GREETING, beating, message, stream
from appliance.web.headers import StrictHeaders, is_same_origin
from appliance.web.officer_case import CasePages
from appliance.web.pages import asset_routes
from appliance.web.panel import Panel
from appliance.web.sessions import Session, Sessions

RECENT = 50
REFRESH_S = 2.0
"""Between two looks at a quiet desk: ages on the board grow though nothing changes."""


def officer_app(
    post: Post,
    catalogue: Catalogue,
    panel: Panel,
    *,
    monotonic_s: Callable[[], float] = time.monotonic,
    zone: tzinfo = UTC,
    practice: bool = False,
) -> Starlette:
    """The app for tablets of the port. `panel` is the tablet; `zone` the port's time for what people read."""
    desk = Desk(post, catalogue, Sessions(monotonic_s), zone=zone, practice=practice)
    pages, cases = _DeskPages(desk), CasePages(desk)
    case = "/case/{encounter}"
    return Starlette(
        routes=[
            Route("/", desk.inside(pages.home)),
            Route("/events", desk.inside(pages.events)),
            Route("/recent", desk.inside(pages.recent)),
            Route("/help-seen", desk.inside(pages.help_seen), methods=["POST"]),
            Route("/housing-seen", desk.inside(pages.housing_seen), methods=["POST"]),
            Route("/sign-in", pages.sign_in_form),
            Route("/sign-in", pages.sign_in, methods=["POST"]),
            Route("/sign-out", desk.inside(pages.sign_out), methods=["POST"]),
            Route("/language", pages.choose_language, methods=["POST"]),
            Route("/api/status", pages.status),
            Route("/board.json", pages.status),
            Route("/health.json", pages.health),
            Route("/picture/{sha256}", desk.inside(cases.picture)),
            Route(case, desk.inside(cases.show)),
            Route(case + "/take", desk.inside(cases.take), methods=["POST"]),
            Route(case + "/confirm", desk.inside(cases.confirm), methods=["POST"]),
            Route(case + "/decide", desk.inside(cases.decide), methods=["POST"]),
            *asset_routes(panel),
        ],
        middleware=[Middleware(StrictHeaders)],
    )


class _DeskPages:
    """Door, queue and board."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def sign_in_form(self, request: Request) -> Response:
        return self._desk.page(request, None, "sign_in", is_wrong=False)

    async def sign_in(self, request: Request) -> Response:
        """A cookie and the desk, or the form again with the one message that fits wrong and locked alike."""
        if not is_same_origin(request.headers):
            return Response(status_code=403)
        async with request.form(max_files=0) as form:
            officer_id, pin = str(form.get("officer", "")), str(form.get("pin", ""))
        officer = await run_in_threadpool(self._desk.post.sign_in, officer_id[:64], pin[:64])
        if officer is None:
            return self._desk.page(request, None, "sign_in", status=403, is_wrong=True)
        answer = RedirectResponse("/", 303)
        secret = self._desk.sessions.open(officer)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=secure)
        return answer

    async def sign_out(self, request: Request, _session: Session) -> Response:
        self._desk.sessions.close(request.cookies.get(COOKIE))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    async def choose_language(self, request: Request) -> Response:
        if not is_same_origin(request.headers):
            return Response(status_code=403)
        async with request.form(max_files=0) as form:
            code, back = str(form.get("language", "")), str(form.get("back", "/"))
        if not self._desk.catalogue.knows(code):
            return Response(status_code=400)
        is_ours = back.startswith("/") and not back.startswith(("//", "/\\"))
        answer = RedirectResponse(back if is_ours else "/", 303)
        answer.set_cookie("language", code, max_age=31_536_000, httponly=True, samesite="strict")
        return answer

    async def home(self, request: Request, session: Session) -> Response:
        is_recorded = "recorded" in request.query_params
        now = await run_in_threadpool(self._now)
        return self._desk.page(request, session, "home", is_recorded=is_recorded, **now)

    async def recent(self, request: Request, session: Session) -> Response:
        rows = await run_in_threadpool(self._desk.post.recent, RECENT)
        return self._desk.page(request, session, "recent", rows=rows)

    async def help_seen(self, _request: Request, _session: Session) -> Response:
        await run_in_threadpool(self._desk.post.help_seen)
        return RedirectResponse("/", 303)

    async def housing_seen(self, _request: Request, session: Session) -> Response:
        await run_in_threadpool(self._desk.post.housing_seen, session.officer)
        return RedirectResponse("/", 303)

    async def status(self, _request: Request) -> Response:
        """This kiosk for its neighbours: KioskStatus as JSON, nothing personal, no sign-in."""
        board = await run_in_threadpool(self._desk.post.board)
        return JSONResponse(asdict(board[0]))

    async def health(self, _request: Request) -> Response:
        """This kiosk's own board as technicians' tools read it: nothing personal, no sign-in."""
        board = await run_in_threadpool(self._desk.post.board)
        parts = [{"part": part, "level": level, "value": value} for part, level, value in health(board[0])]
        return JSONResponse({"kiosk": board[0].kiosk, "lane": board[0].lane, "parts": parts})

    async def events(self, request: Request, session: Session) -> Response:
        return stream(self._fragments(request, session))

    async def _fragments(self, request: Request, session: Session) -> AsyncIterator[str]:
        secret, shown = request.cookies.get(COOKIE), ""
        yield GREETING
        async with aclosing(beating(self._desk.post.changes(), REFRESH_S)) as changes:
            async for _ in changes:
                if self._desk.sessions.find(secret, touch=False) is not session:
                    yield message("", event="over")
                    return
                context = await run_in_threadpool(self._now)
                fragment = self._desk.fragment(request, session, "desk", **context)
                yield BEAT if fragment == shown else message(fragment, event="desk")
                shown = fragment

    def _now(self) -> dict[str, Any]:
        post = self._desk.post
        kiosks = [(status, badges(status)) for status in post.board()]
        return {"rows": post.referrals(), "kiosks": kiosks, "kinds": KINDS, "pictures": PICTURES}
