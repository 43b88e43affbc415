"""The command: a folder in, a page and numbers out; mistakes named; interrupted, it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import cv2
import pytest

from appliance.vision.errors import ModelAbsent
from appliance.vision.face_reading import FaceReader
from appliance.vision.mrz_reader import PageReader
from appliance.vision.mrz_reader import Profile as Habit
from border.rules.default import DEVELOPMENT
from evaluation import layout, made
from evaluation.__main__ import PARTS, Run, digest, main, section_of
from evaluation.conditions import ROOT, models, of_run, sources_digest
from evaluation.face import Sampling
from evaluation.work import Journal, KeptWork
from simulators.fingers import Condition, impression, master
from tests.evaluation.folders import picture, text
from training.mrz.pages import Profile


@pytest.fixture
def prints(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    for number, condition in enumerate((Condition.GOOD, Condition.DRY, Condition.LIGHT, Condition.EMPTY)):
        path = folder / "finger/optical/index" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), impression(master(101), condition, 1))
    text(folder / "finger/optical/quality.csv", "file,quality", *(f"index/{n}.png,{90 - 30 * n}" for n in range(4)))
    return folder


def test_a_folder_becomes_a_page_and_numbers(prints: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([str(prints), "--parts", "finger", "mrz", "--out", str(out)]) == 0
    told = json.loads((out / "evaluation.json").read_text("utf-8"))
    parts = told["data"][0]["parts"]
    assert told["data"][0]["name"] == "mine" and told["data"][0]["made_by_ourselves"] is False
    assert parts["finger"]["optical"]["impressions"] == 4
    assert parts["finger"]["optical"]["spearman"]["n"] == 4
    assert parts["mrz"] == {"absent": "nothing lies below mrz/"}
    assert "mine" in (out / "evaluation.html").read_text("utf-8")


def test_what_was_judged_is_not_judged_again_and_most_bounds(prints: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = [str(prints), "--parts", "finger", "--out", str(out)]
    assert main([*arguments, "--most", "2"]) == 0
    kept = (out / "journal.jsonl").read_text()
    assert kept.count("\n") == 2
    assert main(arguments) == 0 and main(arguments) == 0
    assert (out / "journal.jsonl").read_text().count("\n") == 4


def test_all_mistakes_of_all_folders_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path / "one/faces/a.jpg")
    (tmp_path / "two").mkdir()
    assert main([str(tmp_path / "one"), str(tmp_path / "two"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "faces: not known here; the folders are pad, face, finger, mrz" in said
    assert "holds nothing to evaluate" in said
    assert not (tmp_path / "out").exists()


def test_a_key_that_is_none(prints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = text(tmp_path / "key.pem", "no key")
    assert main([str(prints), "--bundle", str(tmp_path), "--key", str(key), "--out", str(tmp_path / "out")]) == 2
    assert "is no public key" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--most", "0"], ["--bundle", "x"], ["--parts", "ear"]])
def test_arguments_that_make_no_sense(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)


def test_conditions_tell_models_by_their_cards_and_the_digest_ignores_the_date() -> None:
    options = {"every": 1, "border_px": 0, "most_of_each_group": None}
    one, other = (of_run(DEVELOPMENT, None, options, datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 2))
    assert one["models"]["face_landmark"]["state"] == "verified" and len(one["models"]["mrz_line"]["sha256"]) == 64
    assert digest(one) == digest(other) != digest({**one, "options": {**options, "border_px": 50}})
    assert sources_digest() == one["sources_sha256"] != sources_digest(("border",))


def test_a_model_that_is_not_there_is_said_to_be_absent(tmp_path: Path) -> None:
    card = (ROOT / "appliance/vision/models/face_landmark.toml").read_text("utf-8")
    text(tmp_path / "face_landmark.toml", card)
    assert models(tmp_path)["face_landmark"]["state"] == "absent"
    (tmp_path / "face_landmark.tflite").write_bytes(b"other")
    assert models(tmp_path)["face_landmark"]["state"] == "altered"


def test_a_part_without_its_net_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    picture(tmp_path / "mine/mrz/page.jpg")
    data = layout.read(tmp_path / "mine")
    work = KeptWork(Journal(tmp_path / "journal", "x"))

    def absent(_: Habit) -> PageReader:
        raise ModelAbsent("mrz_line", "no card")

    run = Run(DEVELOPMENT, Sampling(), None, None, work, FaceReader.load, absent)
    assert section_of("mrz", run, data).absent.startswith("MOD-ABSENT mrz_line: no card; python -m scripts.models")


def test_every_part_is_listed() -> None:
    assert tuple(PARTS) == ("pad", "challenge", "comparison", "finger", "mrz")


@pytest.mark.timeout(240)
def test_data_made_here_has_the_very_layout(tmp_path: Path) -> None:
    work = KeptWork(Journal(tmp_path / "journal", "x"))
    data = layout.read(made.make(tmp_path / "made", 1, work), is_made=True, name="synthetic data")
    assert {one.species for one in data.recordings} == {"", "print_held_and_turned", "still_on_a_tablet"}
    assert len(data.portraits) == 4 and len(data.prints) == 7 and len(data.pages) == len(Profile)
    assert all(page.lines for page in data.pages) and all(one.reference is not None for one in data.prints)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").rglob("*.jpg")}
    made.make(tmp_path / "made", 1, work)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "made").rglob("*.jpg")} == written


def interrupted(run: subprocess.Popen[str]) -> str:
    """What it says at its end. A signal that comes while a finaliser runs is lost, and then a hand presses again."""
    while True:
        run.send_signal(signal.SIGINT)
        try:
            return run.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            continue


@pytest.mark.timeout(240)
def test_interrupted_it_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evaluation", "--most", "200", "--parts", "finger"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=surroundings, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        assert run.stderr.readline().startswith("making data: ")
        said = interrupted(run)
    assert run.returncode == 130
    assert "the same command goes on from here" in said
