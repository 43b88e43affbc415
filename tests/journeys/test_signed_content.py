"""No policy, no service; a wrong configuration, no start."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.journey.machine import State
from practice.port import module, run_module
from practice.processes import answers
from tests.journeys.harness import Harbour
from tests.journeys.in_browser import at_the_page
from tests.journeys.stand import Calls, Stand

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def offline(brisk: Stand) -> Iterator[Stand]:
    """Stopped, with its uplink pulled, so that no policy can come from the centre; started again whole."""
    policy = brisk.place.folder / "lists" / "policy.cose"
    signed = policy.read_bytes()
    brisk.pull_uplink()
    brisk.place.process.stop()
    yield brisk
    brisk.place.process.stop()
    policy.write_bytes(signed)
    brisk.put_uplink()
    start(brisk)
    brisk.wait_for(State.IDLE)


def start(stand: Stand) -> None:
    stand.place.process.start()
    stand.wait_until_open()


def tampered(policy: Path) -> None:
    signed = bytearray(policy.read_bytes())
    signed[len(signed) // 2] ^= 1
    policy.write_bytes(signed)


def run_kiosk(config: Path) -> subprocess.CompletedProcess[str]:
    """To its own end, which is soon."""
    command = module("appliance", "--config", str(config))
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.browser
@pytest.mark.parametrize("spoil", [Path.unlink, tampered], ids=["missing", "tampered"])
def test_without_a_policy_that_verifies_the_kiosk_is_closed_until_the_centre_sends_one(
    harbour: Harbour, offline: Stand, browser: Browser, artefacts: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(offline.place.folder / "lists" / "policy.cose")
    start(offline)
    with at_the_page(browser, offline) as screen:
        screen.wait_for(State.OUT_OF_SERVICE)
        screen.photograph(artefacts, "out-of-service")
        assert screen.page.locator("main button:visible").count() == 0
        Calls(offline.url).press("language", "en")
        screen.page.wait_for_timeout(1500)
        assert screen.shows(State.OUT_OF_SERVICE)
        centre, broker = str(harbour.port.ca / "centre"), f"127.0.0.1:{harbour.port.broker_port}"
        run_module("central.lists", "policy", centre, "--broker", broker)
        offline.put_uplink()
        screen.wait_for(State.IDLE)


def test_a_wrong_configuration_is_named_whole_and_nothing_starts(stand: Stand, tmp_path: Path) -> None:
    right = (stand.place.folder / "kiosk.toml").read_text()
    wrong = (
        right.replace("[kiosk]", '[kiosk]\ncolour = "blue"')
        .replace('fingerprint = "zfm"', "fingerprint = 7")
        .replace("scale = 1.0", "scale = -1.0")
        .replace(f'traveller = "127.0.0.1:{stand.place.traveller_port}"', 'traveller = ""')
    )
    config = tmp_path / "kiosk.toml"
    config.write_text(wrong)
    done = run_kiosk(config)
    assert done.returncode == 2
    for mistake in ("kiosk.colour", "devices.fingerprint", "times.scale", "pages.traveller"):
        (line,) = [line for line in done.stderr.splitlines() if f" {mistake}: " in line]
        number = int(line.split(f"{config}:", 1)[1].split(":", 1)[0])
        assert wrong.splitlines()[number - 1].startswith(mistake.split(".")[1])
    assert sorted(tmp_path.iterdir()) == [config]


def test_an_unknown_driver_is_named_and_nothing_starts(stand: Stand, tmp_path: Path) -> None:
    right = (stand.place.folder / "kiosk.toml").read_text()
    for port in (stand.place.traveller_port, stand.place.officer_port):
        right = right.replace(str(port), str(port + 1))
    config = tmp_path / "kiosk.toml"
    config.write_text(right.replace('camera = "mjpeg"', 'camera = "pinhole"').replace('"zfm"', '"palm"'))
    done = run_kiosk(config)
    assert done.returncode == 2
    assert "devices.camera: 'pinhole'" in done.stderr
    assert "devices.fingerprint: 'palm'" in done.stderr
    assert not answers(stand.place.traveller_port + 1)
