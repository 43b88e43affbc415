"""The custodians of disks' recovery keys: each holds a sealing key that a passphrase opens; two together open a disk.

DIR/enrolment/custodians/NAME.pub goes into the image, as etc/landfall/custodians/NAME.pub. NAME.key may lie elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from border.enrolment.recovery import MOST_PARTS
from border.messages.errors import MessageError
from border.messages.sealing import RecipientPrivate, RecipientPublic
from central.enrolment.people import NAME, check_new
from central.files import FolderError, write_secret, write_whole

SALT_BYTES, NONCE_BYTES = 16, 12
_LABEL = b"landfall custodian 1"


def add_custodian(folder: Path, name: str, passphrase: str) -> None:
    """`name`.key, shut by the passphrase, and `name`.pub. FolderError as `check_new`, and where there is no room."""
    check_new(folder, name, passphrase)
    if len(list(folder.glob("*.pub"))) >= MOST_PARTS:
        raise FolderError(f"there are {MOST_PARTS} custodians already, and a disk's header has room for no more")
    key = RecipientPrivate.generate()
    write_secret(folder / f"{name}.key", _shut(key.raw, passphrase))
    write_whole(folder / f"{name}.pub", key.public().dump())  # last: without it there is no such custodian


def read_custodians(folder: Path) -> dict[bytes, str]:
    """Name by the tag of the key. FolderError names each file that is none."""
    found: dict[bytes, str] = {}
    mistakes: list[str] = []
    for path in sorted(folder.glob("*.pub")):
        try:
            found[RecipientPublic.load(path.read_bytes()).tag] = path.stem
        except (OSError, MessageError) as error:
            mistakes.append(f"{path.name}: {error}")
    if mistakes:
        raise FolderError("; ".join(mistakes))
    return found


def open_custodian(folder: Path, name: str, passphrase: str) -> RecipientPrivate:
    """FolderError: no such custodian, or not the passphrase; it is not said which."""
    wrong = FolderError("the name and the passphrase do not belong together")
    if not NAME.fullmatch(name) or not (folder / f"{name}.key").is_file():
        raise wrong
    shut = (folder / f"{name}.key").read_bytes()
    salt, nonce, rest = shut[:SALT_BYTES], shut[SALT_BYTES:][:NONCE_BYTES], shut[SALT_BYTES + NONCE_BYTES :]
    try:
        return RecipientPrivate(AESGCM(_key(passphrase, salt)).decrypt(nonce, rest, _LABEL))
    except (InvalidTag, ValueError, MessageError):
        raise wrong from None


def _shut(raw: bytes, passphrase: str) -> bytes:
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    return salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, raw, _LABEL)


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(passphrase.encode())
