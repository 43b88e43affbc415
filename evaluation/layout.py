"""The folder of pictures that an evaluation reads: what must lie where, and every mistake in it at once.

    pad/bona_fide/<subject>/<recording>/*.jpg             a head that turns, in the order of the file names
    pad/attack/<species>/<subject>/<recording>/*.jpg      the same of an attack
    face/<subject>/*.jpg                                  single pictures of one person each
    finger/<sensor class>/<finger>/*.png                  impressions; sensor.toml, quality.csv beside the fingers
    mrz/*.jpg, mrz/<profile>/*.jpg                        pages; what is printed on one in <name>.txt

docs/evaluation.md says what each is for.
"""

from __future__ import annotations

import csv
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

PICTURES = (".jpg", ".jpeg", ".png", ".pgm", ".bmp", ".tif", ".tiff")
PARTS = ("pad", "face", "finger", "mrz")
LEFT_ALONE = ("README", "LICENSE", "LICENCE", "NOTICE", "MANIFEST", "Thumbs.db", "__MACOSX")
PITCH_PPI = 500
WIDEST_ZONE = 44
ZONE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that keeps a folder from being read, and what to do about it."""

    where: str  # relative to the folder
    cause: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.where}: {self.cause}; {self.next_step}"


class Malformed(Exception):
    """A folder that is not laid out as it must be; `mistakes` names all of them."""

    def __init__(self, folder: Path, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes))
        rows = "".join(f"\n  {mistake}" for mistake in self.mistakes)
        super().__init__(f"{folder} cannot be evaluated ({len(self.mistakes)} to put right):{rows}")


@dataclass(frozen=True, slots=True)
class Recording:
    """One presentation: pictures in time order. `species` "" is bona fide."""

    species: str
    subject: str
    name: str
    pictures: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Portrait:
    subject: str
    picture: Path


@dataclass(frozen=True, slots=True)
class Print:
    """One impression; `reference` is another program's quality of it, or None."""

    sensor_class: str
    finger: str
    picture: Path
    pitch_ppi: int
    reference: float | None


@dataclass(frozen=True, slots=True)
class Page:
    """A picture of a page and the lines printed on it; none when nobody wrote down what they say."""

    profile: str
    picture: Path
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<page of profile {self.profile!r}>"  # never what a document says


@dataclass(frozen=True, slots=True)
class Data:
    """All that a folder holds. `is_made`: by ourselves, so that no figure of it is an error rate of people."""

    name: str
    root: Path
    is_made: bool
    recordings: tuple[Recording, ...]
    portraits: tuple[Portrait, ...]
    prints: tuple[Print, ...]
    pages: tuple[Page, ...]


def read(folder: Path, *, is_made: bool = False, name: str = "") -> Data:
    """Look through the whole folder. Raises `Malformed` with every mistake in it."""
    if not folder.is_dir():
        raise Malformed(folder, [Mistake(".", "no such folder", "name one that exists")])
    found = _Finds(folder, [])
    data = Data(
        name or folder.resolve().name,
        folder,
        is_made,
        recordings=tuple(_recordings(found)),
        portraits=tuple(_portraits(found)),
        prints=tuple(_prints(found)),
        pages=tuple(_pages(found)),
    )
    _look_for_strangers(found)
    if not found.mistakes and not (data.recordings or data.portraits or data.prints or data.pages):
        found.wrong(folder, "holds nothing to evaluate", f"put pictures below one of {', '.join(PARTS)}")
    if found.mistakes:
        raise Malformed(folder, found.mistakes)
    return data


@dataclass(frozen=True, slots=True)
class _Finds:
    """The root that is looked through, and the mistakes found on the way."""

    root: Path
    mistakes: list[Mistake]

    def wrong(self, path: Path, cause: str, next_step: str) -> None:
        self.mistakes.append(Mistake(path.relative_to(self.root).as_posix(), cause, next_step))

    def folders(self, path: Path, holds: str) -> Iterator[Path]:
        """The folders of one level; pictures that lie beside them are a mistake."""
        for child in _children(path):
            if child.is_dir():
                yield child
            elif child.suffix.lower() in PICTURES:
                self.wrong(child, "a picture where folders belong", f"move it into {holds}")

    def pictures(self, path: Path) -> tuple[Path, ...]:
        """The pictures of one folder, by name; everything else in it is a mistake."""
        good = []
        for child in _children(path):
            if child.is_dir():
                self.wrong(child, "a folder where pictures belong", "move its pictures up, or the folder away")
            elif child.suffix.lower() in PICTURES and cv2.haveImageReader(str(child)):
                good.append(child)
            elif child.suffix.lower() in PICTURES:
                self.wrong(child, "not a picture that can be read", "write it anew or take it away")
            else:
                self.wrong(child, "no picture", f"take it away, or make it one of {', '.join(PICTURES)}")
        if not _children(path):
            self.wrong(path, "no picture in it", "put some there or take the folder away")
        return tuple(good)


def _children(path: Path) -> tuple[Path, ...]:
    """What lies in a folder, by name, without what systems and archives leave behind."""
    if not path.is_dir():
        return ()
    kept = (child for child in path.iterdir() if not child.name.startswith((".", *LEFT_ALONE)))
    return tuple(sorted(kept, key=lambda child: in_order(child.name)))


def in_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts names with their numbers as numbers: 2.jpg before 10.jpg."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts)


def _look_for_strangers(found: _Finds) -> None:
    for child in _children(found.root):
        if child.name not in PARTS:
            found.wrong(child, "not known here", f"the folders are {', '.join(PARTS)}")
    for child in _children(found.root / "pad"):
        if child.name not in ("bona_fide", "attack"):
            found.wrong(child, "not known here", "pad holds bona_fide and attack")


def _recordings(found: _Finds) -> Iterator[Recording]:
    pad = found.root / "pad"
    yield from _recordings_of(found, pad / "bona_fide", "")
    for species in found.folders(pad / "attack", "<species>/<subject>/<recording>/"):
        yield from _recordings_of(found, species, species.name)


def _recordings_of(found: _Finds, folder: Path, species: str) -> Iterator[Recording]:
    for subject in found.folders(folder, "<subject>/<recording>/"):
        recordings = list(found.folders(subject, "a folder for each recording, <recording>/"))
        if not recordings:
            found.wrong(subject, "no recording in it", "put its pictures into a folder for each recording")
        for recording in recordings:
            yield Recording(species, subject.name, recording.name, found.pictures(recording))


def _portraits(found: _Finds) -> Iterator[Portrait]:
    for subject in found.folders(found.root / "face", "a folder for each subject, <subject>/"):
        yield from (Portrait(subject.name, picture) for picture in found.pictures(subject))


def _prints(found: _Finds) -> Iterator[Print]:
    for sensor in found.folders(found.root / "finger", "<sensor class>/<finger>/"):
        pitch_ppi = _pitch_ppi(found, sensor / "sensor.toml")
        pictures = [
            (finger.name, picture)
            for finger in found.folders(sensor, "a folder for each finger, <finger>/")
            for picture in found.pictures(finger)
        ]
        references = _references(found, sensor / "quality.csv", {path for _, path in pictures})
        for finger, picture in pictures:
            yield Print(sensor.name, finger, picture, pitch_ppi, references.get(picture))


def _pitch_ppi(found: _Finds, path: Path) -> int:
    """What sensor.toml says of the pixel pitch; without that file 500 ppi, which the report tells."""
    if not path.exists():
        return PITCH_PPI
    try:
        pitch = tomllib.loads(path.read_text("utf-8"))["pitch_ppi"]
        if not isinstance(pitch, int) or not 100 <= pitch <= 2000:
            raise ValueError(f"pitch_ppi = {pitch!r}")
    except (KeyError, ValueError) as error:
        found.wrong(path, f"no pixel pitch in it ({error})", "write one line: pitch_ppi = 500")
        return PITCH_PPI
    return pitch


def _references(found: _Finds, path: Path, known: set[Path]) -> dict[Path, float]:
    """`file,quality` rows: a path from the sensor's folder, and another program's quality, higher is better."""
    if not path.exists():
        return {}
    rows: dict[Path, float] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        if not {"file", "quality"} <= set(table.fieldnames or ()):
            found.wrong(path, "no columns file and quality", "begin it with the line file,quality")
            return {}
        for row in table:
            picture, value = path.parent / (row["file"] or ""), _number(row["quality"])
            if picture not in known:
                found.wrong(path, f"line {table.line_num}: no impression {row['file']}", "correct the row or delete it")
            elif value is None:
                found.wrong(path, f"line {table.line_num}: {row['quality']!r} is no number", "correct the row")
            else:
                rows[picture] = value
    return rows


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _pages(found: _Finds) -> Iterator[Page]:
    mrz = found.root / "mrz"
    loose = any(child.is_file() for child in _children(mrz))
    for folder in (mrz, *(child for child in _children(mrz) if child.is_dir())):
        if folder != mrz or loose:
            yield from _pages_of(found, folder, "" if folder == mrz else folder.name)


def _pages_of(found: _Finds, folder: Path, profile: str) -> Iterator[Page]:
    """The pages of one folder. Lines for some and none for others is a mistake: whoever forgot them shall know."""
    files = [child for child in _children(folder) if child.is_file()]
    texts = {child.stem: child for child in files if child.suffix.lower() == ".txt"}
    pictures = [child for child in files if child.suffix.lower() in PICTURES]
    for child in set(files) - set(pictures) - set(texts.values()):
        found.wrong(child, "neither picture nor lines", "take it away")
    for stem in texts.keys() - {picture.stem for picture in pictures}:
        found.wrong(texts[stem], "lines without a picture", "add the picture of the same name or delete the lines")
    if not pictures:
        found.wrong(folder, "no picture in it", "put some there or take the folder away")
    for picture in pictures:
        if not cv2.haveImageReader(str(picture)):
            found.wrong(picture, "not a picture that can be read", "write it anew or take it away")
        elif texts and picture.stem not in texts:
            found.wrong(picture, "no lines", f"write what is printed into {picture.stem}.txt, or take it away")
        else:
            yield Page(profile, picture, _lines(found, texts[picture.stem]) if texts else ())


def _lines(found: _Finds, path: Path) -> tuple[str, ...]:
    """What is printed, without spaces; empty when it cannot be a zone, which is then a mistake."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        found.wrong(path, "no text", "write the printed lines as plain text")
        return ()
    lines = tuple("".join(line.split()) for line in text.splitlines() if line.strip())
    widths = sorted({len(line) for line in lines})
    letters = sorted(set("".join(lines)) - set(ZONE_LETTERS))
    if len(lines) not in (1, 2, 3) or len(widths) != 1 or widths[-1] > WIDEST_ZONE:
        found.wrong(path, f"{len(lines)} lines of {widths} characters", "write one, two or three lines of equal length")
        return ()
    if letters:
        found.wrong(path, f"characters that no zone has: {' '.join(letters)}", "write A-Z, 0-9 and < only")
        return ()
    return lines
