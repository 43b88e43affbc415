"""The best frame of a burst and its runner-up, and who is seen in its good run; the others are let go at once."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.journey.ports import Look
from appliance.vision.face_comparison import Embedding
from drivers.api import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    frame: Frame
    look: Look


class Burst:
    """Keeps two shots by rank (of two looks the greater tuple is the better sample), and the faces of the newest
    unbroken good run.
    """

    def __init__(self) -> None:
        self.best: Shot | None = None
        self.runner_up: Shot | None = None
        self.live: list[Embedding] = []

    def follow(self, look: Look) -> None:
        """A bad look ends the run: who comes back after it may be somebody else."""
        if look.causes:
            self.live = []
        elif look.sighting is not None and look.sighting.identity is not None:
            self.live.append(look.sighting.identity)

    def add(self, frame: Frame, look: Look) -> None:
        kept = [shot.frame.sha256 for shot in (self.best, self.runner_up) if shot is not None]
        if frame.sha256 in kept:  # a camera may send a picture twice; it is no second sample
            return
        shot = Shot(frame, look)
        if self.best is None or look.rank > self.best.look.rank:
            self.best, self.runner_up = shot, self.best
        elif self.runner_up is None or look.rank > self.runner_up.look.rank:
            self.runner_up = shot
