"""Coverage-guided fuzzing of every harness: `python -m tests.fuzz.run [--seconds 30] [NAME ...]`.

Each harness runs under atheris in a process of its own, from its seeds; without atheris, seeded mutations of the seeds
stand in, and it says so. A finding is kept as a file: `python -m tests.fuzz.run --replay FILE NAME` shows it again.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.harnesses import HARNESSES, ROOMS, Harness, harmed, named

FINDINGS = Path("artefacts/fuzz")
START_S = 120.0
"""Instrumenting, and unpacking the seeds, on a busy machine."""

LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Result:
    """`finding`: the input that let something escape; None when none did. `said`: the end of what was said."""

    name: str
    runs: int
    finding: Path | None
    said: str

    @property
    def clean(self) -> bool:
        return self.finding is None and self.runs > 0


def has_atheris() -> bool:
    return importlib.util.find_spec("atheris") is not None


def fuzz(name: str, seconds: int, findings: Path) -> Result:
    """One harness under atheris, in a process of its own that ends by itself."""
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    with tempfile.TemporaryDirectory(prefix="landfall-fuzz-") as corpus:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.run", "--inside", name, corpus),
                *(f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-rss_limit_mb=2048", "-timeout=10"),
                f"-artifact_prefix={findings}/{name}-",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds + START_S,
            check=False,
        )
    found = sorted(set(findings.iterdir()) - before)
    ran = re.search(r"^Done (\d+) runs", done.stdout, re.MULTILINE)
    runs = int(ran[1]) if ran and done.returncode == 0 else 0
    return Result(name, runs, found[0] if found else None, done.stdout[-3000:])


def inside(name: str, corpus: Path, arguments: Sequence[str]) -> None:
    """The child: never returns, for libFuzzer ends the process."""
    import atheris  # noqa: PLC0415 - not every processor has a build

    harness = named(name)
    with atheris.instrument_imports(include=list(ROOMS)):
        one_input = harness.load()
    for number, seed in enumerate(harness.seeds()):
        (corpus / f"seed{number:04}").write_bytes(seed)

    def entry(data: bytes) -> None:
        one_input(data)

    atheris.Setup([sys.argv[0], *arguments, str(corpus)], entry)
    atheris.Fuzz()


def mutate(harness: Harness, seconds: float, findings: Path, seed: int = 1) -> Result:
    """What stands in for atheris: blind, but it starts from whole inputs."""
    one_input, chance, corpus = harness.load(), random.Random(seed), harness.seeds()
    ends_s, runs = time.monotonic() + seconds, 0
    while time.monotonic() < ends_s:
        data = harmed(chance.choice(corpus), chance)
        runs += 1
        try:
            one_input(data)
        except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
            findings.mkdir(parents=True, exist_ok=True)
            finding = findings / f"{harness.name}-mutation-{runs}"
            finding.write_bytes(data)
            return Result(harness.name, runs, finding, repr(error))
    return Result(harness.name, runs, None, "")


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--inside"]:
        inside(arguments[1], Path(arguments[2]), arguments[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(HARNESSES)}; default: all")
    parser.add_argument("--seconds", type=int, default=30, help="for each harness")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one finding again, with its traceback")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in HARNESSES]
    if unknown:
        parser.error(f"no harness {', '.join(unknown)}")
    names = chosen.names or list(HARNESSES)
    if chosen.replay:
        for name in names:
            HARNESSES[name].load()(chosen.replay.read_bytes())
        return 0
    if not has_atheris():
        sys.stderr.write("atheris is not installed: blind mutations of the seeds stand in\n")
    return _all(names, chosen.seconds)


def _all(names: Sequence[str], seconds: int) -> int:
    failed = 0
    for name in names:
        work = fuzz(name, seconds, FINDINGS) if has_atheris() else mutate(HARNESSES[name], seconds, FINDINGS)
        sys.stdout.write(f"{name:>10}: {work.runs} inputs, {'nothing escaped' if work.clean else 'FAILED'}\n")
        sys.stdout.flush()
        if not work.clean:
            failed += 1
            sys.stderr.write(f"{work.said}\nkept: {work.finding}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
