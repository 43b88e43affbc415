"""A board takes over the disk of a broken one: opened once with a released key, and from then on by its own.

    python -m provisioning.image.board.adopt DEVICE RELEASED

At any moment at least one slot opens with a key that somebody has. In order: what goes is written down; the new board's
own key is put in, and the old TPM's goes, which opens nothing here; a new recovery key is put in. The old recovery key,
or the old board's own, goes with the next start, when the new key has opened the disk (`settle`). Pull the plug
anywhere: the same release does it again, from the beginning, or the old board opens it as before.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from border.messages.sealing import RecipientPublic
from provisioning.image.board import luks, recovery
from provisioning.image.board.faults import WORDS, BoardFault, Code
from provisioning.image.board.luks import Header, Token
from provisioning.image.board.own_key import BOARD_TOKEN, LABEL, TPM_TOKEN, Board, board_key, enroll, this_board

MARK = "landfall-adoption"
OWN = (TPM_TOKEN, BOARD_TOKEN)
OUTCOME = "adoption.json"
"""In our folder of /run: how it ended, for the technician's page."""


def adopt(device: Path, board: Board, key: bytes, known: Sequence[RecipientPublic]) -> None:
    """`key`: of the recovery slot, or the old board's own. Raises `BoardFault`; the disk then opens as before."""
    slot = luks.slot_of(device, key, _ours(device).slots)
    if slot is None:
        raise BoardFault(Code.RELEASE, "No slot of the disk opens with it.")
    if _ours(device).of(TPM_TOKEN) and not board.has_tpm:
        raise BoardFault(Code.LEVEL, "It was left as it is.")
    _drop(device, [token for token in _ours(device).of(recovery.TOKEN) if slot not in token.slots])  # of a try before
    _mark(device)
    _let_go(device)
    try:
        enroll(device, key, board)
    except BoardFault:
        restore(device)
        raise
    drop_cut_off(device)
    if board.has_tpm and known:
        recovery.add(device, key, board.serial, known)


def restore(device: Path) -> None:
    """Where no board's key is in, for a take-over was cut, the old board's counts again. Raises `BoardFault`."""
    found = _ours(device)
    if not found.of(*OWN):
        for token in found.of(MARK):
            for table in token.table["tokens"]:
                luks.put_token(device, table)


def settle(device: Path) -> None:
    """After this board's own key has opened the disk: what was there for another goes. Raises `BoardFault`."""
    found = _ours(device)
    marks, old = found.of(MARK), _marked(found, "old")
    if not marks:
        return
    if any(token.slots - old for token in found.of(*OWN)):  # else it was cut before the new key was in
        _drop(device, [token for token in found.of(*OWN) if token.slots <= old])
        _drop_used(device, _marked(found, "recovery"))
        drop_cut_off(device)
    for token in marks:
        luks.drop_token(device, token.number)


def _drop_used(device: Path, used: frozenset[int]) -> None:
    """The recovery key that was released, once there is another."""
    tokens = _ours(device).of(recovery.TOKEN)
    if any(token.slots - used for token in tokens):
        _drop(device, [token for token in tokens if token.slots <= used])


def drop_cut_off(device: Path) -> None:
    """Slots whose token was never written."""
    found = _ours(device)
    for slot in sorted(found.slots - _slots(found.tokens)):
        luks.kill_slot(device, slot)


def _ours(device: Path) -> Header:
    found = luks.header(device)
    if found is None or found.label != LABEL:
        raise BoardFault(Code.FOREIGN, "It was left as it is.")
    return found


def _mark(device: Path) -> None:
    """What opens it by a board now is old, also what a try that was cut has put in. One mark at a time."""
    found = _ours(device)
    for token in found.of(MARK):
        luks.drop_token(device, token.number)
    old = sorted(_slots(found.of(*OWN)))
    used = sorted(_slots(found.of(recovery.TOKEN)))
    tables = [dict(token.table) for token in found.of(TPM_TOKEN)]
    luks.put_token(device, {"type": MARK, "keyslots": [], "old": old, "recovery": used, "tokens": tables})


def _let_go(device: Path) -> None:
    """The old TPM's token: systemd seals nothing beside one of the same kind. Its slot stays until that is done."""
    for token in _ours(device).of(TPM_TOKEN):
        luks.drop_token(device, token.number)


def _slots(tokens: Sequence[Token]) -> frozenset[int]:
    return frozenset[int]().union(*(token.slots for token in tokens))


def _marked(found: Header, key: str) -> frozenset[int]:
    return frozenset(int(slot) for token in found.of(MARK) for slot in token.table[key])


def _drop(device: Path, tokens: Sequence[Token]) -> None:
    """The slot first: a token that lost its slots is as good as gone, a slot without a token would stay."""
    for token in tokens:
        for slot in sorted(token.slots):
            luks.kill_slot(device, slot)
        luks.drop_token(device, token.number)


def read_key(released: Path, uuid: str) -> bytes:
    """As the technician's page left it: {"disk": UUID, "key": hex} or {"disk": UUID, "serial": the old board's}.

    Raises `BoardFault`.
    """
    try:
        told = json.loads(released.read_text(encoding="utf-8"))
        if told["disk"] != uuid:
            raise BoardFault(Code.RELEASE, f"It is for disk {told['disk']}, and this is {uuid}.")
        return board_key(str(told["serial"]), uuid) if "serial" in told else bytes.fromhex(told["key"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BoardFault(Code.RELEASE, f"It cannot be read ({type(error).__name__}).") from error


def take_over(device: Path, released: Path, board: Board, known: Sequence[RecipientPublic]) -> dict[str, str]:
    """For the technician's page: which of its tries this was and, where it failed, what, why and what next."""
    told = {"try": _try(released)}
    try:
        adopt(device, board, read_key(released, _ours(device).uuid), known)
    except BoardFault as fault:
        words = WORDS[fault.code]
        return {**told, "code": fault.code, "what": words.what, "why": fault.why, "then": words.then}
    return told


def main() -> int:
    told = take_over(Path(sys.argv[1]), Path(sys.argv[2]), this_board(), recovery.custodians())
    said = luks.run_folder() / OUTCOME
    said.write_text(json.dumps(told), encoding="utf-8")
    said.chmod(0o644)
    sys.stderr.write(f"landfall: {told.get('code', 'the disk opens with this board')} {told.get('why', '')}\n")
    return 1 if "code" in told else 0


def _try(released: Path) -> str:
    """The page looks for that word."""
    try:
        return str(json.loads(released.read_text(encoding="utf-8"))["try"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
