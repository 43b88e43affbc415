"""The built image on an emulated board, from a bare card to the traveller page: `make image-test`.

Nothing here is judged by how fast it was; times and sizes are printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning.image import disk
from provisioning.image.tree import ROOT
from tests.image import machine
from tests.image.machine import ASKING, OFFICER, TRAVELLER, Machine
from tests.image.site import KIOSK, site

IMAGE = Path(os.environ.get("LANDFALL_IMAGE", ROOT / "artefacts" / "image" / "landfall.img"))
LONG_S = 2400.0
pytestmark = [pytest.mark.full, pytest.mark.timeout(3 * LONG_S)]
ACTIVE = (
    "landfall-data.service", "data.mount", "landfall-folders.service", "landfall-appliance.service",
    "nftables.service", "chrony.service", "pcscd.socket", "systemd-networkd.service", "systemd-resolved.service",
)  # fmt: skip


def say(text: str) -> None:
    sys.stdout.write(f"\nimage: {text}\n")


def image() -> Path:
    """What `make image` left. To build it takes longer than CI has, so there, too, it is missed and not mourned."""
    if not IMAGE.is_file():
        pytest.skip(f"no image in {IMAGE}: make image")
    if lacking := machine.lacking():
        reason = f"Debian packages are missing: {', '.join(lacking)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return IMAGE


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    (folder / "asked").mkdir()
    site(folder / "asked" / "site", folder / "ca")
    shutil.copy(Path(__file__).with_name("ask.py"), folder / "asked")
    return folder


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Machine]:
    """A bare card, started for the first time, until its page is there."""
    board = Machine(place / "first", machine.fresh(image(), place))
    began_s = time.monotonic()
    board.start(place / "asked")
    try:
        board.wait_for("ASK answers", LONG_S)
        say(f"first start to the traveller page: {time.monotonic() - began_s:.0f} s here")
        yield board
    finally:
        board.cut()


@pytest.fixture(scope="module")
def report(running: Machine) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(running.get(ASKING, "/report", LONG_S))
    say(f"{told['started']}; {told['sbom']['components']} components; screen:\n{told['screen']}")
    return told


def test_the_traveller_page_is_served(running: Machine) -> None:
    page = running.get(ASKING, "/page", 300).decode()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "Landfall" in page or "landfall" in page


def test_a_bare_board_was_commissioned_and_the_kiosk_started_by_itself(report: dict[str, Any]) -> None:
    assert report["was_bare"]
    assert report["page_s"] > 0
    assert "SubState=running" in report["kiosk"]


def test_units_are_active_and_none_has_failed(report: dict[str, Any]) -> None:
    assert {unit: report["units"][unit] for unit in ACTIVE} == dict.fromkeys(ACTIVE, "active")
    assert [line for line in report["failed"].splitlines() if "landfall-screen" not in line] == []


def test_the_screen_has_its_compositor(report: dict[str, Any]) -> None:
    assert "cage" in report["screen"], report["screen_said"]
    assert "landfall-screen" in report["screen"], "not as root"


def test_each_unit_is_exposed_2_0_at_most_by_the_images_own_systemd(report: dict[str, Any]) -> None:
    assert len(report["exposures"]) >= 6
    assert {unit: score for unit, score in report["exposures"].items() if score > 2.0} == {}


def test_the_root_is_read_only(report: dict[str, Any]) -> None:
    assert report["written"] == []
    assert re.match(r"ext4\s+ro\b", report["root"])


def test_the_data_is_one_journalled_encrypted_partition(report: dict[str, Any]) -> None:
    assert "/dev/mapper/data" in report["data"]
    assert "ext4" in report["data"]
    assert "LUKS2" in report["crypt"]
    assert "aes-xts-plain64" in report["crypt"]
    assert report["data_bytes"] > disk.layout()[-1].size + machine.LARGER // 2, "it took what the card has left"


def test_a_board_without_a_tpm_says_that_its_level_is_the_lowest(report: dict[str, Any]) -> None:
    assert report["level"] == {"level": "board", "lowest": True}


def test_the_firewall_drops_by_default(report: dict[str, Any], running: Machine) -> None:
    for hook in ("input", "forward", "output"):
        assert re.search(rf"hook {hook} priority filter; policy drop;", report["rules"]), hook
    assert running.get(OFFICER, "/", 300), "the officers' page is let in"
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(f"http://127.0.0.1:{running.ports[TRAVELLER]}/", timeout=20)


def test_the_bill_of_materials_is_on_board(report: dict[str, Any]) -> None:
    assert report["sbom"]["format"] == "CycloneDX"
    assert report["sbom"]["components"] > 350


def test_nobody_can_log_in(report: dict[str, Any]) -> None:
    assert report["logins"] == ""
    assert report["root_password"][0] in "!*"


def test_nothing_waited_for_the_time(report: dict[str, Any]) -> None:
    assert "active" not in report["time_waited"].split(), report["time_waited"]


def test_the_journal_is_in_memory_and_the_kernel_tells_nothing(report: dict[str, Any]) -> None:
    assert report["journal"] == 0
    assert report["sysctls"]["kernel/kptr_restrict"] == "2"
    assert report["sysctls"]["kernel/sysrq"] == "0"


def test_what_is_on_the_card_cannot_be_read_from_it(running: Machine, report: dict[str, Any]) -> None:
    """Raw, while the kiosk runs: the header is LUKS's and the kiosk's name is nowhere."""
    part = disk.layout()[-1]
    with running.image.open("rb") as card:
        card.seek(part.start)
        head = card.read(6)
        assert head == b"LUKS\xba\xbe"
        before = b""
        while piece := card.read(16 * disk.MIB):
            assert KIOSK.encode() not in before + piece
            assert b"Image Harbour" not in before + piece
            before = piece[-64:]


def test_after_the_plug_was_pulled_it_is_the_same_kiosk(running: Machine, place: Path, report: dict[str, Any]) -> None:
    """The last of those that share the running board."""
    running.cut()
    running.start(place / "asked")
    running.wait_for("ASK answers", LONG_S)
    again = json.loads(running.get(ASKING, "/report", LONG_S))
    assert not again["was_bare"]
    assert again["page_s"] > 0
    assert again["level"] == report["level"]


def test_a_card_in_another_board_says_so_on_the_console(running: Machine, place: Path) -> None:
    running.cut()
    other = Machine(place / "other", running.image, serial="10000000abcdef02")
    other.start(place / "asked")
    try:
        other.wait_for("DATA-LOCKED", LONG_S)
        assert "Put the card back into its own board" in other.console
    finally:
        other.cut()


def test_with_a_tpm_the_key_is_in_it(place: Path) -> None:
    if shutil.which("swtpm") is None:
        pytest.skip("swtpm is not installed: apt-get install swtpm")
    folder = place / "tpm"
    folder.mkdir()
    words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--flags", "startup-clear"]
    with subprocess.Popen([*words, "--ctrl", f"type=unixio,path={folder / 'control'}"]) as chip:
        board = Machine(folder / "board", machine.fresh(image(), folder), tpm=folder / "control")
        try:
            board.start(place / "asked")
            board.wait_for("its key kept by: tpm", LONG_S)
        finally:
            board.cut()
            chip.terminate()
