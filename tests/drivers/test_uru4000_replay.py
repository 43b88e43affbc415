"""The driver against a recording of the true reader, replayed by umockdev under the true libusb and pyusb.

The recording is fetched from Debian and is nobody's to hand on: see `scripts/usb_capture.py`. A replay is strict:
another order of requests, another byte or another seed, and it stands still.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.usb_capture import (
    FILES,
    SUITE,
    NoCapture,
    fetch,
    is_there,
    keep,
    named,
    private_tree,
    release_of,
    unpacked,
)

CHILD = Path(__file__).parent / "usb_replay.py"
SEED = "51EA2124"  # the recorded one
TRIES = 3  # a machine that looks away in the wrong millisecond swaps two requests, and the replay stands still
CHILD_S = 30


def without(reason: str) -> None:
    """Skip by name; in CI nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def recording() -> Path:
    if shutil.which("umockdev-run") is None:
        without("umockdev is not installed")
    try:
        return fetch()
    except NoCapture as error:
        without(str(error))
        raise


def replayed(recording: Path, seed: str, into: Path) -> subprocess.CompletedProcess[str]:
    device = recording / "device"
    syspath = device.read_text("utf-8").splitlines()[0].removeprefix("P: ")
    command = ["umockdev-run", "-d", str(device), "-p", f"/sys{syspath}={recording / 'capture.pcapng'}"]
    child = [sys.executable, str(CHILD), seed, str(into)]
    return subprocess.run([*command, "--", *child], capture_output=True, text=True, timeout=CHILD_S, check=False)


@pytest.mark.timeout(300)
def test_the_image_is_the_reference_to_the_pixel(recording: Path, tmp_path: Path) -> None:
    said = []
    for number in range(TRIES):
        path = tmp_path / f"{number}.npy"
        done = replayed(recording, SEED, path)
        if done.returncode == 0:
            break
        said.append(done.stderr[-1500:])
    else:
        pytest.fail("the replay stood still each time:\n" + "\n".join(said))
    reference = cv2.imread(str(recording / "capture.png"), cv2.IMREAD_GRAYSCALE)
    assert reference is not None and reference.shape == (290, 384)
    assert np.array_equal(np.load(path), reference)


@pytest.mark.timeout(200)
def test_a_replay_with_another_seed_stands_still(recording: Path, tmp_path: Path) -> None:
    """So the recording does judge what the driver says."""
    done = replayed(recording, "51EA2125", tmp_path / "image.npy")
    assert done.returncode != 0
    assert "DEV-" in done.stderr
    assert not (tmp_path / "image.npy").exists()


DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'


class TestFetching:
    def test_the_release_is_told_by_the_machine(self) -> None:
        assert release_of(DEBIAN) == "bookworm"
        with pytest.raises(NoCapture, match="this is fedora; unpack device"):
            release_of("ID=fedora\n")

    def test_the_archive_of_the_own_release_holds_the_other_too_and_updates_and_security_are_passed_over(self) -> None:
        targets = "file:/a/ bookworm\nfile:/a/ bookworm\nfile:/a/ bookworm-updates\nfile:/s/ bookworm-security\n"
        assert named(targets, "bookworm") == ("file:/a/",)
        assert named("file:/t/ trixie\n", "trixie") == ("file:/t/",)
        with pytest.raises(NoCapture, match="no archive of bookworm; add Debian's"):
            named("file:/x/ noble\n", "bookworm")

    def test_the_apt_tree_is_its_own(self, tmp_path: Path) -> None:
        settings = private_tree(tmp_path / "tree", "file:/a/").read_text()
        assert f'Dir::State::lists "{tmp_path}/tree/lists";' in settings
        assert 'Dir::Etc::sourceparts "-";' in settings
        assert f"file:/a/ {SUITE} main" in (tmp_path / "tree" / "etc" / "sources.list").read_text()

    def test_an_archive_that_is_not_there_is_named_with_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(NoCapture, match=r"no list of trixie could be fetched: .*Check the network and try again"):
            unpacked(tmp_path, (f"file:{tmp_path}/nothing/",))

    def test_what_was_not_reviewed_is_not_kept(self, tmp_path: Path) -> None:
        (tmp_path / "found").mkdir()
        for name in FILES:
            (tmp_path / "found" / name).write_bytes(b"another")
        with pytest.raises(NoCapture, match="not the file that was reviewed"):
            keep(tmp_path / "found", tmp_path / "cache")
        assert not is_there(tmp_path / "cache")
        assert not (tmp_path / "cache").exists()
