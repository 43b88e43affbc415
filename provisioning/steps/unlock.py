"""The disk of a broken board: shut to this one until headquarters releases its key; then the image's root opens it.

The page has no right to touch a disk. What it has released it leaves in a file in memory; a unit of the image puts this
board's own key in and starts the board again. Nothing here outlives a power cut but what lies on the stick and in the
TPM, and with both the next try goes on where this one was.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from border.enrolment.answers import ANSWER_TYPE
from border.enrolment.recovery import NEEDED, join, locked_sha256
from border.enrolment.values import EnrolmentAnswer, LockedDisk, Purpose, SealedPart
from border.messages import codec, cose
from border.messages.errors import MessageError
from provisioning import disk
from provisioning.bench import ANSWER, MAX_FILE, Bench
from provisioning.identity import TpmKey
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Facts, Kind, Question, Refused, Step
from provisioning.steps import board, enrolment

TRY = "try.json"
RELEASED_MODE = 0o640
"""For the group of whoever opens the disk."""

OPENS_S = 600.0
LOOK_S = 0.5
OLD_SERIAL = Question(
    "old-serial",
    "What is the whole serial number of the board that broke?",
    Kind.TEXT,
    detail="It stands on its label, and on the label of the lane. This disk was locked with it.",
)


def is_done(bench: Bench) -> bool:
    return bool(bench.desk.table(TRY)) and _outcome(bench) == {"try": bench.desk.table(TRY)["try"]}


def do(bench: Bench, answers: Answers) -> Question | None:
    shut = read_shut(bench)
    if shut.get("level") == "board":
        if "old-serial" not in answers:
            return OLD_SERIAL
        released = {"serial": answers["old-serial"].strip()}
    else:
        released = {"key": _released(bench, locked_disk(shut)).hex()}
    _open(bench, {"disk": str(shut["disk"]), **released})
    return None


def evidence(bench: Bench) -> Facts:
    shut = read_shut(bench)
    return (("disk", str(shut["disk"])), ("locked by board", str(shut.get("board", "without a TPM"))))


# -- what the disk says of itself


def read_shut(bench: Bench) -> Mapping[str, Any]:
    """As the image's first unit left it. Raises `Refused`: no disk here is shut."""
    try:
        told = json.loads(bench.settings.disk.shut.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise refused(
            Code.DISK_OPEN,
            "No disk here is shut.",
            why=f"{bench.settings.disk.shut}: {type(error).__name__}.",
            then="Choose replace-board.",
        ) from error
    return told if isinstance(told, dict) else {}


def locked_disk(shut: Mapping[str, Any]) -> LockedDisk:
    """What headquarters must see. Raises `Refused`: nobody can open this disk."""
    if "parts" in shut:
        parts = tuple(SealedPart(part["number"], base64.b64decode(part["sealed"])) for part in shut["parts"])
        return LockedDisk(str(shut["disk"]), str(shut["board"]), parts)
    if shut.get("is_damaged"):
        raise refused(
            Code.DISK_DAMAGED,
            "What the disk says of its recovery key is damaged.",
            why="It cannot be read, so headquarters has nothing to open.",
            then="Keep the disk, tell headquarters, and use replace-storage with another one.",
        )
    raise refused(
        Code.DISK_ALONE,
        "Nobody but the broken board can open this disk.",
        why="It has no recovery key: its image named no custodians.",
        then="If the board can be repaired, put the disk back. Else use replace-storage with another disk.",
    )


# -- what headquarters says of it


def _released(bench: Bench, locked: LockedDisk) -> bytes:
    """The recovery key. Raises `Refused`."""
    _other_disk(bench, locked)
    if not bench.desk.has(ANSWER):
        enrolment.exchange(bench, locked)
    try:
        return _key(bench, bench.answer(), locked)
    except Refused:
        enrolment.discard(bench)  # what cannot be used now never can
        raise


def _key(bench: Bench, answer: EnrolmentAnswer, locked: LockedDisk) -> bytes:
    release = answer.release
    if release is None or len(release.parts) < NEEDED:
        raise _wrong("It holds no release of a disk.")
    if release.disk != locked.disk:
        raise _other(release.disk, locked)
    if release.locked_sha256 != locked_sha256(locked):
        raise refused(
            Code.DISK_RELEASE_OLD,
            "This release is for an earlier key of the disk.",
            why="The disk was locked anew since headquarters was asked.",
            then="Run this step again: a new request is written.",
        )
    if not isinstance(bench.backend, TpmKey):
        raise _wrong("It is for a TPM, and this board keeps its key elsewhere.")
    chip = bench.backend
    parts = {part.number: chip.activate(part.credential, part.secret) for part in release.parts}
    try:
        return join(parts)
    except ValueError as error:
        raise _wrong(f"Its parts do not belong together ({error}).") from error


def _other_disk(bench: Bench, locked: LockedDisk) -> None:
    """An answer on a stick that is for this board, and for the disk that was in it before, is no use to wait beside."""
    serial = board.read_facts(bench).serial
    for _, data in bench.carried(".cose"):
        answer = _peeked(data)
        if answer is None or answer.purpose is not Purpose.UNLOCK or answer.board_serial != serial:
            continue
        if answer.release is not None and answer.release.disk != locked.disk:
            raise _other(answer.release.disk, locked)


def _peeked(data: bytes) -> EnrolmentAnswer | None:
    try:
        signed = cose.peek(data, max_bytes=MAX_FILE)
        if signed.content_type != ANSWER_TYPE:
            return None
        return codec.decode(EnrolmentAnswer, signed.payload, max_bytes=MAX_FILE)
    except MessageError:
        return None


def _other(disk_id: str, locked: LockedDisk) -> Refused:
    return refused(
        Code.DISK_OTHER,
        "This release is for another disk.",
        why=f"It is for disk {disk_id}, and the one in this board is {locked.disk}.",
        then="Put that disk in, or take the file off the stick and ask headquarters for this one.",
    )


def _wrong(why: str) -> Refused:
    return refused(
        Code.ANSWER_WRONG,
        "This answer cannot be used.",
        why=why,
        then="Take the file off the stick, and bring the one that answers this board's request.",
    )


# -- opening it


def _open(bench: Bench, released: Mapping[str, str]) -> None:
    """Leaves the key for the unit that opens, and waits for what became of it. Raises `Refused`."""
    mark = os.urandom(16).hex()
    bench.desk.put_table(TRY, {"try": mark})
    bench.talk.say("Opening the disk, and locking it to this board")
    disk.write(bench.settings.disk.released, json.dumps({**released, "try": mark}).encode(), RELEASED_MODE)
    try:
        told = _waited(bench, mark)
    finally:
        disk.erase(bench.settings.disk.released)
    if "code" in told:
        enrolment.discard(bench)
        raise Refused(told["code"], told["what"], why=told["why"], then=told["then"])
    bench.talk.say("The board starts again now; then choose Replace the board")


def _waited(bench: Bench, mark: str) -> Mapping[str, str]:
    ends_s = time.monotonic() + OPENS_S
    while (told := _outcome(bench)).get("try") != mark:
        if time.monotonic() > ends_s:
            raise refused(
                Code.DISK_NOT_OPENED,
                "The disk was not opened.",
                why=f"Nobody took the key within {OPENS_S:.0f} s.",
                then="Take the power off and on, and go on from the stick.",
                again=True,
            )
        time.sleep(LOOK_S)
    return told


def _outcome(bench: Bench) -> Mapping[str, str]:
    try:
        told = json.loads(Path(bench.settings.disk.outcome).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}


STEP = Step("unlock", "The disk of the broken board", is_done, do, evidence)
