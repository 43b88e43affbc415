"""The signed content in force on this kiosk, verified at every reading: policy, watchlist, trust store; newest wins."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from border.documents.mrz import Mrz
from border.messages.errors import MessageError
from border.messages.trust import Trust, load_trust
from border.rules.codec import load_policy
from border.rules.policy import Policy
from border.watchlist.codec import load_list
from border.watchlist.index import Index
from border.watchlist.matching import Hit, match

log = logging.getLogger(__name__)

POLICY_FILE = "policy.cose"
LIST_FILE = "watchlist.cose"
TRUST_FILE = "trust.cose"


@dataclass(frozen=True, slots=True)
class ListInForce:
    version: int
    issued_at_ms: int
    index: Index


class Content:
    """Satisfies journey.ports.Lists. `now_ms` and `today` come from the kiosk's clock."""

    def __init__(
        self,
        folder: Path,
        key: EllipticCurvePublicKey,
        now_ms: Callable[[], int],
        today: Callable[[], date],
    ) -> None:
        self._folder, self._key = folder, key
        self._now_ms, self._today = now_ms, today
        self._policy: Policy | None = None
        self._list: ListInForce | None = None
        self._trust: Trust | None = None
        self.reload()

    def reload(self) -> None:
        """Read all files again. One that is absent or does not verify changes nothing and is logged by reason."""
        if (signed := self._read(POLICY_FILE)) is not None:
            self._take_policy(signed)
        if (signed := self._read(LIST_FILE)) is not None:
            self._take_list(signed)
        if (signed := self._read(TRUST_FILE)) is not None:
            self._take_trust(signed)

    @property
    def policy(self) -> Policy | None:
        return self._policy

    @property
    def list_version(self) -> int:
        return self._list.version if self._list else 0

    @property
    def newest_signed_ms(self) -> int:
        """When the newest verified content was signed: it is later now, whatever the clock says."""
        return max((one.issued_at_ms for one in (self._list, self._trust) if one is not None), default=0)

    def hits(self, document: Mrz) -> tuple[Hit, ...] | None:
        return match(self._list.index, document, self._today()) if self._list else None

    def list_age_hours(self) -> float | None:
        return self._age_hours(self._list)

    @property
    def trust(self) -> Trust | None:
        """Whom this kiosk believes about documents."""
        return self._trust

    @property
    def trust_version(self) -> int:
        return self._trust.version if self._trust else 0

    def trust_age_hours(self) -> float | None:
        return self._age_hours(self._trust)

    def _age_hours(self, content: ListInForce | Trust | None) -> float | None:
        return (self._now_ms() - content.issued_at_ms) / 3_600_000 if content else None

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            log.warning("%s: %s", name, error.strerror)
            return None

    def _take_policy(self, signed: bytes) -> None:
        try:
            policy = load_policy(signed, self._key)
        except MessageError as error:
            log.error("%s is not taken: %s", POLICY_FILE, error.reason)
            return
        if self._policy is None or policy.version >= self._policy.version:
            self._policy = policy

    def _take_list(self, signed: bytes) -> None:
        try:
            listed = load_list(signed, self._key)
        except MessageError as error:
            log.error("%s is not taken: %s", LIST_FILE, error.reason)
            return
        if self._list is None or (listed.version, listed.issued_at_ms) >= (self._list.version, self._list.issued_at_ms):
            self._list = ListInForce(listed.version, listed.issued_at_ms, Index.of(listed))

    def _take_trust(self, signed: bytes) -> None:
        try:
            trust = load_trust(signed, self._key)
        except MessageError as error:
            log.error("%s is not taken: %s", TRUST_FILE, error.reason)
            return
        held = self._trust
        if held is None or (trust.version, trust.issued_at_ms) >= (held.version, held.issued_at_ms):
            self._trust = trust
