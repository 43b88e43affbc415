"""What every officer page needs: who is signed in, that a form is ours, and words in the officer's language."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, tzinfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from appliance.post.api import Post
from appliance.web.board import duration, urgency
from appliance.web.catalogue import Catalogue
from appliance.web.headers import is_same_origin
from appliance.web.pages import templates
from appliance.web.sessions import Session, Sessions

COOKIE = "landfall_desk"

Handler = Callable[[Request, Session], Awaitable[Response]]


class Desk:
    """Holds the post and the sessions; renders pages and guards them."""

    def __init__(self, post: Post, catalogue: Catalogue, sessions: Sessions, *, zone: tzinfo, practice: bool) -> None:
        self.post = post
        self.catalogue = catalogue
        self.sessions = sessions
        self._zone = zone
        self._practice = practice
        self._templates = templates()

    def inside(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The handler behind the door: a live session, and for a POST a form of our own making."""

        async def enter(request: Request) -> Response:
            session = self.sessions.find(request.cookies.get(COOKIE), touch=request.url.path != "/events")
            if session is None:
                gone = request.url.path.startswith(("/events", "/picture"))
                return Response(status_code=401) if gone else RedirectResponse("/sign-in", 303)
            if request.method == "POST" and not await _is_ours(request, session):
                return self.page(request, session, "notice", status=403, text="officer.stale_form")
            return await handler(request, session)

        return enter

    def page(
        self, request: Request, session: Session | None, name: str, *, status: int = 200, **context: object
    ) -> Response:
        return HTMLResponse(self.fragment(request, session, name, **context), status)

    def fragment(self, request: Request, session: Session | None, name: str, **context: object) -> str:
        """One template of the desk in the asker's language."""
        language = self.catalogue.language(request.cookies.get("language"))

        def t(key: str, **values: object) -> str:
            return self.catalogue.text(language.code, key, **values)

        def word(key: str) -> str:
            """A stable word's translation; one that is in no catalogue yet is shown as it is."""
            return t(key) if key in self.catalogue.keys else key.rpartition(".")[2].replace("_", " ")

        return self._templates.get_template(f"officer/{name}.html").render(
            t=t,
            word=word,
            language=language,
            languages=self.catalogue.languages,
            me=session.officer if session else None,
            form_token=session.form_token if session else "",
            path=request.url.path,
            practice=self._practice,
            duration=duration,
            urgency=urgency,
            when=self._when,
            **context,
        )

    def _when(self, wall_ms: int) -> str:
        """Date and time of the port, numeric in every language."""
        moment = datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(self._zone)
        return moment.strftime("%Y-%m-%d %H:%M")


async def _is_ours(request: Request, session: Session) -> bool:
    if not is_same_origin(request.headers):
        return False
    form = await request.form(max_files=0)
    return hmac.compare_digest(str(form.get("form_token", "")).encode(), session.form_token.encode())
