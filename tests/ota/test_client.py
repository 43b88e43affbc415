"""The client, the launcher and an app as real processes: taken between two travellers, and taken back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ota.floor import Floor, encode
from ota.release import Release
from ota.tree import pack
from practice.processes import free_port
from tests.ota.conftest import ME, World

APP = """
import json, os, pathlib, sys, http.server
NAME, AILS, DIES = {name!r}, {ails!r}, {dies!r}
if DIES:
    sys.exit(1)
port, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        release, idle = os.environ["LANDFALL_RELEASE"], not (folder / "busy").exists()
        runs = {{path.parent.name: os.readlink(path) for path in folder.glob("ota/*/current")}}
        refuses = (folder / "refuses").read_text() if (folder / "refuses").exists() else ""
        refused = {{sha256: refuses for sha256 in runs.values()}} if refuses else {{}}
        told = {{"release": release, "idle": idle, "alone": idle, "ails": AILS, "name": NAME, "pid": os.getpid()}}
        told.update(runs={{}} if refuses else runs, refused=refused)
        body = json.dumps(told).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
PATIENCE_S = 180.0


def tree(folder: Path, name: str, ails: list[str] | None = None, dies: bool = False) -> Path:
    package = folder / name / "appliance"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(APP.format(name=name, ails=ails or [], dies=dies))
    return folder / name


@dataclass
class Kiosk:
    folder: Path
    world: World
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    more: str = ""  # of ota.toml
    poll_s: int = 1
    gate_s: int = 60  # a good one needs a second or two; a busy machine may need more

    @property
    def ota(self) -> Path:
        return self.folder / "ota"

    def start_app(self) -> None:
        launcher = [sys.executable, "-m", "ota.launcher", "--shelf", str(self.ota / "apps"), "--built-in"]
        built_in = tree(self.folder, "built-in")
        (self.ota / "apps").mkdir(parents=True)
        app = subprocess.Popen([*launcher, str(built_in), "--", str(self.port), str(self.folder)])
        self.processes.append(app)
        self.pid = app.pid
        until(lambda: self.name() == "built-in")

    def settings(self) -> None:
        for name, root in (("director", self.world.director_root), ("image", self.world.image_root)):
            (self.folder / f"{name}.root.json").write_bytes(root)
        base = self.world.url
        restart = [sys.executable, "-c", f"import os, signal; os.kill({self.pid}, signal.SIGHUP)"]
        (self.folder / "ota.toml").write_text(
            f'device = "{ME.device}"\nhardware = "{ME.hardware}"\nfolder = "ota"\npoll_s = {self.poll_s}\n'
            f'director = "{base}director/{ME.device}/metadata"\nimage = "{base}image/metadata"\n'
            f'content = "{base}image/targets"\ndirector_root = "director.root.json"\nimage_root = "image.root.json"\n'
            f'{self.more}[app]\nstatus = "http://127.0.0.1:{self.port}/"\ngate_s = {self.gate_s}\n'
            f"restart = {json.dumps(restart)}\n"
        )

    def client(self, *more: str) -> subprocess.Popen[bytes]:
        self.settings()
        return subprocess.Popen([sys.executable, "-m", "ota", "--config", str(self.folder / "ota.toml"), *more])

    def turn(self) -> dict[str, object]:
        """One turn of the client, in a process of its own."""
        assert self.client("--once").wait(PATIENCE_S) == 0
        return self.told()[-1]

    def told(self) -> list[dict[str, object]]:
        """What the client says of itself."""
        told: list[dict[str, object]] = json.loads((self.ota / "state.json").read_bytes())
        return told

    def publish(self, counter: int, name: str, **manner: object) -> Release:
        made = tree(self.folder, name, **manner)  # type: ignore[arg-type]
        pack(made, [path for path in made.rglob("*") if path.is_file()], archive := self.folder / f"{name}.zip")
        return self.world.publish(archive.read_bytes(), counter, name=f"apps/{name}.zip")

    def name(self) -> str:
        return str(self.answer().get("name", ""))

    def answer(self) -> dict[str, object]:
        """The app's; empty while it does not."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as answer:
                told: dict[str, object] = json.load(answer)
                return told
        except OSError:
            return {}


def until(seen: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < ends_s
        time.sleep(0.05)


@pytest.fixture
def kiosk(tmp_path: Path, world: World) -> Iterator[Kiosk]:
    world.now.at = world.now.at.fromtimestamp(time.time(), world.now.at.tzinfo)
    world.image.refresh(world.image_keys)
    world.director.refresh(world.director_keys)
    folder = tmp_path / "kiosk"
    folder.mkdir()
    kiosk = Kiosk(folder, world, free_port())
    try:
        kiosk.start_app()
        yield kiosk
    finally:
        for process in kiosk.processes:
            process.terminate()
            process.wait()


def test_a_new_app_is_taken_and_a_sick_one_taken_back(kiosk: Kiosk) -> None:
    good = kiosk.publish(1, "good")
    told = kiosk.turn()
    assert (told["state"], told["sha256"]) == ("kept", good.sha256)
    assert kiosk.name() == "good"

    kiosk.publish(2, "sick", ails=["camera: gone"])
    kiosk.gate_s = 20
    told = kiosk.turn()
    assert (told["state"], told["reason"]) == ("rolled_back", "OTA-GATE: camera: gone")
    until(lambda: kiosk.name() == "good")

    kiosk.publish(3, "dead", dies=True)
    kiosk.gate_s = 3
    told = kiosk.turn()
    assert (told["state"], told["reason"]) == ("rolled_back", "OTA-GATE: it does not answer")
    until(lambda: kiosk.name() == "good")


def test_it_waits_until_the_traveller_has_gone(kiosk: Kiosk) -> None:
    (kiosk.folder / "busy").touch()
    kiosk.publish(1, "good")
    assert kiosk.turn()["state"] == "installed"
    assert kiosk.name() == "built-in"
    (kiosk.folder / "busy").unlink()
    assert kiosk.turn()["state"] == "kept"
    assert kiosk.name() == "good"


def test_a_client_killed_while_the_new_one_proves_itself_goes_on(kiosk: Kiosk) -> None:
    kiosk.publish(1, "good")
    client = kiosk.client()
    journal = kiosk.ota / "apps.journal"
    until(lambda: journal.exists() and b"proving" in journal.read_bytes())
    client.kill()
    client.wait()
    assert kiosk.turn()["state"] == "kept"
    assert kiosk.name() == "good"


def test_what_came_with_the_image_holds_on_a_wiped_data_partition(kiosk: Kiosk) -> None:
    kiosk.more = 'floor = "floor"\n'
    (kiosk.folder / "floor").write_bytes(encode(Floor(counters={"apps": 2})))
    kiosk.publish(1, "genuine-and-old")
    assert kiosk.client("--once").wait(PATIENCE_S) == 0
    assert kiosk.told() == []
    assert kiosk.name() == "built-in"
    kiosk.publish(3, "good")
    assert kiosk.turn()["state"] == "kept"


@pytest.mark.parametrize("data", [None, b"", b"0" * 64 + b"\n{}"])
def test_a_floor_that_is_named_and_cannot_be_read_is_said(kiosk: Kiosk, data: bytes | None) -> None:
    kiosk.more = 'floor = "floor"\n'
    if data is not None:
        (kiosk.folder / "floor").write_bytes(data)
    assert kiosk.client("--once").wait(PATIENCE_S) == 2


def test_a_name_in_ota_toml_that_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "ota.toml").write_text('device = "x"\npoll_s = 0\n[app]\nrestart = "reboot"\n')
    done = subprocess.run(
        [sys.executable, "-m", "ota", "--config", str(tmp_path / "ota.toml")], capture_output=True, check=False
    )
    assert done.returncode == 2
    for word in (b"OTA-CONFIG", b"hardware", b"poll_s: wants seconds", b"app.restart: wants a command"):
        assert word in done.stderr
