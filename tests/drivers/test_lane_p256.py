"""The board's own check of signatures, on MicroPython, against `cryptography`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from scripts.lane_firmware import FIRMWARE
from tests.drivers.conftest import with_micropython
from tests.drivers.lane_keys import new_key
from tests.drivers.unix_board import micropython

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SCRIPT = """
import sys
from binascii import unhexlify
sys.path.insert(0, sys.argv[1])
from p256 import verify
for row in sys.stdin:
    steps = verify(*(unhexlify(word) for word in row.split()))
    try:
        while True:
            next(steps)
    except StopIteration as end:
        print(int(end.value))
"""


def numbers(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    public = key.public_key().public_numbers()
    return numbers(public.x, public.y)


def signed(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    return numbers(*decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(SHA256())))))


def harmed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]


def cases() -> Iterator[tuple[bytes, bytes, bytes, bool]]:
    """Key, digest, signature, and whether it holds."""
    for number in range(24):
        key, digest = new_key(), os.urandom(32)
        public, signature = point(key), signed(key, digest)
        r, s = signature[:32], signature[32:]
        yield public, digest, signature, True
        yield public, digest, r + numbers(N - int.from_bytes(s, "big")), True  # ECDSA cannot tell s from -s
        yield public, digest, harmed(signature, number * 2), False
        yield public, harmed(digest, number), signature, False
        yield harmed(public, number * 2), digest, signature, False
        yield point(new_key()), digest, signature, False
    for r_value, s_value in ((0, 1), (1, 0), (0, 0), (N, 1), (1, N), (2**256 - 1, 2**256 - 1)):
        yield public, digest, numbers(r_value, s_value), False
    yield public, digest, signature[:63], False
    yield public[:63], digest, signature, False
    for secret in (1, 2, N - 1, N - 2):  # where sums of the table fall together or to infinity
        key = ec.derive_private_key(secret, ec.SECP256R1())
        yield point(key), digest, signed(key, digest), True
        yield point(key), bytes(32), signed(key, bytes(32)), True
        yield point(key), digest, signature, False


def test_the_board_believes_what_cryptography_signs_and_nothing_else(tmp_path: Path) -> None:
    with_micropython()
    rows = list(cases())
    script = tmp_path / "verify.py"
    script.write_text(SCRIPT)
    text = "".join(f"{key.hex()} {digest.hex()} {signature.hex()}\n" for key, digest, signature, _ in rows)
    words = micropython(str(script), str(FIRMWARE / "app"))
    said = subprocess.run(words, input=text, capture_output=True, text=True, check=True).stdout.split()
    assert said == [str(int(holds)) for *_, holds in rows]
