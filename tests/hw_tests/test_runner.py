"""The runner: what it refuses, what it calls each outcome, and that a record is the same bytes again."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.deadline import Deadline
from drivers.errors import DeviceGone
from hw_tests.record import (
    IS_YES,
    NOT_SURE,
    TOLD,
    Answer,
    Expected,
    Limits,
    Outcome,
    Record,
    Verdict,
    judged,
    read,
)
from hw_tests.runner import Begun, Ended, Finished, Log, Phase, Plan, Refused, Skip, run
from hw_tests.station import Station, read_station
from tests.hw_tests.hands import Hands

SERIAL = "10000000deadbeef"
VOLTS = Expected("rail_V", "V", Limits(4.75, 5.25), "the rail", "change the supply")
HEARD = Expected("heard", "", IS_YES, "a tone")
COUNT = Expected("count", "", TOLD, "a count")


def station(folder: Path) -> Station:
    (folder / "proc/device-tree").mkdir(parents=True, exist_ok=True)
    (folder / "proc/device-tree/serial-number").write_bytes(SERIAL.encode() + b"\0")
    (folder / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    return Station(folder, folder, now_s=lambda: 1.8e9)


def plan(suite: str = "full", serial: str = SERIAL) -> Plan:
    return Plan(serial, "T. Technician", "1.2.3", suite)


def ran(folder: Path, *phases: Phase, how: Plan | None = None, hands: Hands | None = None) -> Record:
    *_, last = run(phases, station(folder), hands or Hands(), how or plan())
    assert isinstance(last, Finished)
    return last.record


def good(log: Log) -> None:
    log.measure("rail_V", 5.1)


def test_a_run_tells_what_it_does_and_ends_with_its_record(tmp_path: Path) -> None:
    told = list(run((Phase("rail", (VOLTS,), good),), station(tmp_path), Hands(), plan()))
    assert [type(each) for each in told] == [Begun, Ended, Finished]
    record = told[-1].record  # type: ignore[union-attr]
    assert (record.outcome, record.serial, record.by) == (Outcome.PASS, SERIAL, "T. Technician")
    assert record.model.startswith("Raspberry Pi 5")


@pytest.mark.parametrize("typed", ["", "10000000deadbeee", SERIAL[:-1]])
def test_another_serial_number_is_refused_before_anything_is_touched(tmp_path: Path, typed: str) -> None:
    with pytest.raises(Refused, match="HW-SERIAL"):
        run((), station(tmp_path), Hands(), plan(serial=typed))


def test_a_board_without_a_number_is_refused(tmp_path: Path) -> None:
    here = station(tmp_path)
    (tmp_path / "proc/device-tree/serial-number").unlink()
    with pytest.raises(Refused, match="HW-NO-SERIAL"):
        run((), here, Hands(), plan(serial=""))


def test_what_was_declared_and_not_measured_fails(tmp_path: Path) -> None:
    record = ran(tmp_path, Phase("rail", (VOLTS, COUNT), good))
    assert (record.outcome, record.failed()) == (Outcome.FAIL, ("rail.count",))


def test_what_was_not_declared_is_a_fault_of_the_test(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        ran(tmp_path, Phase("rail", (COUNT,), good))


@pytest.mark.parametrize("value", [math.nan, math.inf, 4.7, 5.3])
def test_outside_its_limits_or_no_number_never_passes(value: float) -> None:
    assert judged(VOLTS, value).verdict is Verdict.FAIL


def test_without_limits_it_is_told_and_not_judged(tmp_path: Path) -> None:
    record = ran(tmp_path, Phase("count", (COUNT,), lambda log: log.measure("count", 3)))
    assert record.phases[0].measurements[0].verdict is Verdict.TOLD
    assert record.outcome is Outcome.SKIP  # a run that judged nothing is no pass


def test_a_device_error_is_an_error_with_its_code_and_the_others_go_on(tmp_path: Path) -> None:
    def gone(log: Log) -> None:
        raise DeviceGone("camera", "unplugged")

    record = ran(tmp_path, Phase("camera", (COUNT,), gone), Phase("rail", (VOLTS,), good))
    assert [each.outcome for each in record.phases] == [Outcome.ERROR, Outcome.PASS]
    assert (record.outcome, record.failed()) == (Outcome.ERROR, ("camera:DEV-GONE",))


def test_a_bug_crashes(tmp_path: Path) -> None:
    def bug(log: Log) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ran(tmp_path, Phase("bug", (), bug))


def test_a_skip_is_named_and_is_no_pass_where_it_is_required(tmp_path: Path) -> None:
    def absent(log: Log) -> None:
        raise Skip("no such sensor")

    phases = (Phase("power", (VOLTS,), absent), Phase("rail", (VOLTS,), good))
    record = ran(tmp_path, *phases)
    assert (record.outcome, record.skipped()) == (Outcome.PASS, ("power",))
    assert record.phases[0].reason == "no such sensor"
    strict = ran(tmp_path, *phases, how=replace(plan(), required=frozenset({"power"})))
    assert (strict.outcome, strict.failed()) == (Outcome.FAIL, ("power:skipped",))
    never = ran(tmp_path, phases[1], how=replace(plan(), required=frozenset({"power"})))
    assert never.outcome is Outcome.FAIL


def test_not_sure_never_passes_and_it_is_told_who_said_it(tmp_path: Path) -> None:
    hands = Hands(says={"speaker_heard": NOT_SURE})
    record = ran(tmp_path, Phase("speaker", (HEARD,), lambda log: void(log.ask("heard", "speaker_heard"))), hands=hands)
    assert record.failed() == ("speaker.heard",)
    assert record.phases[0].answers == (Answer("speaker_heard", NOT_SURE, "T. Technician", "2027-01-15T08:00:00Z"),)


def void(_answer: Answer) -> None:
    """An answer whose measurement says all."""


def test_an_answer_has_three_words_and_an_author() -> None:
    with pytest.raises(ValueError, match="not 'maybe'"):
        Answer("any", "maybe", "somebody")
    with pytest.raises(ValueError, match="without who"):
        Answer("any", "yes", "")


def test_who_leaves_aborts_what_runs_and_what_follows(tmp_path: Path) -> None:
    left = Deadline(math.inf)

    def leaves(log: Log) -> None:
        left.cancel()
        log.answered("speaker_heard")

    phases = (Phase("speaker", (HEARD,), leaves), Phase("rail", (VOLTS,), good))
    *_, last = run(phases, station(tmp_path), Hands(), plan(), left)
    assert isinstance(last, Finished)
    assert [each.outcome for each in last.record.phases] == [Outcome.ABORTED, Outcome.ABORTED]
    assert last.record.outcome is Outcome.ABORTED


def test_quick_full_one_phase_and_flags(tmp_path: Path) -> None:
    phases = (
        Phase("quick", (VOLTS,), good, is_quick=True),
        Phase("slow", (VOLTS,), good),
        Phase("harms", (VOLTS,), good, flag="cuts-power"),
    )

    def names(how: Plan) -> list[str]:
        return [each.name for each in ran(tmp_path, *phases, how=how).phases]

    assert names(plan("quick")) == ["quick"]
    assert names(plan()) == ["quick", "slow"]
    assert names(replace(plan(), allowed=frozenset({"cuts-power"}))) == ["quick", "slow", "harms"]
    assert names(plan("slow")) == ["slow"]
    with pytest.raises(Refused, match="HW-FLAG"):
        names(plan("harms"))
    with pytest.raises(Refused, match="HW-PHASE"):
        names(plan("nothing"))


def test_a_record_is_the_same_bytes_again(tmp_path: Path) -> None:
    def measures(log: Log) -> None:
        log.measure("rail_V", 5.1000000000001)
        log.ask("heard", "speaker_heard")
        log.absent("count", "no such sensor")
        log.attach("map.png", "image/png", b"picture")

    record = ran(tmp_path, Phase("rail", (VOLTS, HEARD, COUNT), measures))
    again = read(record.canonical)
    assert again.values() == record.values() == {"rail.rail_V": 5.1, "rail.heard": "yes"}
    assert b'"sha256"' in record.canonical
    assert b"picture" not in record.canonical
    bare = replace(record, phases=tuple(replace(each, attachments=()) for each in record.phases))
    assert read(bare.canonical) == bare
    assert read(bare.canonical).canonical == bare.canonical


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"format":"other"}', b"\xff"])
def test_what_is_no_record_is_told_so(data: bytes) -> None:
    with pytest.raises(ValueError):
        read(data)


def test_a_station_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text(
        '[station]\ndata = "/data"\nroots_of_tpm = "roots"\n[camera]\ndriver = "v4l2"\naddress = "/dev/video0"\n'
        'fps = 30\n[camera_2]\ndriver = "v4l2"\naddress = "/dev/video2"\n[printer]\ndriver = "none"\n'
    )
    told = read_station(path)
    assert list(told.cameras()) == ["camera", "camera_2"]
    assert told.devices["camera"].more == {"fps": 30}
    assert told.tpm_roots == tmp_path / "roots"
    assert "printer" not in told.devices


@pytest.mark.parametrize("table", ["[camra]\n", "[camera]\naddress = '/dev/video0'\n", "[station]\ndate = 'x'\n"])
def test_a_station_with_what_nobody_knows_is_refused(tmp_path: Path, table: str) -> None:
    (tmp_path / "station.toml").write_text(table)
    with pytest.raises(ValueError, match=r"no such table|names no driver|unknown"):
        read_station(tmp_path / "station.toml")
