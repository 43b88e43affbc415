"""The board: which one it is by its own word, that it is the one that stands here, and what hangs on it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from typing import Any

from border.enrolment.values import NO_EK, BoardFacts, Purpose
from hw_tests.board import read_board
from provisioning.bench import Bench
from provisioning.identity import TpmKey
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Facts, Kind, Question, Step
from provisioning.words import short

FILE = "board.json"
ENDING = 4
ASK = Question(
    "serial",
    f"What are the last {ENDING} characters of the serial number?",
    Kind.TEXT,
    detail="Read them from the label of the board or its box, not from a screen: so a mix-up of two is noticed.",
)


def is_done(bench: Bench) -> bool:
    return bool(bench.desk.table(FILE)) and bench.desk.table(FILE) == _table(read_facts(bench))


def do(bench: Bench, answers: Answers) -> Question | None:
    facts = read_facts(bench)
    if bench.purpose is Purpose.RENEW:  # nobody is there to ask; headquarters compares the board with its register
        bench.desk.put_table(FILE, _table(facts))
        return None
    if "serial" not in answers:
        return ASK
    typed = answers["serial"].strip().lower()
    if len(typed) < ENDING or not facts.serial.lower().endswith(typed):
        raise refused(
            Code.OTHER_SERIAL,
            "This is not the board that you have before you.",
            why=f"The number that was typed is not the end of {facts.serial}, which this board says of itself.",
            then="Look whether you are on the page of the right board, and type the number again.",
        )
    bench.desk.put_table(FILE, _table(facts))
    return None


def evidence(bench: Bench) -> Facts:
    facts = read_facts(bench)
    ek = "none" if facts.ek_certificate_sha256 == NO_EK else short(facts.ek_certificate_sha256)
    devices = ((name.replace("_", " "), said) for name, said in facts.devices)
    return (("serial", facts.serial), ("model", facts.model), ("TPM certificate", ek), *_disk(bench), *devices)


def read_facts(bench: Bench) -> BoardFacts:
    """Raises `Refused` for a board without a serial number, or devices that cannot be read."""
    board = read_board(bench.settings.device.root)
    if not board.serial:
        raise refused(
            Code.NO_SERIAL,
            "This board does not say its serial number.",
            why=f"No serial number stands below {bench.settings.device.root}.",
            then="Use a board of a kind that the image was made for.",
        )
    ek = bench.backend.ek_certificate() if isinstance(bench.backend, TpmKey) else b""
    return BoardFacts(
        serial=board.serial,
        model=board.model or "unknown",
        ek_certificate_sha256=hashlib.sha256(ek).hexdigest() if ek else NO_EK,
        devices=tuple(_fitted(local_tables(bench).get("devices", {}))),
        key_level=bench.backend.level,
    )


def _disk(bench: Bench) -> Facts:
    """How well the disk is locked, and who opens it when this board is broken. Nothing where it is not encrypted."""
    try:
        told = json.loads(bench.settings.disk.state.read_text(encoding="utf-8"))
        level, is_recoverable = str(told["level"]), bool(told["recovery"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    if level == "board":
        return (("disk", "LOWEST LEVEL: whoever has it and knows this serial number opens it"),)
    after = "two custodians of headquarters open it" if is_recoverable else "NOBODY opens it: no custodians were named"
    return (("disk", f"locked by the TPM; when this board is broken, {after}"),)


def local_tables(bench: Bench) -> dict[str, Any]:
    """The tables of kiosk.toml that this hardware decides. Raises `Refused`."""
    path = bench.settings.lane.devices
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise refused(
            Code.CONFIGURATION,
            "What hangs on this board is not known.",
            why=f"{path}: {error}.",
            then="Correct the file, or write headquarters' image onto the board again.",
        ) from error


def _fitted(devices: dict[str, str]) -> list[tuple[str, str]]:
    """Each driver with where its device hangs, which for a named serial or input device holds its own number."""
    names = sorted(name for name in devices if f"{name}_address" in devices)
    places = ((name, devices[name], devices[f"{name}_address"].split("?")[0]) for name in names)
    return [(name, f"{driver} {place}") for name, driver, place in places if driver != "none"]


def _table(facts: BoardFacts) -> dict[str, Any]:
    return {
        "serial": facts.serial,
        "model": facts.model,
        "ek": facts.ek_certificate_sha256,
        "level": facts.key_level.value,
    }


STEP = Step("board", "Board", is_done, do, evidence)
