"""One synthetic value of every message: what the schemas are named after and the golden files are made of.

The document is the specimen of Doc 9303-4 (Utopia); nobody here exists.
"""

from __future__ import annotations

from border.documents.chip_trust import Proof
from border.documents.values import CheckDigit, Format, Mrz, PartialDate, Repair
from border.documents.zone_comparison import Difference
from border.encounter import (
    CheckedFact,
    ChipFact,
    ClockState,
    DecidedFact,
    Direction,
    OfficerOutcome,
    Outcome,
    RecommendedFact,
    SampleKind,
    SampleRef,
    Stamp,
)
from border.enrolment import examples as enrolment
from border.findings import Finding, Measure, Verdict
from border.ledger import GENESIS, Checkpoint
from border.messages.reports import update_id
from border.messages.trust import TrustFile
from border.messages.values import (
    Alarm,
    AlarmKind,
    PartRef,
    Receipt,
    ReceiptBatch,
    ReceiptStatus,
    Record,
    RecordHeader,
    RecordKind,
    Request,
    StateReport,
    StickFile,
    StickManifest,
    UpdateReport,
)
from border.quality import QualityComponent
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
from border.watchlist.codec import WatchListFile

KIOSK = "quay-1"
ENCOUNTER = "018f0000-0000-7000-8000-000000000001"
DECISION = "018f0000-0000-7000-8000-000000000002"
ALARM = "018f0000-0000-7000-8000-000000000003"
AT = Stamp(wall_ms=1_714_521_600_000, monotonic_ms=5_000, boot_id="boot-1", clock=ClockState.TRUSTED)

LINES = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
SPECIMEN = Mrz(
    format=Format.TD3,
    document_code="P",
    issuing_state="UTO",
    primary_identifier="ERIKSSON",
    secondary_identifier="ANNA MARIA",
    name_truncated=False,
    document_number="L898902C3",
    nationality="UTO",
    date_of_birth=PartialDate(74, 8, 12, True),
    sex="F",
    date_of_expiry=PartialDate(12, 4, 15, True),
    optional_data=("ZE184226B",),
    check_digits=(("document_number", CheckDigit.VERIFIED), ("date_of_birth", CheckDigit.NOT_PRINTED)),
    repairs=(Repair(1, 5, "O", "0", "document_number"),),
)
FACE = SampleRef(SampleKind.FACE, "image/jpeg", "ab" * 32, 60_000, "cd" * 32, "camera")

CHECKED = CheckedFact(
    encounter=ENCOUNTER,
    author=KIOSK,
    at=AT,
    direction=Direction.ARRIVAL,
    group=ENCOUNTER,
    lines=LINES,
    lines_as_read=(LINES[0], LINES[1].replace("0", "O", 1)),
    document=SPECIMEN,
    chip=ChipFact(
        access="PACE-ECDH-GM-AES-128, brainpoolP256r1",
        assurance=2,
        passive_authentication=Proof.PASSED,
        active_authentication=Proof.NOT_DONE,
        chip_authentication=Proof.NOT_DONE,
        reasons=(("crl_absent", "UT"),),
        groups_proven=(1, 2, 14),
        signer="0a" * 32,
        signer_country="UT",
        authority="0b" * 32,
        store_version=7,
        zone_same_shape=True,
        zone_differences=(Difference(0, 10, "S", "5", "name"),),
    ),
    samples=(FACE,),
    quality=(QualityComponent("Sharpness", 0.5, 80.0, "landfall-1"), QualityComponent("Yaw", -2.5, None, "mesh-1")),
    findings=(
        Finding("document_expiry", Verdict.REFER, "document_expired", (Measure("days_left", -3.0, "days", "min 0"),)),
        Finding("face_pad", Verdict.NOT_DONE, "no_response", (Measure("yaw_change", float("nan"), "deg"),)),
    ),
)
RECOMMENDED = RecommendedFact(
    encounter=ENCOUNTER,
    author="rules@LCA-3",
    at=AT,
    outcome=Outcome.REFERRED,
    rules=("every_check_clear", "every_check_done"),
    reasons=("document_expired", "no_response"),
    policy_version=3,
    stay_days=None,
)
DECIDED = DecidedFact(
    encounter=ENCOUNTER,
    author="officer-7",
    at=AT,
    outcome=OfficerOutcome.ADMIT,
    reason="document_renewed",
    note="Çafé, naïve: ‖ letters of many scripts",
)
RECORD = Record(
    kiosk=KIOSK,
    seq=1,
    previous=GENESIS,
    kind=RecordKind.ENCOUNTER,
    id=ENCOUNTER,
    encounter=ENCOUNTER,
    at=AT,
    facts=(b"checked, signed", b"recommended, signed"),
    parts=(PartRef(SampleKind.FACE, "image/jpeg", "ab" * 32, "ef" * 32, 61_145, 2),),
)
HEADER = RecordHeader(kiosk=KIOSK, id=ENCOUNTER, seq=1, sealed=b"sealed record")
RECEIPTS = ReceiptBatch(
    kiosk=KIOSK,
    at_wall_ms=AT.wall_ms + 40,
    highest_seq=1,
    receipts=(
        Receipt(ENCOUNTER, ReceiptStatus.NEED, b"\x01" * 32, (("ef" * 32, 1),), ""),
        Receipt(DECISION, ReceiptStatus.REJECT, b"\x02" * 32, (), "bad_signature"),
    ),
)
STATE = StateReport(
    kiosk=KIOSK,
    boot_id="boot-1",
    at=AT,
    online=True,
    software="0.1.0",
    state="idle",
    policy_version=3,
    list_version=12,
    trust_version=7,
    outbox_depth=0,
    oldest_unreported_s=0,
    quarantined=0,
    last_seq=1,
    disk_free_mb=20_000,
    devices=(("camera", "ready"), ("fingerprint", "DEV-GONE")),
    health=(("disk", "ok", "20.0 GB"), ("fingerprint", "act", "DEV-GONE")),
    direction="arrival",
    port="Castries",
    lane="1",
)
STICK = StickManifest(
    kiosk=KIOSK,
    number="018f0000-0000-7000-8000-00000000000a",
    at=AT,
    messages=3,
    records=1,
    files=(StickFile("000.messages", 61_234, "ab" * 32),),
)
ALARM_VALUE = Alarm(kiosk=KIOSK, id=ALARM, kind=AlarmKind.DEVICE, at=AT, detail="DEV-GONE")
UPDATE = UpdateReport(
    kiosk=KIOSK,
    id=update_id(KIOSK, "apps-4-5e884898-1793500000", "rolled_back"),
    at=AT,
    transaction="apps-4-5e884898-1793500000",
    role="apps",
    phase="rolled_back",
    version="2026.12",
    sha256="5e" * 32,
    attempt=1,
    reason="OTA-GATE: camera: DEV-GONE",
    source="net",
    slot="A",
    boot_id="boot-1",
    happened_s=1_793_500_060,
)
REQUEST = Request(kiosk=KIOSK, at=AT, policy_version=0, list_version=11, trust_version=7)
CHECKPOINT = Checkpoint(kiosk=KIOSK, seq=1, head=b"\x03" * 32, at=AT)
POLICY = Policy(
    version=3,
    country="LCA",
    face=FaceLimits(
        60.0,
        10.0,
        15.0,
        10.0,
        (("EyesOpen", 20.0),),
        20.0,
        FramingLimits(0.48, 0.9, 0.6, 1.1, 0.5),
        LightLimits(50.0, 30.0, 245.0, 42.0, 25.0),
    ),
    turn=TurnLimits(
        min_yaw_change_deg=18.0,
        min_residual=0.05,
        min_relief=0.5,
        turns=2,
        seconds_per_turn=6.0,
        max_track_distance=0.5,
        min_pitch_change_deg=18.0,
    ),
    passive=PassiveLimits(max_attack_score=0.5, min_frames=5),
    screen=ScreenLimits(max_moire=1.3, max_bezel=0.9, min_frames=5),
    comparison=ComparisonLimits(
        max_distance=0.55, min_frames=4, portrait_required=True, printed_counts=False, metric="dlib-resnet-1"
    ),
    finger=FingerLimits(
        min_quality=(("optical", 40.0), ("capacitive", 35.0)), min_age_years=12, metric="landfall-finger-1"
    ),
    chip=ChipLimits(
        tolerated=("chip_absent", "crl_absent"),
        min_assurance=2,
        weak_algorithms=True,
        tries=3,
        wait_s=15.0,
        read_s=20.0,
        max_store_age_hours=2160.0,
    ),
    gate=GateLimits(open_s=6.0),
    slip=SlipRules(print_referred=True, offer_cleared=False),
    retries=Retries(document=3, face=3, finger=3, total_s=120.0),
    min_self_service_age_years=16,
    accepted_documents=("P", "AC"),
    min_document_validity_days=0,
    max_list_age_hours=24.0,
    stays=(Stay("neighbours", ("VCT", "GRD"), 180), Stay("visitors", ("*",), 42)),
    protection_codes=("XXA", "XXB", "XXC"),
)
LISTED = WatchListFile(
    version=12,
    issued_at_ms=AT.wall_ms,
    entries=(("e-1", (("SAMPLE", "PERSON"),), (1974, 8, None), ("X0000001",), "UTO", "speak_alone"),),
)
TRUST = TrustFile(
    version=7,
    issued_at_ms=AT.wall_ms,
    authorities=(b"a CSCA certificate, DER",),
    links=(),
    signers=(),
    crls=(b"a revocation list, DER",),
    master_lists=(b"a master list, CMS",),
    publishers=("DE", "FR"),
    deviation_lists=(),
)

EXAMPLES: tuple[object, ...] = (
    CHECKED,
    RECOMMENDED,
    DECIDED,
    RECORD,
    HEADER,
    RECEIPTS,
    STATE,
    STICK,
    ALARM_VALUE,
    UPDATE,
    REQUEST,
    CHECKPOINT,
    POLICY,
    LISTED,
    TRUST,
    *enrolment.EXAMPLES,
)
"""Every message of the contract, once."""
