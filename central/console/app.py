"""Headquarters' development console: encounters, one encounter, kiosks, letters and alarms. It only reads.

There is no login: it is meant for one machine in practice mode, and is bound to loopback unless told otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from border import finger_record
from border.enrolment.refusals import REFUSALS, Refusal
from border.messages.envelope import open_part
from border.messages.errors import MessageError
from central import reasons
from central.console import plain, queries
from central.console.encounter_view import view_of
from central.console.enrolment_pages import EnrolmentPages
from central.console.headers import StrictHeaders
from central.console.live import Pulse
from central.console.queries import OUTCOMES, PAGE_ROWS, Filter
from central.console.reading import Reading
from central.console.strip import CELLS, strip
from central.fleet import fleet
from central.keys import CentreKeys
from central.register import Register
from central.store.api import StoreUnavailable, Transaction

HERE = Path(__file__).parent
SHOWN = ("image/jpeg", "image/png", finger_record.MEDIA_TYPE)
HOSTS = ("127.0.0.1", "localhost", "[::1]")


class Console:
    """The pages' handlers. `host`: where the server listens, shown on every page and the only name it answers to.

    `office`: the folder of the enrolment office, where vouchers may be made and signed on these pages.
    """

    def __init__(
        self,
        keys: CentreKeys,
        database: str,
        wall_ms: Callable[[], int],
        host: str = "127.0.0.1",
        office: Path | None = None,
    ) -> None:
        self._keys = keys
        self._wall_ms = wall_ms
        self._host = host
        self._reading = Reading(database)
        self.pulse = Pulse(lambda: self._reading.read(queries.version))
        self._templates = _templates()
        self._enrolment = EnrolmentPages(self._reading, self._page, wall_ms, office)

    def app(self) -> Starlette:
        routes = [
            Route("/", self._home),
            Route("/encounters", self._encounters),
            Route("/encounters/{encounter}", self._encounter),
            Route("/encounters/{encounter}/raw.json", self._raw),
            Route("/encounters/{encounter}/pictures/{ordinal:int}", self._picture),
            Route("/kiosks", self._kiosks),
            Route("/letters", self._letters),
            *self._enrolment.routes(),
            Route("/live", self._live),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]
        return Starlette(
            routes=routes,
            middleware=[
                Middleware(StrictHeaders),
                Middleware(TrustedHostMiddleware, allowed_hosts=sorted({*HOSTS, self._host}), www_redirect=False),
            ],
            exception_handlers={HTTPException: self._wrong, StoreUnavailable: self._away},  # type: ignore[dict-item]
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(self.pulse.run())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await asyncio.to_thread(self._reading.close)

    async def _home(self, _request: Request) -> Response:
        return RedirectResponse("/encounters")

    async def _encounters(self, request: Request) -> Response:
        chosen = _filter(request)

        def look(t: Transaction) -> dict[str, Any]:
            return {
                "version": queries.version(t),
                "rows": queries.encounters(t, chosen),
                "kiosks": queries.kiosk_names(t),
                "counts": queries.counts(t),
            }

        found = await self._reading.read(look)
        rows = found.pop("rows")
        older = replace(chosen, before=rows[PAGE_ROWS - 1].arrival) if len(rows) > PAGE_ROWS else None
        return self._page(
            request, "encounters.html", rows=rows[:PAGE_ROWS], older=older, chosen=chosen, outcomes=OUTCOMES, **found
        )

    async def _encounter(self, request: Request) -> Response:
        version, view = await self._view(request)
        return self._page(request, "encounter.html", version=version, view=view, pictures=SHOWN)

    async def _raw(self, request: Request) -> Response:
        _version, view = await self._view(request)
        return Response(view.json, media_type="application/json")

    async def _view(self, request: Request) -> tuple[int, Any]:
        encounter = request.path_params["encounter"]

        def look(t: Transaction) -> tuple[int, Any]:
            row = queries.one_encounter(t, encounter)
            if row is None:
                raise HTTPException(404, "No such encounter has been stored here.")
            facts, parts = queries.facts_of(t, encounter), queries.parts_of(t, encounter)
            return queries.version(t), view_of(row, facts, parts, queries.records_of(t, encounter), self._register(t))

        return await self._reading.read(look)

    def _register(self, t: Transaction) -> Register:
        return self._keys.register.with_store(t)

    async def _picture(self, request: Request) -> Response:
        """Opened for this one answer; neither the centre's disk nor the browser's keeps the plain bytes."""
        encounter, ordinal = request.path_params["encounter"], request.path_params["ordinal"]
        found = await self._reading.read(lambda t: queries.sealed_part(t, encounter, ordinal))
        if found is None:
            raise HTTPException(404, "This picture is not here, or not all of it.")
        part, sealed = found
        if part.ref.media_type not in SHOWN:
            raise HTTPException(415, "This sample is not a picture.")
        try:
            data = open_part(part.ref, sealed, self._keys.seal, kiosk=part.kiosk, encounter=encounter)
        except MessageError as error:
            raise HTTPException(409, reasons.meaning(error.reason)) from error
        try:
            media_type, picture = finger_record.shown(part.ref.media_type, data)
        except finger_record.RecordWrong as error:
            raise HTTPException(409, "This sample calls itself a finger record and is none.") from error
        return Response(picture, media_type=media_type)

    async def _kiosks(self, request: Request) -> Response:
        now_ms = self._wall_ms()
        version, views = await self._reading.read(lambda t: (queries.version(t), fleet(t, self._register(t), now_ms)))
        strips = {view.kiosk: strip(view) for view in views}
        return self._page(request, "kiosks.html", version=version, views=views, strips=strips, cells=CELLS)

    async def _letters(self, request: Request) -> Response:
        def look(t: Transaction) -> dict[str, Any]:
            return {
                "version": queries.version(t),
                "letters": queries.letters(t),
                "alarms": queries.alarms(t),
                "totals": queries.totals(t),
            }

        return self._page(request, "letters.html", **await self._reading.read(look))

    async def _live(self, request: Request) -> Response:
        seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
        events = self.pulse.events(int(seen) if seen.isdecimal() and len(seen) < 19 else 0)
        return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    async def _wrong(self, request: Request, error: HTTPException) -> Response:
        return self._page(request, "message.html", status=error.status_code, version=0, text=error.detail)

    async def _away(self, request: Request, _error: StoreUnavailable) -> Response:
        text = "The database does not answer. Kiosks keep their records and send them when it is back."
        return self._page(request, "message.html", status=503, version=0, text=text)

    def _page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        now_ms = self._wall_ms()
        text = self._templates.get_template(template).render(
            path=request.url.path, query=request.url.query, host=self._host, now_ms=now_ms, **values
        )
        return HTMLResponse(text, status)


def _filter(request: Request) -> Filter:
    """Whatever is not a possible choice means "all"."""
    asked = request.query_params
    outcome, before = asked.get("outcome", ""), asked.get("before", "")
    return Filter(
        kiosk=asked.get("kiosk", "")[:64].replace("\0", ""),
        outcome=outcome if outcome in OUTCOMES else "",
        before=int(before) if before.isdecimal() and len(before) < 19 else 0,
    )


def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "utc": plain.utc,
        "machine_time": plain.machine_time,
        "duration": plain.duration,
        "meaning": reasons.meaning,
        "refusal": lambda reason: REFUSALS[Refusal(reason)].cause,
    }
    return environment
