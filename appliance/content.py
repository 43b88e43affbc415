"""The signed content in force on this kiosk: policy and watchlist, verified at every reading, newest version wins."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from border.documents.mrz import Mrz
from border.messages.errors import MessageError
from border.rules.codec import load_policy
from border.rules.policy import Policy
from border.watchlist.codec import load_list
from border.watchlist.index import Index
from border.watchlist.matching import Hit, match

log = logging.getLogger(__name__)

POLICY_FILE = "policy.cose"
LIST_FILE = "watchlist.cose"


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
        self.reload()

    def reload(self) -> None:
        """Read both files again. One that is absent or does not verify changes nothing and is logged by reason."""
        if (signed := self._read(POLICY_FILE)) is not None:
            self._take_policy(signed)
        if (signed := self._read(LIST_FILE)) is not None:
            self._take_list(signed)

    @property
    def policy(self) -> Policy | None:
        return self._policy

    @property
    def list_version(self) -> int:
        return self._list.version if self._list else 0

    @property
    def newest_signed_ms(self) -> int:
        """When the newest verified content was signed: it is later now, whatever the clock says."""
        return self._list.issued_at_ms if self._list else 0

    def hits(self, document: Mrz) -> tuple[Hit, ...] | None:
        return match(self._list.index, document, self._today()) if self._list else None

    def list_age_hours(self) -> float | None:
        return (self._now_ms() - self._list.issued_at_ms) / 3_600_000 if self._list else None

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
