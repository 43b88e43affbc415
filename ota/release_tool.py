"""Builds, signs and publishes releases: python -m ota.release_tool COMMAND, each with --help.

    key-new, key            a key on a token or in a file; its public half and fingerprint
    keys, release,          what is to be signed, into a request folder
      withdraw, renew
    show, sign              what a request would change; one holder's signatures
    publish, refresh        into the repositories; what is signed daily with the online keys
    stick                   updates for ports without an uplink
    floor                   what an image is built with, below which its device never goes
    app, models, bundle     an app bundle of this tree; nets with their cards; an image bundle, signed for RAUC
    authority, certify,     RAUC's certificates, and those taken back
      revoke

Exit status: 0 done, 1 refused or failed (the code says why), 2 wrong words, 3 signatures are still missing.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ota import release_commands as does
from ota.publish import utc_now
from ota.refusals import Refused, Unpublished
from ota.release import Role
from ota.release_commands import DIRECTOR, DISK, FAILED, IMAGE, Told

Command = Callable[[argparse.Namespace], Told]
Add = Callable[..., argparse.Action]


def _words() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ota.release_tool", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Command, /, *wants: Callable[[Add], None], **words: dict[str, Any]) -> None:
        one = commands.add_parser(name)
        one.set_defaults(does=does, name_of=name)
        one.add_argument("--json", action="store_true", help="facts as JSON in place of lines")
        one.add_argument("--transcript", type=Path, help="append what was done, by whom and when")
        for want in wants:
            want(one.add_argument)
        for word, how in words.items():
            one.add_argument("--" + word.replace("_", "-"), **how)

    path: dict[str, Any] = {"type": Path}
    needed: dict[str, Any] = {"required": True}
    needed_path, repository = {**path, **needed}, {"choices": (IMAGE, DIRECTOR), "default": IMAGE}
    command("key-new", does.key_new, key=needed, public=path)
    command("key", does.key, key=needed, public=path)
    command("keys", does.keys, _request, _updates, _dry, repository=repository, scheme=needed_path)
    command(
        "release", does.release, _request, _updates, _dry, _file,
        role={**needed, "choices": [str(role) for role in Role]}, version=needed, counter={"type": int, "default": 0},
        hardware={**needed, "action": "append", "help": "a board that it is for; may be said again"},
        urgent={"action": "store_true", "help": "it does not wait for the quiet hours"},
        keyring={**path, "help": "of an image: what RAUC believes on a kiosk"},
    )  # fmt: skip
    command("withdraw", does.withdraw, _request, _updates, _dry, name=needed)
    command("renew", does.renew, _request, _updates, _dry, repository=repository)
    command("show", does.show, _request)
    command(
        "sign", does.sign, _request, _dry,
        key=needed, root={**path, "help": "the root that you know; none at a founding"}, yes={"action": "store_true"},
    )  # fmt: skip
    command("publish", does.publish, _request, _updates, _dry, online=needed_path)
    command("refresh", does.refresh, _updates, online=needed_path)
    command(
        "stick", does.to_stick, _updates,
        online=needed_path, device={**needed, "action": "append"}, to=needed_path, days={"type": int, "default": 30},
    )  # fmt: skip
    command("floor", does.floor, _updates, to=needed_path)
    command("app", does.app, tree=needed_path, version=needed, to=needed_path)
    command(
        "models", does.models,
        nets={**needed_path, "help": "a folder of nets, each with its card"}, version=needed, to=needed_path,
        tree={**needed_path, "help": "the program whose kiosks are to use them; it tries them first"},
        passive_pad={**path, "help": "the signed folder of `make import-pad`, which comes along"},
    )  # fmt: skip
    command("bundle", does.bundle, content=needed_path, to=needed_path, certificate=needed_path, key=needed,
            keyring=needed_path)  # fmt: skip
    command("authority", does.authority, key=needed, name=needed, to=needed_path)
    command("certify", does.certify, key=needed, authority=needed_path, public=needed_path, name=needed, to=needed_path)
    command(
        "revoke", does.revoke, key=needed, authority=needed_path, crl=needed_path, keyring=needed_path, certificate=path
    )
    return parser


def _request(add: Add) -> None:
    add("request", type=Path, metavar="REQUEST", help="the folder that goes round")


def _file(add: Add) -> None:
    add("file", type=Path, metavar="FILE")


def _updates(add: Add) -> None:
    add("--updates", type=Path, required=True, help="headquarters' folder, with image/ and director/")


def _dry(add: Add) -> None:
    add("--dry-run", action="store_true", help="say what would be done")


def main(arguments: Sequence[str]) -> int:
    options = _words().parse_args(arguments)
    try:
        told = options.does(options)
    except (Unpublished, Refused, OSError, ValueError) as error:
        _transcribe(options, (f"failed: {error}",))
        if options.json:
            sys.stdout.write(json.dumps({"error": str(error), "code": str(getattr(error, "code", ""))}) + "\n")
        sys.stderr.write(f"{error}\n")
        return FAILED
    _transcribe(options, told.lines)
    sys.stdout.write(json.dumps(told.facts) + "\n" if options.json else "\n".join(told.lines) + "\n")
    status: int = told.status
    return status


def _transcribe(options: argparse.Namespace, lines: Sequence[str]) -> None:
    if options.transcript is not None:
        head = f"{utc_now():%Y-%m-%d %H:%M:%S} UTC, {getpass.getuser()}: {options.name_of}"
        DISK.append(options.transcript, "\n  ".join([head, *lines]).encode() + b"\n")
        DISK.sync(options.transcript)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
