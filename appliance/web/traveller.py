"""The traveller's page: the present View as HTML, as events, as a mirror and as a voice; touches go back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from appliance.journey.view import Journey, Preview, Touch, View
from appliance.updates import UpdateStatus
from appliance.web.catalogue import Catalogue
from appliance.web.events import BEAT, GREETING, beating, message, stream
from appliance.web.headers import StrictHeaders, is_same_origin
from appliance.web.pages import asset_routes, templates
from appliance.web.panel import Panel
from appliance.web.screen import seen_by_all, shown
from appliance.web.speech import Speech

PAUSE_S = 0.05
"""Between two screens: progress changes with every frame, and twenty a second are enough for eyes."""

_DONE = 204
_TOUCHES = {touch.value: touch for touch in Touch}


def traveller_app(
    journey: Journey,
    preview: Preview,
    speech: Speech,
    catalogue: Catalogue,
    panel: Panel,
    *,
    practice: bool = False,
    updates: Callable[[], UpdateStatus] | None = None,
) -> Starlette:
    """The app of one kiosk's screen. Serve it on loopback; it holds nothing of any traveller itself.

    `updates`: what the update client of this machine is told; None: it is not there to ask.
    """
    pages = _Pages(journey, speech, catalogue, practice=practice)

    async def update(_request: Request) -> Response:
        return JSONResponse(asdict(updates())) if updates else Response(status_code=404)

    return Starlette(
        routes=[
            Route("/", pages.whole),
            Route("/events", pages.events),
            Route("/state", pages.state),
            Route("/readyz", pages.readyz),
            Route("/update", update),
            Route("/touch/{value}", pages.touch, methods=["POST"]),
            Route("/painted/{revision:int}", pages.painted, methods=["POST"]),
            Route("/speech/{language}/{key}.wav", pages.clip),
            WebSocketRoute("/preview", _Mirror(preview).show),
            *asset_routes(panel),
        ],
        middleware=[Middleware(StrictHeaders)],
    )


class _Pages:
    """The handlers; `epoch` names this run of the server, so that a page of the last run reloads itself."""

    def __init__(self, journey: Journey, speech: Speech, catalogue: Catalogue, *, practice: bool) -> None:
        self._journey = journey
        self._speech = speech
        self._catalogue = catalogue
        self._practice = practice
        self._epoch = secrets.token_hex(4)
        self._hints = frozenset(key for key in catalogue.keys if key.startswith("hint."))
        environment = templates()
        self._page = environment.get_template("traveller/page.html")
        self._screen = environment.get_template("traveller/screen.html")

    async def whole(self, _request: Request) -> Response:
        return HTMLResponse(self._page.render(self._context(self._journey.view)))

    async def events(self, request: Request) -> Response:
        last = request.headers.get("last-event-id") or request.query_params.get("last")
        return stream(self._screens(last))

    async def state(self, _request: Request) -> Response:
        return JSONResponse(seen_by_all(self._journey.view))

    async def readyz(self, _request: Request) -> Response:
        return JSONResponse({"page": "ready", "speech": "ready" if self._speech.is_ready else "absent"})

    async def touch(self, request: Request) -> Response:
        """204 also for a touch that means nothing now (a late double touch); 400 for one that never could."""
        if not is_same_origin(request.headers):
            return Response(status_code=403)
        touch = _TOUCHES.get(request.path_params["value"])
        async with request.form(max_files=0, max_fields=4) as form:
            language = form.get("language")
        if touch is None or not (language is None or self._catalogue.knows(str(language))):
            return Response(status_code=400)
        self._journey.touch(touch, None if language is None else str(language))
        return Response(status_code=_DONE)

    async def painted(self, request: Request) -> Response:
        if not is_same_origin(request.headers):
            return Response(status_code=403)
        self._journey.painted(request.path_params["revision"])
        return Response(status_code=_DONE)

    async def clip(self, request: Request) -> Response:
        wav = await self._speech.wav(request.path_params["language"], request.path_params["key"])
        if wav is None:
            return Response(status_code=404)
        return Response(wav, media_type="audio/wav", headers={"cache-control": "private, max-age=86400"})

    async def _screens(self, last: str | None) -> AsyncIterator[str]:
        yield GREETING
        async with aclosing(beating(self._journey.changes())) as views:
            async for view in views:
                if view is None or self._id(view) == last:
                    yield BEAT
                    continue
                yield message(self._screen.render(self._context(view)), event="view", id=self._id(view))
                await asyncio.sleep(PAUSE_S)

    def _id(self, view: View) -> str:
        return f"{self._epoch}.{view.revision}"

    def _context(self, view: View) -> dict[str, object]:
        language = self._catalogue.language(view.language)
        codes = tuple(each.code for each in self._catalogue.languages)

        def t(key: str, **values: object) -> str:
            return self._catalogue.text(language.code, key, **values)

        return {
            "view": view,
            "shown": shown(view, codes, self._hints),
            "t": t,
            "language": language,
            "languages": self._catalogue.languages,
            "event_id": self._id(view),
            "has_voice": self._speech.is_ready,
            "practice": self._practice,
        }


class _Mirror:
    """The live picture over one WebSocket; nobody but our own page may look."""

    def __init__(self, preview: Preview) -> None:
        self._preview = preview

    async def show(self, socket: WebSocket) -> None:
        if not is_same_origin(socket.headers):
            await socket.close(code=1008)
            return
        await socket.accept()
        sending = asyncio.ensure_future(self._send(socket))
        leaving = asyncio.ensure_future(self._until_gone(socket))
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, socket: WebSocket) -> None:
        with suppress(WebSocketDisconnect):
            async for jpeg in self._preview.jpegs():
                await socket.send_bytes(jpeg)
            await socket.close()

    async def _until_gone(self, socket: WebSocket) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                await socket.receive_bytes()
