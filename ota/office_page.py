"""The page of whoever publishes, and the address that devices ask: `python -m ota.office_page --folder DIR --port N`.

Without `--online` it is for practice and holds all keys itself. No login: it is bound to loopback, and whoever may open
it is headquarters. Devices reach the same routes through a server in front of it that has checked their certificates.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
from ota.office import Course, Hour, Office, Said, Update
from ota.online import load as load_online
from ota.refusals import Unpublished
from ota.release import Role
from ota.rollout import Rollout, Terms
from ota.tree import pack_app
from ota.workflow import WITHDRAWN, State

log = logging.getLogger(__name__)
HERE = Path(__file__).parent
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
FAILED = (State.ROLLED_BACK, State.REFUSED)
UNDER_WAY = (State.TAKING_BACK, State.PROVING, State.TRYING, State.INSTALLED, State.FETCHED, State.CHOSEN)
URGENCY = {state: rank for rank, state in enumerate((*FAILED, *UNDER_WAY, State.KEPT))}
"""Who is shown first."""
MOST_ROWS = 100
SAME_SITE = ("same-origin", "none")


@dataclass(frozen=True, slots=True)
class Doors:
    """`name_header`: in which the server in front puts the name of the device's certificate; empty: none is in front.
    `measures`: the centre's file of what each kiosk did, or none."""

    name_header: str = ""
    measures: Path | None = None


class OfficePage:
    """`tree`: what the next app bundle is packed from."""

    def __init__(
        self, office: Office, folder: Path, tree: Path, now_s: Callable[[], int], doors: Doors = Doors()
    ) -> None:
        self._office, self._folder, self._tree, self._now_s, self._doors = office, folder, tree, now_s, doors
        self._page = _templates().get_template("office.html")

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._show),
                Route("/state.json", self._state),
                Route("/check-in", self._check_in, methods=["POST"]),
                Route("/publish", self._publish, methods=["POST"]),
                Route("/begin", self._begin, methods=["POST"]),
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
            await run_in_threadpool(self._compare)
            await asyncio.sleep(TICK_S)

    def _compare(self) -> None:
        """What cannot be read is not compared: a rollout that waits for a person waits anyway."""
        if self._doors.measures is None:
            return
        try:
            hours = read_hours(self._doors.measures.read_bytes())
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            log.warning("%s cannot be read: %s", self._doors.measures, error)
            return
        self._office.compare(hours)

    async def _show(self, request: Request) -> Response:
        seen = await run_in_threadpool(self._seen)
        shown = seen["devices"] if request.query_params.get("all") == "yes" else seen["devices"][:MOST_ROWS]
        return HTMLResponse(self._page.render(**{**seen, "devices": shown, "all_devices": len(seen["devices"])}))

    async def _state(self, _request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._seen))

    async def _check_in(self, request: Request) -> Response:
        """400 for what no device of ours would say."""
        data = b""
        async for chunk in request.stream():
            data += chunk
            if len(data) > MOST_SAID:
                return Response(status_code=413)
        try:
            word = said(data, self._now_s())
            if self._doors.name_header and request.headers.get(self._doors.name_header) != word.device:
                return Response(status_code=403)  # its certificate is another device's, or nobody looked at it
            await run_in_threadpool(self._office.check_in, word)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Response(status_code=400)
        return Response(status_code=204)

    async def _publish(self, request: Request) -> Response:
        if not _is_ours(request) or not self._office.is_practice:
            return Response(status_code=403)
        form = await request.form(max_files=0, max_fields=4)
        version = str(form.get("version", "")).strip()[:40]
        if not version or not version.isprintable():
            return HTMLResponse("A version wants a name.", status_code=400)
        await run_in_threadpool(self._pack, version, form.get("broken") == "yes")
        return RedirectResponse("/", status_code=303)

    async def _begin(self, request: Request) -> Response:
        return await self._decided(request, self._office.begin)

    async def _halt(self, request: Request) -> Response:
        return await self._decided(request, lambda name: self._office.halt(name, "a person halted it"))

    async def _go_on(self, request: Request) -> Response:
        return await self._decided(request, self._office.go_on)

    async def _decided(self, request: Request, change: Callable[[str], object]) -> Response:
        """A button under a release, which the form names."""
        if not _is_ours(request):
            return Response(status_code=403)
        form = await request.form(max_files=0, max_fields=4)
        try:
            await run_in_threadpool(change, str(form.get("release", "")))
        except KeyError:
            return HTMLResponse("There is no such release any more.", status_code=404)
        return RedirectResponse("/", status_code=303)

    def _pack(self, version: str, broken: bool) -> None:
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            archive = Path(scratch) / "bundle.zip"
            instead = {"appliance/__main__.py": BROKEN} if broken else {}
            pack_app(self._tree, archive, version, instead)
            self._office.publish(Role.APPS, "kiosk.zip", archive.read_bytes(), version, HARDWARE)

    def _seen(self) -> dict[str, Any]:
        courses, devices = self._office.courses, self._office.devices
        rows = [_device(device, courses) for device in devices]
        return {
            "practice": self._office.is_practice,
            "offered": [{"name": r.name, "version": r.version, "counter": r.counter} for r in self._office.offered],
            "courses": [_course(c, devices, newest=self._office.is_newest(c)) for c in reversed(courses)],
            "devices": sorted(rows, key=lambda row: (URGENCY.get(row["phase"], len(URGENCY)), row["device"])),
            "now": _time(self._now_s()),
        }


def read_hours(data: bytes) -> tuple[Hour, ...]:
    """The centre's file. Raises ValueError, KeyError, TypeError."""
    hours = []
    for device, *numbers in json.loads(data)["rows"]:
        if len(numbers) != 4 or any(type(number) is not int or number < 0 for number in numbers):
            raise ValueError("an hour has four counts")
        hours.append(Hour(str(device), *numbers))
    return tuple(hours)


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


def _course(course: Course, devices: tuple[Said, ...], *, newest: bool) -> dict[str, Any]:
    rollout, release = course.rollout, course.release
    updates = (device.updates.get(release.role, UNHEARD) for device in devices)
    failed = (u.reason for u in updates if u.sha256 == release.sha256 and u.state in FAILED)
    why = Counter(reason for reason in failed if reason != WITHDRAWN)
    return {
        "name": release.name,
        "role": str(release.role),
        "version": release.version,
        "counter": release.counter,
        "release": release.sha256[:8],
        "began": _time(course.began_s),
        "newest": newest,
        "status": str(rollout.status),
        "why": rollout.why,
        "ring": rollout.rings[rollout.ring].name,
        "rings": [_ring(rollout, number, devices) for number in range(len(rollout.rings))],
        "given": len(rollout.given),
        "kept": sum(1 for end in rollout.ended.values() if not end.is_failure),
        "failed": len(rollout.failed),
        "open": len(rollout.open),
        "reasons": [{"reason": reason, "devices": count} for reason, count in why.most_common()],
    }


def _ring(rollout: Rollout, number: int, devices: tuple[Said, ...]) -> dict[str, Any]:
    """How far one ring is; `devices` in it are those that are known today."""
    begins, ends = max(rollout.bounds[:number], default=0), rollout.bounds[number]  # few devices may fill two rings
    held = {d.device for d in devices if begins <= rollouts.bucket(rollout.release, d.device) < ends}
    ended = [end for device, end in rollout.ended.items() if device in held]
    failed = sum(1 for end in ended if end.is_failure)
    return {
        "name": rollout.rings[number].name,
        "devices": len(held),
        "given": sum(1 for device in rollout.given if device in held),
        "kept": len(ended) - failed,
        "failed": failed,
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
        "log": device.log,
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
    parser.add_argument("--online", type=Path, help="the daily keys, once a ceremony was held; without it: practice")
    parser.add_argument("--name-header", default="", help="holds the certificate's name, set by the server in front")
    parser.add_argument("--measures", type=Path, help="what kiosks did, as central.measures writes it")
    parser.add_argument("--approval", action="store_true", help="a person starts each ring")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def now_s() -> int:
        return int(time.time())

    try:
        online = load_online(options.online) if options.online else None
        office = Office(folder, RealDisk(), now_s, Terms(approval=options.approval), online)
    except Unpublished as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, root in zip(("image", "director"), office.roots(), strict=True):
        (folder / f"{name}.root.json").write_bytes(root)
    page = OfficePage(office, folder, options.tree.resolve(), now_s, Doors(options.name_header, options.measures))
    uvicorn.run(page.app(), host="127.0.0.1", port=options.port, log_level="warning", server_header=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
