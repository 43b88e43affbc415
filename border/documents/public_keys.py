"""Public keys and signatures as documents carry them (RFC 5280, RFC 4055, X9.62): read here, computed elsewhere.

Elliptic curves written out in full are taken only when every parameter, base point and order equals a curve that
has a name; a curve of somebody's own making proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from border.documents import asn1
from border.documents.curves import CURVES, Curve
from border.documents.errors import DocumentError
from border.documents.tlv import Tlv, read

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

HASHES: dict[str, hashes.HashAlgorithm] = {
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303 (documents signed with it exist; it is reported as weak)
    "2.16.840.1.101.3.4.2.4": hashes.SHA224(),
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
SHA_1, SHA_224, SHA_256, SHA_384, SHA_512 = HASHES.values()
_PKCS1, _ECDSA = "1.2.840.113549.1.1", "1.2.840.10045.4"
RSA_KEYS = (f"{_PKCS1}.1", f"{_PKCS1}.10")
EC_KEY, PRIME_FIELD, PSS, MGF1 = "1.2.840.10045.2.1", "1.2.840.10045.1.1", f"{_PKCS1}.10", f"{_PKCS1}.8"
RSA_SIGNATURES = {
    f"{_PKCS1}.5": SHA_1,
    f"{_PKCS1}.14": SHA_224,
    f"{_PKCS1}.11": SHA_256,
    f"{_PKCS1}.12": SHA_384,
    f"{_PKCS1}.13": SHA_512,
}
EC_SIGNATURES = {
    f"{_ECDSA}.1": SHA_1,
    f"{_ECDSA}.3.1": SHA_224,
    f"{_ECDSA}.3.2": SHA_256,
    f"{_ECDSA}.3.3": SHA_384,
    f"{_ECDSA}.3.4": SHA_512,
}
MAX_RSA_BITS, MIN_RSA_BITS, MAX_EXPONENT_BITS = 8192, 1024, 64
STRONG_RSA_BITS, STRONG_CURVE_BITS = 2048, 224


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a signature was made. `salt` is RSA-PSS's in bytes, None for PKCS#1 v1.5 and ECDSA."""

    kind: str  # "rsa", "pss" or "ecdsa"
    digest: hashes.HashAlgorithm
    mask: hashes.HashAlgorithm
    salt: int | None = None

    @property
    def name(self) -> str:
        return f"{self.kind} {self.digest.name}"


def hash_algorithm(found: Tlv) -> hashes.HashAlgorithm:
    """Of an AlgorithmIdentifier. Raises DocumentError, bad_value for one that is not known."""
    known = HASHES.get(asn1.oid(found.fields(asn1.SEQUENCE).take()))
    if known is None:
        raise DocumentError("bad_value", "hash algorithm")
    return known


def hashed(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    made = hashes.Hash(algorithm)
    made.update(data)
    return made.finalize()


def scheme_of(found: Tlv, digest: hashes.HashAlgorithm | None = None) -> Scheme | None:
    """Of an AlgorithmIdentifier; None for one that is not known. `digest` completes the names that hold none."""
    fields = found.fields(asn1.SEQUENCE)
    name = asn1.oid(fields.take())
    if name == PSS:
        return _pss(fields.maybe(asn1.SEQUENCE))
    if name in RSA_SIGNATURES or (name == RSA_KEYS[0] and digest is not None):
        known = RSA_SIGNATURES.get(name, digest)
        return None if known is None else Scheme("rsa", known, known)
    if name in EC_SIGNATURES or (name == EC_KEY and digest is not None):
        known = EC_SIGNATURES.get(name, digest)
        return None if known is None else Scheme("ecdsa", known, known)
    return None


def _pss(parameters: Tlv | None) -> Scheme | None:
    """RSASSA-PSS-params with their defaults: SHA-1, MGF1 with SHA-1, 20 bytes of salt."""
    digest, mask, salt = SHA_1, SHA_1, 20
    for field in parameters.children() if parameters else ():
        inner = read(field.value)
        if field.tag == asn1.context(0):
            digest = hash_algorithm(inner)
        elif field.tag == asn1.context(1):
            mask_fields = inner.fields(asn1.SEQUENCE)
            if asn1.oid(mask_fields.take()) != MGF1:
                return None
            mask = hash_algorithm(mask_fields.take())
        elif field.tag == asn1.context(2):
            salt = asn1.integer(inner)
        elif field.tag != asn1.context(3) or asn1.integer(inner) != 1:
            return None
    return Scheme("pss", digest, mask, salt) if 0 <= salt <= 64 else None


def public_key(found: Tlv) -> PublicKey | None:
    """Of a SubjectPublicKeyInfo; None for an algorithm or curve that is not known, or a key that cannot be one.

    Raises DocumentError for what is no SubjectPublicKeyInfo.
    """
    fields = found.fields(asn1.SEQUENCE)
    algorithm = fields.take().fields(asn1.SEQUENCE)
    material = asn1.bits(fields.take())
    name = asn1.oid(algorithm.take())
    try:
        if name in RSA_KEYS:
            return _rsa(material)
        if name == EC_KEY:
            curve = curve_of(algorithm.take())
            return None if curve is None else ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, material)
    except (ValueError, UnsupportedAlgorithm) as error:
        if isinstance(error, DocumentError):
            raise
    return None


def _rsa(material: bytes) -> PublicKey | None:
    fields = read(material).fields(asn1.SEQUENCE)
    modulus, exponent = asn1.integer(fields.take()), asn1.integer(fields.take())
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS or exponent.bit_length() > MAX_EXPONENT_BITS:
        return None
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def curve_of(parameters: Tlv) -> Curve | None:
    """The curve that a name or explicit parameters mean; None when it is none of CURVES."""
    if parameters.tag == asn1.OID:
        name = asn1.oid(parameters)
        return next((curve for curve in CURVES if curve.oid == name), None)
    fields = parameters.fields(asn1.SEQUENCE)
    asn1.integer(fields.take())
    field = fields.take().fields(asn1.SEQUENCE)
    if asn1.oid(field.take()) != PRIME_FIELD:
        return None
    prime = asn1.integer(field.take())
    equation = fields.take().fields(asn1.SEQUENCE)
    a, b = (int.from_bytes(equation.take(asn1.OCTET_STRING).value, "big") for _ in range(2))
    base, order = fields.take(asn1.OCTET_STRING).value, asn1.integer(fields.take())
    cofactor = fields.maybe(asn1.INTEGER)
    if cofactor is not None and asn1.integer(cofactor) != 1:
        return None
    same = (c for c in CURVES if (c.p, c.a, c.b, c.n) == (prime, a, b, order) and base in _forms(c))
    return next(same, None)


def _forms(curve: Curve) -> tuple[bytes, bytes]:
    """The base point uncompressed and compressed."""
    x, y = curve.x.to_bytes(curve.size, "big"), curve.y.to_bytes(curve.size, "big")
    return b"\x04" + x + y, bytes([2 + curve.y % 2]) + x


def is_signature(key: PublicKey | None, scheme: Scheme | None, signature: bytes, data: bytes) -> bool:
    """Whether this key made this signature over `data`, by this scheme; never where either is not known."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme is not None and scheme.kind == "ecdsa":
            key.verify(signature, data, ec.ECDSA(scheme.digest))
            return True
        if isinstance(key, rsa.RSAPublicKey) and scheme is not None and scheme.kind != "ecdsa":
            key.verify(signature, data, _padding(scheme), scheme.digest)
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return False


def _padding(scheme: Scheme) -> padding.AsymmetricPadding:
    if scheme.salt is None:
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(scheme.mask), scheme.salt)


def is_weak(key: PublicKey | None, scheme: Scheme | None) -> bool:
    """SHA-1, RSA below 2048 bits or a curve below 224: forgeable, or soon."""
    if scheme is not None and isinstance(scheme.digest, hashes.SHA1):
        return True
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size < STRONG_RSA_BITS
    return key is not None and key.curve.key_size < STRONG_CURVE_BITS
