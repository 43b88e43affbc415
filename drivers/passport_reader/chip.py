"""The chip of a passport over PC/SC: opened, read, and asked to prove itself, in one visit for each document."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.api import Access, ChipKeys, ChipReading, ChipTiming, Progress, Proof, Unread
from drivers.deadline import Deadline
from drivers.errors import DeviceTimeout, WireCorrupt
from drivers.passport_reader import tlv
from drivers.passport_reader.access import Opened, Opener
from drivers.passport_reader.apdu import OK, SHORT_LE, Chaining, ChipLine, Command, LeCorrection, Link, MoreData, Wire
from drivers.passport_reader.authentication import CHALLENGE_BYTES, ChipAuthentication, active
from drivers.passport_reader.files import APPLICATION, LDS_FILES, MASTER_FILES, FileReader, longest_answer
from drivers.passport_reader.secure_messaging import Channel, Session, Suite
from drivers.passport_reader.security_infos import (
    AuthenticationKey,
    SecurityInfo,
    active_authentication_hash,
    chip_keys,
    in_card_security,
    in_data_group,
    in_dg15,
    pace_infos,
    security_infos,
)
from drivers.passport_reader.tlv import Malformed

OPENED_SHARE, FILES_SHARE = 0.15, 0.8  # the rest is for the proofs
WEIGHTS = {"DG2": 12.0, "SOD": 2.0}  # of a file in the progress of all; others 0.5
LEAST_STEP = 0.002
LOOK_S = 0.3  # two looks of the line at an empty reader
INFOS = {"CardAccess": security_infos, "CardSecurity": in_card_security, "DG14": in_data_group}
NO_APPLICATION = "no passport application"


class PassportChip:
    """A contactless reader of PC/SC. `long_blocks` False: never more than a short answer, for readers that cut."""

    def __init__(self, device: str, line: ChipLine, *, long_blocks: bool = True) -> None:
        self._device = device
        self._line = line
        self._long_blocks = long_blocks

    @property
    def device(self) -> str:
        return self._device

    def read(self, keys: ChipKeys, deadline: Deadline, progress: Progress) -> ChipReading:
        """Wait for a chip, open it, read it. Raises `DeviceError`; `DocumentRemoved`: put it down again."""
        atr = self._line.wait(deadline)
        try:
            progress(0.0)
            return _Visit(self._device, self._line, keys, deadline, progress).made(atr, self._long_blocks)
        finally:
            self._line.let_go()

    def lies_there(self, deadline: Deadline) -> bool:
        """Whether a chip lies on the reader now. Raises `DeviceError`: the reader itself is away."""
        try:
            self._line.wait(deadline.within(LOOK_S))
        except DeviceTimeout:
            return False
        finally:
            self._line.let_go()
        return True

    def close(self) -> None:
        self._line.close()


@dataclass(slots=True)
class _Found:
    """What a visit has so far."""

    files: dict[str, bytes] = field(default_factory=dict)
    unread: dict[str, Unread] = field(default_factory=dict)
    opened: Opened = field(default_factory=lambda: Opened(Access.DENIED, NO_APPLICATION, None))
    by_mapping: Proof = Proof.NOT_OFFERED
    by_key: Proof = Proof.NOT_OFFERED
    active: Proof = Proof.NOT_OFFERED


class _Visit:
    """One chip, from its answer to reset to the last proof."""

    def __init__(self, device: str, line: ChipLine, keys: ChipKeys, deadline: Deadline, progress: Progress) -> None:
        self._device = device
        self._keys = keys
        self._deadline = deadline
        self._progress = progress
        self._told = 0.0
        self._wire = Wire(device, line)
        self._plain: Link = Chaining(MoreData(device, self._wire), long_commands=False)
        self._link: Link = LeCorrection(self._plain)
        self._answer = SHORT_LE
        self._block = SHORT_LE
        self._found = _Found()

    def made(self, atr: bytes, long_blocks: bool) -> ChipReading:
        begun_s = time.monotonic()
        self._open(atr, long_blocks)
        opened_s = time.monotonic()
        if self._found.opened.session is not None:
            self._tell(OPENED_SHARE)
            self._files()
        read_s = time.monotonic()
        if self._found.opened.session is not None:
            self._prove()
            self._tell(1.0)
        times = (opened_s - begun_s, read_s - opened_s, time.monotonic() - read_s)
        return self._reading(atr, times)

    def _reading(self, atr: bytes, times: tuple[float, float, float]) -> ChipReading:
        found = self._found
        size = sum(map(len, found.files.values()))
        return ChipReading(
            reader=self._device,
            atr=atr,
            access=found.opened.access,
            method=found.opened.method,
            files=dict(found.files),
            unread=dict(found.unread),
            pace_chip_authentication=found.by_mapping,
            chip_authentication=found.by_key,
            active_authentication=found.active,
            timing=ChipTiming(*times, commands=self._wire.commands, file_bytes=size),
        )

    def _open(self, atr: bytes, long_blocks: bool) -> None:
        for name in ("CardAccess", "ATR/INFO"):
            self._keep(name, MASTER_FILES[name], 0.0, 0.0)
        if long_blocks:
            self._answer = longest_answer(atr, self._found.files.get("ATR/INFO"))
        self._plain = Chaining(MoreData(self._device, self._wire), long_commands=self._answer > SHORT_LE)
        self._link = LeCorrection(self._plain)
        if (opened := self._by_pace()) is not None:
            self._enter(opened)
            self._keep_card_security()
        if opened is None or opened.session is not None:
            selected = self._select_application()
            if opened is None and selected:
                self._enter(Opener(self._device, self._link, self._keys).bac(self._deadline))

    def _by_pace(self) -> Opened | None:
        try:
            ways = pace_infos(self._infos("CardAccess"))
        except Malformed:
            return None
        if not ways:
            return None
        ambiguous = len({way.parameter for way in ways}) > 1
        opener = Opener(self._device, self._link, self._keys)
        return opener.pace(ways[0], ambiguous, self._deadline)

    def _enter(self, opened: Opened) -> None:
        self._found.opened = opened
        if opened.session is not None:
            self._speak_under(opened.session)

    def _speak_under(self, session: Session) -> None:
        self._link = LeCorrection(Channel(self._device, self._plain, session))
        self._block = session.room(self._answer)

    def _keep_card_security(self) -> None:
        pace = self._found.opened.pace
        if pace is not None and pace.proves_chip:
            self._keep("CardSecurity", MASTER_FILES["CardSecurity"], 0.0, 0.0)

    def _select_application(self) -> bool:
        sw = self._link.send(Command(0x00, 0xA4, 0x04, 0x0C, APPLICATION), self._deadline).sw
        if sw != OK:
            self._found.opened = Opened(Access.NO_PASSPORT, NO_APPLICATION, None)
        return sw == OK

    def _files(self) -> None:
        whole = sum(WEIGHTS.get(name, 0.5) for name in LDS_FILES)
        done = 0.0
        for name, file in LDS_FILES.items():
            weight = WEIGHTS.get(name, 0.5) / whole * FILES_SHARE
            self._keep(name, file, OPENED_SHARE + done, weight)
            done += weight

    def _keep(self, name: str, file: int, begins: float, weight: float) -> None:
        def told(done: int, total: int) -> None:
            if weight:
                self._tell(begins + weight * done / total)

        read = FileReader(self._link, self._block, self._deadline, told).read(file)
        if isinstance(read, Unread):
            self._found.unread[name] = read
        else:
            self._found.files[name] = read

    def _tell(self, share: float) -> None:
        if share >= 1.0 or share - self._told >= LEAST_STEP:
            self._told = share
            self._progress(share)

    def _infos(self, name: str) -> list[SecurityInfo]:
        """Of a file that was read; none where the chip has no such file. Raises `Malformed`, also for one withheld."""
        if name in self._found.files:
            return INFOS[name](self._found.files[name])
        if self._found.unread.get(name, Unread.ABSENT) is not Unread.ABSENT:
            raise Malformed(f"{name} is withheld")
        return []

    def _prove(self) -> None:
        self._found.by_mapping = self._attempt(self._proved_by_mapping)
        self._found.active = self._attempt(self._proved_actively)
        self._found.by_key = self._attempt(self._proved_by_key)  # last: it changes the channel

    def _attempt(self, proof: Callable[[], Proof]) -> Proof:
        """A chip that breaks the channel, or withholds its keys, while it should prove itself has not proved itself."""
        try:
            return proof()
        except (WireCorrupt, Malformed):
            return Proof.FAILED

    def _proved_by_mapping(self) -> Proof:
        opened = self._found.opened
        if opened.pace is None or not opened.pace.proves_chip:
            return Proof.NOT_OFFERED
        if opened.cam_token is None:
            return Proof.FAILED
        infos = self._infos("CardSecurity")  # and no other: its signature is what this proof rests on
        return Proof.PASSED if opened.pace.chip_proved(opened.cam_token, infos) else Proof.FAILED

    def _proved_actively(self) -> Proof:
        if self._found.unread.get("DG15") is Unread.ABSENT:
            return Proof.NOT_OFFERED
        if "DG15" not in self._found.files:
            return Proof.FAILED
        key = in_dg15(self._found.files["DG15"])
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        command = Command(0x00, 0x88, 0, 0, challenge, le=self._block if self._answer > SHORT_LE else SHORT_LE)
        response = self._link.send(command, self._deadline)
        if response.sw != OK:
            return Proof.FAILED
        return active(key, active_authentication_hash(self._infos("DG14")), challenge, response.data)

    def _proved_by_key(self) -> Proof:
        keys = chip_keys(self._infos("DG14"))
        if not keys:
            return Proof.NOT_OFFERED
        if keys[0].suite is None:
            return Proof.NOT_KNOWN
        run = ChipAuthentication(keys[0])
        if not self._announced(keys[0], run.public):
            return Proof.FAILED
        self._speak_under(Session(run.keys()))
        reader = FileReader(self._link, self._block, self._deadline, lambda *_: None)
        begins = reader.begins(LDS_FILES["DG14"])
        return Proof.PASSED if begins and self._found.files["DG14"].startswith(begins) else Proof.FAILED

    def _announced(self, key: AuthenticationKey, public: bytes) -> bool:
        """MSE, and for AES GENERAL AUTHENTICATE (9303-11, 6.2.4.2)."""
        which = b"" if key.key_id is None else tlv.encode(0x84, _shortest(key.key_id))
        if key.suite is Suite.DES3:
            data = tlv.encode(0x91, public) + which
            return self._link.send(Command(0x00, 0x22, 0x41, 0xA6, data), self._deadline).sw == OK
        data = tlv.encode(0x80, tlv.undotted(key.oid)) + which
        if self._link.send(Command(0x00, 0x22, 0x41, 0xA4, data), self._deadline).sw != OK:
            return False
        data = tlv.encode(0x7C, tlv.encode(0x80, public))
        return self._link.send(Command(0x00, 0x86, 0, 0, data, le=SHORT_LE), self._deadline).sw == OK


def _shortest(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")
