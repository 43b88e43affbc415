"""The quay page: a mouse, or a script with the same calls, does what travellers and mishaps do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from practice.port import KioskPlace, Port
from practice.processes import told
from practice.quay import CHIP_READER, CHIPS, DEVICES, FACES, FAULTS, FINGERS, LANE_ACTS, PRINTER_ACTS, Quay
from simulators.travellers import SYNTHETIC, TRAVELLERS

HERE = Path(__file__).parent
WORLD: tuple[str, ...] = ("pull_uplink", "put_uplink", "kill_broker", "start_broker", "stop_centre", "start_centre")
POLICY = b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'"


class QuayPage:
    """POST /do/{what}/{value} acts, GET /now tells; the page itself uses nothing else.

    what: present KEY, swipe well|badly, chip KIND, document put_down|take_up, face KIND, finger CONDITION|lift,
    walk_away now, at_lane ACT, printer ACT, world SWITCH, document_reader|camera|fingerprint|lane FAULT, chip_reader
    unplug|replug|well. Answers the new state, or 404 with what would have been understood. GET /slip.png gives the
    last slip.
    """

    def __init__(self, quay: Quay, port: Port, kiosk: KioskPlace) -> None:
        self._quay, self._port, self._kiosk = quay, port, kiosk
        self._templates = Jinja2Templates(HERE / "templates")
        self._acts: dict[str, Callable[[str], None]] = {
            "present": quay.present,
            "swipe": quay.swipe,
            "chip": quay.show_chip,
            "document": lambda value: {"put_down": quay.put_down, "take_up": quay.take_up}[value](),
            "face": quay.show_face,
            "finger": lambda value: quay.lift() if value == "lift" else quay.place(value),
            "at_lane": quay.at_lane,
            "walk_away": lambda _value: quay.walk_away(),
            "printer": quay.at_printer,
            **{device: lambda value, device=device: quay.disturb(device, value) for device in (*DEVICES, CHIP_READER)},  # type: ignore[misc]
        }

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/now", self._now),
                Route("/slip.png", self._slip),
                Route("/do/{what}/{value}", self._do, methods=["POST"]),
                Mount("/static", StaticFiles(directory=HERE / "static")),
            ],
            middleware=[Middleware(_Guarded)],
        )

    async def _page(self, request: Request) -> Response:
        addresses = {
            "traveller page": f"http://127.0.0.1:{self._kiosk.traveller_port}/",
            "officer page": f"http://127.0.0.1:{self._kiosk.officer_port}/",
            "centre": f"http://127.0.0.1:{self._port.console_port}/",
        }
        return self._templates.TemplateResponse(
            request,
            "quay.html",
            {
                "travellers": TRAVELLERS,
                "synthetic": SYNTHETIC,
                "chips": CHIPS if self._quay.pcscd is not None else (),
                "faces": FACES,
                "fingers": FINGERS,
                "devices": DEVICES,
                "faults": FAULTS,
                "lane_acts": LANE_ACTS,
                "printer_acts": PRINTER_ACTS,
                "addresses": addresses,
            },
        )

    async def _now(self, _request: Request) -> Response:
        return JSONResponse(await self._state())

    async def _slip(self, _request: Request) -> Response:
        picture = await asyncio.to_thread(self._quay.slip)
        return Response(picture, media_type="image/png") if picture else Response(status_code=404)

    async def _do(self, request: Request) -> Response:
        what, value = request.path_params["what"], request.path_params["value"]
        try:
            if what == "world":
                await self._turn_world(value)
            else:
                await asyncio.to_thread(self._acts[what], value)
        except (KeyError, ValueError):
            return JSONResponse(
                {"not understood": f"{what} {value}", "understood": [*self._acts, "world"], "world": WORLD}, 404
            )
        return JSONResponse(await self._state())

    async def _turn_world(self, switch: str) -> None:
        broker, centre, uplink = self._port.broker, self._port.centre, self._kiosk.uplink
        assert broker is not None
        assert centre is not None
        turns: dict[str, Callable[[], Awaitable[None]]] = {
            "pull_uplink": uplink.pull,
            "put_uplink": uplink.put,
            "kill_broker": lambda: asyncio.to_thread(broker.kill),
            "start_broker": lambda: asyncio.to_thread(broker.start),
            "stop_centre": lambda: asyncio.to_thread(centre.stop),
            "start_centre": lambda: asyncio.to_thread(centre.start),
        }
        await turns[switch]()

    async def _state(self) -> dict[str, Any]:
        screen, status = await asyncio.gather(
            asyncio.to_thread(told, f"http://127.0.0.1:{self._kiosk.traveller_port}/state"),
            asyncio.to_thread(told, f"http://127.0.0.1:{self._kiosk.officer_port}/api/status"),
        )
        return {
            "who": self._quay.who.key,
            "chip": self._quay.chip_kind,
            "document": "on the reader" if self._quay.chip_lies else "in the hand",
            "face": self._quay.face,
            "finger": self._quay.finger,
            "lane": {"lamp": self._quay.lane.lamp, **asdict(self._quay.lane.outputs)},
            "headset": self._quay.headset,
            "slips": len(self._quay.printer.sheets),
            "uplink": self._kiosk.uplink.is_up,
            "broker": self._port.broker is not None and self._port.broker.is_running,
            "centre": self._port.centre is not None and self._port.centre.is_running,
            "screen": screen,
            "kiosk": status,
        }


class _Guarded:
    """Only this page's own script may act: no foreign page, and nothing from elsewhere is loaded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", []))
        origin = headers.get(b"origin")
        if scope["type"] == "http" and origin is not None and origin != b"http://" + headers.get(b"host", b""):
            await JSONResponse({"refused": "another page's request"}, 403)(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY)]
            await send(message)

        await self._app(scope, receive, guarded)
