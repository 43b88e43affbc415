"""A kiosk's state folder as a technician finds it: keys of a real authority, a journal with records, a kiosk.toml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.keys import Keys, load_keys
from appliance.post.journal import Journal
from appliance.post.keeper import Keeper
from appliance.post.schema import open_database
from appliance.post.storage import Disk
from border.encounter import SampleKind
from border.messages.values import RecordKind
from central import ca
from central.keys import CentreKeys, load_centre
from tests.post.world import PLENTY, crossing

KIOSK = "quay-1"
TOML = """\
practice = true
[kiosk]
id = "{kiosk}"
port = "Practice Harbour"
lane = "1"
folder = "data"
[devices]
document_reader = "elyctis"
document_reader_address = "{tty}"
camera = "v4l2"
camera_address = "/dev/no-such-camera?size=1280x720"
fingerprint = "zfm"
fingerprint_address = "127.0.0.1:1"
[centre]
brokers = ["127.0.0.1:{broker}"]
keys = "{keys}"
[pages]
traveller = "127.0.0.1:1"
officer = "127.0.0.1:{officer}"
"""


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def keys(self) -> Keys:
        return load_keys(self.folder / "ca" / "kiosks" / KIOSK)

    @property
    def centre(self) -> CentreKeys:
        return load_centre(self.folder / "ca" / "centre")

    @property
    def database(self) -> str:
        return f"sqlite:{self.folder / 'centre.db'}"

    @property
    def config(self) -> Path:
        return self.folder / "kiosk.toml"

    def keeper(self) -> Keeper:
        keys = self.keys
        return Keeper(lambda: Journal(open_database(self.data / "journal.sqlite"), keys, Disk(lambda: PLENTY, 2, 1)))

    def record(self, count: int, size: int = 90_000) -> None:
        keeper = self.keeper()
        for _ in range(count):
            one = crossing(((SampleKind.FACE, size),), kiosk=KIOSK)
            keeper.ask(lambda j, one=one: j.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at))  # type: ignore[misc]
        keeper.close()

    def write_config(self, *, tty: str = "/dev/null", broker: int = 1, officer: int = 1) -> Path:
        keys = self.folder / "ca" / "kiosks" / KIOSK
        self.config.write_text(TOML.format(kiosk=KIOSK, tty=tty, broker=broker, officer=officer, keys=keys))
        return self.config


def make_place(folder: Path) -> Place:
    ca.init(folder / "ca", [KIOSK, "quay-2"], datetime.now(UTC))
    place = Place(folder)
    place.data.mkdir()
    place.write_config()
    return place
