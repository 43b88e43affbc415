"""What the finished net can do: rank and name faults on looks it has not seen, and know the order of real prints."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from appliance.vision.finger_measures import NAMES, measured
from appliance.vision.finger_quality import Cause, FingerReader
from appliance.vision.model import Model
from simulators import fingers
from training import card
from training.finger.card import KIND
from training.finger.dataset import drawn, drawn_at_the_quay
from training.finger.impressions import HELD_OUT, Fault, Impression
from training.finger.order import VARIABLE, kept, rank_correlation, read_table

TEST_SEED, TEST_PATTERNS = 900, 15  # no training comes near this seed
QUAY_SEED = 101  # the practice port's own travellers
EXPECTED: dict[Fault, Cause | None] = {
    Fault.NONE: None,
    Fault.DRY: Cause.DRY,
    Fault.WET: Cause.WET,
    Fault.LIGHT: Cause.LIGHT,
    Fault.HARD: Cause.HARD,
    Fault.PARTIAL: Cause.PARTIAL,
    Fault.OFF_CENTRE: Cause.OFF_CENTRE,
    Fault.RESIDUE: Cause.RESIDUE,
    Fault.EMPTY: Cause.EMPTY,
}
Table = dict[tuple[Fault, str], int]
Figures = dict[str, float | str]


def figures(path: Path, patterns: int) -> tuple[Figures, Table]:
    """For the card, and the table of confusion on held-out looks."""
    model = card.loaded(KIND, path)
    reader = FingerReader(model)
    unseen = drawn(TEST_SEED, patterns, HELD_OUT)
    scores, table, cpu_ms, alarms = _judged(reader, unseen)
    teacher, quality, mixed = _teacher_scores(unseen), np.array([i.quality for i in unseen]), _are(unseen, Fault.MIXED)
    quay = _judged(reader, drawn_at_the_quay(QUAY_SEED, patterns))[1]
    told: Figures = {
        "held_out_impressions": len(unseen),
        "held_out_rank_correlation_with_teacher": round(rank_correlation(scores, teacher), 3),
        "held_out_rank_correlation_with_what_was_drawn": round(rank_correlation(scores[mixed], quality[mixed]), 3),
        **{f"held_out_{name}": value for name, value in _shares(table).items()},
        **{f"quay_{name}": value for name, value in _shares(quay).items()},
        "held_out_without_copy_but_cue_percent": round(100 * alarms, 1),
        "quay_copies_with_cue_percent": round(100 * _copies_noticed(reader), 1),
        "cpu_ms": round(cpu_ms, 1),
        **_of_real_prints(model),
        "evaluated": "synthetic prints of looks and fingers that no training saw; of real prints only numbers",
    }
    return told, table


def _judged(reader: FingerReader, impressions: list[Impression]) -> tuple[np.ndarray, Table, float, float]:
    """Scores, the table of first causes, median milliseconds of processor, and the share that shows a cue."""
    scores, table, times_s, alarms = [], Table(), [], 0
    for one in impressions:
        began_s = time.process_time()
        reading = reader.assess(one.pixels, one.pitch_ppi, one.look.sensor_class)
        times_s.append(time.process_time() - began_s)
        scores.append(reading.quality.native)
        alarms += bool(reading.pad.cues)
        named = reading.causes[0].name.lower() if reading.causes else "none"
        table[one.fault, named] = table.get((one.fault, named), 0) + 1
    return np.array(scores), table, float(np.median(times_s)) * 1000, alarms / len(impressions)


def _copies_noticed(reader: FingerReader) -> float:
    """Share of the quay's simulated castings that show a cue; the cue's limits were set on such castings."""
    seen = [
        reader.assess(
            fingers.impression(fingers.master(QUAY_SEED + person), fingers.Condition.ARTEFACT, touch), 500, ""
        )
        for person in range(TEST_PATTERNS)
        for touch in (1, 2)
    ]
    return float(np.mean([bool(reading.pad.cues) for reading in seen]))


def _are(impressions: list[Impression], fault: Fault) -> np.ndarray:
    return np.array([one.fault is fault for one in impressions])


def _shares(table: Table) -> Figures:
    """Percent of clear faults whose cause is named first, of all and of the worst; of good ones without any."""
    right = {fault: list(_of(table, fault, cause)) for fault, cause in EXPECTED.items()}
    share = {fault: 100 * sum(hits) / sum(count for _, count in _rows(table, fault)) for fault, hits in right.items()
             if any(key[0] is fault for key in table)}  # fmt: skip
    good = share.pop(Fault.NONE)
    worst = min(share, key=lambda fault: share[fault])
    return {
        "first_cause_right_percent": round(float(np.mean(list(share.values()))), 1),
        "worst_cause": worst.value,
        "worst_cause_right_percent": round(share[worst], 1),
        "good_without_cause_percent": round(good, 1),
    }


def _rows(table: Table, fault: Fault) -> Iterator[tuple[str, int]]:
    return ((named, count) for (drawn_fault, named), count in table.items() if drawn_fault is fault)


def _of(table: Table, fault: Fault, cause: Cause | None) -> Iterator[int]:
    wanted = "none" if cause is None else cause.name.lower()
    return (count for named, count in _rows(table, fault) if named == wanted)


def _teacher_scores(impressions: list[Impression]) -> np.ndarray:
    from appliance.vision.finger_features import resampled  # noqa: PLC0415

    return kept().scores(np.array([measured(resampled(one.pixels, one.pitch_ppi)).values for one in impressions]))


def _of_real_prints(model: Model) -> Figures:
    """From NIST's table and examples, when somebody has them: the net never saw a row, its teacher all of them."""
    told = os.environ.get(VARIABLE)
    if not told:
        return {}
    measures, scores = read_table(Path(told))
    rows = np.pad(measures, ((0, 0), (0, model.card.input_shape[1] - len(NAMES)))).astype(np.float32)
    found = np.array([model.run_by_size(row[None])[1][0] for row in rows])
    agree, all_of_them = _examples(Path(told) / "examples")
    return {
        "table_rank_correlation_with_nfiq2": round(rank_correlation(found, scores), 3),
        "examples_measures_equal": f"{agree} of {all_of_them}",
    }


def _examples(folder: Path) -> tuple[int, int]:
    """How many of the measures of NIST's five example prints come out as NIST printed them, to one in a thousand."""
    equal, count = 0, 0
    for path in sorted((folder / "images").glob("*.pgm")):
        lines = (folder / "output" / f"{path.stem}_output.txt").read_text().splitlines()
        wanted = dict(line.split(": ") for line in lines if ": " in line)
        values = measured(np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)).values
        gaps = [
            abs(value - float(wanted[name])) / max(1, abs(value)) for name, value in zip(NAMES, values, strict=True)
        ]
        equal, count = equal + sum(gap <= 1e-3 for gap in gaps), count + len(gaps)
    return equal, count


def confusion(table: Table) -> str:
    """The table as text: a row for each fault drawn, a column for each cause named first."""
    names = ["none", *(cause.name.lower() for cause in Cause if any(key[1] == cause.name.lower() for key in table))]
    lines = ["| drawn | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for fault in Fault:
        counts = dict(_rows(table, fault))
        lines.append(f"| {fault} | " + " | ".join(str(counts.get(name, "")) for name in names) + " |")
    return "\n".join(lines)
