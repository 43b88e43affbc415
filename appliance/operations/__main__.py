"""`landfall`: what a technician asks of a kiosk at its keyboard or over a cable.

    python -m appliance.operations --config kiosk.toml COMMAND

    status                    how it is now, as the running program says it
    doctor                    what ails it, and the next step; needs no running program
    queue                     what waits for the centre
    log [--last N]            what the program said, without anything of a traveller
    support-bundle FILE       one file for whoever helps from afar; nothing personal, by schema
    export STICK              what waits, to a stick for the centre (`python -m central.stick` takes it there)
    receipts STICK            the centre's receipts back from the stick
    stop [--wait S]           closes the lane, after whoever is there; it stays closed over restarts
    start [--wait S]          opens it again

Every command takes --json. It ends with 0: well; 1: something wants a person; 2: asked wrongly; 75: try again later.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import sys
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from appliance import clock, durable, kept_log
from appliance.config import Config, ConfigError, load
from appliance.keys import KeysUnusable, load_keys
from appliance.operations import doctor, export, lane, support, waiting
from appliance.operations.findings import ACT, LOOK, OK, Finding, as_text, worst
from appliance.signer import SignerAway
from appliance.version import SOFTWARE
from border.encounter import Stamp

WELL, WANTS_A_PERSON, ASKED_WRONGLY, LATER = 0, 1, 2, 75
ANSWER_S = 5.0
WAIT_S = 600.0
"""For whoever is in the middle of a crossing; most take a minute or two."""
MAX_BYTES = 1_000_000


class Silent(Exception):
    """The running program does not answer."""


def main(arguments: Sequence[str]) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        config = load(chosen.config)
        return COMMANDS[chosen.command](config, chosen)
    except tuple(ENDS) as error:
        code, step = next(end for kind, end in ENDS.items() if isinstance(error, kind))
        said = str(error)
        if isinstance(error, OSError) and error.strerror:
            said = f"{error.filename or chosen.command}: {error.strerror}"
        sys.stderr.write(f"{said}\n" + (f"      next: {step}\n" if step else ""))
        return code


ENDS: dict[type[Exception], tuple[int, str]] = {
    ConfigError: (ASKED_WRONGLY, ""),
    KeysUnusable: (ASKED_WRONGLY, ""),
    export.NotExported: (WANTS_A_PERSON, ""),
    support.NotProven: (WANTS_A_PERSON, "tell headquarters; send nothing"),
    SignerAway: (LATER, "start the signer, or put the token in"),
    Silent: (LATER, "landfall doctor"),
    lane.NotYet: (LATER, "landfall doctor"),
    lane.Frozen: (WANTS_A_PERSON, ""),
    sqlite3.Error: (LATER, "landfall doctor"),
    OSError: (WANTS_A_PERSON, "look at the disk or the stick"),
}
"""How a command ends when it cannot be done, and the next step where the error does not tell it."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "landfall", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, required=True, help="kiosk.toml")
    parser.add_argument("--json", action="store_true", help="for programs")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        command = commands.add_parser(name)
        if name == "log":
            command.add_argument("--last", type=int, default=50)
        elif name in ("support-bundle", "export", "receipts"):
            command.add_argument("path", type=Path)
        elif name in ("stop", "start"):
            command.add_argument("--wait", type=float, default=WAIT_S, metavar="S")
    return parser


def _status(config: Config, chosen: argparse.Namespace) -> int:
    health = _health(config)
    findings = [Finding(part["part"], part["level"], part["value"]) for part in health["parts"]]
    return _shown(chosen, health, as_text(findings), worst(findings))


def _health(config: Config) -> dict[str, Any]:
    """Raises `Silent`."""
    url = f"http://{config.pages.officer}/health.json"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=ANSWER_S) as answer:
            return dict(json.loads(answer.read(MAX_BYTES)))
    except (OSError, HTTPException, ValueError) as error:  # URLError is an OSError
        raise Silent(f"the kiosk's program does not answer at {config.pages.officer}") from error


def _doctor(config: Config, chosen: argparse.Namespace) -> int:
    findings: list[Finding] = []
    for one in (*doctor.look(config), *_program(config)):
        if any(one.what == told.what for told in findings):
            continue  # the program says it too
        findings.append(one)
        if not chosen.json:
            sys.stdout.write(as_text([one]))
            sys.stdout.flush()
    return _shown(chosen, [asdict(one) for one in findings], "", worst(findings))


def _program(config: Config) -> tuple[Finding, ...]:
    """What the running program says against itself."""
    try:
        parts = _health(config)["parts"]
    except Silent as error:
        return (Finding("program", ACT, str(error), "systemctl status landfall-appliance; then look at the log."),)
    bad = tuple(
        Finding(part["part"], part["level"], part["value"], "The officers' board tells what to do: touch that tile.")
        for part in parts
        if part["level"] != OK
    )
    return (Finding("program", OK, "answers"), *bad)


def _queue(config: Config, chosen: argparse.Namespace) -> int:
    found = waiting.waiting(config.kiosk.folder)
    rows = [asdict(one) for one in found]
    text = "".join(
        f"{one.seq:>8}  {_moment(one.at_wall_ms)}  {one.messages:>4} messages {one.size:>10,} B  "
        f"{one.reason or 'queued'}  {one.record}\n"
        for one in found
    )
    held = sum(1 for one in found if one.reason)
    text += f"{len(found)} wait, {held} of them held\n"
    return _shown(chosen, rows, text, LOOK if held else OK)


def _log(config: Config, chosen: argparse.Namespace) -> int:
    lines = kept_log.read(config.kiosk.folder)[-chosen.last :]
    text = "".join(
        f"{_moment(line.at_s * 1000)} {line.level:<8} {line.logger}: {line.template} {line.error}".rstrip() + "\n"
        for line in lines
    )
    return _shown(chosen, [asdict(line) for line in lines], text, OK)


def _support(config: Config, chosen: argparse.Namespace) -> int:
    try:
        health: Sequence[Mapping[str, object]] = _health(config)["parts"]
    except Silent:
        health = ()
    at = _stamp(config)
    about = {
        "kiosk": config.kiosk.id,
        "software": SOFTWARE,
        "python": platform.python_version(),
        "at_s": at.wall_ms // 1000,
        "clock": at.clock.value,
    }
    try:
        queue = waiting.waiting(config.kiosk.folder)
    except sqlite3.Error:
        queue = ()  # the doctor's part says so
    document = support.bundle(about, health, doctor.look(config), queue, kept_log.read(config.kiosk.folder))
    durable.write(chosen.path, json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n", mode=0o644)
    text = f"{chosen.path}: {chosen.path.stat().st_size:,} bytes; nothing personal in it, read it before you send it\n"
    return _shown(chosen, {"file": str(chosen.path)}, text, OK)


def _export(config: Config, chosen: argparse.Namespace) -> int:
    keys = load_keys(config.centre.keys)
    manifest = export.export(config.kiosk.folder, keys, chosen.path, _stamp(config), _progress)
    text = (
        f"\n{manifest.records} records in {manifest.messages} messages are on the stick, sealed to the centre.\n"
        f"export {manifest.number}\n"
        "They stay here too, until the centre's receipts come back: landfall receipts STICK\n"
    )
    return _shown(chosen, {"number": manifest.number, "records": manifest.records}, text, OK)


def _receipts(config: Config, chosen: argparse.Namespace) -> int:
    taken = export.bring_back(config.kiosk.folder, load_keys(config.centre.keys), chosen.path)
    text = f"{taken.files} receipts given to the kiosk's program; it verifies each, then forgets what the centre has\n"
    return _shown(chosen, asdict(taken), text, OK)


def _stop(config: Config, chosen: argparse.Namespace) -> int:
    said = lane.stop(config.kiosk.folder, lambda: _state(config), chosen.wait)
    return _shown(chosen, {"lane": said}, f"{said}\n", OK)


def _start(config: Config, chosen: argparse.Namespace) -> int:
    said = lane.start(config.kiosk.folder, lambda: _state(config), chosen.wait)
    return _shown(chosen, {"lane": said}, f"{said}\n", OK)


def _state(config: Config) -> str:
    """The journey's, or that the program says nothing."""
    try:
        return next(str(part["value"]) for part in _health(config)["parts"] if part["part"] == "state")
    except (Silent, StopIteration):
        return "silent"


def _stamp(config: Config) -> Stamp:
    keeper = clock.TimeKeeper(clock.SystemClock(), config.kiosk.folder / "time", boot_id=clock.read_boot_id())
    return keeper.stamp()


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{100 * done // max(1, of):3} %")


def _moment(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _shown(chosen: argparse.Namespace, value: object, text: str, level: str) -> int:
    sys.stdout.write(json.dumps(value) + "\n" if chosen.json else text)
    return WELL if level == OK else WANTS_A_PERSON


COMMANDS: dict[str, Callable[[Config, argparse.Namespace], int]] = {
    "status": _status,
    "doctor": _doctor,
    "queue": _queue,
    "log": _log,
    "support-bundle": _support,
    "export": _export,
    "receipts": _receipts,
    "stop": _stop,
    "start": _start,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
