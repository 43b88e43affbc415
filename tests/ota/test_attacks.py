"""Every attack of the list against the real client; and the page that tells of it, against the list."""

from __future__ import annotations

from pathlib import Path

import pytest

from ota.refusals import Code
from tests.ota.attack_table import DOCUMENT, table
from tests.ota.attacks import ATTACKS, Attack, outcome
from tests.ota.conftest import ENDLESS, World


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_it_is_refused_by_its_name(attack: Attack, world: World, tmp_path: Path) -> None:
    assert outcome(attack, world, tmp_path / "device") is attack.word
    assert world.server.poured < ENDLESS


def test_every_refusal_of_trust_is_somebodys() -> None:
    """A word that no attack calls forth would be a check that nobody tried."""
    trust = {c for c in Code if c.value in TRUST}
    assert trust <= {attack.word for attack in ATTACKS}


TRUST = {
    "OTA-REPLAYED", "OTA-EXPIRED", "OTA-UNSIGNED", "OTA-GARBLED", "OTA-ENDLESS", "OTA-NOT-MINE", "OTA-UNKNOWN",
    "OTA-DISAGREE", "OTA-HARDWARE", "OTA-OLDER", "OTA-CONTENT",
}  # fmt: skip


def test_the_page_tells_what_was_tried() -> None:
    assert table({attack.name: attack.word for attack in ATTACKS}) in DOCUMENT.read_text(encoding="utf-8")
