"""The kiosk's keys, from one folder: its own, and those of the people whose signatures it believes.

device.key, device.crt    its private key and certificate; the certificate's CN is the kiosk's id
ca.crt                    who may be the broker
centre-receipts.pub       whose receipts count
centre-seal.pub           to whom encounters are sealed
hq-policy.pub             who signs policy, watchlist and commands
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509.oid import NameOID

from border.messages.cose import Signer, SoftwareSigner
from border.messages.sealing import RecipientPublic

NAMES: tuple[str, ...] = (
    "device.key",
    "device.crt",
    "ca.crt",
    "centre-receipts.pub",
    "centre-seal.pub",
    "hq-policy.pub",
)

IDENTITY_LEVEL = "software"
"""The lowest: the private key is a file, so whoever copies the card has the kiosk's identity."""


class KeysUnusable(Exception):
    """All that is wrong with the folder, named at once. `code` is stable."""

    code = "KEY-WRONG"

    def __init__(self, folder: Path, mistakes: tuple[str, ...]) -> None:
        super().__init__("\n  ".join((f"{self.code}: {folder}:", *mistakes)))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths, because that is what the TLS library takes."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Keys:
    """Everything a kiosk signs, seals and verifies with."""

    kiosk: str
    signer: Signer
    device: ec.EllipticCurvePublicKey
    receipts: ec.EllipticCurvePublicKey
    seal: RecipientPublic
    policy: ec.EllipticCurvePublicKey
    tls: TlsFiles | None  # None: a broker without TLS, in tests alone
    identity_level: str = IDENTITY_LEVEL


def load_keys(folder: Path) -> Keys:
    """Read and check the folder. Raises `KeysUnusable` naming every missing or wrong file."""
    mistakes = [f"missing: {name}" for name in NAMES if not (folder / name).is_file()]
    if mistakes:
        raise KeysUnusable(folder, tuple(mistakes))
    reader = _Reader(folder)
    private = reader.private("device.key")
    kiosk, certified = reader.certificate("device.crt")
    receipts, policy = reader.public("centre-receipts.pub"), reader.public("hq-policy.pub")
    seal = reader.recipient("centre-seal.pub")
    reader.certificate("ca.crt")
    if private and certified and private.public_key() != certified:
        reader.mistakes.append("device.crt: is not the certificate of device.key")
    if reader.mistakes or not (private and certified and kiosk and receipts and policy and seal):
        raise KeysUnusable(folder, tuple(reader.mistakes))
    tls = TlsFiles(folder / "ca.crt", folder / "device.crt", folder / "device.key")
    return Keys(kiosk, SoftwareSigner(private, kiosk), certified, receipts, seal, policy, tls)


class _Reader:
    """Reads one file after the other and collects what does not fit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.mistakes: list[str] = []

    def private(self, name: str) -> ec.EllipticCurvePrivateKey | None:
        try:
            key = load_pem_private_key((self._folder / name).read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            self._wrong(name, error)
            return None
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return key
        self._wrong(name, "is not an EC P-256 key")
        return None

    def public(self, name: str) -> ec.EllipticCurvePublicKey | None:
        try:
            key = load_pem_public_key((self._folder / name).read_bytes())
        except (OSError, ValueError) as error:
            self._wrong(name, error)
            return None
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return key
        self._wrong(name, "is not an EC P-256 key")
        return None

    def certificate(self, name: str) -> tuple[str, ec.EllipticCurvePublicKey | None]:
        """CN and public key of a certificate."""
        try:
            certificate = x509.load_pem_x509_certificate((self._folder / name).read_bytes())
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
            key = certificate.public_key()
        except (OSError, ValueError) as error:
            self._wrong(name, error)
            return "", None
        if len(names) != 1 or not isinstance(key, ec.EllipticCurvePublicKey):
            self._wrong(name, "wants one CN and an EC key")
            return "", None
        return str(names[0].value), key

    def recipient(self, name: str) -> RecipientPublic | None:
        try:
            return RecipientPublic.load((self._folder / name).read_bytes())
        except (OSError, ValueError) as error:
            self._wrong(name, error)
            return None

    def _wrong(self, name: str, why: object) -> None:
        """Never the key's bytes: a parser's complaint names the format only."""
        said = why.__class__.__name__ if isinstance(why, Exception) else str(why)
        self.mistakes.append(f"{name}: cannot be used: {said}")
