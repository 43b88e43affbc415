"""The people who sign vouchers: each holds a key that a passphrase opens, and nobody else's."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from border.messages.cose import SoftwareSigner
from central import certificates
from central.files import FolderError, parse_public, public_pem, write_secret, write_whole

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MIN_PASSPHRASE = 12


def check_new(folder: Path, name: str, passphrase: str) -> None:
    """Whether somebody new may hold a key here. FolderError: a bad name, a short passphrase, or known."""
    if not NAME.fullmatch(name):
        raise FolderError(f"not usable as a name: {name}")
    if len(passphrase) < MIN_PASSPHRASE:
        raise FolderError(f"a passphrase has {MIN_PASSPHRASE} characters or more")
    if (folder / f"{name}.pub").exists():
        raise FolderError(f"{name} has a key already")


def add_person(folder: Path, name: str, passphrase: str) -> None:
    """`name`.key, shut by the passphrase, and `name`.pub. FolderError as `check_new`."""
    check_new(folder, name, passphrase)
    key = certificates.new_key()
    shut = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    write_secret(folder / f"{name}.key", shut)
    write_whole(folder / f"{name}.pub", public_pem(key.public_key()))  # last: without it there is no such person


def read_people(folder: Path) -> dict[str, ec.EllipticCurvePublicKey]:
    """Whose signatures count. FolderError names each file that is no key."""
    people: dict[str, ec.EllipticCurvePublicKey] = {}
    mistakes: list[str] = []
    for path in sorted(folder.glob("*.pub")):
        try:
            people[path.stem] = parse_public(path.read_bytes())
        except (OSError, ValueError) as error:
            mistakes.append(f"{path.name}: {error}")
    if mistakes:
        raise FolderError("; ".join(mistakes))
    return people


def open_person(folder: Path, name: str, passphrase: str) -> SoftwareSigner:
    """That person's key, opened. FolderError: no such person, or not the passphrase; it is not said which."""
    wrong = FolderError("the name and the passphrase do not belong together")
    if not NAME.fullmatch(name) or not (folder / f"{name}.pub").exists():
        raise wrong
    try:
        key = load_pem_private_key((folder / f"{name}.key").read_bytes(), passphrase.encode())
    except (OSError, ValueError, TypeError):
        raise wrong from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise wrong
    return SoftwareSigner(key, name)
