"""The live board: what each kiosk's badges say and how urgent each is; pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.journey.machine import State
from appliance.post.api import KioskStatus, Link, Referral
from border.encounter import ClockState

OLD_LIST_H = 24.0
"""An older watch list deserves a look; what may not clear any more is the policy's word, not the board's."""
STALE_LIST_H = 72.0
OLD_RECORD_S = 3600
OLD_TRUST_H, STALE_TRUST_H = 24.0 * 30, 24.0 * 90
LOW_DISK_MB, LAST_DISK_MB = 1000, 300
LATE_S, SILENT_S = 15, 60
FEW_DAYS, LAST_DAYS = 7.0, 2.0
FEW_MINUTES = 15.0
WARM_C, HOT_C = 70.0, 80.0
"""A Raspberry Pi slows itself at 80 degrees."""
READY = "ready"
CHIP_READER = "chip_reader"
PAPER_LOW = "DEV-LOW"
"""As in appliance/devices.py; the board may be another kiosk's."""
UNREACHABLE = "unreachable"

OK, LOOK, ACT = "ok", "look", "act"

KINDS = (
    "state",
    "help",
    "referrals",
    "uplink",
    "unreported",
    "quarantined",
    "list",
    "trust",
    "clock",
    "disk",
    "autonomy",
    "power",
    "heat",
    "device",
    "passive",
    "contact",
)
"""Every kind of badge; each has a text of what it means and what to do (`badge.<kind>.*`)."""

PICTURES = dict(
    zip(
        KINDS,
        (
            "kiosk",
            "help",
            "queue",
            "uplink",
            "outbox",
            "held",
            "list",
            "check",
            "clock",
            "disk",
            "outbox",
            "power",
            "heat",
            "device",
            "face",
            "repeat",
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Badge:
    """One tile. `word` is a catalogue key, else `value` is shown as it is; `label` replaces the kind's name."""

    kind: str
    level: str
    value: str = ""
    word: str | None = None
    label: str | None = None

    @property
    def picture(self) -> str:
        return PICTURES[self.kind]


def badges(status: KioskStatus) -> tuple[Badge, ...]:
    """All tiles of one kiosk; of one that does not answer only those that are still true."""
    contact = Badge("contact", _rising(status.seen_s_ago, LATE_S, SILENT_S), f"{status.seen_s_ago} s")
    if status.state == UNREACHABLE:
        return (_state(status), contact)
    return (
        _state(status),
        _help(status),
        Badge("referrals", LOOK if status.referrals_waiting else OK, str(status.referrals_waiting)),
        _uplink(status),
        _unreported(status),
        Badge("quarantined", ACT if status.quarantined else OK, str(status.quarantined)),
        _list(status),
        *(_trust(status) for name, _code in status.devices if name == CHIP_READER),
        _clock(status),
        Badge("disk", _falling(status.disk_free_mb, LOW_DISK_MB, LAST_DISK_MB), _megabytes(status.disk_free_mb)),
        *_autonomy(status),
        _power(status),
        *_heat(status),
        *(_device(name, code) for name, code in status.devices),
        _passive(status),
        contact,
    )


def health(status: KioskStatus) -> tuple[tuple[str, str, str], ...]:
    """(part, level, value) of every tile: what headquarters is told, and a technician reads, is what officers see."""
    return tuple(
        (badge.label or badge.kind, badge.level, badge.word.rpartition(".")[2] if badge.word else badge.value)
        for badge in badges(status)
    )


def urgency(referral: Referral) -> str:
    """One of three words (`officer.urgent|soon|plain`) for a severity, 0 the most urgent."""
    return ("urgent", "soon")[referral.severity] if 0 <= referral.severity <= 1 else "plain"


def duration(seconds: int) -> str:
    """A wait as m:ss, from an hour on h:mm:ss."""
    minutes, rest = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _state(status: KioskStatus) -> Badge:
    known = status.state in {state.value for state in State} | {UNREACHABLE}
    closed = status.state in (UNREACHABLE, State.OUT_OF_SERVICE) or not known
    word = f"journey.{status.state}" if known else None
    return Badge("state", ACT if closed else OK, status.state, word)


def _help(status: KioskStatus) -> Badge:
    word = "badge.help.called" if status.help_called else "badge.help.none"
    return Badge("help", ACT if status.help_called else OK, word=word)


def _uplink(status: KioskStatus) -> Badge:
    return Badge("uplink", OK if status.uplink is Link.UP else LOOK, word=f"badge.uplink.{status.uplink}")


def _unreported(status: KioskStatus) -> Badge:
    waits = status.unreported > 0
    level = LOOK if waits and status.oldest_unreported_s >= OLD_RECORD_S else OK
    value = f"{status.unreported} · {duration(status.oldest_unreported_s)}" if waits else "0"
    return Badge("unreported", level, value)


def _list(status: KioskStatus) -> Badge:
    age = status.list_age_hours
    if age is None:
        return Badge("list", ACT, word="badge.list.absent")
    return Badge("list", _rising(age, OLD_LIST_H, STALE_LIST_H), f"{age:.0f} h")


def _trust(status: KioskStatus) -> Badge:
    age = status.trust_age_hours
    if age is None:
        return Badge("trust", ACT, word="badge.trust.absent")
    return Badge("trust", _rising(age, OLD_TRUST_H, STALE_TRUST_H), f"{age / 24:.0f} d")


def _clock(status: KioskStatus) -> Badge:
    levels = {ClockState.TRUSTED: OK, ClockState.FLOOR: LOOK, ClockState.UNTRUSTED: ACT}
    known = status.clock in {state.value for state in ClockState}
    clock = ClockState(status.clock) if known else ClockState.UNTRUSTED
    return Badge("clock", levels[clock], word=f"badge.clock.{clock}")


def _autonomy(status: KioskStatus) -> tuple[Badge, ...]:
    days = status.storage_days
    return () if days is None else (Badge("autonomy", _falling(days, FEW_DAYS, LAST_DAYS), f"{min(days, 999):.0f} d"),)


def _power(status: KioskStatus) -> Badge:
    if status.undervoltage:
        return Badge("power", ACT, word="badge.power.undervoltage")
    if status.supply != "battery":
        return Badge("power", OK, word=f"badge.power.{'mains' if status.supply == 'mains' else 'unknown'}")
    minutes = status.supply_minutes
    if minutes is None:
        return Badge("power", LOOK, word="badge.power.battery")
    return Badge("power", LOOK if minutes > FEW_MINUTES else ACT, f"{minutes:.0f} min")


def _heat(status: KioskStatus) -> tuple[Badge, ...]:
    warm = status.temperature_c
    return () if warm is None else (Badge("heat", _rising(warm, WARM_C, HOT_C), f"{warm:.0f} °C"),)


def _device(name: str, code: str) -> Badge:
    ready = code == READY
    level = OK if ready else LOOK if code == PAPER_LOW else ACT
    return Badge("device", level, code, "badge.device.ready" if ready else None, label=name)


def _passive(status: KioskStatus) -> Badge:
    """Without a bundle nothing is broken, but somebody should know what the kiosk relies on."""
    return (
        Badge("passive", OK, status.passive_pad)
        if status.passive_pad
        else Badge("passive", LOOK, word="badge.passive.none")
    )


def _megabytes(free: int) -> str:
    return f"{free / 1000:.1f} GB" if free >= 1000 else f"{free} MB"


def _rising(value: float, look: float, act: float) -> str:
    """NaN counts as the worst."""
    if value < look:
        return OK
    return LOOK if value < act else ACT


def _falling(value: float, look: float, act: float) -> str:
    if value > look:
        return OK
    return LOOK if value > act else ACT
