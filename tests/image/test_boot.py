"""The built image on an emulated board, from a bare card to the traveller page: `make image-test`.

Nothing here is judged by how fast it was; times and sizes are printed.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from border.enrolment.recovery import join, part_name
from border.enrolment.values import TpmEvidence
from border.messages.cose import is_signature
from border.messages.sealing import RecipientPrivate, unseal
from central.enrolment import tpm as centre
from provisioning.identity import spki
from provisioning.image import disk
from provisioning.image.tree import ROOT
from tests.image import machine
from tests.image.machine import ASKING, OFFICER, TRAVELLER, Machine
from tests.image.site import KIOSK, site
from tests.provisioning.chips import Maker

IMAGE = Path(os.environ.get("LANDFALL_IMAGE", ROOT / "artefacts" / "image" / "landfall.img"))
LONG_S = 2400.0
SPARE = "10000000abcdef09"
pytestmark = [pytest.mark.full, pytest.mark.timeout(3 * LONG_S)]
ACTIVE = (
    "landfall-data.service", "data.mount", "landfall-folders.service", "landfall-appliance.service",
    "landfall-signer.service", "landfall-provision.service", "landfall-renew.timer", "landfall-ota.path",
    "nftables.service", "chrony.service", "pcscd.socket", "systemd-networkd.service", "systemd-resolved.service",
)  # fmt: skip


TRIAL = """[Service]
ExecStart=
ExecStart=/usr/bin/python3 -m ota.trial --folder /data/ota --selector /bootcfg/autoboot.txt --deadline-s 600
"""
"""The unit's own words, with less patience: the restart is what is waited for."""


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
    here = Path(__file__).parent
    for name in ("ask.py", "chip.py"):
        shutil.copy(here / name, folder / "asked")
    shutil.copytree(here / "within", folder / "asked" / "within", ignore=shutil.ignore_patterns("__pycache__"))
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


OVERLAID: dict[str, dict[str, str | None]] = {
    "landfall-tpm": {"/soc/spi@7e204000": "okay", "/soc/spi@7e204000/tpm@1": None},
    "landfall-rtc": {"/soc/i2c@7e804000": "okay", "/soc/i2c@7e804000/rtc@68": None},
    "landfall-quiet": {"/soc/mmc@7e300000": "disabled", "/soc/serial@7e201000/bluetooth": "disabled"},
}
"""Nodes of a board's tree, and the status that each has then; None: it says none."""


@pytest.mark.parametrize("overlay", OVERLAID)
@pytest.mark.parametrize("board", ["bcm2711-rpi-4-b", "bcm2837-rpi-3-b", "bcm2837-rpi-3-b-plus"])
def test_an_overlay_fits_the_tree_of_the_board_that_lies_beside_it(overlay: str, board: str, tmp_path: Path) -> None:
    """As the firmware would lay it; what a board does with it, only a board can say."""
    card = Machine(tmp_path, image())
    over, under, both = tmp_path / "over", tmp_path / "under", tmp_path / "both"
    over.write_bytes(card.read("boot_a", f"overlays/{overlay}.dtbo"))
    under.write_bytes(card.read("boot_a", f"{board}.dtb"))
    subprocess.run(["fdtoverlay", "-i", str(under), "-o", str(both), str(over)], check=True)
    for node, status in OVERLAID[overlay].items():
        subprocess.run(["fdtget", "-p", str(both), node], check=True, capture_output=True)
        if status is not None:
            told = subprocess.run(["fdtget", str(both), node, "status"], check=True, capture_output=True, text=True)
            assert told.stdout.strip() == status


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
    assert len(report["exposures"]) >= 9
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
    assert report["level"] == {"level": "board", "lowest": True, "recovery": False}


def test_the_firewall_drops_by_default(report: dict[str, Any], running: Machine) -> None:
    for hook in ("input", "forward", "output"):
        assert re.search(rf"hook {hook} priority filter; policy drop;", report["rules"]), hook
    assert running.get(OFFICER, "/", 300), "the officers' page is let in"
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(f"http://127.0.0.1:{running.ports[TRAVELLER]}/", timeout=20)


def test_the_bill_of_materials_is_on_board(report: dict[str, Any]) -> None:
    assert report["sbom"]["format"] == "CycloneDX"
    assert report["sbom"]["components"] > 350


def test_the_gate_sees_the_devices_and_opens_none(report: dict[str, Any]) -> None:
    """With the rights of the update client: a camera is there by its name, and systemd does what root asks."""
    told = report["gate"]
    assert "/dev/video9" in told["seen"]["devices"], told
    assert "/dev/vda" in told["seen"]["devices"]
    assert told["opened"] == []
    assert told["asked"] == [0, ""]
    assert [unit for unit in told["seen"]["units"] if unit.startswith("systemd")] == []


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


def test_the_screen_paints_the_traveller_page(running: Machine, place: Path) -> None:
    """The kiosk's own word, for it hears from the page what was painted; and the picture, for people."""
    ends_s = time.monotonic() + LONG_S
    while not json.loads(running.get(ASKING, "/update", LONG_S))["paints"]:
        assert time.monotonic() < ends_s, "the page was not painted"
        time.sleep(5)
    (place / "screen.ppm").write_bytes(running.picture())
    say(f"painted: {place / 'screen.ppm'}")


def test_a_card_in_another_board_says_so_on_the_console(running: Machine, place: Path) -> None:
    running.cut()
    other = Machine(place / "other", running.image, serial="10000000abcdef02")
    other.start(place / "asked")
    try:
        other.wait_for("DATA-LOCKED", LONG_S)
        assert "Put the card back into its own board" in other.console
    finally:
        other.cut()


def test_a_try_that_nobody_keeps_ends_in_a_restart(running: Machine, place: Path) -> None:
    """From the other slot, as the firmware is asked for it; its log stays on the data partition."""
    running.cut()
    machine.both_slots(running.image)
    tried = Machine(place / "try", running.image, is_try=True)
    tried.start(place / "asked", {"landfall-trial.service": TRIAL})
    try:
        tried.wait_for("ASK not kept:", LONG_S)
        assert re.search(r"ASK not kept: slot root_b, log [1-9]\d* bytes", tried.console), tried.console[-2000:]
        tried.wait_for_end(LONG_S)
    finally:
        tried.cut()


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("maker") / "of-chips")


@contextmanager
def fitted(maker: Maker, name: str, folder: Path) -> Iterator[Path]:
    """The socket of that chip, as long as it has power; its state is the maker's folder of that name."""
    folder.mkdir(parents=True, exist_ok=True)
    state, door = maker.folder / name, folder / "chip"
    if not state.exists():
        maker.make(name)
    door.unlink(missing_ok=True)
    words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--flags", "not-need-init,startup-clear"]
    with subprocess.Popen([*words, "--server", f"type=unixio,path={door}"]) as chip:
        try:
            while not door.exists():
                assert chip.poll() is None, "swtpm ended"
                time.sleep(0.1)
            yield door
        finally:
            chip.terminate()


@pytest.fixture(scope="module")
def chipped(place: Path) -> Path:
    """A card of its own, and what the asker must know: this board has a chip."""
    shutil.copytree(place / "asked", place / "asked-chip")
    (place / "asked-chip" / "has-chip").touch()
    return machine.fresh(image(), place / "tpm")


def test_with_a_tpm_the_key_is_in_it(maker: Maker, chipped: Path, place: Path) -> None:
    """The disk's key, and the lane's identity: made in the chip, vouched for by it, and used through the signer."""
    folder = place / "tpm"
    with fitted(maker, "first", folder) as door:
        board = Machine(folder / "board", chipped, tpm=door)
        try:
            board.start(place / "asked-chip")
            board.wait_for("ASK answers", LONG_S)
            assert "its key kept by: tpm" in board.console
            told = json.loads(board.get(ASKING, "/report", LONG_S))
            assert told["level"] == {"level": "tpm", "lowest": False, "recovery": False}
            assert told["units"]["landfall-signer.service"] == "active"
            public = identity_of(board, maker)
            (folder / "identity").write_bytes(spki(public))
            assert is_signature(board.get(ASKING, f"/sign/{b'one'.hex()}", LONG_S), b"one", public)
        finally:
            board.cut()


def identity_of(board: Machine, maker: Maker) -> ec.EllipticCurvePublicKey:
    """Made on the board; what headquarters asks of it before it takes it."""
    nonce, secret = secrets.token_bytes(32), secrets.token_bytes(32)
    told = ask(board, f"/identity/make/{nonce.hex()}")
    csr, public = told.pop("csr"), load_der_public_key(told.pop("spki"))
    evidence = TpmEvidence(**told)
    ek = centre.trusted_ek(evidence.ek_certificate, x509.load_pem_x509_certificates(maker.chain), datetime.now(UTC))
    attestation, resident = centre.resident_key(evidence, nonce, csr)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert resident.key == public
    seed = secrets.token_bytes(centre.seed_bytes(ek.public_key()))
    credential, sealed = centre.make_credential(ek.public_key(), attestation.name, secret, seed=seed, ephemeral=None)
    opened = ask(board, f"/identity/activate/{credential.hex()}/{sealed.hex()}")
    assert opened == {"secret": secret}
    return public


def ask(board: Machine, path: str) -> dict[str, bytes]:
    told = json.loads(board.get(ASKING, path, LONG_S))
    assert "failed" not in told, told
    return {name: bytes.fromhex(value) for name, value in told.items()}


def test_the_same_chip_opens_it_again_and_signs_with_the_same_key(maker: Maker, chipped: Path, place: Path) -> None:
    folder = place / "tpm"
    public = load_der_public_key((folder / "identity").read_bytes())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    with fitted(maker, "first", folder) as door:
        board = Machine(folder / "again", chipped, tpm=door)
        try:
            board.start(place / "asked-chip")
            board.wait_for("ASK answers", LONG_S)
            assert not json.loads(board.get(ASKING, "/report", LONG_S))["was_bare"]
            assert is_signature(board.get(ASKING, f"/sign/{b'two'.hex()}", LONG_S), b"two", public)
        finally:
            board.cut()


def test_another_boards_chip_does_not_open_it(maker: Maker, chipped: Path, place: Path) -> None:
    folder = place / "tpm"
    with fitted(maker, "second", folder) as door:
        board = Machine(folder / "other", chipped, tpm=door)
        try:
            board.start(place / "asked-chip")
            board.wait_for("DATA-LOCKED", LONG_S)
        finally:
            board.cut()


CUSTODIANS = tuple(RecipientPrivate.generate() for _ in range(3))


@pytest.fixture(scope="module")
def recoverable(place: Path) -> Path:
    """A card of its own, and what the asker must know: a chip, an image with custodians, the disk is what counts."""
    asked, known = place / "asked-disk", place / "asked-custodians" / "landfall" / "custodians"
    shutil.copytree(place / "asked", asked)
    for flag in ("has-chip", "only-disk"):
        (asked / flag).touch()
    shutil.copytree(asked, place / "asked-custodians")
    known.mkdir(parents=True)
    for number, key in enumerate(CUSTODIANS):
        (known / f"{number}.pub").write_bytes(key.public().dump())
    return machine.fresh(image(), place / "recovery")


@contextmanager
def started(
    name: str, card: Path, place: Path, serial: str, door: Path, asked: str = "asked-custodians"
) -> Iterator[Machine]:
    (place / "recovery" / name).mkdir(parents=True)
    stick = machine.a_stick(place / "recovery" / name / "stick.img")
    board = Machine(place / "recovery" / name, card, serial=serial, tpm=door, stick=stick)
    try:
        board.start(place / asked)
        board.wait_for("ASK answers", LONG_S)
        yield board
    finally:
        board.cut()


def test_the_disk_of_a_broken_board_goes_on_in_another(maker: Maker, recoverable: Path, place: Path) -> None:
    """Locked to one chip, shut to another, opened with what two custodians hold, and from then on by that one alone."""
    level = {"level": "tpm", "lowest": False, "recovery": True}
    with fitted(maker, "broken", place / "recovery") as door:
        with started("first", recoverable, place, machine.SERIAL, door, "asked-disk") as board:
            told = json.loads(board.get(ASKING, "/disk", LONG_S))
            assert told == {"level": {**level, "recovery": False}, "slots": 1, "was_asked": False}
        with started("broken", recoverable, place, machine.SERIAL, door) as board:
            told = json.loads(board.get(ASKING, "/disk", LONG_S))
            assert told == {"level": level, "slots": 2, "was_asked": True}, "the image names custodians by now"
    with fitted(maker, "spare", place / "recovery") as door:
        with started("spare", recoverable, place, SPARE, door) as board:
            told = json.loads(board.get(ASKING, "/shut", LONG_S))
            assert told["locked"]["code"] == "DATA-LOCKED"
            assert "DATA-LOCKED" in told["page"]
            assert "unlock-disk" in told["page"]
            assert told["units"]["landfall-unlock.service"] == told["units"]["landfall-adopt.path"] == "active"
            assert told["screen"] == "yes"
            told["stick"] = json.loads(board.get(ASKING, "/stick", LONG_S))
            assert told["stick"]["failed"] == "", "the page's user writes requests onto it"
            assert told["stick"]["listed"] == ["request.cose", "voucher.cbor"]
            board.get(ASKING, f"/release/{released(told['locked']).hex()}", LONG_S)
            board.wait_for_end(LONG_S)  # it starts again by itself, once the disk is its own
        with started("again", recoverable, place, SPARE, door) as board:
            told = json.loads(board.get(ASKING, "/disk", LONG_S))
            assert told == {"level": level, "slots": 2, "was_asked": True}, "nothing of the broken board is left in it"


def released(locked: dict[str, Any]) -> bytes:
    """What two of the three custodians have between them."""
    disk, owner = locked["disk"], locked["board"]
    parts = {part["number"]: base64.b64decode(part["sealed"]) for part in locked["parts"]}
    opened = {
        number: unseal(parts[number], CUSTODIANS[number - 1], part_name(disk, owner, number)) for number in (1, 3)
    }
    return join(opened)
