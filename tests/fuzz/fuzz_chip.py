"""Any bytes of a chip, as files, keys, answers or whole visits: the driver's own errors and no other, always an end.

The first byte says what the rest is taken for.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from drivers.api import ChipKeys, Private, Proof
from drivers.deadline import Deadline
from drivers.errors import DeviceError
from drivers.passport_reader import tlv
from drivers.passport_reader.apdu import Response
from drivers.passport_reader.authentication import active
from drivers.passport_reader.chip import PassportChip
from drivers.passport_reader.files import MAX_FILE_BYTES, longest_answer
from drivers.passport_reader.secure_messaging import BY_ARC, Session, SessionKeys, Suite, mac, pad
from drivers.passport_reader.security_infos import (
    active_authentication_hash,
    chip_keys,
    in_card_security,
    in_data_group,
    in_dg15,
    pace_infos,
    security_infos,
)
from drivers.passport_reader.tlv import Malformed

if TYPE_CHECKING:
    from simulators.passport_chip import Chip

ZONE = "L898902C<369080619406236"
MAX_COMMANDS = 400
SECRET = bytes(32)
CHALLENGE = bytes(8)


class Babbler:
    """A chip whose answers are cut from the input: one byte of length, then so many; at the end it leaves."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.commands = 0

    def wait(self, deadline: Deadline) -> bytes:
        deadline.check("fuzz")
        return self._next()

    def transmit(self, command: bytes, deadline: Deadline) -> bytes:
        deadline.check("fuzz")
        assert len(command) >= 4
        self.commands += 1
        assert self.commands <= MAX_COMMANDS, "a chip that says little must not keep us long"
        return self._next()

    def let_go(self) -> None:
        self._data = b""

    def close(self) -> None:
        """Nothing is held."""

    def _next(self) -> bytes:
        size = self._data[0] if self._data else 0
        answer, self._data = self._data[1 : 1 + size], self._data[1 + size :]
        return answer


def one_input(data: bytes) -> None:
    kinds = (_visit, _infos, _keys, _answer, _objects, _vouched, _served)
    kinds[data[0] % len(kinds)](data[1:]) if data else None


def _visit(data: bytes) -> None:
    keys = ChipKeys(mrz=Private(ZONE), can=Private("123456"))
    with contextlib.suppress(DeviceError):
        reading = PassportChip("fuzz", Babbler(data)).read(keys, Deadline(60), lambda _share: None)
        assert reading.timing.file_bytes <= len(data), "files out of nothing"
        assert reading.active_authentication is not Proof.PASSED


def _infos(data: bytes) -> None:
    for read in (security_infos, in_data_group, in_card_security):
        with contextlib.suppress(Malformed):
            infos = read(data)
            pace_infos(infos)
            active_authentication_hash(infos)
            for key in chip_keys(infos):
                assert key.key is None or key.key.curve.holds(key.key.point)


def _keys(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        key = in_dg15(data)
        signature = data[-64:]
        active(key, "sha256", CHALLENGE, signature)


def _answer(data: bytes) -> None:
    for suite in BY_ARC.values():
        with contextlib.suppress(Malformed):
            Session(SessionKeys.derive(suite, SECRET)).open(Response(data, 0x9000))
            raise AssertionError("nobody without the key can say this")


def _vouched(data: bytes) -> None:
    """What a chip that holds the keys may say: past the code, into what it protects."""
    for suite in BY_ARC.values():
        keys = SessionKeys.derive(suite, SECRET)
        counted = (1).to_bytes(suite.block, "big") + data
        code = mac(suite, keys.mac.value, counted if suite is Suite.DES3 else pad(counted, suite.block))
        with contextlib.suppress(Malformed):
            opened = Session(keys).open(Response(data + tlv.encode(0x8E, code), 0x9000))
            assert len(opened.data) < len(data)


def _served(data: bytes) -> None:
    """A chip that opens as it should, and holds these bytes as its files; the first byte says as which."""
    from simulators import passport_chip  # noqa: PLC0415  # the far end stays uninstrumented

    files = dict.fromkeys((0x011E, 0x011D, 0x0101, 0x0102, 0x010B, 0x010E, 0x010F), b"")
    master = {passport_chip.CARD_ACCESS: data[1:]} if data[:1] == b"\0" else {}
    files |= {} if master or not data else {list(files)[data[0] % len(files)]: data[1:]}
    chip = passport_chip.Chip(passport_chip.Passport(ZONE, files, master=master))
    line = Laid(chip)
    with contextlib.suppress(DeviceError):
        reading = PassportChip("fuzz", line).read(ChipKeys(mrz=Private(ZONE)), Deadline(60), lambda _share: None)
        assert all(data[1:].startswith(file) for file in reading.files.values())
        assert Proof.PASSED not in (reading.active_authentication, reading.chip_authentication)


class Laid:
    """A chip a call away."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.commands = 0

    def wait(self, deadline: Deadline) -> bytes:
        deadline.check("fuzz")
        return self._chip.atr

    def transmit(self, command: bytes, deadline: Deadline) -> bytes:
        deadline.check("fuzz")
        self.commands += 1
        assert self.commands <= MAX_COMMANDS
        return self._chip.process(command)

    def let_go(self) -> None:
        self._chip.reset()

    def close(self) -> None:
        """Nothing is held."""


def _objects(data: bytes) -> None:
    assert 256 <= longest_answer(data, None) <= MAX_FILE_BYTES
    assert 256 <= longest_answer(b"", data) <= MAX_FILE_BYTES
    with contextlib.suppress(Malformed):
        items = tlv.parse(data)
        assert sum(len(value) for _, value in items) <= len(data)
        for _, value in items:
            with contextlib.suppress(Malformed):
                assert tlv.undotted(tlv.dotted(value))


def main() -> None:
    """Run under atheris until stopped: `python -m tests.fuzz.fuzz_chip [corpus folder]`."""
    import atheris  # noqa: PLC0415  # only the fuzzer needs it

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
