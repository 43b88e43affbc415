"""What a country's signed policy says: limits without defaults, because somebody must have chosen each."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FramingLimits:
    """Where the face must be for the camera to see it whole; what it sees whole it does not ask to move."""

    max_head_size: float  # from between the eyes to the chin, in picture heights
    min_side: float  # from an eye to the side of the picture, in eye distances
    min_above: float  # from between the eyes to the upper edge, in face lengths (eyes to chin)
    min_below: float  # to the lower edge, in face lengths
    max_second_face: float  # size over that of the first; a smaller one stands behind the traveller and may stay


@dataclass(frozen=True, slots=True)
class LightLimits:
    """What a face needs of light. Levels 0..255 as the camera gives them."""

    min_mapped: float  # 0..100, of FaceHighlights or of DynamicRange: one of the two must reach it
    min_frame_level: float  # of the brightest hundredth; below it no model looks at the frame
    max_frame_level: float  # of the darkest hundredth; above it no model looks at the frame
    min_face_level: float  # of the brightest twentieth of the face's place; below it no model looks
    max_surround_ratio: float  # light around the head over that of the face; above it no model looks


@dataclass(frozen=True, slots=True)
class FaceLimits:
    min_inter_eye_px: float
    max_abs_yaw_deg: float
    max_abs_pitch_deg: float
    max_abs_roll_deg: float
    min_component: tuple[tuple[str, float], ...]  # (OFIQ component name, lowest mapped value 0..100)
    min_sharpness: float
    framing: FramingLimits
    light: LightLimits


@dataclass(frozen=True, slots=True)
class TurnLimits:
    min_yaw_change_deg: float
    min_residual: float  # homography residual at the least change asked, in inter-ocular distances
    min_relief: float  # share of a solid head's own relief that moved with it: 0 a sheet, flat or bowed, 1 a head
    turns: int
    seconds_per_turn: float
    max_track_distance: float  # between embeddings of one visit's straight looks; of the comparison's metric
    min_pitch_change_deg: float  # of a nod, for who cannot turn


@dataclass(frozen=True, slots=True)
class PassiveLimits:
    max_attack_score: float  # 0 surely bona fide .. 1 surely an attack
    min_frames: int


@dataclass(frozen=True, slots=True)
class ComparisonLimits:
    """One to one, live face against the document's portrait."""

    max_distance: float  # at most this far apart is one person
    min_frames: int  # straight looks behind the live side
    portrait_required: bool  # False: a document without one is not held against the traveller
    printed_counts: bool  # whether a portrait cut out of a picture of the page may be compared by the machine
    metric: str  # which network's distances the limits speak of


@dataclass(frozen=True, slots=True)
class ScreenLimits:
    """Signs of a screen before the camera, medians over frames; bands are recorded without a limit."""

    max_moire: float  # decades by which one line of the face's spectrum stands out
    max_bezel: float  # how rectangular the opening of a frame around the face is, 0..1
    min_frames: int


@dataclass(frozen=True, slots=True)
class FingerLimits:
    min_quality: tuple[tuple[str, float], ...]  # (sensor class, lowest 0..100): scores of two are never compared
    min_age_years: int  # below this no impression is asked; unknown age: not asked
    metric: str  # which quality metric the limits speak of

    def least(self, sensor_class: str) -> float:
        """What an impression of such a sensor must reach; NaN, which nothing reaches, where policy knows no such."""
        return dict(self.min_quality).get(sensor_class, math.nan)


@dataclass(frozen=True, slots=True)
class ChipLimits:
    tolerated: tuple[str, ...]  # why a chip was not read, and remarks on one, that do not refer; all others do
    min_assurance: int  # of a chip that was read: 1 read, 2 signed by an authority we believe, 3 and proven no copy
    weak_algorithms: bool  # whether a signature with SHA-1, or by a short key, is taken
    tries: int  # readings; one that is broken off is asked for again
    wait_s: float  # for a chip to be found, in each try
    read_s: float  # for one reading, from the moment it was found
    max_store_age_hours: float  # an older trust store: no chip is judged by it alone


@dataclass(frozen=True, slots=True)
class GateLimits:
    open_s: float  # how long the gate stands open for a cleared traveller; 0: only the lamp tells, and officers open


@dataclass(frozen=True, slots=True)
class SlipRules:
    """What a kiosk with a printer gives people on paper."""

    print_referred: bool  # who is referred gets one at once, with a code that opens his case for an officer
    offer_cleared: bool  # who is cleared is asked


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
    screen: ScreenLimits
    comparison: ComparisonLimits
    finger: FingerLimits
    chip: ChipLimits
    gate: GateLimits
    slip: SlipRules
    retries: Retries
    min_self_service_age_years: int  # younger travellers always meet an officer
    accepted_documents: tuple[str, ...]  # first letter(s) of the document code, "P", "AC", "IR"
    min_document_validity_days: int
    max_list_age_hours: float  # an older watchlist: the kiosk may not clear
    stays: tuple[Stay, ...]
    protection_codes: tuple[str, ...]  # nationality codes that always meet an officer kindly (XXA, XXB, XXC...)
