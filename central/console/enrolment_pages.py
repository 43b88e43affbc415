"""Pages of the register of lanes and of site vouchers. Reading is for everybody here; signing wants a person's key.

Without an office's folder nothing can be made or signed here, and the pages say so.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from border.enrolment.values import KeyLevel, Purpose
from border.messages.cose import SoftwareSigner
from central.console import queries
from central.console.lane_view import SOON_MS, lane_view, lane_views
from central.console.reading import Reading
from central.enrolment import folder as folders
from central.enrolment import voucher_desk
from central.enrolment.people import open_person, read_people
from central.enrolment.voucher_desk import People, VoucherError, Wish
from central.files import FolderError
from central.store import lanes, vouchers
from central.store.api import Transaction
from central.store.vouchers import VoucherRow

SAME_SITE = ("same-origin", "none")
QR_BORDER = 4
VOUCHER_TYPE = "application/cbor"


class Render(Protocol):
    def __call__(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response: ...


class EnrolmentPages:
    """`office`: the folder of central.enrolment, with the people's keys; None: here nothing is signed."""

    def __init__(self, reading: Reading, render: Render, wall_ms: Callable[[], int], office: Path | None) -> None:
        self._reading = reading
        self._render = render
        self._wall_ms = wall_ms
        self._office = office

    def routes(self) -> list[Route]:
        return [
            Route("/lanes", self._lanes),
            Route("/lanes/{kiosk}", self._lane),
            Route("/vouchers", self._vouchers),
            Route("/vouchers", self._acting(self._make), methods=["POST"]),
            Route("/vouchers/{serial}", self._voucher),
            Route("/vouchers/{serial}/sign", self._acting(self._sign), methods=["POST"]),
            Route("/vouchers/{serial}/withdraw", self._acting(self._withdraw), methods=["POST"]),
            Route("/vouchers/{serial}/qr.svg", self._qr),
            Route("/vouchers/{serial}/voucher.cbor", self._file),
        ]

    async def _lanes(self, request: Request) -> Response:
        version, views = await self._reading.read(lambda t: (queries.version(t), lane_views(t)))
        return self._render(request, "lanes.html", version=version, views=views, soon_ms=SOON_MS)

    async def _lane(self, request: Request) -> Response:
        kiosk = request.path_params["kiosk"]
        version, view = await self._reading.read(lambda t: (queries.version(t), lane_view(t, kiosk)))
        if view is None:
            raise HTTPException(404, "No such lane is in the register.")
        return self._render(request, "lane.html", version=version, view=view, soon_ms=SOON_MS)

    async def _vouchers(self, request: Request) -> Response:
        return await self._vouchers_page(request, "")

    async def _vouchers_page(self, request: Request, problem: str) -> Response:
        def look(t: Transaction) -> dict[str, Any]:
            return {"version": queries.version(t), "rows": vouchers.everything(t), "ports": lanes.port_names(t)}

        found = await self._reading.read(look)
        return self._render(
            request,
            "vouchers.html",
            status=409 if problem else 200,
            problem=problem,
            people=self._names(),
            levels=tuple(KeyLevel),
            purposes=voucher_desk.PURPOSES,
            **found,
        )

    async def _voucher(self, request: Request) -> Response:
        return await self._voucher_page(request, "")

    async def _voucher_page(self, request: Request, problem: str) -> Response:
        version, row = await self._reading.read(lambda t: (queries.version(t), self._row(t, request)))
        return self._render(
            request,
            "voucher.html",
            status=409 if problem else 200,
            version=version,
            problem=problem,
            row=row,
            sealed=voucher_desk.sealed(row, self._people()) is not None,
            digest=voucher_desk.digest(row),
            people=self._names(),
        )

    def _acting(
        self, act: Callable[[Request, FormData], Coroutine[Any, Any, str]]
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """A form of ours: what it cannot do is said on the page that it came from."""

        async def handle(request: Request) -> Response:
            if request.headers.get("sec-fetch-site", "none") not in SAME_SITE or self._office is None:
                raise HTTPException(403, "Vouchers are signed on the office's own pages.")
            form = await request.form(max_files=0, max_fields=40)
            try:
                return RedirectResponse(f"/vouchers/{await act(request, form)}", status_code=303)
            except (VoucherError, FolderError) as error:
                if "serial" in request.path_params:
                    return await self._voucher_page(request, str(error))
                return await self._vouchers_page(request, str(error))

        return handle

    async def _make(self, _request: Request, form: FormData) -> str:
        """Made and signed by the same person in one act: the other signature is then somebody else's."""
        wish, introduction = _wish(form), folders.introduction(self._folder())
        signer, people, now_ms = await self._signer(form), self._people(), self._wall_ms()

        def work(t: Transaction) -> str:
            made = voucher_desk.make(t, wish, introduction, now_ms)
            voucher_desk.sign(t, made.serial, signer, people, now_ms)
            return made.serial

        return await self._reading.write(work)

    async def _sign(self, request: Request, form: FormData) -> str:
        serial: str = request.path_params["serial"]
        signer, people, now_ms = await self._signer(form), self._people(), self._wall_ms()
        await self._reading.write(lambda t: voucher_desk.sign(t, serial, signer, people, now_ms))
        return serial

    async def _withdraw(self, request: Request, form: FormData) -> str:
        serial: str = request.path_params["serial"]
        await self._signer(form)
        await self._reading.write(lambda t: vouchers.withdraw(t, serial, self._wall_ms()))
        return serial

    async def _qr(self, request: Request) -> Response:
        import segno  # noqa: PLC0415 - a centre that makes no vouchers has no need of it

        data, image = await self._sealed(request), io.BytesIO()
        segno.make(data, error="l", micro=False, mode="byte").save(
            image, kind="svg", border=QR_BORDER, scale=4, xmldecl=False
        )
        return Response(image.getvalue(), media_type="image/svg+xml")

    async def _file(self, request: Request) -> Response:
        serial = request.path_params["serial"]
        disposition = {"content-disposition": f'attachment; filename="voucher-{serial}.cbor"'}
        return Response(await self._sealed(request), media_type=VOUCHER_TYPE, headers=disposition)

    async def _sealed(self, request: Request) -> bytes:
        row = await self._reading.read(lambda t: self._row(t, request))
        data = voucher_desk.sealed(row, self._people())
        if data is None or row.withdrawn_ms:
            raise HTTPException(409, "This voucher lacks a signature, or was withdrawn.")
        return data

    def _row(self, t: Transaction, request: Request) -> VoucherRow:
        row = vouchers.one(t, request.path_params["serial"])
        if row is None:
            raise HTTPException(404, "There is no such voucher.")
        return row

    async def _signer(self, form: FormData) -> SoftwareSigner:
        name, passphrase = str(form.get("name", "")), str(form.get("passphrase", ""))
        return await asyncio.to_thread(open_person, self._folder() / "enrolment" / "people", name, passphrase)

    def _people(self) -> People:
        return read_people(self._office / "enrolment" / "people") if self._office is not None else {}

    def _names(self) -> tuple[str, ...]:
        return tuple(self._people())

    def _folder(self) -> Path:
        if self._office is None:
            raise FolderError("no office's folder")
        return self._office


def _wish(form: FormData) -> Wish:
    """What the form says; VoucherError for what no form of ours would send."""
    try:
        return Wish(
            port=str(form.get("port", "")),
            lanes=tuple(str(form.get("lanes", "")).replace(",", " ").split()),
            purposes=tuple(Purpose(str(one)) for one in form.getlist("purpose")),
            devices=int(str(form.get("devices", ""))),
            days=int(str(form.get("days", ""))),
            least_level=KeyLevel(str(form.get("least_level", ""))),
            one_trip=form.get("one_trip") == "yes",
        )
    except ValueError:
        raise VoucherError("The numbers are whole numbers, and each choice is one of those shown.") from None
