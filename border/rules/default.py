"""The DEVELOPMENT policy of practice mode: Utopia's, so that nobody takes it for a country's own."""

from __future__ import annotations

from border.documents.countries import CARICOM_MEMBERS
from border.rules.engine import ANY
from border.rules.policy import (
    ChipLimits,
    ComparisonLimits,
    FaceLimits,
    FingerLimits,
    FramingLimits,
    GateLimits,
    LightLimits,
    PassiveLimits,
    Policy,
    Retries,
    ScreenLimits,
    SlipRules,
    Stay,
    TurnLimits,
)

DEVELOPMENT = Policy(
    version=1,
    country="UTO",
    face=FaceLimits(
        min_inter_eye_px=60.0,
        max_abs_yaw_deg=10.0,
        max_abs_pitch_deg=15.0,
        max_abs_roll_deg=10.0,
        # not UnderExposurePrevention: it works on linear light and would mark down dark skin that is well lit
        min_component=(("SingleFacePresent", 50.0), ("EyesOpen", 90.0), ("DynamicRange", 40.0)),
        min_sharpness=50.0,
        framing=FramingLimits(max_head_size=0.48, min_side=0.9, min_above=0.6, min_below=1.1, max_second_face=0.5),
        light=LightLimits(
            min_mapped=50.0,
            min_frame_level=30.0,
            max_frame_level=245.0,
            min_face_level=42.0,
            max_surround_ratio=25.0,
        ),
    ),
    turn=TurnLimits(
        min_yaw_change_deg=18.0,
        min_residual=0.05,
        min_relief=0.53,
        turns=2,
        seconds_per_turn=6.0,
        max_track_distance=0.5,
        min_pitch_change_deg=18.0,
    ),
    passive=PassiveLimits(max_attack_score=0.5, min_frames=5),
    screen=ScreenLimits(max_moire=1.3, max_bezel=0.9, min_frames=5),
    comparison=ComparisonLimits(
        max_distance=0.6, min_frames=3, portrait_required=False, printed_counts=False, metric="dlib-resnet-1"
    ),
    finger=FingerLimits(
        min_quality=(("optical", 60.0), ("capacitive", 60.0)), min_age_years=12, metric="landfall-finger-2"
    ),
    chip=ChipLimits(
        # a kiosk without a reader goes by the page; a document that should have a chip and gives none meets an officer
        tolerated=(
            "chip_not_asked",
            "details_malformed",
            "crl_absent",
            "crl_stale",
            "com_inconsistent",
            "card_access_unsigned",
            "deviation_known",
        ),
        min_assurance=2,
        weak_algorithms=False,
        tries=3,
        wait_s=15.0,
        read_s=20.0,
        max_store_age_hours=24.0 * 90,
    ),
    gate=GateLimits(open_s=8.0),
    slip=SlipRules(print_referred=True, offer_cleared=True),
    retries=Retries(document=3, face=3, finger=3, total_s=120.0),
    min_self_service_age_years=16,
    accepted_documents=("P", "A", "C", "I"),  # passports, and the identity cards that islands take from each other
    min_document_validity_days=0,
    max_list_age_hours=24.0,
    stays=(
        # Myrie v Barbados [2013] CCJ 3 (OJ): a definite six months for CARICOM nationals
        Stay("caricom_six_months", tuple(sorted(CARICOM_MEMBERS)), 180),
        Stay("visitor_ninety_days", (ANY,), 90),
    ),
    protection_codes=("XXA", "XXB", "XXC", "XXX"),
)
