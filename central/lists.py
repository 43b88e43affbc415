"""The signed development policy, watchlist and trust store: written to files, or published retained for every kiosk.

    python -m central.lists write CENTRE OUT [--watchlist FILE]      OUT/policy.cose, OUT/watchlist.cose
    python -m central.lists policy CENTRE (--out FILE | --broker HOST:PORT)
    python -m central.lists watchlist CENTRE FILE (--out FILE | --broker HOST:PORT)
    python -m central.lists trust CENTRE FOLDER --version N (--out FILE | --broker HOST:PORT)

CENTRE is DIR/centre of `central.ca`. A watchlist file is TOML or JSON: `version`, `issued_at_ms` (Unix time; default
now), and `entries`, each with id, action, and some of names ([{primary, secondary}]), born ({year, month, day}),
documents, issuing_state. A trust store is a folder: `central/trust_folder.py` says what lies in it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from border.messages import topics
from border.messages.cose import SoftwareSigner
from border.messages.trust import TrustFile, sign_trust
from border.rules.codec import sign_policy
from border.rules.default import DEVELOPMENT
from border.watchlist.codec import sign_list
from border.watchlist.values import Born, Entry, ListedName, WatchList
from central.ca import PUBLISHER
from central.files import FolderError, write_whole
from central.keys import POLICY_KEY_ID, load_policy_key
from central.line import BrokerAddress, publish_retained
from central.trust_folder import read_trust

POLICY_FILE = "policy.cose"
LIST_FILE = "watchlist.cose"
PUBLISH_S = 10.0
ENTRY_KEYS = {"id", "names", "born", "documents", "issuing_state", "action"}


class ListError(ValueError):
    """A watchlist file is not one; every mistake is in the message, by entry, without its values."""


def hq_signer(centre: Path) -> SoftwareSigner:
    return SoftwareSigner(load_policy_key(centre), POLICY_KEY_ID)


def signed_policy(centre: Path) -> bytes:
    """The development policy under headquarters' development key."""
    return sign_policy(DEVELOPMENT, hq_signer(centre))


def signed_watchlist(centre: Path, listed: WatchList) -> bytes:
    return sign_list(listed, hq_signer(centre))


def signed_trust(centre: Path, file: TrustFile) -> bytes:
    return sign_trust(file, hq_signer(centre))


def practice_list(now_ms: int) -> WatchList:
    """One stolen document and one invented person, so that practice has something to find."""
    return WatchList(
        version=1,
        issued_at_ms=now_ms,
        entries=(
            Entry("practice-1", (), Born(), ("L898902C3",), "UTO", "document_stolen"),
            Entry("practice-2", (ListedName("WANTED", "PRACTICE PERSON"),), Born(1980, 1, 1), (), "", "speak_alone"),
        ),
    )


def read_watchlist(path: Path, now_ms: int) -> WatchList:
    """A person's file as a list. ListError names every mistake at once; OSError: it cannot be read."""
    raw = path.read_bytes()
    try:
        table = json.loads(raw) if path.suffix == ".json" else tomllib.loads(raw.decode())
    except ValueError as error:
        raise ListError(f"{path.name}: {error}") from None
    if not isinstance(table, Mapping) or not isinstance(table.get("entries"), list):
        raise ListError(f"{path.name}: wants `version` and a list of `entries`")
    mistakes: list[str] = []
    entries = [_tried(mistakes, number, row) for number, row in enumerate(table["entries"], 1)]
    ids = [entry.id for entry in entries if entry is not None]
    mistakes += [f"id {id_!r} is there more than once" for id_ in sorted({i for i in ids if ids.count(i) > 1})]
    if mistakes:
        raise ListError("\n  ".join([f"{path.name}:", *mistakes]))
    try:
        issued_at_ms = int(table.get("issued_at_ms", now_ms))
        return WatchList(int(table["version"]), issued_at_ms, tuple(e for e in entries if e is not None))
    except (KeyError, TypeError, ValueError):
        raise ListError(f"{path.name}: wants a `version` from 1, and `issued_at_ms` in Unix time if at all") from None


def _tried(mistakes: list[str], number: int, row: Any) -> Entry | None:
    try:
        return _entry(row)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        mistakes.append(f"entry {number}: {missing}")
        return None


def _entry(row: Any) -> Entry:
    unknown = sorted(set(row) - ENTRY_KEYS)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}")
    return Entry(
        id=_text(row["id"]),
        names=tuple(ListedName(_text(n["primary"]), _text(n.get("secondary", ""))) for n in row.get("names", [])),
        born=Born(**{key: int(value) for key, value in row.get("born", {}).items()}),
        documents=tuple(_text(number) for number in row.get("documents", [])),
        issuing_state=_text(row.get("issuing_state", "")),
        action=_text(row["action"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("wants text where something else stands")
    return value


def publish(centre: Path, broker: str, messages: dict[str, bytes]) -> None:
    """Retained, under the publisher's own certificate. TimeoutError: the broker has not taken it."""
    host, _, port = broker.rpartition(":")
    address = BrokerAddress(host, int(port), centre, PUBLISHER, PUBLISHER)
    publish_retained(address, messages, PUBLISH_S)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("central.lists", description="Signs policy, watchlist and trust store.")
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="both, into a folder")
    write.add_argument("centre", type=Path)
    write.add_argument("out", type=Path)
    write.add_argument("--watchlist", type=Path, metavar="FILE")
    for name in ("policy", "watchlist", "trust"):
        command = commands.add_parser(name)
        command.add_argument("centre", type=Path)
        if name == "trust":
            command.add_argument("folder", type=Path)
            command.add_argument("--version", type=int, required=True, help="higher than the one before")
        if name == "watchlist":
            command.add_argument("watchlist", type=Path, metavar="FILE")
        target = command.add_mutually_exclusive_group(required=True)
        target.add_argument("--out", type=Path, metavar="FILE")
        target.add_argument("--broker", metavar="HOST:PORT")
    return parser


def _run(chosen: argparse.Namespace, now_ms: int) -> None:
    listed = read_watchlist(chosen.watchlist, now_ms) if getattr(chosen, "watchlist", None) else practice_list(now_ms)
    if chosen.command == "write":
        write_whole(chosen.out / POLICY_FILE, signed_policy(chosen.centre))
        write_whole(chosen.out / LIST_FILE, signed_watchlist(chosen.centre, listed))
        return
    if chosen.command == "policy":
        topic, signed = topics.policy(), signed_policy(chosen.centre)
    elif chosen.command == "trust":
        topic, signed = topics.trust(), signed_trust(chosen.centre, read_trust(chosen.folder, chosen.version, now_ms))
    else:
        topic, signed = topics.watchlist(), signed_watchlist(chosen.centre, listed)
    if chosen.out is not None:
        write_whole(chosen.out, signed)
    else:
        publish(chosen.centre, chosen.broker, {topic: signed})


def main(arguments: Sequence[str]) -> int:
    """0: done; 2: what was asked cannot be; 75: the broker does not answer, try again later."""
    chosen = _parser().parse_args(arguments)
    try:
        _run(chosen, time.time_ns() // 1_000_000)
    except TimeoutError as error:
        sys.stderr.write(f"central.lists: {error}\n")
        return 75
    except (FolderError, OSError, ValueError) as error:
        sys.stderr.write(f"central.lists: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
