"""Fuzz the message room: any bytes become a value or a MessageError. `python -m tests.fuzz.fuzz_messages [seconds]`.

Uses atheris (coverage-guided) where it is installed; else mutates the golden messages with a seeded generator.
"""

from __future__ import annotations

import importlib.util
import random
import sys
import time
from collections.abc import Callable, Sequence

import cbor2

from border.ledger import open_checkpoint
from border.messages import codec, cose, envelope, sealing, topics
from border.messages.errors import MessageError
from border.messages.examples import ENCOUNTER, EXAMPLES, HEADER
from border.rules.codec import load_policy
from border.watchlist.codec import load_list
from tests.border.messages.keys import KIOSK, KIOSK_KEY, READER

PUBLIC = KIOSK_KEY.public_key()
TOPIC = topics.record("quay-1", ENCOUNTER)
KINDS: tuple[type[object], ...] = tuple(type(example) for example in EXAMPLES)


def as_topic(data: bytes) -> None:
    topics.parse("landfall/1/" + data.decode("utf-8", "surrogateescape"))


def as_value(data: bytes) -> None:
    codec.decode(KINDS[len(data) % len(KINDS)], data)


def as_any_value(data: bytes) -> None:
    codec.decode_one_of(KINDS, data)


def as_envelope(data: bytes) -> None:
    cose.verify1(data, PUBLIC)


def as_signed_record(data: bytes) -> None:
    envelope.open_record(TOPIC, cose.sign1(data, KIOSK, envelope.RECORD_TYPE), PUBLIC, READER)


def as_sealed(data: bytes) -> None:
    sealing.unseal(data, READER, b"")


def as_signed_fact(data: bytes) -> None:
    envelope.open_fact(cose.sign1(data, KIOSK, envelope.FACT_TYPE), PUBLIC)


def as_policy(data: bytes) -> None:
    load_policy(data, PUBLIC)


def as_list(data: bytes) -> None:
    load_list(data, PUBLIC)


def as_checkpoint(data: bytes) -> None:
    open_checkpoint(data, PUBLIC)


TARGETS: tuple[Callable[[bytes], None], ...] = (
    *(as_topic, as_value, as_any_value, as_envelope, as_signed_record),
    *(as_sealed, as_signed_fact, as_policy, as_list, as_checkpoint),
)


def one_input(data: bytes) -> bool:
    """The first byte picks the target. True when the rest was taken for a value; anything but MessageError escapes."""
    if not data:
        return False
    try:
        TARGETS[data[0] % len(TARGETS)](data[1:])
    except MessageError:
        return False
    return True


def seeds() -> list[bytes]:
    """Whole messages to start from, one per target and kind."""
    plain = [codec.encode(example) for example in EXAMPLES]
    plain += [cose.sign1(each, KIOSK, envelope.FACT_TYPE) for each in plain]
    plain += [codec.encode(HEADER), cbor2.dumps({"v": 1, "type": "Record"}), TOPIC.encode()]
    return [bytes([number]) + each for number in range(len(TARGETS)) for each in plain]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to four small harms: a byte changed, taken out, doubled, or a piece moved."""
    harmed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(harmed)) if harmed else 0
        match chance.randrange(4):
            case 0:
                harmed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del harmed[at : at + chance.randint(1, 8)]
            case 2:
                harmed[at:at] = harmed[at : at + chance.randint(1, 40)]
            case _:
                harmed[at : at + 4] = chance.choice([b"\xfb\x7f\xf8", b"\xf6", b"\x9f", b"\x1b", b"\xd8\x23", b"\xff"])
    return bytes(harmed)


def run_without_atheris(seconds: float, seed: int = 1) -> tuple[int, int]:
    """(inputs tried, inputs taken for values)."""
    chance, corpus = random.Random(seed), seeds()
    ends, tried, taken = time.monotonic() + seconds, 0, 0
    while time.monotonic() < ends:
        taken += one_input(mutated(chance.choice(corpus), chance))
        tried += 1
    return tried, taken


def main(arguments: Sequence[str]) -> None:
    if importlib.util.find_spec("atheris"):
        import atheris  # noqa: PLC0415 (not installed everywhere)

        atheris.instrument_all()
        atheris.Setup([sys.argv[0], *arguments], one_input)
        atheris.Fuzz()
    tried, taken = run_without_atheris(float(arguments[0]) if arguments else 60.0)
    sys.stdout.write(f"{tried} inputs, {taken} were values, none raised anything but MessageError\n")


if __name__ == "__main__":
    main(sys.argv[1:])
