"""`make evaluate`: error rates of the vision on folders of pictures, as a page with plots and as JSON.

    python -m evaluation [FOLDER ...] [--parts pad challenge comparison finger mrz] [--most N]

Folders are laid out as docs/evaluation.md says. Without one, everything is measured on data made here, and said to
be so. Interrupted, the same command goes on where it was; `--most N` bounds it to N of each group.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cv2
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from appliance.vision import pad_bundle
from appliance.vision.errors import ModelAbsent, ModelError
from appliance.vision.face_pad import PassivePad
from appliance.vision.face_reading import FaceReader
from appliance.vision.mrz_reader import PageReader, Profile
from appliance.vision.pad_bundle import CARD, PublicKey
from border.rules.default import DEVELOPMENT
from border.rules.policy import Policy
from evaluation import challenge, comparison, conditions, finger, layout, made, mrz, pad, report
from evaluation.face import Sampling
from evaluation.layout import Data, Malformed
from evaluation.pictures import Unreadable
from evaluation.report import Chapter
from evaluation.sections import Section
from evaluation.work import Journal, KeptWork, Work

OUT = Path("artefacts/evaluation")
MADE = Path(".cache/evaluation")
MADE_COUNT = 12
STOPPED = 130


class Unusable(Exception):
    """What was asked for cannot be done; the text names the cause and the next step."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the parts need. A reader is loaded when the first part asks for it, and may raise `ModelAbsent`."""

    policy: Policy
    sampling: Sampling
    asked: int | None  # at most so many of each group
    most: int | None  # the same of what lies in the folder: None for made data, of which no more was made
    work: Work
    faces: Callable[[], FaceReader]
    pages: Callable[[Profile], PageReader]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the report. `lacks`: why there is nothing of it, where `has_data` says so."""

    title: str
    lacks: str
    has_data: Callable[[Data], bool]
    section: Callable[[Run, Data], Section]


def _pad(run: Run, data: Data) -> Section:
    return pad.evaluate(data, run.faces(), run.policy, run.sampling, run.work, run.most)


def _challenge(run: Run, _: Data) -> Section:
    return challenge.evaluate(run.faces(), run.policy, run.work, run.asked)


def _comparison(run: Run, data: Data) -> Section:
    return comparison.evaluate(data, run.faces(), run.policy, run.sampling.border_px, run.work, run.most)


def _finger(run: Run, data: Data) -> Section:
    return finger.evaluate(data, finger.load(), run.policy, run.work, run.most)


def _mrz(run: Run, data: Data) -> Section:
    return mrz.evaluate(data, lambda name: run.pages(mrz.habit_of(name)), run.work, run.most)


PARTS: dict[str, Part] = {
    "pad": Part(pad.TITLE, "nothing lies below pad/", lambda data: bool(data.recordings), _pad),
    "challenge": Part(
        challenge.TITLE,
        "a folder cannot answer prompts; it is measured where no folder is given",
        lambda data: data.is_made,
        _challenge,
    ),
    "comparison": Part(comparison.TITLE, "nothing lies below face/", lambda data: bool(data.portraits), _comparison),
    "finger": Part(finger.TITLE, "nothing lies below finger/", lambda data: bool(data.prints), _finger),
    "mrz": Part(mrz.TITLE, "nothing lies below mrz/", lambda data: bool(data.pages), _mrz),
}


def section_of(key: str, run: Run, data: Data) -> Section:
    """One part of one folder; without pictures or nets it says so in its place."""
    part = PARTS[key]
    if not part.has_data(data):
        return Section(key, part.title, absent=part.lacks)
    try:
        return part.section(run, data)
    except ModelAbsent as error:
        return Section(key, part.title, absent=f"{error}; python -m scripts.models puts the models in place")


def main(arguments: Sequence[str]) -> int:
    chosen = _arguments(arguments)
    cv2.setNumThreads(1)
    try:
        page, numbers = evaluate(chosen)
    except (Malformed, Unreadable, Unusable, ModelError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nevaluate: stopped; what was judged is kept, the same command goes on from here", file=sys.stderr)
        return STOPPED
    print(f"evaluate: {page}\nevaluate: {numbers}")
    return 0


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    ask = argparse.ArgumentParser(
        prog="python -m evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    ask.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=list(PARTS), metavar="PART")
    ask.add_argument("--most", type=_positive, help="at most so many recordings, pictures or pages of each group")
    ask.add_argument("--every", type=_positive, default=1, help="of a recording take every n-th picture")
    ask.add_argument("--border", type=int, default=0, help="pixels of edge to replicate around pictures of faces")
    ask.add_argument("--bundle", type=Path, help="folder of a passive bundle; needs --key")
    ask.add_argument("--key", type=Path, help="public key (PEM) that signed the bundle")
    ask.add_argument("--out", type=Path, default=OUT)
    chosen = ask.parse_args(arguments)
    if (chosen.bundle is None) != (chosen.key is None):
        ask.error("--bundle and --key belong together")
    return chosen


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1")
    return value


def evaluate(chosen: argparse.Namespace) -> tuple[Path, Path]:
    """Everything that was asked for; the paths of page and JSON.

    Raises `Malformed` for all folders at once, `Unreadable`, `Unusable`, `ModelError`.
    """
    data = read_all(chosen.folders)
    passive = _passive(chosen.bundle, chosen.key)
    options: dict[str, Any] = {"every": chosen.every, "border_px": chosen.border, "most_of_each_group": chosen.most}
    told = conditions.of_run(DEVELOPMENT, _bundle(chosen.bundle, passive), options, datetime.now(UTC))
    work = KeptWork(Journal(chosen.out / "journal.jsonl", digest(told)))
    if not data:
        count = chosen.most or MADE_COUNT
        folder = MADE / f"made-{conditions.sources_digest(conditions.MAKERS)[:12]}-{count}"
        data = (layout.read(made.make(folder, count, work), is_made=True, name="synthetic data"),)
    run = _run(chosen, work, passive, is_made=not chosen.folders)
    parts = [part for part in PARTS if part in chosen.parts]
    chapters = [Chapter(one.name, one.is_made, tuple(section_of(part, run, one) for part in parts)) for one in data]
    return report.write(chosen.out, told, chapters)


def read_all(folders: Sequence[Path]) -> tuple[Data, ...]:
    """Every folder. Raises `Malformed` with the mistakes of all of them."""
    found, wrong = [], []
    for folder in folders:
        try:
            found.append(layout.read(folder))
        except Malformed as error:
            wrong.append(str(error))
    if wrong:
        raise Unusable("\n".join(wrong))
    return tuple(found)


def digest(told: dict[str, Any]) -> str:
    """What answers depend on beside their item: not the date, the commit or how many were asked for."""
    kept = {"sources_sha256", "models", "passive_bundle", "policy", "runtime", "python", "numpy", "opencv"}
    parts = [f"{key}={told[key]}" for key in sorted(kept)]
    parts += [f"{key}={told['options'][key]}" for key in ("every", "border_px")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _run(chosen: argparse.Namespace, work: Work, passive: PassivePad | None, *, is_made: bool) -> Run:
    return Run(
        DEVELOPMENT,
        Sampling(chosen.every, chosen.border),
        asked=chosen.most,
        most=None if is_made else chosen.most,
        work=work,
        faces=cache(lambda: FaceReader.load(passive=passive)),
        pages=cache(PageReader.load),
    )


def _passive(bundle: Path | None, key: Path | None) -> PassivePad | None:
    if bundle is None or key is None:
        return None
    return pad_bundle.load(bundle, _public_key(key))


def _bundle(folder: Path | None, passive: PassivePad | None) -> str | None:
    """The bundle by name, version and the hash of its signed card, which names the hashes of its nets."""
    if folder is None or passive is None:
        return None
    return f"{passive.name}, card sha256 {hashlib.sha256((folder / CARD).read_bytes()).hexdigest()}"


def _public_key(path: Path) -> PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} is no public key ({error}); name the PEM file that belongs to the bundle") from error
    if not isinstance(key, (EllipticCurvePublicKey, Ed25519PublicKey)):
        raise Unusable(f"{path} is a key of another kind; bundles are signed with Ed25519 or ES256")
    return key


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
