"""The page of whoever publishes, and the address that devices ask: `python -m ota.office_page --folder DIR --port N`.

No login: it is bound to loopback, and whoever may open it is headquarters. Devices reach the same routes through a
server in front of it that has checked their certificates.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ota import rollout as rollouts
from ota.disk import RealDisk
from ota.office import Course, Office, Said, Update
from ota.release import Role
from ota.rollout import Terms
from ota.tree import pack

HERE = Path(__file__).parent
PACKAGES = ("appliance", "border", "drivers")
"""What an app bundle is made of."""
BROKEN = (
    b'"""A release that does not start, to see that it is taken back."""\n\nraise SystemExit("broken on purpose")\n'
)
MOST_SAID = 32 * 1024
MOST_TEXT = 200
MOST_LOG = 8000
"""Characters of a failed start's log; more is cut off at its beginning."""
TICK_S = 2.0
HARDWARE = ("practice",)
"""What boards an app bundle made here is for."""
UNHEARD = Update("", "", "")
SAME_SITE = ("same-origin", "none")


class OfficePage:
    """`tree`: what the next app bundle is packed from."""

    def __init__(self, office: Office, folder: Path, tree: Path, now_s: Callable[[], int]) -> None:
        self._office, self._folder, self._tree, self._now_s = office, folder, tree, now_s
        self._page = _templates().get_template("office.html")

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._show),
                Route("/state.json", self._state),
                Route("/check-in", self._check_in, methods=["POST"]),
                Route("/publish", self._publish, methods=["POST"]),
                Route("/halt", self._halt, methods=["POST"]),
                Route("/go-on", self._go_on, methods=["POST"]),
                Mount("/image", StaticFiles(directory=self._folder / "image")),
                Mount("/director", StaticFiles(directory=self._folder / "director")),
                Mount("/static", StaticFiles(directory=HERE / "static")),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    async def _tick(self) -> None:
        while True:
            await run_in_threadpool(self._office.tick)
            await asyncio.sleep(TICK_S)

    async def _show(self, _request: Request) -> Response:
        return HTMLResponse(self._page.render(**self._seen()))

    async def _state(self, _request: Request) -> Response:
        return JSONResponse(self._seen())

    async def _check_in(self, request: Request) -> Response:
        """400 for what no device of ours would say."""
        data = b""
        async for chunk in request.stream():
            data += chunk
            if len(data) > MOST_SAID:
                return Response(status_code=413)
        try:
            await run_in_threadpool(self._office.check_in, said(data, self._now_s()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Response(status_code=400)
        return Response(status_code=204)

    async def _publish(self, request: Request) -> Response:
        if not _is_ours(request):
            return Response(status_code=403)
        form = await request.form(max_files=0, max_fields=4)
        version = str(form.get("version", "")).strip()[:40]
        if not version or not version.isprintable():
            return HTMLResponse("A version wants a name.", status_code=400)
        await run_in_threadpool(self._pack, version, form.get("broken") == "yes")
        return RedirectResponse("/", status_code=303)

    async def _halt(self, request: Request) -> Response:
        if not _is_ours(request):
            return Response(status_code=403)
        await run_in_threadpool(self._office.halt, "a person halted it")
        return RedirectResponse("/", status_code=303)

    async def _go_on(self, request: Request) -> Response:
        """Allows what has failed so far, and not one more."""
        if not _is_ours(request):
            return Response(status_code=403)
        failed = len(self._office.courses[-1].rollout.failed) if self._office.courses else 0
        await run_in_threadpool(self._office.go_on, failed)
        return RedirectResponse("/", status_code=303)

    def _pack(self, version: str, broken: bool) -> None:
        paths = [p for package in PACKAGES for p in (self._tree / package).rglob("*") if _belongs(p)]
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            archive = Path(scratch) / "bundle.zip"
            instead = {"appliance/__main__.py": BROKEN} if broken else {}
            pack(self._tree, paths, archive, {**instead, "RELEASE": f"{version}\n".encode()})
            self._office.publish(Role.APPS, "kiosk.zip", archive.read_bytes(), version, HARDWARE)

    def _seen(self) -> dict[str, Any]:
        courses = self._office.courses
        return {
            "courses": [_course(course) for course in reversed(courses)],
            "devices": [_device(device, courses) for device in self._office.devices],
            "now": _time(self._now_s()),
        }


def said(data: bytes, now_s: int) -> Said:
    """A device's word. Raises ValueError, KeyError, TypeError, AttributeError for anything else."""
    told = json.loads(data)
    return Said(
        _text(told["device"]),
        _text(told["hardware"]),
        now_s,
        {Role(role): _text(sha256) for role, sha256 in told["running"].items()},
        {
            Role(role): Update(_text(update["sha256"]), _text(update["state"]), _text(update["reason"]))
            for role, update in told["updates"].items()
        },
        _log(told.get("log", "")),
    )


def _text(told: object) -> str:
    if not isinstance(told, str) or len(told) > MOST_TEXT or not told.isprintable():
        raise ValueError("a device says printable texts")
    return told


def _log(told: object) -> str:
    """Raises TypeError. It is shown to people: what cannot be printed is left out."""
    if not isinstance(told, str):
        raise TypeError("a log is text")
    return "".join(c for c in told[-MOST_LOG:] if c.isprintable() or c == "\n")


def _is_ours(request: Request) -> bool:
    """A button of this page, not a form of another site's."""
    return request.headers.get("sec-fetch-site", "none") in SAME_SITE


def _belongs(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _course(course: Course) -> dict[str, Any]:
    rollout = course.rollout
    return {
        "version": course.release.version,
        "counter": course.release.counter,
        "release": course.release.sha256[:8],
        "began": _time(course.began_s),
        "status": str(rollout.status),
        "why": rollout.why,
        "ring": rollout.rings[rollout.ring].name,
        "rings": [ring.name for ring in rollout.rings],
        "given": len(rollout.given),
        "kept": sum(1 for end in rollout.ended.values() if not end.is_failure),
        "failed": len(rollout.failed),
        "open": len(rollout.open),
    }


def _device(device: Said, courses: tuple[Course, ...]) -> dict[str, Any]:
    names = {course.release.sha256: course.release.version for course in courses}
    newest = courses[-1].rollout if courses else None
    update = device.updates.get(courses[-1].release.role, UNHEARD) if courses else UNHEARD
    below = rollouts.bucket(newest.release, device.device) if newest else 0
    return {
        "device": device.device,
        "seen": _time(device.at_s),
        "runs": _runs(device, names),
        "version": names.get(update.sha256, ""),
        "phase": update.state,
        "reason": update.reason,
        "ring": next((r.name for r, b in zip(newest.rings, newest.bounds, strict=True) if below < b), "")
        if newest
        else "",
    }


def _runs(device: Said, names: Mapping[str, str]) -> str:
    """Everything that is not what came with it."""
    versions = [
        f"{role} {names.get(sha256, sha256[:8])}" if role != Role.APPS else names.get(sha256, sha256[:8])
        for role, sha256 in sorted(device.running.items())
    ]
    return ", ".join(versions) or "what came with it"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _templates() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ota.office_page", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tree", type=Path, required=True, help="what app bundles are packed from")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--approval", action="store_true", help="a person starts each ring")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def now_s() -> int:
        return int(time.time())

    office = Office(folder, RealDisk(), now_s, Terms(approval=options.approval))
    for name, root in zip(("image", "director"), office.roots(), strict=True):
        (folder / f"{name}.root.json").write_bytes(root)
    page = OfficePage(office, folder, options.tree.resolve(), now_s)
    uvicorn.run(page.app(), host="127.0.0.1", port=options.port, log_level="warning", server_header=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
