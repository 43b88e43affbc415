"""How near a converted file is to the original network, and what its distances say of known pairs; numbers only."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from appliance.vision.model import Model
from training.face_comparison.faces import Face
from training.face_comparison.original import Chips, Embeddings

LIMITS = (0.5, 0.55, 0.6)
"""Decisions are compared at each."""

Distances = NDArray[np.float32]


def embed(model: Model, chips: Chips) -> tuple[Embeddings, float]:
    """n x 128, and the median processor milliseconds of one chip."""
    rows, took = [], []
    for chip in chips:
        given = chip[None].astype(np.float32)
        began = time.process_time()
        rows.append(model.run(given)[0].ravel())
        took.append(time.process_time() - began)
    return np.stack(rows), 1000 * float(np.median(took))


def distances(embeddings: Embeddings) -> Distances:
    """Of all pairs, in the order of `itertools.combinations`."""
    rows = [np.linalg.norm(embeddings[n + 1 :] - one, axis=1) for n, one in enumerate(embeddings)]
    return np.concatenate(rows).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of all pairs of faces, how many are decided as the original network decides them."""

    pairs: int
    shares: tuple[tuple[float, float], ...]  # (limit, share)
    close_pairs: int  # those that the original puts within 0.1 of the widest limit
    close_share: float
    greatest_error: float  # of a distance


def agreement(original: Embeddings, ours: Embeddings) -> Agreement:
    wanted, found = distances(original), distances(ours)
    close = np.abs(wanted - LIMITS[-1]) < 0.1
    same = (wanted <= LIMITS[-1]) == (found <= LIMITS[-1])
    return Agreement(
        pairs=len(wanted),
        shares=tuple((limit, float(np.mean((wanted <= limit) == (found <= limit)))) for limit in LIMITS),
        close_pairs=int(close.sum()),
        close_share=float(same[close].mean()) if close.any() else float("nan"),
        greatest_error=float(np.abs(wanted - found).max()),
    )


@dataclass(frozen=True, slots=True)
class Kinds:
    """Distances of pairs known to be of one person (mated) and of pairs known not to be."""

    mated: Distances
    non_mated: Distances

    def rates(self, limit: float) -> tuple[float, float]:
        """Share of mated pairs that do not match, share of non-mated pairs that do."""
        return float(np.mean(~(self.mated <= limit))), float(np.mean(self.non_mated <= limit))


def by_person(embeddings: Embeddings, persons: Sequence[str]) -> Kinds:
    """All pairs of faces whose persons are both known."""
    known = [n for n, person in enumerate(persons) if person]
    pairs = list(combinations(known, 2))
    apart = np.array([np.linalg.norm(embeddings[a] - embeddings[b]) for a, b in pairs], np.float32)
    is_one = np.array([persons[a] == persons[b] for a, b in pairs])
    return Kinds(apart[is_one], apart[~is_one])


def by_list(embeddings: Embeddings, faces: Sequence[Face], listed: Mapping[tuple[str, str], bool]) -> Kinds:
    """The pairs of a list of file names, where each file shows one face."""
    names = [face.name for face in faces]
    place = {name: n for n, name in enumerate(names) if names.count(name) == 1}
    rows = [
        (float(np.linalg.norm(embeddings[place[a]] - embeddings[place[b]])), is_one)
        for (a, b), is_one in listed.items()
        if a in place and b in place
    ]
    mated, non_mated = ([apart for apart, is_one in rows if is_one is kind] for kind in (True, False))
    return Kinds(np.array(mated, np.float32), np.array(non_mated, np.float32))
