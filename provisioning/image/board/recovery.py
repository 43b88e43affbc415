"""The data partition's second key, for the day when its board is broken: in parts that headquarters' custodians hold.

The key is made here, opens a slot of its own, and is forgotten. What stays is a token in the header, readable without
opening anything: each part sealed to one custodian of /etc/landfall/custodians. Any two of the parts are the key.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from border.enrolment.recovery import KEY_BYTES, MOST_PARTS, NEEDED, part_name, split
from border.enrolment.values import LockedDisk, SealedPart
from border.messages.errors import MessageError
from border.messages.sealing import RecipientPublic, seal
from provisioning.image.board import luks
from provisioning.image.board.faults import BoardFault, Code
from provisioning.image.board.luks import Header, Token
from provisioning.image.board.own_key import TPM_TOKEN

CUSTODIANS = Path("/etc/landfall/custodians")
TOKEN = "landfall-recovery"  # noqa: S105 - the name of a kind of token


def custodians(folder: Path = CUSTODIANS) -> tuple[RecipientPublic, ...]:
    """By the names of their files. Empty: none, or not two to four usable ones; then there is no recovery."""
    try:
        found = tuple(RecipientPublic.load(path.read_bytes()) for path in sorted(folder.glob("*.pub")))
    except (OSError, MessageError):
        return ()
    return found if NEEDED <= len({one.tag for one in found}) == len(found) <= MOST_PARTS else ()


def add(device: Path, key: bytes | None, board: str, known: Sequence[RecipientPublic]) -> None:
    """A slot and its token; a slot whose token was cut off counts for nothing.

    `key` opens another slot; None: this board's TPM does. Raises `BoardFault`.
    """
    found = luks.header(device)
    if found is None:
        raise BoardFault(Code.TOOL, "It has no header.")
    new = secrets.token_bytes(KEY_BYTES)
    parts = split(new, secrets.token_bytes(KEY_BYTES), len(known))
    sealed = [
        {"number": number, "sealed": _text(seal(part, public, part_name(found.uuid, board, number)))}
        for (number, part), public in zip(parts.items(), known, strict=True)
    ]
    slot = luks.add_slot(device, key, new) if key is not None else luks.add_slot_by_token(device, TPM_TOKEN, new)
    luks.put_token(device, {"type": TOKEN, "keyslots": [str(slot)], "board": board, "parts": sealed})


def is_in(found: Header) -> bool:
    """Whether there is a recovery key at all."""
    return any(token.slots for token in found.of(TOKEN))


def locked(found: Header, board: str) -> LockedDisk | None:
    """What headquarters must see to release this disk to `board`; None: nothing that can be read.

    While it is taken over there are two: the other board's first, of which a release may be under way.
    """
    disks = [disk for token in found.of(TOKEN) if token.slots and (disk := _read(found, token))]
    return min(disks, key=lambda disk: disk.board == board, default=None)


def _read(found: Header, token: Token) -> LockedDisk | None:
    try:
        parts = tuple(SealedPart(int(part["number"]), _bytes(part["sealed"])) for part in token.table["parts"])
        return LockedDisk(found.uuid, str(token.table["board"]), parts)
    except (KeyError, TypeError, ValueError, binascii.Error):
        return None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: Any) -> bytes:
    return base64.b64decode(str(text), validate=True)
