"""The trust store in force: verified at every reading, never an older one, its age by the kiosk's clock."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from appliance.content import TRUST_FILE, Content
from border.messages.trust import TrustFile, sign_trust
from tests.post.world import HQ, HQ_KEY, START_MS

HOUR_MS = 3_600_000


def trust(version: int, issued_at_ms: int = START_MS) -> bytes:
    return sign_trust(TrustFile(version, issued_at_ms, (), (), (), (), (), (), ()), HQ)


def content(folder: Path) -> Content:
    return Content(folder, HQ_KEY.public_key(), lambda: START_MS + 6 * HOUR_MS, lambda: date(2026, 1, 1))


def test_without_a_file_there_is_no_store_and_no_age(tmp_path: Path) -> None:
    empty = content(tmp_path)
    assert (empty.trust, empty.trust_version, empty.trust_age_hours(), empty.newest_signed_ms) == (None, 0, None, 0)


def test_a_store_is_taken_with_its_age_and_the_clock_cannot_be_before_it(tmp_path: Path) -> None:
    (tmp_path / TRUST_FILE).write_bytes(trust(3))
    kept = content(tmp_path)
    assert (kept.trust_version, kept.trust_age_hours(), kept.newest_signed_ms) == (3, 6.0, START_MS)


def test_neither_an_older_nor_a_spoilt_file_replaces_what_is_in_force(tmp_path: Path) -> None:
    path = tmp_path / TRUST_FILE
    path.write_bytes(trust(3))
    kept = content(tmp_path)
    for wrong in (trust(2), trust(3, START_MS - 1), trust(9)[:-1], b""):
        path.write_bytes(wrong)
        kept.reload()
        assert kept.trust_version == 3
    path.write_bytes(trust(4))
    kept.reload()
    assert kept.trust_version == 4
