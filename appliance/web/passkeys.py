"""An officer registers a passkey: a page for him alone, on this machine, which writes it into the port's roster.

    python -m appliance.web.passkeys FOLDER ID [--port 8104]

FOLDER holds `officers.toml`; ID is an officer who is in it already, with his PIN (appliance/post/officers.py). Why the
address must be `localhost`, decision 71 tells.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from appliance.post import officers
from appliance.web.catalogue import Catalogue
from appliance.web.catalogue import load as load_words
from appliance.web.headers import StrictHeaders, is_same_origin
from appliance.web.pages import asset_routes, templates
from appliance.web.panel import KNOWN, Panel
from border import webauthn
from border.webauthn import NotBelieved, User

PANEL = KNOWN["10.1in-1280x800"]
CHALLENGE_BYTES = 32


class Registration:
    """Of one officer. One challenge is open at a time, and answered once."""

    def __init__(self, folder: Path, officer_id: str, port: int, catalogue: Catalogue) -> None:
        """Raises KeyError: no such officer; `RosterWrong`."""
        self._folder, self._id, self._catalogue = folder, officer_id, catalogue
        self._host, self._templates = f"{webauthn.RP_ID}:{port}", templates()
        self._challenge = b""
        self._entry()

    def app(self, panel: Panel = PANEL) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._show),
                Route("/register", self._register, methods=["POST"]),
                Route("/language", self._language, methods=["POST"]),
                *asset_routes(panel),
            ],
            middleware=[Middleware(StrictHeaders)],
        )

    async def _show(self, request: Request) -> Response:
        if request.headers.get("host") != self._host:
            return RedirectResponse(f"http://{self._host}/", 303)
        return self._page(request)

    async def _register(self, request: Request) -> Response:
        if request.headers.get("host") != self._host or not is_same_origin(request.headers):
            return Response(status_code=403)
        async with request.form(max_files=0) as form:
            told = str(form.get("credential", ""))
        challenge, self._challenge = self._challenge, b""
        try:
            passkey = webauthn.registered(told, challenge, f"http://{self._host}")
        except NotBelieved as why:
            return self._page(request, refused=why.cause.value, status=403)
        roster = officers.with_passkey(officers.load(self._folder), self._id, passkey)
        await run_in_threadpool(officers.save, self._folder, roster)
        return self._page(request, new=passkey.fingerprint)

    async def _language(self, request: Request) -> Response:
        async with request.form(max_files=0) as form:
            code = str(form.get("language", ""))
        answer = RedirectResponse("/", 303)
        if is_same_origin(request.headers) and self._catalogue.knows(code):
            answer.set_cookie("language", code, httponly=True, samesite="strict")
        return answer

    def _page(self, request: Request, *, new: str = "", refused: str = "", status: int = 200) -> Response:
        entry, language = self._entry(), self._catalogue.language(request.cookies.get("language"))
        self._challenge = secrets.token_bytes(CHALLENGE_BYTES)
        user = User(entry.officer.id, entry.officer.name)

        def t(key: str, **values: object) -> str:
            return self._catalogue.text(language.code, key, **values)

        text = self._templates.get_template("passkey/register.html").render(
            t=t,
            language=language,
            languages=self._catalogue.languages,
            name=entry.officer.name,
            options=webauthn.registration_options(user, self._challenge, entry.passkeys),
            known=[each.fingerprint for each in entry.passkeys],
            new=new,
            refused=refused,
        )
        return HTMLResponse(text, status)

    def _entry(self) -> officers.Entry:
        return officers.load(self._folder)[self._id]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("python -m appliance.web.passkeys", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("id")
    parser.add_argument("--port", type=int, default=8104)
    told = parser.parse_args(arguments)
    try:
        app = Registration(told.folder, told.id, told.port, load_words()).app()
    except KeyError:
        sys.stderr.write(f"{told.id} is not in {told.folder / officers.FILE}\n")
        return 1
    except officers.RosterWrong as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"open http://{webauthn.RP_ID}:{told.port}/ on this machine; Ctrl-C ends it\n")
    uvicorn.run(app, host="127.0.0.1", port=told.port, log_level="warning", ws="none")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
