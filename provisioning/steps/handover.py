"""Handing over: the sheet is signed by the lane's identity, goes to headquarters, and the lane may open."""

from __future__ import annotations

import hashlib

from border.enrolment import paths
from border.enrolment.answers import open_sheet_receipt
from border.enrolment.sheet import sign_sheet
from border.enrolment.values import ACCEPTANCE, CommissioningSheet
from border.messages.errors import MessageError
from provisioning import disk
from provisioning.bench import Bench, command
from provisioning.identity import IdentitySigner
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Facts, Question, Refused, Step
from provisioning.steps import board
from provisioning.steps.enrolment import answer_key, introduction, line_to
from provisioning.words import short

SHEET, RECEIPT, WAY = "sheet.cose", "receipt.cose", "sheet-way.json"
COMMISSIONED = "commissioned"
"""In the kiosk's folder: the lane may open. Holds the digest of the sheet."""


def is_done(bench: Bench) -> bool:
    marker = bench.folder / COMMISSIONED
    return bench.desk.has(WAY) and marker.is_file() and marker.read_text().strip() == _digest(bench).hex()


def do(bench: Bench, _answers: Answers) -> Question | None:
    if not bench.desk.has(SHEET):
        bench.desk.write(SHEET, sign_sheet(_sheet(bench), IdentitySigner(bench.backend, bench.kiosk)))
    _deliver(bench)
    disk.write(bench.folder / COMMISSIONED, f"{_digest(bench).hex()}\n".encode(), 0o644)
    command(bench.settings.lane.start, "start")
    return None


def evidence(bench: Bench) -> Facts:
    way = str(bench.desk.table(WAY).get("way", ""))
    return (("sheet", short(_digest(bench))), ("headquarters", way))


def _sheet(bench: Bench) -> CommissioningSheet:
    """Up to the acceptance: what comes after it is not the officer's word."""
    entries = bench.desk.entries()
    last = max(number for number, entry in enumerate(entries, 1) if entry.step == ACCEPTANCE)
    return CommissioningSheet(
        kiosk=bench.kiosk,
        port=bench.answer().port,
        board_serial=board.read_facts(bench).serial,
        entries=entries[:last],
        evidence=tuple(piece for piece in bench.desk.evidence() if _is_named(piece.data, entries[:last])),
        at=bench.stamp(),
    )


def _is_named(data: bytes, entries: tuple[object, ...]) -> bool:
    digest = hashlib.sha256(data).hexdigest()
    return any(getattr(entry, "evidence_sha256", "") == digest for entry in entries)


def _deliver(bench: Bench) -> None:
    """Over the line, else onto the stick; the lane opens either way, and headquarters sees the sheet when it comes."""
    sheet, line = bench.desk.read(SHEET), line_to(bench)
    if line is not None:
        try:
            receipt = line.post(paths.SHEET, sheet).body
            open_sheet_receipt(receipt, answer_key(introduction(bench)), _digest(bench))
        except Refused as no_line:
            bench.talk.say(no_line.why)
        except MessageError as error:
            raise refused(
                Code.ANSWER_WRONG,
                "Headquarters did not take the sheet.",
                why=f"What it sent is no receipt of this sheet ({error.reason}).",
                then="Tell headquarters, and run this step again.",
                again=True,
            ) from error
        else:
            bench.desk.write(RECEIPT, receipt)
            bench.desk.put_table(WAY, {"way": "has the sheet"})
            return
    path = bench.carry(f"sheet-{bench.kiosk}.cose", sheet)
    bench.desk.put_table(WAY, {"way": f"to be carried: {path.name} on the stick"})


def _digest(bench: Bench) -> bytes:
    return hashlib.sha256(bench.desk.read(SHEET)).digest() if bench.desk.has(SHEET) else b""


STEP = Step("handover", "Handing over", is_done, do, evidence)
