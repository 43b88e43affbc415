"""`python -m hw_tests` as a technician runs it: a process of its own, on a simulated board, asked at a pipe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from hw_tests.record import Outcome, Record, read
from practice.processes import Process, answers, free_port
from simulators.board_tree import SERIAL
from tests.hw_tests.simulated import Kiosk, kiosk

SYSTEM = frozenset({"printer"})


def command(here: Kiosk, *arguments: str, answers: str = "", serial: str = SERIAL) -> subprocess.CompletedProcess[str]:
    station = here.folder / "station.toml"
    network = "".join(f'{name} = "{value}"\n' for name, value in here.network.settings.items())
    station.write_text(
        f'[station]\ndata = "{here.data}"\n[network]\n{network}'
        f'[printer]\ndriver = "escpos"\naddress = "{here.printer.path}"\n'
    )
    told = ["--serial", serial, "--by", "T. Technician", "--station", str(station), "--root", str(here.tree.root)]
    whole = [sys.executable, "-m", "hw_tests", *told, "--records", str(here.folder / "records"), *arguments]
    return subprocess.run(whole, input=answers, capture_output=True, text=True, check=False)


def newest(here: Kiosk) -> Record:
    return read(max((here.folder / "records").glob("*.json")).read_bytes())


def test_one_phase_asks_and_keeps_its_record(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        done = command(here, "--phase", "printer_slip", answers="4\n1\n")
        assert done.returncode == 0, done.stderr
        record = newest(here)
    assert "1 yes   2 no   3 not sure" in done.stderr
    assert "1, 2 or 3" in done.stderr
    assert [(each.said, each.by) for each in record.phases[0].answers] == [("yes", "T. Technician")]
    assert record.suite == "printer_slip"
    beside = {path.suffix for path in (tmp_path / "records").iterdir()}
    assert {".json", ".xml", ".html"} <= beside


def test_not_sure_is_no_pass(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        assert command(here, "--phase", "printer_slip", answers="3\n").returncode == 1
        assert newest(here).failed() == ("printer_slip.legible",)


def test_nobody_at_the_terminal_aborts(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        assert command(here, "--phase", "printer_slip").returncode == 1
        assert newest(here).outcome is Outcome.ABORTED


def test_another_boards_number_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        done = command(here, "--quick", serial="10000000deadbee0")
    assert done.returncode == 2
    assert "HW-SERIAL" in done.stderr
    assert not (tmp_path / "records").exists()


def test_a_flag_is_needed_for_what_may_harm(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        done = command(here, "--phase", "ups_mains")
    assert (done.returncode, "HW-FLAG" in done.stderr) == (2, True)


def test_at_a_terminal_touch_is_skipped_by_name(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        done = command(here, "--phase", "touch")
    assert done.returncode == 2  # nothing was tested
    assert "nobody sat before the board's own screen" in done.stderr


def test_a_failure_shows_the_value_beside_its_limits(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        here.tree.write("sys/class/watchdog/watchdog0/timeout", "60\n")
        done = command(here, "--phase", "watchdog")
    assert done.returncode == 1
    assert "timeout_s: 60 s, wanted 1 to 15" in done.stderr


def test_a_station_that_nobody_understands_is_refused(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        done = command(here, "--station", str(here.folder / "nowhere.toml"))
    assert done.returncode == 2


def test_nobody_in_particular_runs_nothing(tmp_path: Path) -> None:
    with kiosk(tmp_path, SYSTEM) as here:
        done = command(here, "--quick", "--by", "")
    assert (done.returncode, "HW-WHO" in done.stderr) == (2, True)


def test_it_serves_its_page(tmp_path: Path) -> None:
    port = free_port()
    with kiosk(tmp_path, SYSTEM) as here:
        told = [sys.executable, "-m", "hw_tests", "--page", str(port), "--root", str(here.tree.root)]
        whole = [*told, "--data", str(here.data), "--records", str(tmp_path / "records")]
        process = Process("page", whole, tmp_path / "log")
        process.start()
        try:
            process.wait_until(lambda: answers(port), 60.0)
            assert "Hardware test" in httpx.get(f"http://127.0.0.1:{port}/").text
        finally:
            process.stop()
