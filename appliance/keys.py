"""The kiosk's keys, from one folder: its own, and those of the people whose signatures it believes.

device.key, device.crt    its private key and certificate; the certificate's CN is the kiosk's id
device.signer             in place of device.key: the identity level, and the socket of whoever holds the key
tls.pem                   key and certificates for the broker alone; without it device.key and device.crt are shown
former/*.crt              certificates of the boards that were this lane before, and signed what lies in the journal
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

from appliance.signer import SocketSigner
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

SIGNER, TLS, FORMER = "device.signer", "tls.pem", "former"
HELD_LEVELS = ("pkcs11", "tpm")


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
    former: tuple[ec.EllipticCurvePublicKey, ...] = ()  # of earlier boards of this lane


def load_keys(folder: Path) -> Keys:
    """Read and check the folder. Raises `KeysUnusable` naming every missing or wrong file."""
    mistakes = [f"missing: {name}" for name in _wanted(folder) if not (folder / name).is_file()]
    if mistakes:
        raise KeysUnusable(folder, tuple(mistakes))
    reader = _Reader(folder)
    private = None if (folder / SIGNER).is_file() else reader.private("device.key")
    kiosk, certified = reader.certificate("device.crt")
    receipts, policy = reader.public("centre-receipts.pub"), reader.public("hq-policy.pub")
    seal = reader.recipient("centre-seal.pub")
    reader.certificate("ca.crt")
    if private and certified and private.public_key() != certified:
        reader.mistakes.append("device.crt: is not the certificate of device.key")
    level, signer = reader.holder(kiosk) if (folder / SIGNER).is_file() else (IDENTITY_LEVEL, None)
    if private is not None:
        signer = SoftwareSigner(private, kiosk)
    if reader.mistakes or not (signer and certified and kiosk and receipts and policy and seal):
        raise KeysUnusable(folder, tuple(reader.mistakes))
    former = tuple(key for path in sorted(folder.glob(f"{FORMER}/*.crt")) if (key := reader.former(path)))
    return Keys(kiosk, signer, certified, receipts, seal, policy, _tls(folder), level, former)


def _wanted(folder: Path) -> tuple[str, ...]:
    """With a key that is held elsewhere there is none to show to a broker but the one that is made for it."""
    if not (folder / SIGNER).is_file():
        return NAMES
    return (*(name for name in NAMES if name != "device.key"), TLS)


def _tls(folder: Path) -> TlsFiles:
    if (folder / TLS).is_file():
        return TlsFiles(folder / "ca.crt", folder / TLS, folder / TLS)
    return TlsFiles(folder / "ca.crt", folder / "device.crt", folder / "device.key")


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

    def holder(self, kiosk: str) -> tuple[str, Signer | None]:
        """Level and signer of a key that lies in a chip: two lines, `tpm` or `pkcs11`, and the socket's path."""
        try:
            level, path = (self._folder / SIGNER).read_text(encoding="utf-8").split()
        except (OSError, ValueError) as error:
            self._wrong(SIGNER, error)
            return "", None
        if level not in HELD_LEVELS:
            self._wrong(SIGNER, f"names none of {', '.join(HELD_LEVELS)}")
            return "", None
        return level, SocketSigner(Path(path), kiosk)

    def former(self, path: Path) -> ec.EllipticCurvePublicKey | None:
        """None: a file that is no certificate vouches for nothing."""
        try:
            key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
        except (OSError, ValueError):
            return None
        return key if isinstance(key, ec.EllipticCurvePublicKey) else None

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
