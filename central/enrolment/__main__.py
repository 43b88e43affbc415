"""The enrolment office: `python -m central.enrolment COMMAND DIR ...`, DIR as `central.ca init` makes it.

init DIR --host NAME ... [--url URL] [--token TOML --organisation NAME]
person DIR NAME                           a key for somebody who signs vouchers; asks for a passphrase
port DIR NAME --configuration TOML        what lanes of this port are configured with
voucher DIR --port NAME --lane NAME ...   a voucher to be signed; prints its serial number
sign DIR SERIAL --as NAME [--out FILE]    one signature; with the second FILE is the voucher
custodian DIR NAME                        a key to recover disks with; its .pub goes into the image
releases DIR                              disks of broken boards that wait for two custodians
release DIR REQUEST --as NAME             one custodian's part, to the board that asks
answer DIR --request FILE --answer FILE   a stick from a port: a request, a proof or a sheet
end DIR --kiosk NAME --as NAME --why TEXT   nothing of this lane is taken from now on
serve DIR --listen HOST:PORT [--broker-pid FILE --broker HOST:PORT]
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import logging
import os
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from string import Template

import uvicorn

from border.enrolment.requests import ENROLMENT_TYPE, PROOF_TYPE
from border.enrolment.sheet import MAX_BYTES, SHEET_TYPE
from border.enrolment.values import KeyLevel, Purpose
from border.messages import cose
from border.messages.errors import MessageError
from central.enrolment import folder as folders
from central.enrolment import release_desk, voucher_desk
from central.enrolment.custodians import add_custodian, open_custodian, read_custodians
from central.enrolment.eviction import Broker, Pass, evict
from central.enrolment.office import Office
from central.enrolment.people import add_person, open_person, read_people
from central.enrolment.publication import Publication, tell_broker
from central.enrolment.server import Served, Server, configured
from central.enrolment.settings import read_token_key
from central.enrolment.voucher_desk import VoucherError, Wish
from central.files import FolderError, write_whole
from central.store import lanes, open_store, vouchers
from central.store.api import Store, StoreUnavailable

PASSPHRASE = "LANDFALL_PASSPHRASE"  # noqa: S105 - the name of a variable, for whoever has no terminal


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def now() -> datetime:
    return datetime.now(UTC)


def init(chosen: argparse.Namespace) -> None:
    token = read_token_key(chosen.token) if chosen.token is not None else None
    founding = folders.Founding(chosen.organisation, chosen.host, chosen.url, token)
    folders.found(chosen.folder, founding, now())


def person(chosen: argparse.Namespace) -> None:
    add_person(chosen.folder / "enrolment" / "people", chosen.name, _passphrase(chosen.name))


def port(chosen: argparse.Namespace) -> None:
    text = chosen.configuration.read_text(encoding="utf-8")
    tomllib.loads(Template(text).safe_substitute(kiosk="quay-1", port=chosen.name))  # ValueError: it is no TOML
    with _store(chosen).transaction() as t:
        lanes.set_port(t, chosen.name, text)


def voucher(chosen: argparse.Namespace) -> None:
    wish = Wish(
        port=chosen.port,
        lanes=tuple(chosen.lane),
        purposes=tuple(Purpose(one) for one in chosen.purpose or [Purpose.ENROL]),
        devices=chosen.devices,
        days=chosen.days,
        least_level=KeyLevel(chosen.least_level),
        one_trip=chosen.one_trip,
    )
    with _store(chosen).transaction() as t:
        made = voucher_desk.make(t, wish, folders.introduction(chosen.folder), wall_ms())
    sys.stdout.write(f"{made.serial}\n")


def sign(chosen: argparse.Namespace) -> None:
    place = chosen.folder / "enrolment" / "people"
    people, signer = read_people(place), open_person(place, chosen.name, _passphrase(chosen.name))
    store = _store(chosen)
    with store.transaction() as t:
        count = voucher_desk.sign(t, chosen.serial, signer, people, wall_ms())
        row = vouchers.one(t, chosen.serial)
    data = voucher_desk.sealed(row, people) if row is not None else None
    if data is not None and chosen.out is not None:
        write_whole(chosen.out, data)
    sys.stdout.write(f"signatures: {count}\n")


def custodian(chosen: argparse.Namespace) -> None:
    add_custodian(chosen.folder / "enrolment" / "custodians", chosen.name, _passphrase(chosen.name))


def releases(chosen: argparse.Namespace) -> None:
    known = read_custodians(chosen.folder / "enrolment" / "custodians")
    with _store(chosen).snapshot() as t:
        found = release_desk.waiting(t, known)
    for one in found:
        said = f"released by {', '.join(one.released) or 'nobody'}; can be by {', '.join(one.wanted) or 'nobody else'}"
        sys.stdout.write(f"{one.name}  {one.kiosk}: board {one.from_board} -> {one.to_board}; {said}\n")


def release(chosen: argparse.Namespace) -> None:
    place, desk = chosen.folder / "enrolment" / "custodians", folders.load_desk(chosen.folder)
    key = open_custodian(place, chosen.name, _passphrase(chosen.name))
    trust = release_desk.Trust(desk.people, desk.makers)
    with _store(chosen).transaction() as t:
        is_enough = release_desk.release(t, chosen.request, chosen.name, key, trust, wall_ms())
    sys.stdout.write("released; the answer can be given\n" if is_enough else "noted; another custodian is wanted\n")


def answer(chosen: argparse.Namespace) -> None:
    data = chosen.request.read_bytes()
    office, publication = _office(chosen)
    ways: dict[str, Callable[[bytes], bytes]] = {
        ENROLMENT_TYPE: lambda data: office.request(data, online=False),
        PROOF_TYPE: office.proof,
        SHEET_TYPE: office.sheet,
    }
    reply = ways.get(_kind(data), ways[ENROLMENT_TYPE])(data)  # what cannot be read is refused with its cause
    write_whole(chosen.answer, reply)  # it counts by now; a broker that is away must not keep it from the device
    _publish(publication)


def end(chosen: argparse.Namespace) -> None:
    place = chosen.folder / "enrolment" / "people"
    who = open_person(place, chosen.name, _passphrase(chosen.name)).key_id
    office, publication = _office(chosen)
    if not office.end(chosen.kiosk, who, chosen.why):
        raise FolderError(f"{chosen.kiosk} is not in service")
    _publish(publication)


class NotPublished(Exception):
    """What was asked is done and stands in the register; the broker does not know of it yet."""


def _publish(publication: Publication) -> None:
    """Raises `NotPublished`."""
    try:
        publication.look()
    except OSError as error:
        raise NotPublished(
            f"done; but not at the broker, until serve or the next command has told it: {error}"
        ) from error


def serve(chosen: argparse.Namespace) -> None:
    office, publication = _office(chosen)
    own = chosen.folder / "enrolment"
    host, _, number = chosen.listen.rpartition(":")
    served = Served(host, int(number), own / "server.crt", own / "server.key", chosen.folder / "ca.crt")
    with ThreadPoolExecutor(1, "office") as thread:
        server = Server(office, publication, chosen.folder / "crl.pem", thread)
        asyncio.run(uvicorn.Server(configured(server, served)).serve())


def _office(chosen: argparse.Namespace) -> tuple[Office, Publication]:
    office = Office(folders.load_desk(chosen.folder), _store(chosen), wall_ms)
    pid_file: Path | None = chosen.broker_pid
    told = lambda: tell_broker(pid_file)  # noqa: E731
    return office, Publication(chosen.folder / "crl.pem", office, now, told, _evicting(chosen))


def _evicting(chosen: argparse.Namespace) -> Callable[[Pass], None] | None:
    if chosen.broker is None:
        return None
    if chosen.broker_pid is None:
        raise FolderError("--broker wants --broker-pid: a broker that has not read the new list lets everybody back in")
    host, _, port = chosen.broker.rpartition(":")
    broker = Broker(host, int(port), chosen.folder / "ca.crt")
    return lambda shown: evict(broker, shown)


def _store(chosen: argparse.Namespace) -> Store:
    return open_store(chosen.database)


def _kind(data: bytes) -> str:
    try:
        return cose.peek(data, max_bytes=MAX_BYTES).content_type
    except MessageError:
        return ""


def _passphrase(name: str) -> str:
    return os.environ.get(PASSPHRASE) or getpass.getpass(f"passphrase of {name}: ")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "central.enrolment", description="Vouchers, certificates, and the register of lanes."
    )
    commands = parser.add_subparsers(required=True)

    def command(work: Callable[[argparse.Namespace], None], words: str, *, stored: bool) -> argparse.ArgumentParser:
        made = commands.add_parser(work.__name__, help=words)
        made.set_defaults(work=work)
        made.add_argument("folder", type=Path, help="as central.ca init makes it")
        if stored:
            made.add_argument("--database", required=True, metavar="URL", help="sqlite:PATH or postgresql://...")
            made.add_argument("--broker-pid", type=Path, help="mosquitto's pid file: it is told of a new list")
            made.add_argument(
                "--broker", metavar="HOST:PORT", help="there the connections of who was revoked are ended"
            )
        return made

    one = command(init, "make what is missing", stored=False)
    one.add_argument("--host", action="append", required=True, help="a name or address that devices reach it by")
    one.add_argument("--url", default="", help="https://HOST:PORT for vouchers; without: by files alone")
    one.add_argument("--token", type=Path, help="TOML: module, token, label, pin_file; the CA's key is made there")
    one.add_argument("--organisation", default="Landfall")
    one = command(person, "a key for somebody who signs vouchers", stored=False)
    one.add_argument("name")
    one = command(port, "how the lanes of a port are configured", stored=True)
    one.add_argument("name")
    one.add_argument("--configuration", type=Path, required=True, help="kiosk.toml with ${kiosk} and ${port}")
    one = command(voucher, "a voucher to be signed by two", stored=True)
    one.add_argument("--port", required=True)
    one.add_argument("--lane", action="append", required=True)
    one.add_argument("--purpose", action="append", choices=[str(each) for each in voucher_desk.PURPOSES])
    one.add_argument("--devices", type=int, default=1)
    one.add_argument("--days", type=int, default=30)
    one.add_argument("--least-level", choices=[str(level) for level in KeyLevel], default=str(KeyLevel.TPM))
    one.add_argument("--one-trip", action="store_true", help="a TPM may be enrolled by file without the challenge")
    one = command(sign, "one person's signature", stored=True)
    one.add_argument("serial")
    one.add_argument("--as", dest="name", required=True)
    one.add_argument("--out", type=Path)
    one = command(custodian, "a key for somebody who keeps disks' recovery keys", stored=False)
    one.add_argument("name")
    command(releases, "disks of broken boards that wait for two custodians", stored=True)
    one = command(release, "one custodian's part of a disk's key, to the board that asks", stored=True)
    one.add_argument("request", help="as `releases` names it")
    one.add_argument("--as", dest="name", required=True)
    one = command(answer, "answer a request, a proof or a sheet that came on a stick", stored=True)
    one.add_argument("--request", type=Path, required=True)
    one.add_argument("--answer", type=Path, required=True)
    one = command(end, "nothing of this lane is taken from now on", stored=True)
    one.add_argument("--kiosk", required=True)
    one.add_argument("--as", dest="name", required=True)
    one.add_argument("--why", required=True)
    one = command(serve, "answer devices over HTTPS", stored=True)
    one.add_argument("--listen", required=True, metavar="HOST:PORT")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """0: done; 2: what was asked cannot be, and why; 75: the database or the broker is away, try again."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    chosen = parse(arguments)
    os.umask(0o077)
    try:
        chosen.work(chosen)
    except StoreUnavailable as error:
        sys.stderr.write(f"central.enrolment: the database is away: {error}\n")
        return 75
    except NotPublished as error:
        sys.stderr.write(f"central.enrolment: {error}\n")
        return 75
    except (FolderError, VoucherError, OSError, ValueError) as error:
        sys.stderr.write(f"central.enrolment: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
