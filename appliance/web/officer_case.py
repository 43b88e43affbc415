"""One case at the officer's desk: look, take, choose, confirm; the decision itself is the Post's."""

from __future__ import annotations

from datetime import UTC, date, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from appliance.post.api import REASONS, Case, DecisionRefused, Referral
from appliance.post.storage import StorageFull
from appliance.web import case_view
from appliance.web.desk import Desk
from appliance.web.sessions import Session
from border import finger_record
from border.encounter import OfficerOutcome, Stamp

MAX_NOTE = 2000
_PICTURES = ("image/jpeg", "image/png")
_OUTCOMES = {outcome.value: outcome for outcome in OfficerOutcome}


class CasePages:
    """Handlers under /case and /picture."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, session: Session) -> Response:
        case, row = await self._find(request)
        if case is None:
            return self._notice(request, session, "officer.not_found", 404)
        facts, fields = _document(case)
        return self._desk.page(
            request,
            session,
            "case",
            case=case,
            row=row,
            is_mine=row is not None and row.taken_by == session.officer.id,
            reasons=REASONS,
            compared=case_view.compared(case.checked.samples, case.faces),
            difference=case_view.difference(case.checked.findings),
            chip=case_view.chip(case.checked),
            others=case_view.others(case.checked.samples, case.faces),
            lines=case_view.lines(case.checked.findings),
            facts=facts,
            fields=fields,
        )

    async def picture(self, request: Request, session: Session) -> Response:
        """One sample; the Post records the look. Only pictures, whatever the store says."""
        found = await run_in_threadpool(self._desk.post.picture, request.path_params["sha256"], session.officer)
        picture = None if found is None else _shown(*found)
        if picture is None or picture[0] not in _PICTURES:
            return Response(status_code=404)
        return Response(picture[1], media_type=picture[0])

    async def take(self, request: Request, session: Session) -> Response:
        encounter = request.path_params["encounter"]
        try:
            await run_in_threadpool(self._desk.post.take, encounter, session.officer)
        except (DecisionRefused, StorageFull):
            return self._notice(request, session, "officer.not_recorded", 409)
        return RedirectResponse(f"/case/{encounter}", 303)

    async def confirm(self, request: Request, session: Session) -> Response:
        """Shows the choice once more; nothing is written here."""
        case, _ = await self._find(request)
        choice = await _choice(request)
        if case is None:
            return self._notice(request, session, "officer.not_found", 404)
        if choice is None:
            return self._notice(request, session, "officer.not_recorded", 400)
        outcome, reason, note = choice
        return self._desk.page(request, session, "confirm", case=case, outcome=outcome, reason=reason, note=note)

    async def decide(self, request: Request, session: Session) -> Response:
        choice = await _choice(request)
        if choice is None:
            return self._notice(request, session, "officer.not_recorded", 400)
        encounter = request.path_params["encounter"]
        try:
            await run_in_threadpool(self._desk.post.decide, encounter, session.officer, *choice)
        except (DecisionRefused, StorageFull):
            return self._notice(request, session, "officer.not_recorded", 409)
        return RedirectResponse("/?recorded=1", 303)

    async def _find(self, request: Request) -> tuple[Case | None, Referral | None]:
        encounter, post = request.path_params["encounter"], self._desk.post

        def look() -> tuple[Case | None, Referral | None]:
            return post.case(encounter), next((r for r in post.referrals() if r.encounter == encounter), None)

        return await run_in_threadpool(look)

    def _notice(self, request: Request, session: Session, text: str, status: int) -> Response:
        return self._desk.page(request, session, "notice", status=status, text=text)


async def _choice(request: Request) -> tuple[OfficerOutcome, str, str] | None:
    """Outcome, its coded reason and the note; None unless the reason belongs to the outcome."""
    form = await request.form(max_files=0)
    outcome = _OUTCOMES.get(str(form.get("outcome", "")))
    reason, note = str(form.get("reason", "")), str(form.get("note", "")).strip()
    if outcome is None or reason not in REASONS[outcome] or len(note) > MAX_NOTE:
        return None
    return outcome, reason, note


def _document(case: Case) -> tuple[tuple[case_view.Field, ...], tuple[case_view.Field, ...]]:
    """What stands beside the name, and every field."""
    document, today = case.checked.document, _day(case.checked.at)
    if document is None:
        return (), ()
    return case_view.facts(document, today), case_view.fields(document, today)


def _day(at: Stamp) -> date:
    return datetime.fromtimestamp(at.wall_ms / 1000, UTC).date()


def _shown(media_type: str, data: bytes) -> tuple[str, bytes] | None:
    """The picture of a sample, out of its finger record too; None when that is none."""
    try:
        return finger_record.shown(media_type, data)
    except finger_record.RecordWrong:
        return None
