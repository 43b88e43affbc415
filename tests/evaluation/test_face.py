"""Recordings through the real nets: a synthetic head that turns passes, a synthetic print that turns does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import pytest

from appliance.vision.face_reading import FaceReader
from border.rules.default import DEVELOPMENT
from evaluation.face import Sampling, judge_recording
from evaluation.layout import Recording
from evaluation.pad import BONA_FIDE, Outcome, System, under
from evaluation.pictures import Unreadable
from simulators.faces import Identity, Pose, render
from simulators.head_planes import Plane, held, printed

PERSON = Identity.of(2)
YAWS = (0, 12, 26, 27)


def recorded(folder: Path, pictures: Sequence[object]) -> Recording:
    paths = [folder / f"{number}.png" for number in range(len(pictures))]
    for path, pixels in zip(paths, pictures, strict=True):
        cv2.imwrite(str(path), pixels)  # type: ignore[call-overload]
    return Recording("", "anna", "one", tuple(paths))


def test_a_head_that_turns(reader: FaceReader, tmp_path: Path) -> None:
    recording = recorded(tmp_path, [render(PERSON, Pose(yaw_deg=yaw)) for yaw in YAWS])
    told = judge_recording(reader, DEVELOPMENT.turn, Sampling(), recording)
    assert (told["pictures"], told["faces"], told["straight"], told["scores"]) == (4, 4, True, [])
    assert [look["passes"] for look in told["looks"]] == [[], ["left"], ["left"]]
    assert under(System.TURN, DEVELOPMENT, BONA_FIDE, told).outcome is Outcome.PASSED


def test_a_print_that_turns_and_an_empty_picture(reader: FaceReader, tmp_path: Path) -> None:
    sheet = printed(PERSON)
    planes = [Plane(yaw, pitch_deg=3.0, roll_deg=0.0, x_cm=0.0, y_cm=2.0, distance_cm=48.0) for yaw in (0, 20, 38)]
    pictures = [*(held(sheet, plane) for plane in planes), held(sheet, planes[0]) * 0]
    told = judge_recording(reader, DEVELOPMENT.turn, Sampling(), recorded(tmp_path, pictures))
    assert told["faces"] == 3 and told["looks"][-1] is None
    assert under(System.TURN, DEVELOPMENT, "print", told).outcome is Outcome.STOPPED


def test_every_nth_picture_and_a_border(reader: FaceReader, tmp_path: Path) -> None:
    """A picture cut closely around the face shows one only with a border around it."""
    close = render(PERSON)[110:350, 210:430]
    recording = recorded(tmp_path, [close] * 5)
    bare = judge_recording(reader, DEVELOPMENT.turn, Sampling(every=2), recording)
    assert bare["pictures"] == 3
    framed = judge_recording(reader, DEVELOPMENT.turn, Sampling(every=2, border_px=80), recording)
    assert framed["faces"] == 3 >= bare["faces"]


def test_a_picture_cut_short_is_named(reader: FaceReader, tmp_path: Path) -> None:
    recording = recorded(tmp_path, [render(PERSON)])
    path = recording.pictures[0]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(Unreadable, match=r"0\.png is cut short"):
        judge_recording(reader, DEVELOPMENT.turn, Sampling(), recording)
