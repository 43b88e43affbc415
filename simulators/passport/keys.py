"""Keys that sign documents: every algorithm of Doc 9303-12, and the old ones that are still in people's pockets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulators.passport import der
from simulators.passport.curves import EXPLICIT

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 (documents signed with it are a finding to be made)
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
HASH_OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
RSA_OIDS = {"sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12, "sha512": 13}  # under 1.2.840.113549.1.1
ECDSA_OIDS = {"sha1": "1", "sha224": "3.1", "sha256": "3.2", "sha384": "3.3", "sha512": "3.4"}  # 1.2.840.10045.4
PKCS1, EC_KEY, PRIME_FIELD = "1.2.840.113549.1.1", "1.2.840.10045.2.1", "1.2.840.10045.1.1"
CURVES: dict[str, ec.EllipticCurve] = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a key signs. `kind`: rsa2048, rsa4096 or a curve; `pss` for RSA; `explicit`: the curve written out."""

    kind: str = "secp256r1"
    digest: str = "sha256"
    pss: bool = False
    explicit: bool = False

    @property
    def name(self) -> str:
        return "-".join((self.kind, self.digest, *(("pss",) * self.pss), *(("explicit",) * self.explicit)))


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A private key and the way it signs."""

    private: PrivateKey
    scheme: Scheme

    def public_info(self) -> bytes:
        """SubjectPublicKeyInfo (RFC 5280)."""
        return public_info(self.private, explicit=self.scheme.explicit)

    def algorithm(self) -> bytes:
        """AlgorithmIdentifier of its signatures."""
        digest = self.scheme.digest
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return der.seq(der.oid(f"1.2.840.10045.4.{ECDSA_OIDS[digest]}"))
        if self.scheme.pss:
            return der.seq(der.oid(f"{PKCS1}.10"), _pss(digest))
        return der.seq(der.oid(f"{PKCS1}.{RSA_OIDS[digest]}"), der.null())

    def sign(self, data: bytes) -> bytes:
        digest = HASHES[self.scheme.digest]
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(data, ec.ECDSA(digest))
        if self.scheme.pss:
            return self.private.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return self.private.sign(data, padding.PKCS1v15(), digest)


def hash_algorithm(digest: str) -> bytes:
    """AlgorithmIdentifier of a hash."""
    return der.seq(der.oid(HASH_OIDS[digest]))


def hashed(digest: str, data: bytes) -> bytes:
    made = hashes.Hash(HASHES[digest])
    made.update(data)
    return made.finalize()


def public_info(private: PrivateKey, *, explicit: bool = False) -> bytes:
    """SubjectPublicKeyInfo; `explicit`: the curve's parameters in place of its name."""
    public = private.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey) and explicit:
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        parameters = bytes.fromhex(EXPLICIT[public.curve.name])
        return der.seq(der.seq(der.oid(EC_KEY), parameters), der.bits(point))
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def key(scheme: Scheme, name: str = "") -> SigningKey:
    """The key of this name, the same all through one process; other names, other keys."""
    if scheme.kind.startswith("rsa"):
        return SigningKey(_rsa(int(scheme.kind[3:]), name), scheme)
    return SigningKey(curve_key(scheme.kind, name), scheme)


@cache
def _rsa(size: int, _name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, size)


@cache
def curve_key(curve: str, _name: str) -> ec.EllipticCurvePrivateKey:
    """The key of this name on this curve; for signing or for agreement."""
    return ec.generate_private_key(CURVES[curve])


def _pss(digest: str) -> bytes:
    """RSASSA-PSS-params (RFC 4055)."""
    mask = der.seq(der.oid(f"{PKCS1}.8"), hash_algorithm(digest))
    size = HASHES[digest].digest_size
    return der.seq(der.inside(0, hash_algorithm(digest)), der.inside(1, mask), der.inside(2, der.integer(size)))
