"""The centre's folder opened: its keys, its certificate's place and the register of kiosks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from border.messages.cose import SoftwareSigner
from border.messages.errors import MessageError
from border.messages.sealing import RecipientPrivate
from central.files import FolderError, read_private
from central.register import LiveRegister

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CentreKeys:
    """Software keys: the lowest level. `receipts` signs what was stored, `seal` opens what kiosks sent."""

    folder: Path
    receipts: SoftwareSigner
    seal: RecipientPrivate
    register: LiveRegister


RECEIPTS_KEY_ID = "centre-receipts"
POLICY_KEY_ID = "hq-policy"


def load_centre(folder: Path) -> CentreKeys:
    """What `central.ca init DIR` put into DIR/centre. FolderError names everything that is missing or unreadable."""
    mistakes: list[str] = []
    receipts = _tried(mistakes, folder / "receipts.key", read_private)
    seal = _tried(mistakes, folder / "seal.key", lambda path: RecipientPrivate.load(path.read_bytes()))
    register = _tried(mistakes, folder / "kiosks", LiveRegister)
    if receipts is None or seal is None or register is None:
        raise FolderError(f"{folder} is not a centre's folder: {'; '.join(mistakes)}")
    return CentreKeys(folder, SoftwareSigner(receipts, RECEIPTS_KEY_ID), seal, register)


def load_policy_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Headquarters' key for policies and lists; only `central.lists` needs it."""
    mistakes: list[str] = []
    key = _tried(mistakes, folder / "hq-policy.key", read_private)
    if key is None:
        raise FolderError("; ".join(mistakes))
    return key


def _tried(mistakes: list[str], path: Path, read: Callable[[Path], T]) -> T | None:
    try:
        return read(path)
    except (OSError, ValueError, MessageError, TypeError) as error:
        mistakes.append(f"{path.name}: {error}")
        return None
