"""Curve arithmetic against OpenSSL, by `cryptography` and by the command, and against the chip's own."""

from __future__ import annotations

import re
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.passport_reader.curves import BY_NUMBER, BY_OID, STANDARD, Curve, Point, Standard
from drivers.passport_reader.tlv import Malformed
from simulators.chip_curves import CURVES

KNOWN: dict[int, type[ec.EllipticCurve]] = {
    8: ec.SECP192R1,
    10: ec.SECP224R1,
    12: ec.SECP256R1,
    13: ec.BrainpoolP256R1,
    15: ec.SECP384R1,
    16: ec.BrainpoolP384R1,
    17: ec.BrainpoolP512R1,
    18: ec.SECP521R1,
}
OPENSSL = {8: "prime192v1", 12: "prime256v1"}
EVERY = pytest.mark.parametrize("standard", STANDARD, ids=lambda each: each.curve.name)
scalars = st.integers(1, 1 << 530)


def explicit(name: str) -> list[int]:
    """p, a, b, generator, order as OpenSSL tells them."""
    command = ["openssl", "ecparam", "-name", name, "-param_enc", "explicit", "-text", "-noout"]
    said = subprocess.run([*command, "-conv_form", "uncompressed"], capture_output=True, text=True, check=True).stdout
    titles = ("Prime", "A", "B", r"Generator \(uncompressed\)", "Order")
    found = [re.search(rf"^{title}:\s*\n?((?:\s*[0-9a-f:]+\n)+)", said, re.MULTILINE) for title in titles]
    return [int(re.sub(r"[\s:]", "", each[1]), 16) for each in found if each is not None]


def test_the_numbers_are_those_of_the_standard() -> None:
    assert list(BY_NUMBER) == list(range(8, 19))
    assert len(BY_OID) == len(STANDARD)


@EVERY
def test_the_parameters_are_those_of_openssl(standard: Standard) -> None:
    curve = standard.curve
    name = OPENSSL.get(standard.number, curve.name)
    generator = int.from_bytes(curve.encode(curve.generator), "big")
    assert explicit(name) == [curve.p, curve.a, curve.b, generator, curve.n]


@EVERY
def test_the_simulators_table_is_the_same(standard: Standard) -> None:
    curve, other = standard.curve, CURVES[standard.number]
    assert (curve.p, curve.a, curve.b, curve.n) == (other.p, other.a, other.b, other.n)
    assert (curve.generator.x, curve.generator.y) == other.g
    assert curve.name == other.name


@pytest.mark.parametrize("number", KNOWN)
@settings(max_examples=5)
@given(scalar=scalars)
def test_a_product_is_the_public_key_of_cryptography(number: int, scalar: int) -> None:
    curve = BY_NUMBER[number]
    scalar = 1 + scalar % (curve.n - 1)
    known = ec.derive_private_key(scalar, KNOWN[number]()).public_key().public_numbers()
    assert curve.multiply(scalar, curve.generator) == Point(known.x, known.y)


@EVERY
@settings(max_examples=5)
@given(one=scalars, other=scalars)
def test_the_group_keeps_its_laws(standard: Standard, one: int, other: int) -> None:
    curve = standard.curve
    one, other = 1 + one % (curve.n - 2), 1 + other % (curve.n - 2)
    left, right = curve.multiply(one, curve.generator), curve.multiply(other, curve.generator)
    if (one + other) % curve.n:
        total = curve.multiply(one + other, curve.generator)
        assert curve.add(left, right) == curve.add(right, left) == total
        assert curve.weighted_sum(one, curve.generator, other, curve.generator) == total
    assert curve.add(left, left) == curve.multiply(2 * one, curve.generator)
    assert curve.decode(curve.encode(left)) == left


@EVERY
def test_the_order_leads_to_no_point(standard: Standard) -> None:
    curve = standard.curve
    opposite = Point(curve.generator.x, curve.p - curve.generator.y)
    for nothing in (0, curve.n, 5 * curve.n):
        with pytest.raises(Malformed):
            curve.multiply(nothing, curve.generator)
    with pytest.raises(Malformed):
        curve.add(curve.generator, opposite)
    assert curve.multiply(curve.n - 1, curve.generator) == opposite


@pytest.mark.parametrize(
    "data",
    [b"", b"\x04", b"\x00" * 65, b"\x02" + bytes(64), b"\x04" + bytes(63), b"\x04" + b"\xff" * 64, b"\x04" + bytes(64)],
)
def test_what_is_no_point_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        BY_NUMBER[12].decode(data)


def test_a_coordinate_beyond_the_field_is_refused() -> None:
    curve = BY_NUMBER[18]
    beyond = (curve.generator.x + curve.p).to_bytes(curve.size, "big") + curve.generator.y.to_bytes(curve.size, "big")
    with pytest.raises(Malformed):
        curve.decode(b"\x04" + beyond)


def test_a_field_that_is_none_is_refused_and_no_crash() -> None:
    composite = Curve("hostile", 15, 1, 1, Point(0, 1), 13)
    for scalar in range(2, 13):
        try:
            composite.multiply(scalar, composite.generator)
        except Malformed:
            return
    pytest.fail("no division met the factors of 15")
