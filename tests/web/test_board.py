"""The badges of the board: which level for which value, edges and nonsense included."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.post.api import Link
from appliance.web.board import ACT, LOOK, OK, badges, duration, urgency
from tests.web.post_peer import FIRST, OWN


def level_of(kind: str, **changes: object) -> str:
    (badge,) = [b for b in badges(replace(OWN, devices=(("chip_reader", "ready"),), **changes)) if b.kind == kind]  # type: ignore[arg-type]
    return badge.level


@pytest.mark.parametrize(
    ("kind", "changes", "level"),
    [
        ("state", {"state": "idle"}, OK),
        ("state", {"state": "out_of_service"}, ACT),
        ("state", {"state": "something new"}, ACT),
        ("help", {"help_called": True}, ACT),
        ("uplink", {"uplink": Link.DOWN}, LOOK),
        ("uplink", {"uplink": Link.UP}, OK),
        ("unreported", {"unreported": 0, "oldest_unreported_s": 99999}, OK),
        ("unreported", {"unreported": 5, "oldest_unreported_s": 3599}, OK),
        ("unreported", {"unreported": 5, "oldest_unreported_s": 3600}, LOOK),
        ("quarantined", {"quarantined": 1}, ACT),
        ("list", {"list_age_hours": None}, ACT),
        ("list", {"list_age_hours": 23.9}, OK),
        ("list", {"list_age_hours": 24.0}, LOOK),
        ("list", {"list_age_hours": 72.0}, ACT),
        ("list", {"list_age_hours": float("nan")}, ACT),
        ("trust", {"trust_age_hours": None}, ACT),
        ("trust", {"trust_age_hours": 719.0}, OK),
        ("trust", {"trust_age_hours": 720.0}, LOOK),
        ("trust", {"trust_age_hours": 2160.0}, ACT),
        ("trust", {"trust_age_hours": float("nan")}, ACT),
        ("clock", {"clock": "trusted"}, OK),
        ("clock", {"clock": "floor"}, LOOK),
        ("clock", {"clock": "untrusted"}, ACT),
        ("clock", {"clock": "who knows"}, ACT),
        ("disk", {"disk_free_mb": 1001}, OK),
        ("disk", {"disk_free_mb": 1000}, LOOK),
        ("disk", {"disk_free_mb": 300}, ACT),
        ("autonomy", {"storage_days": 7.1}, OK),
        ("autonomy", {"storage_days": 7.0}, LOOK),
        ("autonomy", {"storage_days": 2.0}, ACT),
        ("autonomy", {"storage_days": float("nan")}, ACT),
        ("power", {"supply": "mains"}, OK),
        ("power", {"supply": "unknown"}, OK),
        ("power", {"supply": "battery"}, LOOK),
        ("power", {"supply": "battery", "supply_minutes": 16.0}, LOOK),
        ("power", {"supply": "battery", "supply_minutes": 15.0}, ACT),
        ("power", {"supply": "battery", "supply_minutes": float("nan")}, ACT),
        ("power", {"undervoltage": True}, ACT),
        ("heat", {"temperature_c": 69.9}, OK),
        ("heat", {"temperature_c": 70.0}, LOOK),
        ("heat", {"temperature_c": 80.0}, ACT),
        ("contact", {"seen_s_ago": 14}, OK),
        ("contact", {"seen_s_ago": 15}, LOOK),
        ("contact", {"seen_s_ago": 60}, ACT),
    ],
)
def test_levels(kind: str, changes: dict[str, object], level: str) -> None:
    assert level_of(kind, **changes) == level


def test_every_device_has_its_own_badge_with_its_code() -> None:
    tiles = [(b.label, b.level, b.value) for b in badges(OWN) if b.kind == "device"]
    ready = [(name, OK, "ready") for name in ("document", "camera", "chip_reader")]
    assert tiles == [*ready[:2], ("fingerprint", ACT, "DEV-GONE"), ready[2]]


def test_a_trust_store_matters_only_where_chips_are_read() -> None:
    without = replace(OWN, devices=(("camera", "ready"),), trust_age_hours=None)
    assert "trust" not in {badge.kind for badge in badges(without)}


def test_a_kiosk_that_does_not_answer_shows_nothing_old() -> None:
    assert [b.kind for b in badges(replace(OWN, state="unreachable", seen_s_ago=95))] == ["state", "contact"]


@pytest.mark.parametrize(("severity", "word"), [(0, "urgent"), (1, "soon"), (2, "plain"), (9, "plain"), (-1, "plain")])
def test_urgency(severity: int, word: str) -> None:
    assert urgency(replace(FIRST, severity=severity)) == word


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (75, "1:15"), (3599, "59:59"), (3700, "1:01:40"), (-5, "0:00")]
)
def test_duration(seconds: int, text: str) -> None:
    assert duration(seconds) == text
