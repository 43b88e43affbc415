"""Every check alone: what clears it, what refers it, and that absence and NaN never pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from appliance.checks import ALL, EXPECTED, run_all
from appliance.checks.evidence import (
    ChipEvidence,
    ComparisonEvidence,
    Evidence,
    FaceEvidence,
    FingerEvidence,
    PadEvidence,
    PadFrames,
    PortraitState,
    ScreenEvidence,
)
from border.documents.chip_trust import REMARKS, Assurance, ChipTrust, Proof, Reason
from border.documents.chip_unread import Unread
from border.documents.mrz import Accepted, CheckDigit, parse
from border.encounter import ClockState
from border.findings import Finding, Verdict
from border.quality import QualityComponent
from border.rules.default import DEVELOPMENT
from border.rules.policy import Policy
from simulators.travellers import traveller

TODAY = date(2026, 11, 22)
NAN = float("nan")


def document(key: str) -> object:
    reading = parse(traveller(key).lines(TODAY))
    assert isinstance(reading, Accepted)
    return reading.mrz


def component(name: str, value: float) -> QualityComponent:
    return QualityComponent(name, value, value, "test")


GOOD_FACE = FaceEvidence(tuple(component(name, 90.0) for name, _ in DEVELOPMENT.face.min_component), (), 9)
FRAMES = PadFrames("camera", ("best", "second"), ("s1", "s2", "s3"), ("t1", "t2"), ())
SCREEN = ScreenEvidence((0.8,) * 5, (0.6,) * 5, 0.02)
GOOD_PAD = PadEvidence(True, "passed", (), False, (), FRAMES, SCREEN, 1, ())
GOOD_COMPARISON = ComparisonEvidence(
    metric=DEVELOPMENT.comparison.metric,
    version=f"{DEVELOPMENT.comparison.metric}/0a1b2c3d",
    frames=4,
    burst_distance=0.2,
    turn_distance=0.3,
    portrait=PortraitState.CHIP,
    portrait_distance=0.4,
)
GOOD_FINGER = FingerEvidence(
    True, "", QualityComponent("FingerQuality", 80.0, None, DEVELOPMENT.finger.metric, "optical"), (), ()
)
GOOD = Evidence(
    today=TODAY,
    clock=ClockState.TRUSTED,
    document=document("skipper"),  # type: ignore[arg-type]
    document_reason="",
    hits=(),
    list_age_hours=1.0,
    face=GOOD_FACE,
    pad=GOOD_PAD,
    comparison=GOOD_COMPARISON,
    finger=GOOD_FINGER,
    chip=Unread.NOT_ASKED,
    pictures=(("best", "camera"), ("second", "camera"), ("t2", "camera")),
    wishes=frozenset(),
    altered=(),
    failed_devices=(),
)


def test_an_ordinary_traveller_clears_every_check() -> None:
    assert {finding.check: finding.verdict for finding in run_all(GOOD, DEVELOPMENT)} == dict.fromkeys(
        EXPECTED, Verdict.CLEAR
    )


PASSIVE = replace(
    GOOD_PAD, passive_installed=True, passive_scores=(0.1,) * 5, frames=replace(FRAMES, passive=("s1",) * 5)
)

LINES = traveller("skipper").lines(TODAY)


def chip(
    assurance: Assurance, *words: str, zone: tuple[str, ...] = LINES, store_age_hours: float | None = 1.0
) -> ChipEvidence:
    trust = ChipTrust(assurance, tuple(Reason(word) for word in words), frozenset(), None)
    return ChipEvidence("bac", trust, Proof.NOT_DONE, Proof.NOT_DONE, zone, LINES, 1, store_age_hours)


SWAPPED = ("X" + LINES[0][1:], *LINES[1:])

CASES: list[tuple[str, dict[str, object], Verdict, str]] = [
    ("chip_trust", {"document": None}, Verdict.NOT_DONE, "document_not_read"),
    ("chip_trust", {}, Verdict.CLEAR, "chip_not_asked"),
    ("chip_trust", {"chip": chip(Assurance.SIGNED, "crl_absent")}, Verdict.CLEAR, "chip_signed"),
    ("chip_trust", {"chip": chip(Assurance.GENUINE)}, Verdict.CLEAR, "chip_genuine"),
    ("chip_trust", {"chip": chip(Assurance.GENUINE, "algorithm_weak")}, Verdict.REFER, "algorithm_weak"),
    ("chip_trust", {"chip": chip(Assurance.READ, "signer_unknown")}, Verdict.REFER, "signer_unknown"),
    ("chip_trust", {"chip": chip(Assurance.READ)}, Verdict.REFER, "chip_assurance_low"),
    (
        "chip_trust",
        {"chip": chip(Assurance.NONE, "crl_absent", "signer_unknown", "dg_hash_mismatch")},
        Verdict.REFER,
        "dg_hash_mismatch",
    ),
    ("chip_matches_zone", {"document": None}, Verdict.NOT_DONE, "document_not_read"),
    ("chip_matches_zone", {}, Verdict.CLEAR, "chip_not_asked"),
    ("chip_matches_zone", {"chip": chip(Assurance.READ)}, Verdict.CLEAR, "zone_agrees"),
    ("chip_matches_zone", {"chip": chip(Assurance.READ, zone=())}, Verdict.NOT_DONE, "chip_zone_not_read"),
    ("chip_matches_zone", {"chip": chip(Assurance.GENUINE, zone=SWAPPED)}, Verdict.REFER, "zone_differs"),
    ("chip_matches_zone", {"chip": chip(Assurance.GENUINE, zone=LINES[:1])}, Verdict.REFER, "zone_differs"),
    ("document_readable", {"document": None}, Verdict.NOT_DONE, "document_not_presented"),
    (
        "document_readable",
        {"document": None, "document_reason": "document_ambiguous"},
        Verdict.NOT_DONE,
        "document_ambiguous",
    ),
    ("document_integrity", {"document": None}, Verdict.NOT_DONE, "document_not_read"),
    ("document_accepted", {"document": None}, Verdict.NOT_DONE, "document_not_read"),
    ("document_expiry", {"document": None}, Verdict.NOT_DONE, "document_not_read"),
    ("document_expiry", {"document": document("expired")}, Verdict.REFER, "document_expired"),
    ("document_expiry", {"clock": ClockState.UNTRUSTED}, Verdict.NOT_DONE, "clock_not_trusted"),
    ("document_expiry", {"clock": ClockState.FLOOR}, Verdict.CLEAR, "valid"),
    ("traveller_age", {"document": None}, Verdict.NOT_DONE, "document_not_read"),
    ("traveller_age", {"document": document("daughter")}, Verdict.REFER, "minor"),
    ("traveller_age", {"document": document("unknown_birth_day")}, Verdict.CLEAR, "old_enough"),
    ("watchlist", {"hits": None}, Verdict.NOT_DONE, "list_absent"),
    ("watchlist", {"list_age_hours": None}, Verdict.NOT_DONE, "list_absent"),
    ("watchlist", {"list_age_hours": 1000.0}, Verdict.NOT_DONE, "list_too_old"),
    ("watchlist", {"list_age_hours": NAN}, Verdict.NOT_DONE, "list_too_old"),
    ("watchlist", {"list_age_hours": -3.0}, Verdict.NOT_DONE, "list_too_old"),
    ("face_quality", {"face": None}, Verdict.NOT_DONE, "face_not_captured"),
    ("face_quality", {"face": replace(GOOD_FACE, causes=("too_dark",))}, Verdict.REFER, "face_quality_low"),
    ("face_quality", {"face": replace(GOOD_FACE, components=())}, Verdict.REFER, "face_quality_low"),
    (
        "face_quality",
        {"face": replace(GOOD_FACE, components=(component("EyesOpen", NAN), *GOOD_FACE.components[2:]))},
        Verdict.REFER,
        "face_quality_low",
    ),
    ("face_pad", {"pad": None}, Verdict.NOT_DONE, "challenge_not_done"),
    (
        "face_pad",
        {"pad": replace(GOOD_PAD, turn_passed=False, turn_reason="turn_without_depth")},
        Verdict.REFER,
        "turn_without_depth",
    ),
    (
        "face_pad",
        {"pad": replace(GOOD_PAD, turn_passed=False, turn_reason="turn_no_response")},
        Verdict.NOT_DONE,
        "turn_no_response",
    ),
    ("face_pad", {"pad": PASSIVE}, Verdict.CLEAR, "bona_fide"),
    (
        "face_pad",
        {"pad": replace(PASSIVE, passive_scores=(0.9,) * 5)},
        Verdict.REFER,
        "presentation_attack_suspected",
    ),
    (
        "face_pad",
        {"pad": replace(PASSIVE, passive_scores=(NAN,) * 5)},
        Verdict.REFER,
        "presentation_attack_suspected",
    ),
    (
        "face_pad",
        {"pad": replace(PASSIVE, passive_scores=(0.1,), frames=replace(FRAMES, passive=("s1",)))},
        Verdict.NOT_DONE,
        "passive_too_few_frames",
    ),
    ("face_pad", {"pad": replace(PASSIVE, frames=FRAMES)}, Verdict.REFER, "picture_not_judged"),
    ("face_pad", {"pictures": (("swapped", "camera"),)}, Verdict.REFER, "picture_not_judged"),
    ("face_pad", {"pictures": (("best", "camera-2"),)}, Verdict.REFER, "picture_not_judged"),
    ("face_pad", {"pad": replace(GOOD_PAD, frames=replace(FRAMES, turned=()))}, Verdict.REFER, "picture_not_judged"),
    ("face_pad", {"pad": replace(GOOD_PAD, frames=replace(FRAMES, camera=""))}, Verdict.REFER, "picture_not_judged"),
    (
        "face_pad",
        {"pad": replace(GOOD_PAD, screen=replace(SCREEN, moire=(2.0,) * 5))},
        Verdict.REFER,
        "screen_suspected",
    ),
    (
        "face_pad",
        {"pad": replace(GOOD_PAD, screen=replace(SCREEN, bezel=(0.95,) * 5))},
        Verdict.REFER,
        "screen_suspected",
    ),
    (
        "face_pad",
        {"pad": replace(GOOD_PAD, screen=replace(SCREEN, moire=(NAN,) * 5))},
        Verdict.NOT_DONE,
        "screen_too_few_frames",
    ),
    (
        "face_pad",
        {"pad": replace(GOOD_PAD, turn_passed=False, turn_reason="frames_repeated")},
        Verdict.REFER,
        "frames_repeated",
    ),
    ("face_comparison", {"comparison": None}, Verdict.NOT_DONE, "face_not_captured"),
    ("finger_quality", {"finger": None}, Verdict.NOT_DONE, "finger_not_captured"),
    (
        "finger_quality",
        {"finger": FingerEvidence(False, "finger_not_asked_too_young", None, (), ())},
        Verdict.CLEAR,
        "finger_not_asked_too_young",
    ),
    ("finger_quality", {"finger": replace(GOOD_FINGER, quality=None)}, Verdict.NOT_DONE, "finger_not_captured"),
    (
        "finger_quality",
        {"finger": replace(GOOD_FINGER, quality=replace(GOOD_FINGER.quality, native=12.0))},  # type: ignore[type-var]
        Verdict.REFER,
        "finger_quality_low",
    ),
    (
        "finger_quality",
        {"finger": replace(GOOD_FINGER, quality=replace(GOOD_FINGER.quality, native=NAN))},  # type: ignore[type-var]
        Verdict.REFER,
        "finger_quality_low",
    ),
    (
        "finger_quality",
        {"finger": replace(GOOD_FINGER, quality=replace(GOOD_FINGER.quality, metric="other"))},  # type: ignore[type-var]
        Verdict.NOT_DONE,
        "finger_metric_unknown",
    ),
    (
        "finger_quality",
        {"finger": replace(GOOD_FINGER, quality=replace(GOOD_FINGER.quality, sensor_class="ultrasonic"))},  # type: ignore[type-var]
        Verdict.NOT_DONE,
        "finger_sensor_unknown",
    ),
    ("finger_pad", {"finger": None}, Verdict.NOT_DONE, "finger_not_captured"),
    ("finger_pad", {"finger": replace(GOOD_FINGER, quality=None)}, Verdict.NOT_DONE, "finger_not_captured"),
    ("finger_pad", {"finger": replace(GOOD_FINGER, cues=("casting",))}, Verdict.REFER, "finger_cue_seen"),
    (
        "finger_pad",
        {"finger": FingerEvidence(False, "finger_not_asked_too_young", None, (), ())},
        Verdict.CLEAR,
        "finger_not_asked_too_young",
    ),
    ("own_wish", {"wishes": frozenset({"help"})}, Verdict.CLEAR, "none"),
    ("own_wish", {"wishes": frozenset({"officer", "help"})}, Verdict.REFER, "officer_asked_for"),
    ("own_wish", {"wishes": frozenset({"cannot_turn"})}, Verdict.REFER, "cannot_turn"),
    ("own_wish", {"wishes": frozenset({"timed_out"})}, Verdict.REFER, "left_before_the_end"),
    ("devices", {"failed_devices": (("camera", "DEV-GONE"),)}, Verdict.NOT_DONE, "camera_device_failed"),
]


COMPARED: list[tuple[dict[str, object], Verdict, str]] = [
    ({}, Verdict.CLEAR, "portrait_agrees"),
    ({"portrait_distance": 0.6}, Verdict.CLEAR, "portrait_agrees"),
    ({"portrait_distance": 0.601}, Verdict.REFER, "portrait_differs"),
    ({"portrait_distance": NAN}, Verdict.REFER, "portrait_differs"),
    ({"portrait_distance": None}, Verdict.NOT_DONE, "comparison_too_few_frames"),
    ({"frames": 2}, Verdict.NOT_DONE, "comparison_too_few_frames"),
    ({"burst_distance": 0.51}, Verdict.REFER, "live_faces_differ"),
    ({"burst_distance": NAN}, Verdict.REFER, "live_faces_differ"),
    ({"turn_distance": 0.51}, Verdict.REFER, "turn_other_face"),
    ({"turn_distance": NAN}, Verdict.REFER, "turn_other_face"),
    ({"turn_distance": None}, Verdict.NOT_DONE, "turn_identity_not_followed"),
    ({"metric": "other"}, Verdict.NOT_DONE, "comparison_metric_unknown"),
    ({"portrait": PortraitState.UNREADABLE}, Verdict.NOT_DONE, "portrait_unreadable"),
    ({"portrait": PortraitState.FACELESS}, Verdict.NOT_DONE, "portrait_without_face"),
    ({"portrait": PortraitState.NONE, "portrait_distance": None}, Verdict.CLEAR, "no_portrait_to_compare"),
    # a printed portrait is for the officer's eyes: it neither clears nor refers
    ({"portrait": PortraitState.PRINTED, "portrait_distance": 0.1}, Verdict.CLEAR, "no_portrait_to_compare"),
    ({"portrait": PortraitState.PRINTED, "portrait_distance": 0.9}, Verdict.CLEAR, "no_portrait_to_compare"),
]
CASES += [
    ("face_comparison", {"comparison": replace(GOOD_COMPARISON, **change)}, verdict, reason)  # type: ignore[arg-type]
    for change, verdict, reason in COMPARED
]


@pytest.mark.parametrize(
    ("name", "change", "verdict", "reason"), CASES, ids=[f"{n}-{case[0]}-{case[3]}" for n, case in enumerate(CASES)]
)
def test_a_check_says_what_it_saw(name: str, change: dict[str, object], verdict: Verdict, reason: str) -> None:
    finding = ALL[name](replace(GOOD, **change), DEVELOPMENT)  # type: ignore[arg-type]
    assert (finding.check, finding.verdict, finding.reason) == (name, verdict, reason)


def _compared(state: PortraitState, apart: float | None, **limits: bool) -> str:
    policy = replace(DEVELOPMENT, comparison=replace(DEVELOPMENT.comparison, **limits))  # type: ignore[arg-type]
    seen = replace(GOOD_COMPARISON, portrait=state, portrait_distance=apart)
    return ALL["face_comparison"](replace(GOOD, comparison=seen), policy).reason


def test_a_policy_may_ask_for_a_portrait_and_may_trust_a_printed_one() -> None:
    assert _compared(PortraitState.NONE, None, portrait_required=True) == "portrait_absent"
    assert _compared(PortraitState.PRINTED, 0.1, portrait_required=True) == "portrait_absent"
    assert _compared(PortraitState.PRINTED, 0.1, printed_counts=True) == "portrait_agrees"
    assert _compared(PortraitState.PRINTED, 0.9, printed_counts=True) == "portrait_differs"


def test_a_turn_that_failed_is_not_blamed_twice() -> None:
    failed = replace(GOOD_PAD, turn_passed=False, turn_reason="turn_no_response")
    seen = replace(GOOD_COMPARISON, turn_distance=None)
    assert ALL["face_comparison"](replace(GOOD, pad=failed, comparison=seen), DEVELOPMENT).reason == "portrait_agrees"


def test_a_comparison_records_its_operating_point() -> None:
    rows = {row.name: row for row in ALL["face_comparison"](GOOD, DEVELOPMENT).measures}
    apart = rows["portrait_distance"]
    assert (apart.value, apart.unit, apart.limit) == (0.4, "dlib-resnet-1/0a1b2c3d", "max 0.6")
    assert rows["turn_distance"].limit == rows["live_burst_distance"].limit == "max 0.5"
    assert (rows["live_frames"].value, rows["live_frames"].limit) == (4.0, "min 3")


def test_a_document_kind_that_policy_does_not_take_is_referred() -> None:
    policy = replace(DEVELOPMENT, accepted_documents=("AC",))
    assert ALL["document_accepted"](GOOD, policy).reason == "document_kind_not_accepted"


def test_a_specimen_opens_only_a_specimen_country() -> None:
    assert ALL["document_accepted"](GOOD, replace(DEVELOPMENT, country="LCA")).reason == "issuer_specimen"


def test_an_issuer_nobody_lists_is_referred() -> None:
    unknown = replace(GOOD, document=replace(GOOD.document, issuing_state="QQQ"))  # type: ignore[type-var]
    assert ALL["document_accepted"](unknown, DEVELOPMENT).reason == "issuer_unknown"


def _with_digit(word: CheckDigit) -> Evidence:
    assert GOOD.document is not None
    digits = tuple((f, word if f == "document_number" else w) for f, w in GOOD.document.check_digits)
    return replace(GOOD, document=replace(GOOD.document, check_digits=digits))


def test_a_refuted_or_absent_check_digit_is_referred() -> None:
    assert ALL["document_integrity"](_with_digit(CheckDigit.REFUTED), DEVELOPMENT).reason == "check_digit_refuted"
    assert ALL["document_integrity"](_with_digit(CheckDigit.NOT_PRINTED), DEVELOPMENT).reason == "check_digit_missing"


def test_a_document_that_ends_too_soon_is_referred() -> None:
    policy = replace(DEVELOPMENT, min_document_validity_days=20 * 365)
    assert ALL["document_expiry"](GOOD, policy).reason == "document_expires_soon"


def limits(**chosen: Any) -> Policy:
    return replace(DEVELOPMENT, chip=replace(DEVELOPMENT.chip, **chosen))


@pytest.mark.parametrize("name", ["chip_trust", "chip_matches_zone"])
@pytest.mark.parametrize("why", Unread)
def test_a_chip_that_was_not_read_refers_unless_policy_tolerates_why(name: str, why: Unread) -> None:
    unread = replace(GOOD, chip=why)
    assert ALL[name](unread, limits(tolerated=())) == Finding(name, Verdict.NOT_DONE, why)
    tolerated = ALL[name](unread, limits(tolerated=tuple(Unread)))
    assert tolerated.verdict is (Verdict.NOT_DONE if why is Unread.DENIED else Verdict.CLEAR)


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (None, "trust_store_absent"),
        (2161.0, "trust_store_stale"),
        (NAN, "trust_store_stale"),
        (-1.0, "trust_store_stale"),
    ],
)
def test_without_a_fresh_trust_store_no_chip_clears(age: float | None, reason: str) -> None:
    found = ALL["chip_trust"](replace(GOOD, chip=chip(Assurance.GENUINE, store_age_hours=age)), DEVELOPMENT)
    assert (found.verdict, found.reason) == (Verdict.NOT_DONE, reason)
    contradicted = replace(GOOD, chip=chip(Assurance.NONE, "dg_hash_mismatch", store_age_hours=age))
    assert ALL["chip_trust"](contradicted, DEVELOPMENT).reason == "dg_hash_mismatch"


@pytest.mark.parametrize("word", sorted(REMARKS))
def test_a_remark_refers_only_where_policy_does_not_tolerate_it(word: str) -> None:
    remarked = replace(GOOD, chip=chip(Assurance.GENUINE, word))
    assert ALL["chip_trust"](remarked, limits(tolerated=(word,))).reason == "chip_genuine"
    found = ALL["chip_trust"](remarked, limits(tolerated=()))
    assert (found.verdict, found.reason) == (Verdict.REFER, word)


def test_policy_says_what_a_chip_that_was_read_must_prove() -> None:
    least = limits(min_assurance=1, weak_algorithms=True)
    read = replace(GOOD, chip=chip(Assurance.READ, "signer_unknown", "algorithm_weak"))
    assert ALL["chip_trust"](read, least).reason == "chip_unproven"
    most = limits(min_assurance=3, weak_algorithms=True)
    assert ALL["chip_trust"](replace(GOOD, chip=chip(Assurance.SIGNED)), most).reason == "chip_assurance_low"
    contradicted = replace(GOOD, chip=chip(Assurance.NONE, "clone_suspected"))
    assert ALL["chip_trust"](contradicted, least).reason == "clone_suspected"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_nothing_at_all_never_clears_a_capture_check(name: str) -> None:
    nothing = Evidence(
        TODAY, ClockState.TRUSTED, None, "", None, None, None, None, None, None, Unread.ABSENT, (), (), frozenset(), ()
    )
    finding = ALL[name](nothing, DEVELOPMENT)
    assert (finding.verdict is Verdict.CLEAR) == (name in ("own_wish", "devices"))
