"""Configuration and lists: what headquarters answered becomes the kiosk's own folder, checked as the kiosk would."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.config import ConfigError
from appliance.config import load as load_config
from border.enrolment.values import EnrolmentAnswer
from provisioning import disk, officers
from provisioning.bench import SOCKET, Bench
from provisioning.identity import SoftwareKey, private_pem
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Facts, Question, Refused, Step
from provisioning.steps import board, keys
from provisioning.tables import over, written
from provisioning.words import short

CONFIG = "kiosk.toml"
CHAIN = "chain"
SIGNER = "device.signer"


def is_done(bench: Bench) -> bool:
    try:
        files = dict(_files(bench))
    except Refused:
        return False
    there = all(is_file_of(path, data) for path, data in files.items())
    listed = all(_listed(bench, name).is_file() for name, _ in bench.answer().lists)
    return there and listed and bool(officers.roster(bench.folder))


def do(bench: Bench, _answers: Answers) -> Question | None:
    answer, files = bench.answer(), dict(_files(bench))
    _officers(bench)
    for name, data in answer.lists:  # newer ones may be there by now: the kiosk takes no older list anyhow
        if not _listed(bench, name).is_file():
            disk.write(_listed(bench, name), data)
    _keep_former(bench)
    for path, data in files.items():
        if not is_file_of(path, data):
            disk.write(path, data)
    _checked(bench)
    return None


def evidence(bench: Bench) -> Facts:
    answer = bench.answer()
    names = ", ".join(name for name, _ in answer.lists) or "none"
    return (
        ("lane", answer.kiosk),
        ("lists", names),
        ("officers", str(len(officers.roster(bench.folder)))),
        ("records go on at", str(answer.next_seq)),
        ("configuration", short(disk.sha256(bench.folder / CONFIG))),
    )


def _listed(bench: Bench, name: str) -> Path:
    return bench.folder / "lists" / f"{Path(name).stem}.cose"


def _files(bench: Bench) -> Iterator[tuple[Path, bytes]]:
    """Everything that headquarters' answer makes, kiosk.toml last: with it the kiosk may start."""
    answer = bench.answer()
    yield from key_files(bench, answer)
    if isinstance(bench.backend, SoftwareKey):
        yield bench.keys / "device.key", bench.backend.path.read_bytes()
    else:
        yield bench.keys / SIGNER, f"{bench.backend.level.value}\n{bench.folder / SOCKET}\n".encode()
    yield bench.folder / CHAIN, f"{answer.next_seq} {answer.head.hex()}\n".encode()
    yield bench.folder / CONFIG, configuration(bench, answer).encode()


def key_files(bench: Bench, answer: EnrolmentAnswer) -> Iterator[tuple[Path, bytes]]:
    """What an answer brings for the folder of keys, each time a certificate is new."""
    for name, data in answer.keys:
        yield bench.keys / Path(name).name, data
    yield bench.keys / "device.crt", pem(answer.chain)
    yield bench.keys / "tls.pem", tls_pem(bench, answer)


def configuration(bench: Bench, answer: EnrolmentAnswer) -> str:
    """Headquarters' tables, over them what this hardware decides, over them what only this board can know."""
    try:
        theirs: dict[str, Any] = tomllib.loads(answer.configuration)
    except tomllib.TOMLDecodeError as error:
        raise _unusable(f"headquarters' part is not TOML: {error}") from error
    own = {
        "kiosk": {"id": answer.kiosk, "folder": str(bench.folder)},
        "centre": {"keys": str(bench.keys)},
    }
    try:
        return written(over(over(theirs, board.local_tables(bench)), own))
    except ValueError as error:
        raise _unusable(str(error)) from error


def _keep_former(bench: Bench) -> None:
    """What an earlier board of this lane signed lies in the journal, and is still to be believed."""
    path = bench.keys / "device.crt"
    former = path.read_bytes() if path.is_file() else b""
    if former and former != pem(bench.answer().chain):
        name = f"{hashlib.sha256(former).hexdigest()[:16]}.crt"
        disk.write(bench.keys / "former" / name, former, 0o644)


def _checked(bench: Bench) -> None:
    try:
        load_config(bench.folder / CONFIG)
    except ConfigError as error:
        raise _unusable("; ".join(error.mistakes)) from error


def _officers(bench: Bench) -> None:
    """The roster comes on a stick, as long as no other way is there; one that lies on the disk stays."""
    if officers.roster(bench.folder):
        return
    for path, data in bench.carried(".toml"):
        if path.name == officers.FILE and officers.read(data):
            disk.write(bench.folder / officers.FILE, data)
            return
    raise refused(
        Code.NO_OFFICERS,
        "Nobody could accept this lane.",
        why=f"No roster of officers ({officers.FILE}) lies on a stick.",
        then="Copy the port's roster into the folder landfall of the stick, put it in, and run this step again.",
        again=True,
    )


def tls_pem(bench: Bench, answer: EnrolmentAnswer) -> bytes:
    """Key and certificates in one file, so that no cut can leave a pair that does not fit."""
    key = keys.tls_key(bench)
    assert key is not None
    return private_pem(key) + pem(answer.tls_chain)


def pem(chain: tuple[bytes, ...]) -> bytes:
    return b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in chain)


def is_file_of(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def _unusable(why: str) -> Refused:
    return refused(
        Code.CONFIGURATION,
        "The kiosk could not start with this configuration.",
        why=why,
        then="Tell headquarters what stands here; when it is corrected there, begin this operation again.",
    )


STEP = Step("configuration", "Configuration and lists", is_done, do, evidence)
