"""Topics of the contract: `landfall/1/...`; who may write which is the broker's access list, bound to `k`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from border.messages.errors import MessageError

ROOT = "landfall/1"
"""Name and major version of the contract."""


class TopicKind(StrEnum):
    RECORD = "record"
    PART = "part"
    ALARM = "alarm"
    STATE = "state"
    REQUEST = "request"
    RECEIPTS = "receipts"
    COMMAND = "command"
    HIT = "hit"
    WATCHLIST = "watchlist"
    POLICY = "policy"
    TRUST = "trust"
    UPDATE = "update"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic. Fields that a kind does not have are empty, `index` None."""

    kind: TopicKind
    kiosk: str = ""
    id: str = ""
    sha256: str = ""
    index: int | None = None


_KIOSK = r"(?P<kiosk>[A-Za-z0-9][A-Za-z0-9._-]{0,63})"
_UUID = r"(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_SHA256 = r"(?P<sha256>[0-9a-f]{64})"
_INDEX = r"(?P<index>0|[1-9][0-9]{0,4})"

_SHAPES: tuple[tuple[TopicKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(f"{ROOT}/{shape}"))
    for kind, shape in (
        (TopicKind.RECORD, f"k/{_KIOSK}/up/enc/{_UUID}"),
        (TopicKind.PART, f"k/{_KIOSK}/up/part/{_SHA256}/{_INDEX}"),
        (TopicKind.ALARM, f"k/{_KIOSK}/up/alarm/{_UUID}"),
        (TopicKind.UPDATE, f"k/{_KIOSK}/up/update/{_UUID}"),
        (TopicKind.STATE, f"k/{_KIOSK}/up/state"),
        (TopicKind.REQUEST, f"k/{_KIOSK}/up/req"),
        (TopicKind.RECEIPTS, f"k/{_KIOSK}/down/rcpt"),
        (TopicKind.COMMAND, f"k/{_KIOSK}/down/cmd/{_UUID}"),
        (TopicKind.HIT, f"k/{_KIOSK}/down/hit"),
        (TopicKind.WATCHLIST, "all/wl"),
        (TopicKind.POLICY, "all/policy"),
        (TopicKind.TRUST, "all/trust"),
        (TopicKind.ANNOUNCEMENT, "all/update"),
    )
)


def record(k: str, id: str) -> str:
    """Headers of every record, encounters and decisions alike."""
    return _checked(f"{ROOT}/k/{k}/up/enc/{id}")


def part(k: str, sha256: str, i: int) -> str:
    return _checked(f"{ROOT}/k/{k}/up/part/{sha256}/{i}")


def alarm(k: str, id: str) -> str:
    return _checked(f"{ROOT}/k/{k}/up/alarm/{id}")


def update(k: str, id: str) -> str:
    """One step of one update."""
    return _checked(f"{ROOT}/k/{k}/up/update/{id}")


def state(k: str) -> str:
    """Retained, and the last will."""
    return _checked(f"{ROOT}/k/{k}/up/state")


def request(k: str) -> str:
    return _checked(f"{ROOT}/k/{k}/up/req")


def receipts(k: str) -> str:
    return _checked(f"{ROOT}/k/{k}/down/rcpt")


def command(k: str, id: str) -> str:
    return _checked(f"{ROOT}/k/{k}/down/cmd/{id}")


def hit(k: str) -> str:
    return _checked(f"{ROOT}/k/{k}/down/hit")


def watchlist() -> str:
    return f"{ROOT}/all/wl"


def policy() -> str:
    return f"{ROOT}/all/policy"


def trust() -> str:
    """Whom to believe about documents: CSCA certificates, master lists, revocation and deviation lists."""
    return f"{ROOT}/all/trust"


def announcement() -> str:
    """That something new was published: the update office's signed timestamp.json as it is, nothing around it."""
    return f"{ROOT}/all/update"


def parse(topic: str) -> Topic:
    """What a topic says. Raises MessageError("bad_topic") for anything the functions above do not make."""
    for kind, shape in _SHAPES:
        if match := shape.fullmatch(topic):
            found = match.groupdict()
            index = found.get("index")
            return Topic(
                kind=kind,
                kiosk=found.get("kiosk", ""),
                id=found.get("id", ""),
                sha256=found.get("sha256", ""),
                index=None if index is None else int(index),
            )
    raise MessageError("bad_topic")


def _checked(topic: str) -> str:
    parse(topic)
    return topic
