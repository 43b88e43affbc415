"""A renewed certificate is put in the old one's place; the kiosk takes it with its next connection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provisioning import disk
from provisioning.bench import Bench
from provisioning.step import Answers, Facts, Question, Step
from provisioning.steps.configuration import is_file_of, pem, tls_pem


def is_done(bench: Bench) -> bool:
    return all(is_file_of(path, data) for path, data in _files(bench))


def do(bench: Bench, _answers: Answers) -> Question | None:
    for path, data in _files(bench):
        disk.write(path, data)
    return None


def evidence(bench: Bench) -> Facts:
    return (("lane", bench.answer().kiosk),)


def _files(bench: Bench) -> Iterator[tuple[Path, bytes]]:
    answer = bench.answer()
    for name, data in answer.keys:
        yield bench.keys / Path(name).name, data
    yield bench.keys / "device.crt", pem(answer.chain)
    yield bench.keys / "tls.pem", tls_pem(bench, answer)


STEP = Step("certificate", "New certificate", is_done, do, evidence)
