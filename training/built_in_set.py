"""The small set that a kiosk judges new nets by before it uses them: python -m training.built_in_set [--out FOLDER]

All of it is drawn: pages, prints and heads of nobody. What each picture is, is known because it was drawn so; nothing
here was labelled by a net. The pictures and `truth.toml` are committed; equal code gives equal truths, and pictures
that differ at most by what another version of the encoder does.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.built_in import HERE, TRUTH
from border.documents.values import Format
from simulators.faces import Identity, Pose, Scene, render
from simulators.fingers import Condition, impression, master
from training.mrz.generate import Press
from training.mrz.grammar import random_zone
from training.mrz.pages import clean_page

PAGES = (Format.TD3, Format.TD1, Format.MRV_A)
FINGERS = (101, 103)
CONDITIONS = (Condition.GOOD, Condition.DRY, Condition.PARTIAL)
HEADS = (3, 4, 22)
POSES = (Pose(), Pose(yaw_deg=6.0, pitch_deg=3.0))
CLOSED = Pose(eyes_open=0.0)
QUALITY = {"pages": 60, "fingers": 85, "heads": 85}
NEEDED = """\
# Of all questions of a kind, the share that must be answered right. Set below what the nets of this release reach, by
# one answer where there are more than three, and not below what a traveller can be asked to bear.
[needed]
characters = 0.99
fingers = 1.0
heads = 1.0
lids = 1.0
pairs = 1.0
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m training.built_in_set", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--out", type=Path, default=HERE)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    rows = [NEEDED, *_pages(out), *_fingers(out), *_heads(out)]
    (out / TRUTH).write_text("# Made by training/built_in_set.py.\n\n" + "\n".join(rows), encoding="utf-8")
    return 0


def _pages(out: Path) -> list[str]:
    press, rows = Press.of(31, pool=8), []
    for number, format_ in enumerate(PAGES):
        lines = random_zone(np.random.default_rng(80 + number), format_)
        name = f"page-{format_.value.lower()}.jpg"
        _put(out / name, np.asarray(cv2.cvtColor(clean_page(lines, press, number), cv2.COLOR_BGR2GRAY)), "pages")
        rows.append(f'[[pages]]\nfile = "{name}"\nlines = {list(lines)!r}\n'.replace("'", '"'))
    return rows


def _fingers(out: Path) -> list[str]:
    """In each row the first must be judged better than all others."""
    rows = []
    for person in FINGERS:
        names = []
        for condition in CONDITIONS:
            names.append(f"finger-{person}-{condition.value}.jpg")
            _put(out / names[-1], impression(master(person), condition, 1), "fingers")
        rows.append(f"[[fingers]]\nfiles = {names!r}\n".replace("'", '"'))
    return rows


def _heads(out: Path) -> list[str]:
    rows = []
    for person in HEADS:
        names = [f"head-{person}-{number}.jpg" for number in range(len(POSES))]
        for name, pose in zip(names, POSES, strict=True):
            _put(out / name, render(Identity.of(person), pose, Scene(noise_seed=person)), "heads")
        asleep = f"head-{person}-asleep.jpg"
        _put(out / asleep, render(Identity.of(person), CLOSED, Scene(noise_seed=person)), "heads")
        rows.append(f'[[heads]]\nfiles = {names!r}\nasleep = "{asleep}"\n'.replace("'", '"'))
    return rows


def _put(path: Path, pixels: NDArray[np.uint8], kind: str) -> None:
    cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY[kind]])


if __name__ == "__main__":
    raise SystemExit(main())
