"""A post that a test drives by hand: two referrals, a board of three, decisions kept in a list."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import cv2
import numpy as np

from appliance.post.api import Case, DecisionRefused, KioskStatus, Link, Officer, Referral
from border.documents.chip_trust import Proof
from border.documents.mrz import CheckDigit, Format, Mrz, PartialDate, Repair
from border.documents.zone_comparison import Difference
from border.encounter import (
    CheckedFact,
    ChipFact,
    ClockState,
    DecidedFact,
    Direction,
    FaceArea,
    OfficerOutcome,
    Outcome,
    RecommendedFact,
    SampleKind,
    SampleRef,
    Stamp,
)
from border.findings import Finding, Measure, Verdict
from border.finger_record import MEDIA_TYPE, FingerPosition, FingerRecord, write

AT = Stamp(1_795_000_000_000, 12_000, "boot", ClockState.TRUSTED)
OFFICERS = {"o-17": Officer("o-17", "A. Example", "officer"), "o-18": Officer("o-18", "B. Example", "supervisor")}
PIN = "4711"

OWN = KioskStatus(
    kiosk="bridgetown-1",
    lane="1",
    direction="arrival",
    state="face",
    help_called=False,
    uplink=Link.UP,
    unreported=0,
    oldest_unreported_s=0,
    quarantined=0,
    referrals_waiting=2,
    devices=(("document", "ready"), ("camera", "ready"), ("fingerprint", "DEV-GONE"), ("chip_reader", "ready")),
    list_age_hours=3.5,
    trust_age_hours=200.0,
    clock="trusted",
    disk_free_mb=28_400,
    storage_days=40.0,
    supply="mains",
    supply_minutes=None,
    undervoltage=False,
    temperature_c=52.5,
    passive_pad="",
    seen_s_ago=0,
    officer_url="http://127.0.0.1:1/",
)
NEIGHBOURS = (
    replace(OWN, kiosk="bridgetown-2", lane="2", state="idle", uplink=Link.DOWN, unreported=12,
            oldest_unreported_s=4000, list_age_hours=80.0, clock="floor", disk_free_mb=250,
            quarantined=1, help_called=True),
    replace(OWN, kiosk="bridgetown-3", lane="3", state="unreachable", seen_s_ago=95, devices=()),
)  # fmt: skip

FIRST = Referral(
    encounter="0190-first",
    number="7K4-203",
    at_wall_ms=AT.wall_ms,
    waiting_s=75,
    severity=0,
    name="ERIKSSON, ANNA MARIA",
    document_number="L898902C3",
    reasons=("document_expired", "presentation_attack_suspected"),
    face_sha256="aa",
    taken_by=None,
    walked_away=False,
)
SECOND = replace(
    FIRST, encounter="0190-second", number="2PX-118", severity=2, name="", document_number="", waiting_s=3700,
    reasons=("document_unreadable_field",), face_sha256=None, walked_away=True, taken_by="o-18",
)  # fmt: skip

DOCUMENT = Mrz(
    format=Format.TD3,
    document_code="P",
    issuing_state="UTO",
    primary_identifier="ERIKSSON",
    secondary_identifier="ANNA MARIA",
    name_truncated=False,
    document_number="L898902C3",
    nationality="UTO",
    date_of_birth=PartialDate(74, 8, None, True),
    sex="F",
    date_of_expiry=PartialDate(12, 4, 15, True),
    optional_data=("ZE184226B",),
    check_digits=(
        ("document_number", CheckDigit.VERIFIED),
        ("date_of_birth", CheckDigit.VERIFIED),
        ("date_of_expiry", CheckDigit.REFUTED),
        ("optional_data", CheckDigit.NOT_PRINTED),
        ("composite", CheckDigit.VERIFIED),
    ),
    repairs=(Repair(1, 3, "O", "0", "document_number"),),
)


def face(shade: int) -> bytes:
    """A drawn face, nobody's."""
    picture = np.full((500, 400, 3), shade, np.uint8)
    cv2.ellipse(picture, (200, 240), (110, 150), 0, 0, 360, (140, 170, 205), -1)
    for x in (160, 240):
        cv2.circle(picture, (x, 220), 12, (40, 40, 40), -1)
    cv2.ellipse(picture, (200, 310), (45, 20), 0, 0, 180, (60, 60, 140), 6)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


FACES = (("aa", FaceArea(90, 90, 220, 300, 400, 500)),)
"""Of the second picture nobody knows."""

PICTURES = {"aa": face(190), "bb": face(120), "cc": face(230), "dd": face(60)}


PRINT = bytes(cv2.imencode(".png", np.full((60, 50), 200, np.uint8))[1].tobytes())
RECORDS = {
    "ff": write(FingerRecord(FingerPosition.UNKNOWN, 70, 20, 500, 50, 60, PRINT)),
    "ee": b"FIR\0 and nothing more",
}
"""Finger samples: a record, and what only calls itself one."""


def _sample(kind: SampleKind, sha256: str) -> SampleRef:
    return SampleRef(kind, "image/jpeg", sha256, 1000, "00", "camera-sim")


FINDINGS = (
    Finding("document_readable", Verdict.CLEAR, "read", (Measure("repairs", 1.0, "characters"),)),
    Finding("document_expiry", Verdict.REFER, "document_expired",
            (Measure("days_left", -4965.0, "days", "min 0"),)),
    Finding("face_pad", Verdict.REFER, "presentation_attack_suspected",
            (Measure("attack_score_median", 0.83, "0..1", "max 0.5"),)),
    Finding("finger_quality", Verdict.NOT_DONE, "finger_not_captured"),
    Finding("watchlist", Verdict.CLEAR, "no_match", (Measure("list_age", 3.5, "hours", "max 72"),)),
    Finding("new_check", Verdict.NOT_DONE, "never_heard_of", (Measure("odd", float("nan"), ""),)),
)  # fmt: skip


def a_case(row: Referral) -> Case:
    read = row is FIRST or row.encounter == FIRST.encounter
    samples = (
        _sample(SampleKind.FACE, "aa"),
        _sample(SampleKind.FACE_TURNED, "bb"),
        _sample(SampleKind.FINGER, "dd"),
    )
    checked = CheckedFact(
        encounter=row.encounter,
        author="bridgetown-1",
        at=AT,
        direction=Direction.ARRIVAL,
        group=row.encounter,
        lines=("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408<<2F1204159ZE184226B<<<<<10")
        if read
        else (),
        lines_as_read=("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L89890?C36UTO7408<<2F1204159ZE184226B<<<<<10"),
        document=DOCUMENT if read else None,
        chip=None,
        samples=samples if read else (),
        quality=(),
        findings=FINDINGS,
    )
    recommended = RecommendedFact(
        encounter=row.encounter,
        author="rules@BRB-4",
        at=AT,
        outcome=Outcome.REFERRED,
        rules=("finding.document_expiry", "finding.face_pad"),
        reasons=row.reasons,
        policy_version=4,
        stay_days=None,
    )
    return Case(row.encounter, row.number, checked, recommended, None, samples, FACES, reported=False)


def with_portrait(checked: CheckedFact, kind: SampleKind) -> CheckedFact:
    """The same encounter with a document that gave a portrait, compared only if it is the chip's."""
    apart = Measure("portrait_distance", 0.4321, "dlib-resnet-1/0a1b2c3d", "max 0.6")
    measures = (apart,) if kind is SampleKind.PORTRAIT else ()
    said = Finding("face_comparison", Verdict.CLEAR, "portrait_agrees", measures)
    samples = (*checked.samples, _sample(kind, "cc"))
    return replace(checked, samples=samples, findings=(*checked.findings, said))


A_CHIP = ChipFact(
    access="pace_mrz: ECDH-GM AES-128 brainpoolP256r1",
    assurance=2,
    passive_authentication=Proof.PASSED,
    active_authentication=Proof.NOT_DONE,
    chip_authentication=Proof.NOT_DONE,
    reasons=(("crl_stale", "UT"),),
    groups_proven=(1, 2),
    signer="0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
    signer_country="UT",
    authority="00" * 32,
    store_version=7,
    zone_same_shape=True,
    zone_differences=(),
)
ANOTHER_PAGE = replace(
    A_CHIP,
    assurance=1,
    passive_authentication=Proof.FAILED,
    zone_differences=(Difference(0, 10, "S", "5", "name"), Difference(0, 11, "O", "5", "name"),
                      Difference(1, 5, "0", "8", "document_number")),
)  # fmt: skip


def with_chip(checked: CheckedFact, chip: ChipFact) -> CheckedFact:
    """The same encounter with a chip that was read."""
    verdict, reason = (Verdict.REFER, "zone_differs") if chip.zone_differences else (Verdict.CLEAR, "zone_agrees")
    count = Measure("differing", float(len(chip.zone_differences)), "characters", "max 0")
    return replace(
        checked, chip=chip, findings=(*checked.findings, Finding("chip_matches_zone", verdict, reason, (count,)))
    )


class HandPost:
    """Behaves as the Protocol says; `change` tells the pages' stream that something is new."""

    def __init__(self) -> None:
        self.rows = [FIRST, SECOND]
        self.status = [OWN, *NEIGHBOURS]
        self.decisions: list[DecidedFact] = []
        self.looks: list[tuple[str, str]] = []
        self.wrong_in_a_row = 0
        self.calls_seen = 0
        self.looked: list[str] = []
        self.portrait: SampleKind | None = None  # which one the documents give
        self.chip: ChipFact | None = None
        self._number = 0
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def change(self) -> None:
        with self._lock:
            self._number += 1
            for loop, event in self._waiting:
                loop.call_soon_threadsafe(event.set)

    def referrals(self) -> tuple[Referral, ...]:
        return tuple(self.rows)

    def case(self, encounter: str) -> Case | None:
        known = {row.encounter: row for row in (FIRST, SECOND)}
        if encounter not in known:
            return None
        decided = next((fact for fact in self.decisions if fact.encounter == encounter), None)
        case = replace(a_case(known[encounter]), decided=decided)
        if self.chip is not None:
            case = replace(case, checked=with_chip(case.checked, self.chip))
        return case if self.portrait is None else replace(case, checked=with_portrait(case.checked, self.portrait))

    def recent(self, limit: int) -> tuple[Referral, ...]:
        return (replace(FIRST, taken_by="o-17"), SECOND)[:limit]

    def picture(self, sha256: str, officer: Officer) -> tuple[str, bytes] | None:
        self.looks.append((sha256, officer.id))
        data = PICTURES.get(sha256)
        if sha256 in RECORDS:
            return MEDIA_TYPE, RECORDS[sha256]
        return None if data is None else ("image/jpeg", data)

    def take(self, encounter: str, officer: Officer) -> None:
        row = next((row for row in self.rows if row.encounter == encounter), None)
        if row is None or row.taken_by not in (None, officer.id):
            raise DecisionRefused("taken")
        self.rows[self.rows.index(row)] = replace(row, taken_by=officer.id)
        self.change()

    def decide(self, encounter: str, officer: Officer, outcome: OfficerOutcome, reason: str, note: str) -> None:
        row = next((row for row in self.rows if row.encounter == encounter), None)
        if row is None or row.taken_by != officer.id:
            raise DecisionRefused("taken")
        self.decisions.append(DecidedFact(encounter, officer.id, AT, outcome, reason, note))
        self.rows.remove(row)
        self.change()

    def sign_in(self, officer_id: str, pin: str) -> Officer | None:
        if self.wrong_in_a_row >= 5 or pin != PIN or officer_id not in OFFICERS:
            self.wrong_in_a_row += 1
            return None
        self.wrong_in_a_row = 0
        return OFFICERS[officer_id]

    def board(self) -> tuple[KioskStatus, ...]:
        return tuple(self.status)

    def help_seen(self) -> None:
        self.calls_seen += 1
        self.status[0] = replace(self.status[0], help_called=False)
        self.change()

    def housing_seen(self, officer: Officer) -> None:
        devices = tuple((name, "ready" if name == "lane" else code) for name, code in self.status[0].devices)
        self.status[0] = replace(self.status[0], devices=devices)
        self.looked.append(officer.id)
        self.change()

    async def changes(self) -> AsyncIterator[int]:
        event = asyncio.Event()
        entry = (asyncio.get_running_loop(), event)
        self._waiting.append(entry)
        try:
            while True:
                event.clear()
                yield self._number
                await event.wait()
        finally:
            self._waiting.remove(entry)
