"""What a country's signed policy says: limits without defaults, because somebody must have chosen each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceLimits:
    min_inter_eye_px: float
    max_abs_yaw_deg: float
    max_abs_pitch_deg: float
    max_abs_roll_deg: float
    min_component: tuple[tuple[str, float], ...]  # (OFIQ component name, lowest mapped value 0..100)
    min_sharpness: float


@dataclass(frozen=True, slots=True)
class TurnLimits:
    min_yaw_change_deg: float
    min_residual: float  # homography residual, in inter-ocular distances
    turns: int
    seconds_per_turn: float


@dataclass(frozen=True, slots=True)
class PassiveLimits:
    max_attack_score: float  # 0 surely bona fide .. 1 surely an attack
    min_frames: int


@dataclass(frozen=True, slots=True)
class FingerLimits:
    min_quality: float  # 0..100
    min_age_years: int  # below this no impression is asked; unknown age: not asked
    metric: str  # which quality metric the limit speaks of


@dataclass(frozen=True, slots=True)
class ChipLimits:
    required: bool  # False: a document whose chip was not read is not held against the traveller
    min_assurance: int  # of a chip that was read: 1 read, 2 signed by an authority we believe, 3 and proven no copy
    weak_algorithms: bool  # whether a signature with SHA-1, or by a short key, is taken


@dataclass(frozen=True, slots=True)
class Retries:
    document: int
    face: int
    finger: int
    total_s: float  # all capture steps together


@dataclass(frozen=True, slots=True)
class Stay:
    """Days an arrival may stay, by nationality; the first row whose set holds it wins, `"*"` matches all."""

    rule: str
    nationalities: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True)
class Policy:
    """One country's rules for its kiosks; versioned, signed at headquarters, verified on the device."""

    version: int
    country: str
    face: FaceLimits
    turn: TurnLimits
    passive: PassiveLimits
    finger: FingerLimits
    chip: ChipLimits
    retries: Retries
    min_self_service_age_years: int  # younger travellers always meet an officer
    accepted_documents: tuple[str, ...]  # first letter(s) of the document code, "P", "AC", "IR"
    min_document_validity_days: int
    max_list_age_hours: float  # an older watchlist: the kiosk may not clear
    stays: tuple[Stay, ...]
    protection_codes: tuple[str, ...]  # nationality codes that always meet an officer kindly (XXA, XXB, XXC...)
