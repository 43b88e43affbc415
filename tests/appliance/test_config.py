"""kiosk.toml: every mistake at once, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config import ConfigError, LaneDirection, load

GOOD = """\
practice = true
[kiosk]
id = "kiosk-1"
port = "Practice Harbour"
lane = "1"
folder = "data"
direction = "arrival"

[devices]
document_reader = "elyctis"
document_reader_address = "/dev/ttyACM0"
camera = "v4l2"
camera_address = "/dev/video0"
fingerprint = "zfm"
fingerprint_address = "/dev/ttyUSB0"

[centre]
brokers = ["centre.example:8883"]
keys = "keys"

[pages]
traveller = "127.0.0.1:8101"
officer = "0.0.0.0:8102"

[panel]
width_mm = 344
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "kiosk.toml"
    path.write_text(text)
    return path


def test_a_whole_file_is_read_with_defaults_and_paths_beside_it(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    assert config.kiosk.direction is LaneDirection.ARRIVAL
    assert config.kiosk.folder == tmp_path / "data"
    assert config.centre.brokers == ("centre.example:8883",)
    assert config.panel.width_mm == 344.0
    assert config.panel.height_px == 800
    assert config.practice


def test_all_mistakes_are_named_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (
        GOOD.replace('direction = "arrival"', 'direction = "sideways"\ncolour = "blue"')
        .replace('camera = "v4l2"\n', "")
        .replace("width_mm = 344", "width_mm = -1")
        .replace('brokers = ["centre.example:8883"]', "brokers = 8883")
        .replace('traveller = "127.0.0.1:8101"', 'traveller = ""')
    )
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    lines = text.splitlines()

    def line_of(start: str) -> int:
        return 1 + next(i for i, line in enumerate(lines) if line.startswith(start))

    assert set(caught.value.mistakes) == {
        f"{path}:{line_of('direction')}: kiosk.direction: wants one of arrival, departure, ask",
        f"{path}:{line_of('colour')}: kiosk.colour: unknown name",
        f"{path}:{line_of('[devices]')}: devices: missing: camera",
        f"{path}:{line_of('width_mm')}: panel.width_mm: wants more than 0",
        f"{path}:{line_of('brokers')}: centre.brokers: wants a list of texts",
        f"{path}:{line_of('traveller')}: pages.traveller: is empty",
    }


def test_the_marks_of_the_disk_are_compared(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "\n[storage]\nsoft_mark_mb = 40\nhard_mark_mb = 50\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    line = 1 + path.read_text().splitlines().index("hard_mark_mb = 50")
    assert caught.value.mistakes == (f"{path}:{line}: storage.hard_mark_mb: wants at most soft_mark_mb, which is 40",)


def test_the_marks_of_the_disk_have_defaults(tmp_path: Path) -> None:
    storage = load(write(tmp_path, GOOD)).storage
    assert (storage.soft_mark_mb, storage.hard_mark_mb) == (500, 100)


@pytest.mark.parametrize(
    ("text", "said"), [("", "missing: kiosk"), ("[kiosk", "is not TOML"), ("kiosk = 1", "wants a table")]
)
def test_a_hopeless_file_says_why(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(write(tmp_path, text))


def test_an_absent_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "nowhere.toml")
