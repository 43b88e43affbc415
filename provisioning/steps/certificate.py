"""A renewed certificate is put in the old one's place; the kiosk takes it with its next connection."""

from __future__ import annotations

from provisioning import disk
from provisioning.bench import Bench
from provisioning.step import Answers, Facts, Question, Step
from provisioning.steps.configuration import is_file_of, key_files


def is_done(bench: Bench) -> bool:
    return all(is_file_of(path, data) for path, data in key_files(bench, bench.answer()))


def do(bench: Bench, _answers: Answers) -> Question | None:
    for path, data in key_files(bench, bench.answer()):
        disk.write(path, data)
    return None


def evidence(bench: Bench) -> Facts:
    return (("lane", bench.answer().kiosk),)


STEP = Step("certificate", "New certificate", is_done, do, evidence)
