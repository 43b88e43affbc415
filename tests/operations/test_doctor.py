"""What ails a kiosk: each fault laid one by one is found under its own name, with the next step; and the commands."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from appliance.config import load
from appliance.operations.__main__ import ASKED_WRONGLY, LATER, WANTS_A_PERSON, WELL, main
from appliance.operations.doctor import look, watchdog
from appliance.operations.findings import ACT, LOOK, OK, Finding
from tests.operations.kiosk import Place, make_place
from tests.reporting.broker import Mosquitto


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = make_place(tmp_path)
    made.record(1)
    return made


def found(place: Place) -> dict[str, Finding]:
    return {one.what: one for one in look(load(place.config))}


def test_a_kiosk_without_uplink_and_camera_says_just_that(place: Place) -> None:
    bad = {name: one for name, one in found(place).items() if one.level == ACT}
    assert bad.keys() <= {"camera", "broker.1", "clock"}
    assert "/dev/no-such-camera is not there" in bad["camera"].why


def test_every_finding_that_is_not_well_has_a_cause_and_a_next_step(place: Place) -> None:
    for one in found(place).values():
        assert one.level == OK or (one.why and one.next_step), one


def _spoil_the_journal(place: Place) -> None:
    path = place.data / "journal.sqlite"
    sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    data = bytearray(path.read_bytes())
    data[20_000:60_000] = bytes(40_000)
    path.write_bytes(data)


def _swap_the_keys(place: Place) -> None:
    mine, other = place.folder / "ca/kiosks/quay-1", place.folder / "ca/kiosks/quay-2"
    mine.rename(mine.with_name("aside"))
    other.rename(mine)


FAULTS: dict[str, tuple[Callable[[Place], object], str]] = {
    "a journal that is damaged": (_spoil_the_journal, "journal"),
    "another kiosk's keys": (_swap_the_keys, "keys"),
    "a key that is missing": (lambda p: (p.folder / "ca/kiosks/quay-1/device.key").unlink(), "keys"),
    "a reader that is unplugged": (lambda p: p.write_config(tty="/dev/no-such-reader"), "document_reader"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_by_its_own_name(place: Place, fault: str) -> None:
    lay, name = FAULTS[fault]
    before = found(place)
    assert before.get(name, Finding(name, OK)).level == OK
    lay(place)
    assert found(place)[name].level == ACT


def test_a_lane_whose_key_lies_in_a_chip_shows_the_broker_the_one_that_is_made_for_it(place: Place) -> None:
    keys = place.folder / "ca/kiosks/quay-1"
    (keys / "tls.pem").write_bytes((keys / "device.key").read_bytes() + (keys / "device.crt").read_bytes())
    (keys / "device.key").unlink()
    (keys / "device.signer").write_text(f"tpm\n{place.folder / 'nobody'}\n")
    looked = found(place)
    assert looked["certificate"].level == OK
    assert "127.0.0.1:1" in looked["broker.1"].why


def test_a_broker_without_tls_and_one_that_is_not_there_are_told_apart(place: Place) -> None:
    plain = Mosquitto(place.folder).start()
    place.write_config(broker=plain.port)
    try:
        assert "port with TLS" in found(place)["broker.1"].next_step
    finally:
        plain.kill()
    assert "cable" in found(place)["broker.1"].next_step  # nobody listens there now


@pytest.mark.parametrize(
    ("state", "seconds", "level"),
    [("active", "15", OK), ("active", "60", LOOK), ("inactive", "15", ACT), ("active", "many", LOOK), ("", "", LOOK)],
)
def test_the_watchdog(tmp_path: Path, state: str, seconds: str, level: str) -> None:
    place = tmp_path / "sys/class/watchdog/watchdog0"
    if state:
        place.mkdir(parents=True)
        (place / "state").write_text(state + "\n")
        (place / "timeout").write_text(seconds + "\n")
    assert watchdog(tmp_path).level == level


@contextmanager
def program(health: object) -> Iterator[int]:
    """The kiosk's program as far as these commands see it: one address that tells its health."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(health).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def health(level: str) -> dict[str, object]:
    return {"kiosk": "quay-1", "lane": "1", "parts": [{"part": "disk", "level": level, "value": "1 GB"}]}


@pytest.mark.parametrize(("level", "code"), [(OK, WELL), (LOOK, WANTS_A_PERSON), (ACT, WANTS_A_PERSON)])
def test_status_ends_as_the_kiosk_is(place: Place, level: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with program(health(level)) as port:
        assert main(["--config", str(place.write_config(officer=port)), "status"]) == code
        assert main(["--config", str(place.config), "--json", "status"]) == code
    text, table = capsys.readouterr().out.splitlines()
    assert "disk: 1 GB" in text
    assert json.loads(table) == health(level)


def test_a_program_that_is_silent_is_a_matter_of_later_and_names_the_next_step(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(place.config), "status"]) == LATER
    assert "landfall doctor" in capsys.readouterr().err
    assert main(["--config", str(place.config), "doctor"]) == WANTS_A_PERSON
    assert "program" in capsys.readouterr().out


def test_queue_lists_what_waits_without_names(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(place.config), "queue"]) == WELL
    text = capsys.readouterr().out
    assert "1 wait, 0 of them held" in text
    assert "ERIKSSON" not in text


def test_a_wrong_file_of_configuration_is_named(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.config.write_text("[kiosk]\n")
    assert main(["--config", str(place.config), "queue"]) == ASKED_WRONGLY
    assert "CFG-WRONG" in capsys.readouterr().err
