"""The steps of each operation, by hand and in order. To add one: one file, one line."""

from __future__ import annotations

from border.enrolment.values import Purpose
from provisioning.bench import Bench
from provisioning.step import Step
from provisioning.steps import (
    acceptance,
    board,
    certificate,
    clock,
    configuration,
    consent,
    drain,
    enrolment,
    freeze,
    handover,
    hardware,
    keys,
    label,
    unlock,
    voucher,
    wipe,
)

ENROLLED = (voucher.STEP, board.STEP, clock.STEP, keys.STEP, enrolment.STEP)
TAKEN_OVER = (configuration.STEP, hardware.STEP, label.STEP, acceptance.STEP, handover.STEP)
WHOLE = (*ENROLLED, *TAKEN_OVER)

STEPS: dict[Purpose, tuple[Step[Bench], ...]] = {
    Purpose.ENROL: WHOLE,
    Purpose.REPLACE_BOARD: WHOLE,
    Purpose.REPLACE_STORAGE: WHOLE,
    Purpose.MOVE_SITE: (
        freeze.STEP,
        drain.STEP,
        voucher.STEP,
        board.STEP,
        clock.STEP,
        keys.STEP,
        consent.STEP,
        wipe.STEP,
        enrolment.STEP,
        *TAKEN_OVER,
    ),
    Purpose.RENEW: (board.STEP, clock.STEP, keys.STEP, enrolment.STEP, certificate.STEP),
    Purpose.RETIRE: (freeze.STEP, drain.STEP, board.STEP, clock.STEP, keys.STEP, enrolment.STEP, wipe.STEP),
    Purpose.UNLOCK: (voucher.STEP, board.STEP, clock.STEP, keys.STEP, unlock.STEP),
}

NAMES: dict[str, Purpose] = {
    "commission": Purpose.ENROL,
    "replace-board": Purpose.REPLACE_BOARD,
    "replace-storage": Purpose.REPLACE_STORAGE,
    "move-site": Purpose.MOVE_SITE,
    "renew": Purpose.RENEW,
    "retire": Purpose.RETIRE,
    "unlock-disk": Purpose.UNLOCK,
}
"""Operations as a technician names them."""
