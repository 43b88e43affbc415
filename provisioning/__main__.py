"""The technician's one command: from a bare board to a commissioned lane, and what may happen to it later.

    python -m provisioning --config provisioning.toml status
    python -m provisioning --config provisioning.toml run [commission | replace-board | ... | retire]
    python -m provisioning --config provisioning.toml answer KEY VALUE
    python -m provisioning --config provisioning.toml renew
    python -m provisioning --config provisioning.toml page

`--json` for programs. Ends with 0: all done; 1: a step could not be done; 2: it cannot start; 75: something has to be
answered or brought, then run again.
"""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from border.enrolment.values import Purpose
from hw_tests.phases import phases as all_phases
from provisioning import operations
from provisioning.bench import Phases
from provisioning.refusals import Code
from provisioning.runner import Runner
from provisioning.settings import Settings, SettingsWrong, load
from provisioning.step import Kind, Question, Refused
from provisioning.steps import NAMES
from provisioning.view import Failure, StepState, StepView, View

DONE, FAILED, CANNOT_START, AGAIN = 0, 1, 2, 75
MARKS = {
    StepState.DONE: "done",
    StepState.FAILED: "FAILED",
    StepState.ASKING: "asks",
    StepState.NEXT: "next",
    StepState.RUNNING: "running",
    StepState.WAITING: "",
}


def main(arguments: Sequence[str], phases: Phases = all_phases) -> int:
    """`phases`: the hardware tests of a station."""
    options = _options(arguments)
    os.umask(0o077)
    try:
        settings = load(options.config)
        return _do(options, settings, phases)
    except SettingsWrong as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    except Refused as why:
        _complain(why)
        return AGAIN if why.again else FAILED
    except OSError as error:
        sys.stderr.write(f"{Code.DISK}: {error}\n")
        return CANNOT_START


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    text = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser("python -m provisioning", description=text[0])
    parser.add_argument("--config", type=Path, required=True, help="provisioning.toml")
    parser.add_argument("--json", action="store_true", help="the state as one JSON object on stdout")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="what is done, what is asked, what failed")
    run = commands.add_parser("run", help="begin an operation or go on with the one at hand")
    run.add_argument("operation", nargs="?", choices=[name for name in NAMES if name != "renew"])
    run.add_argument("--abandon", action="store_true", help="leave an operation that is not finished")
    answer = commands.add_parser("answer", help="answer what is asked, then go on")
    answer.add_argument("key")
    answer.add_argument("value", nargs="?", help="left out: typed without being shown")
    renew = commands.add_parser("renew", help="renew the certificate when it is due; for a timer")
    renew.add_argument("--now", action="store_true", help="also when it is not due")
    commands.add_parser("page", help="serve the technician's page")
    return parser.parse_args(arguments)


def _do(options: argparse.Namespace, settings: Settings, phases: Phases) -> int:
    if options.command == "page":
        from provisioning.page import serve  # noqa: PLC0415 - a web server is not needed for a timer

        return serve(settings, phases)
    asker = _at_the_terminal if sys.stdin.isatty() and not options.json else None
    runner = Runner(settings, phases, asker=asker)
    if options.command == "status":
        return _tell(runner.view(), options.json)
    if options.command == "renew":
        return _renew(runner, options)
    if options.command == "answer":
        return _answer(runner, options)
    if options.operation or not runner.bench.operation:
        operations.begin(runner.bench, NAMES[options.operation or "commission"], abandon=options.abandon)
        runner.look()
    return _tell(_going(runner, asker is not None), options.json)


def _renew(runner: Runner, options: argparse.Namespace) -> int:
    at_hand = runner.bench.operation
    unfinished = at_hand and not at_hand.get("finished")
    if unfinished and at_hand["purpose"] != Purpose.RENEW:
        return AGAIN  # a technician is at it; what he does brings a certificate of its own
    if not unfinished:
        if not (options.now or operations.is_renewal_due(runner.bench)):
            return DONE
        operations.begin(runner.bench, Purpose.RENEW)
        runner.look()
    return _tell(runner.go(), options.json)


def _answer(runner: Runner, options: argparse.Namespace) -> int:
    view = runner.go()  # what is asked is found by asking again: nothing is remembered but answers
    value = getpass.getpass(f"{options.key}: ") if options.value is None else options.value
    try:
        runner.answer(options.key, value)
    except KeyError:
        sys.stderr.write(f"{options.key} is not what is asked now\n")
        return _tell(view, options.json) or AGAIN
    return _tell(runner.go(), options.json)


def _going(runner: Runner, there_is_somebody: bool) -> View:
    """Asks at the terminal until there is nothing to ask."""
    view = runner.go()
    while there_is_somebody and view.current is not None and view.current.question is not None:
        runner.answer(view.current.question.key, _at_the_terminal(view.current.question))
        view = runner.go()
    return view


def _at_the_terminal(question: Question) -> str:
    sys.stderr.write(f"\n{question.words}\n")
    if question.detail:
        sys.stderr.write(f"{question.detail}\n")
    for number, choice in enumerate(question.choices, 1):
        sys.stderr.write(f"  {number}  {choice.words}\n")
    while True:
        said = getpass.getpass("> ") if question.kind is Kind.SECRET else input("> ").strip()
        if not question.choices and said:
            return said
        if said.isdecimal() and 1 <= int(said) <= len(question.choices):
            return question.choices[int(said) - 1].value


def _tell(view: View, as_json: bool) -> int:
    """The state on stdout, and the exit status that goes with it."""
    if as_json:
        sys.stdout.write(json.dumps(dataclasses.asdict(view), ensure_ascii=False) + "\n")
    else:
        _tell_a_person(view)
    return _status(view)


def _status(view: View) -> int:
    current = view.current
    if current is None or not view.steps:
        return DONE
    if current.failure is not None:
        return AGAIN if current.failure.again else FAILED
    return AGAIN


def _tell_a_person(view: View) -> None:
    out = sys.stdout.write
    if not view.steps:
        out("Nothing was begun on this board. Begin with: run commission\n")
        return
    out(f"{view.operation} {view.kiosk}   identity: {view.identity_level}   clock: {view.clock.state}\n")
    for number, step in enumerate(view.steps, 1):
        out(f"{number:>3} {step.title:<28} {MARKS[step.state]}\n")
        _tell_step(step)


def _tell_step(step: StepView) -> None:
    out = sys.stdout.write
    for name, value in step.evidence:
        out(f"      {name}: {value}\n")
    if step.question is not None:
        out(f"      {step.question.words}\n      answer {step.question.key} ...\n")
    if step.failure is not None:
        _tell_failure(step.failure)


def _tell_failure(failure: Failure) -> None:
    for text in (f"{failure.code}: {failure.what}", f"Why:  {failure.why}", f"Next: {failure.then}"):
        sys.stdout.write(f"      {text}\n")


def _complain(why: Refused) -> None:
    sys.stderr.write(f"{why.code}: {why.what}\n  Why:  {why.why}\n  Next: {why.then}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
