"""The image role of the update client: everything that a machine with two slots adds to it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from ota import tryboot
from ota.agent import Hands
from ota.health import HealthGate, Look
from ota.images import ImageInstaller, Machine, Record
from ota.settings import ImageSettings
from ota.slots import Rauc, Tls
from ota.trial import LOG
from ota.workbench import Bench

log = logging.getLogger("ota.image")
STEP = 10
"""Percent between two lines of the log."""
MOST_LOG = 6000
"""Characters of a failed start's log that are sent."""


def image_hands(bench: Bench, slots: ImageSettings) -> Hands:
    """What an agent of images works with."""
    settings = bench.settings
    look = Look(slots, settings.folder, bench.app.status, bench.floor_s)
    gate = HealthGate(look, bench.disk, settings.folder / "before.json", slots.gate_s, tryboot.start().is_try)
    rauc = Rauc(Tls(settings.ca, settings.certificate, settings.key))
    record = Record(bench.disk, settings.folder / "images.json")
    machine = Machine(slots.restart, gate.remember)
    installer = ImageInstaller(rauc, record, machine, settings.content, _Steps())
    return replace(bench.hands(installer, gate, bench.app.has_time), fetch=installer.fetch)


def last_words(folder: Path) -> str:
    """The end of the log of a start that failed, as `trial` kept it; empty when none did."""
    path = folder / LOG
    if not path.exists():
        return ""
    text = path.read_bytes().decode(errors="replace")
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)[-MOST_LOG:]


class _Steps:
    """RAUC's progress in the log, each tenth once."""

    def __init__(self) -> None:
        self._said = -1

    def __call__(self, percent: int, what: str) -> None:
        if percent // STEP != self._said:
            self._said = percent // STEP
            log.info("%d %% %s", percent, what)
