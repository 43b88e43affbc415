"""A record for those who read it: JUnit for machines, one page that needs nothing else, and the same page as PDF."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hw_tests import drift
from hw_tests.record import Expected, Measurement, Outcome, PhaseRecord, Record, Value, Verdict
from hw_tests.runner import Phase
from hw_tests.words import Words

FOLDER = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser")
PRINT_S = 60.0
BAD = (Verdict.FAIL, Verdict.UNSET)
MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNSET: "✗", Verdict.SKIP: "–", Verdict.TOLD: "·"}


class NoBrowser(Exception):
    """There is no Chromium to print with, or it failed; the text says which."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement as the page shows it."""

    name: str
    value: str
    limits: str
    verdict: Verdict
    doc: str
    remedy: str
    before: str  # what the record before said, and when
    curve: Markup

    @property
    def mark(self) -> str:
        return MARKS[self.verdict]


@dataclass(frozen=True, slots=True)
class Block:
    """One phase as the page shows it."""

    name: str
    title: str
    outcome: Outcome
    reason: str
    took_s: float
    rows: tuple[Row, ...]
    answers: tuple[tuple[str, str, str], ...]  # question, said, by


def environment() -> Environment:
    """For every page of this room: escapes, and a place without a value is a bug."""
    loader = FileSystemLoader(FOLDER / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def blocks(record: Record, phases: Sequence[Phase], words: Words, earlier: Sequence[Record] = ()) -> Iterator[Block]:
    """As pages show them. `earlier`: records of the same board, oldest first."""
    earlier = [each for each in earlier if each.begun_at < record.begun_at]
    known = {phase.name: {each.name: each for each in phase.expects} for phase in phases}
    for phase in record.phases:
        rows = tuple(_row(phase, each, known.get(phase.name, {}), record, earlier) for each in phase.measurements)
        answers = tuple((words.question(each.question), each.said, each.by) for each in phase.answers)
        yield Block(phase.name, words.phase(phase.name), phase.outcome, phase.reason, phase.took_s, rows, answers)


def page(record: Record, phases: Sequence[Phase], words: Words, earlier: Sequence[Record] = ()) -> str:
    """HTML with its style and its curves inside."""
    told = tuple(blocks(record, phases, words, earlier))
    style = Markup((FOLDER / "static" / "report.css").read_text(encoding="utf-8"))
    template = environment().get_template("report.html")
    return template.render(record=record, blocks=told, style=style, digest=record.sha256, words=words)


def junit(record: Record) -> bytes:
    """One case for each measurement, and one for a phase that ended in an error."""
    suite = ElementTree.Element("testsuite", name=f"hardware {record.suite}", hostname=record.serial)
    suite.set("timestamp", record.begun_at.rstrip("Z"))
    suite.set("time", f"{record.took_s:.3f}")
    counted = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for phase in record.phases:
        for case, kind in _cases(phase):
            suite.append(case)
            counted["tests"] += 1
            if kind:
                counted[kind] += 1
    for name, count in counted.items():
        suite.set(name, str(count))
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def pdf(html: str) -> bytes:
    """Printed by Chromium. Raises `NoBrowser`."""
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        raise NoBrowser("no chromium here")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "record.html", Path(folder) / "record.pdf"
        source.write_text(html, encoding="utf-8")
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has none for root; the page is our own
        command = [found, "--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/profile"]
        try:
            done = subprocess.run(
                [*command, *sandbox, f"--print-to-pdf={target}", source.as_uri()],
                capture_output=True,
                timeout=PRINT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NoBrowser("chromium did not end") from None
        if done.returncode or not target.exists():
            raise NoBrowser(f"chromium failed: {done.stderr.decode('utf-8', 'replace')[-300:]}")
        return target.read_bytes()


def told(value: Value | None, unit: str) -> str:
    """As a person reads it."""
    if value is None:
        return "not measured"
    return f"{value} {unit}".strip() if isinstance(value, str) else f"{value:,.4g} {unit}".replace(",", " ").strip()


def _row(
    phase: PhaseRecord, each: Measurement, known: Mapping[str, Expected], record: Record, earlier: Sequence[Record]
) -> Row:
    name = f"{phase.name}.{each.name}"
    declared = known.get(each.name)
    before = next((old for old in reversed(earlier) if name in old.values()), None)
    was = "" if before is None else f"{told(before.values()[name], each.unit)} ({before.begun_at[:10]})"
    along = drift.points(name, (*earlier, record))
    curve = Markup(drift.curve(name, each.unit, along, each.limits))
    value = told(each.value, each.unit) if each.value is not None else each.reason or "not measured"
    limits = f"{each.limits} {'' if each.limits.one_of or not each.limits.judges else each.unit}".strip()
    doc, remedy = (declared.doc, declared.remedy) if declared else ("", "")
    return Row(each.name, value, limits, each.verdict, doc, remedy if each.verdict in BAD else "", was, curve)


def _cases(phase: PhaseRecord) -> Iterator[tuple[ElementTree.Element, str]]:
    if phase.outcome in (Outcome.ERROR, Outcome.ABORTED):
        case = ElementTree.Element("testcase", classname=phase.name, name="runs", time=f"{phase.took_s:.3f}")
        ElementTree.SubElement(case, "error", message=phase.reason)
        yield case, "errors"
    for each in phase.measurements:
        case = ElementTree.Element("testcase", classname=phase.name, name=each.name)
        said = f"{told(each.value, each.unit)}, wanted {each.limits}" if each.limits.judges else ""
        kind = ""
        if each.verdict is Verdict.SKIP:
            kind = "skipped"
            ElementTree.SubElement(case, "skipped", message=each.reason or phase.reason)
        elif each.verdict in BAD and phase.outcome not in (Outcome.ERROR, Outcome.ABORTED):
            kind = "failures"
            ElementTree.SubElement(case, "failure", message=said)
        properties = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(properties, "property", name="value", value=told(each.value, each.unit))
        yield case, kind
