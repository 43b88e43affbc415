"""Why a step does not go on, where the reason lies with this board: codes, stable, each with a row in docs/errors.md.

What headquarters refuses carries the word of `border.enrolment.refusals` instead, and so does a voucher that this
board refuses for the same reason.
"""

from __future__ import annotations

from enum import StrEnum

from border.enrolment.refusals import REFUSALS, Refusal
from provisioning.step import Refused


class Code(StrEnum):
    """`PRO-` and what it is about."""

    SETTINGS = "PRO-SETTINGS"
    CHIP = "PRO-CHIP"
    KEY = "PRO-KEY"
    CHALLENGE = "PRO-CHALLENGE"
    NO_PEOPLE = "PRO-NO-PEOPLE"
    NO_VOUCHER = "PRO-NO-VOUCHER"
    NO_SERIAL = "PRO-NO-SERIAL"
    OTHER_SERIAL = "PRO-OTHER-SERIAL"
    NO_STICK = "PRO-NO-STICK"
    NO_ANSWER = "PRO-NO-ANSWER"
    ANSWER_WRONG = "PRO-ANSWER-WRONG"
    NO_LINE = "PRO-NO-LINE"
    NO_OFFICERS = "PRO-NO-OFFICERS"
    CONFIGURATION = "PRO-CONFIGURATION"
    HARDWARE = "PRO-HARDWARE"
    SIGN_IN = "PRO-SIGN-IN"
    PASSKEY_UNREADABLE = "PRO-PASSKEY-UNREADABLE"
    PASSKEY_ORIGIN = "PRO-PASSKEY-ORIGIN"
    PASSKEY_SHEET = "PRO-PASSKEY-SHEET"
    PASSKEY_REPLAYED = "PRO-PASSKEY-REPLAYED"
    PASSKEY_UNKNOWN = "PRO-PASSKEY-UNKNOWN"
    PASSKEY_UNVERIFIED = "PRO-PASSKEY-UNVERIFIED"
    PASSKEY_SIGNATURE = "PRO-PASSKEY-SIGNATURE"
    DECLINED = "PRO-DECLINED"
    WAITING = "PRO-WAITING"
    KIOSK = "PRO-KIOSK"
    NOT_HELD = "PRO-NOT-HELD"
    DISK = "PRO-DISK"
    BUSY = "PRO-BUSY"
    DISK_OPEN = "PRO-DISK-OPEN"
    DISK_ALONE = "PRO-DISK-ALONE"
    DISK_DAMAGED = "PRO-DISK-DAMAGED"
    DISK_OTHER = "PRO-DISK-OTHER"
    DISK_RELEASE_OLD = "PRO-DISK-RELEASE-OLD"
    DISK_NOT_OPENED = "PRO-DISK-NOT-OPENED"


def refused(code: Code, what: str, *, why: str, then: str, again: bool = False) -> Refused:
    return Refused(code.value, what, why=why, then=then, again=again)


def as_headquarters(reason: Refusal, what: str, detail: str = "") -> Refused:
    """With the cause and the next step that headquarters' own list gives."""
    known = REFUSALS[reason]
    why = f"{known.cause} ({detail})" if detail else known.cause
    return Refused(reason.value, what, why=why, then=known.next_step)
