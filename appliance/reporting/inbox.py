"""What headquarters sends down, signed: policy, lists, trust store, commands. Verified, never older, durable.

Files in the folder: `policy.cose`, `watchlist.cose`, `trust.cose`, `command.cose` are in force; `<name>-<order>.cose`
are the last three that were taken. Two ways lead here, the broker's and the update shelf's; one message is judged at a
time. Counts may be read from any thread.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from appliance import durable
from border.messages import codec, cose
from border.messages.errors import MessageError
from border.messages.topics import TopicKind
from border.messages.trust import load_trust
from border.rules.codec import load_policy
from border.watchlist.codec import MAX_BYTES, load_list

log = logging.getLogger(__name__)

KEEP = 3
COMMAND_TYPE = "application/vnd.landfall.command+cbor"

Order = tuple[int, int]
"""What makes one artefact newer: version or serial, then when it was issued (ms; 0 when it does not say)."""


@dataclass(frozen=True, slots=True)
class Command:
    """An order to this one kiosk. `serial` grows: an order is carried out once, and never after a later one."""

    kiosk: str
    serial: int
    name: str
    arguments: tuple[str, ...]
    not_after_wall_ms: int


class Verdict(StrEnum):
    TAKEN = "taken"
    KNOWN = "known"  # the same content again
    OLDER = "older"
    REUSED = "reused"  # other content under an order that was given out before
    REFUSED = "refused"


NAMES: dict[TopicKind, str] = {
    TopicKind.POLICY: "policy",
    TopicKind.WATCHLIST: "watchlist",
    TopicKind.TRUST: "trust",
    TopicKind.COMMAND: "command",
}


class Inbox:
    """`on_taken(kind)` runs on the thread that brought it, after the new file is on the disk; it must be quick."""

    def __init__(
        self, folder: Path, kiosk: str, key: ec.EllipticCurvePublicKey, on_taken: Callable[[TopicKind], None]
    ) -> None:
        self._folder = folder
        self._kiosk = kiosk
        self._key = key
        self._on_taken = on_taken
        self._one_at_a_time = threading.Lock()
        self.counts: Counter[tuple[str, str]] = Counter()  # (name, verdict or reason) -> how often; never shrinks
        folder.mkdir(parents=True, exist_ok=True)
        self._in_force: dict[TopicKind, tuple[Order, bytes]] = {}
        for kind in NAMES:
            self._load(kind)

    def order(self, kind: TopicKind) -> Order:
        """Of what is in force; (0, 0): nothing."""
        return self._in_force[kind][0] if kind in self._in_force else (0, 0)

    @property
    def troubles(self) -> tuple[tuple[str, str], ...]:
        """For the state report: ("inbox.policy", "bad_signature x3") for everything refused since the start."""
        bad = {key: n for key, n in tuple(self.counts.items()) if key[1] not in (Verdict.TAKEN, Verdict.KNOWN)}
        return tuple((f"inbox.{name}", f"{reason} x{n}") for (name, reason), n in sorted(bad.items()))

    def receive(self, kind: TopicKind, signed: bytes) -> Verdict:
        """Judge one message and, if it is good and newer, make it the one in force. Raises OSError: disk."""
        return self.receive_with_reason(kind, signed)[0]

    def receive_with_reason(self, kind: TopicKind, signed: bytes) -> tuple[Verdict, str]:
        """The same, and why when it was not taken."""
        with self._one_at_a_time:
            try:
                order, content = self._verify(kind, signed)
            except MessageError as error:
                return self._refuse(kind, error.reason), error.reason
            verdict = self._judge(kind, signed, order, content)
            return verdict, verdict.value

    def _judge(self, kind: TopicKind, signed: bytes, order: Order, content: bytes) -> Verdict:
        known, in_force = self._in_force.get(kind, ((0, 0), b""))
        if order < known:
            return self._refuse(kind, Verdict.OLDER)
        if order == known:
            same = content == in_force
            return self._count(kind, Verdict.KNOWN) if same else self._refuse(kind, Verdict.REUSED)
        self._keep(kind, order, signed)
        self._in_force[kind] = (order, content)
        self._on_taken(kind)
        return self._count(kind, Verdict.TAKEN)

    def command(self, now_wall_ms: int) -> Command | None:
        """The newest order, while it may still be carried out."""
        if TopicKind.COMMAND not in self._in_force:
            return None
        command = codec.decode(Command, self._in_force[TopicKind.COMMAND][1])
        return command if now_wall_ms <= command.not_after_wall_ms else None

    # -- verification

    def _verify(self, kind: TopicKind, signed: bytes) -> tuple[Order, bytes]:
        """Order and content (without the signature, which differs each time the same thing is signed)."""
        order = self._order_of(kind, signed)
        return order, cose.peek(signed, max_bytes=MAX_BYTES).payload

    def _order_of(self, kind: TopicKind, signed: bytes) -> Order:
        if kind is TopicKind.POLICY:
            return load_policy(signed, self._key).version, 0
        if kind is TopicKind.WATCHLIST:
            listed = load_list(signed, self._key)
            return listed.version, listed.issued_at_ms
        if kind is TopicKind.TRUST:
            trust = load_trust(signed, self._key)
            return trust.version, trust.issued_at_ms
        if kind is TopicKind.COMMAND:
            return self._command_order(signed)
        raise MessageError("bad_topic")

    def _command_order(self, signed: bytes) -> Order:
        proven = cose.verify1(signed, self._key)
        if proven.content_type != COMMAND_TYPE:
            raise MessageError("wrong_content_type")
        command = codec.decode(Command, proven.payload)
        if command.kiosk != self._kiosk:
            raise MessageError("wrong_kiosk")
        if command.serial < 1:
            raise MessageError("bad_value")
        return command.serial, 0

    # -- files

    def _load(self, kind: TopicKind) -> None:
        """What lies here already; a file that does not verify (any more) counts as absent, and is said."""
        path = self._folder / f"{NAMES[kind]}.cose"
        try:
            self._in_force[kind] = self._verify(kind, path.read_bytes())
        except FileNotFoundError:
            return
        except (MessageError, OSError) as error:
            self._refuse(kind, error.reason if isinstance(error, MessageError) else "unreadable")

    def _keep(self, kind: TopicKind, order: Order, signed: bytes) -> None:
        name = NAMES[kind]
        durable.write(self._folder / f"{name}-{order[0]:010}-{order[1]:015}.cose", signed)
        durable.write(self._folder / f"{name}.cose", signed)
        shape = re.compile(rf"{name}-\d+-\d+\.cose")
        history = sorted(path for path in self._folder.iterdir() if shape.fullmatch(path.name))
        durable.remove(history[:-KEEP])

    def _refuse(self, kind: TopicKind, reason: str) -> Verdict:
        log.warning("%s from headquarters not taken: %s", NAMES.get(kind, kind.value), reason)
        self._count(kind, reason)
        return Verdict(reason) if reason in (Verdict.OLDER, Verdict.REUSED) else Verdict.REFUSED

    def _count(self, kind: TopicKind, what: str) -> Verdict:
        self.counts[NAMES.get(kind, kind.value), str(what)] += 1
        return Verdict(what) if what in (Verdict.TAKEN, Verdict.KNOWN) else Verdict.REFUSED
