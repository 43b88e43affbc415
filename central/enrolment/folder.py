"""The office's folder opened: CA key, answer key, people, makers of TPMs, what a device is given.

DIR/             as central.ca makes it: ca.key ca.crt crl.pem centre/; or hsm.toml for a key in a token
DIR/enrolment/   settings.toml answers.key answers.pub server.key server.crt
                 people/<name>.key .pub   custodians/<name>.key .pub   tpm-makers/*   keys/*   lists/*
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from border.enrolment.answers import KEY_ID
from border.messages.cose import SoftwareSigner
from border.messages.sealing import RecipientPrivate
from central import certificates
from central.certificates import Authority
from central.enrolment.office import Desk
from central.enrolment.people import read_people
from central.enrolment.settings import DEFAULT, TokenKey, read_settings, read_token_key, settings_text
from central.enrolment.voucher_desk import Introduction
from central.files import (
    MARK,
    FolderError,
    parse_public,
    private_pem,
    public_pem,
    read_private,
    write_secret,
    write_whole,
)
from central.keys import load_policy_key

SERVER_LIFETIME = timedelta(days=730)
AUTHORITY_LIFETIME = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Founding:
    """What a new office wants to know. `token`: the CA's key is made there; None: the key file that is there."""

    organisation: str
    hosts: Sequence[str]
    url: str
    token: TokenKey | None


def found(folder: Path, founding: Founding, now: datetime) -> None:
    """Whatever is missing; what is there stays as it is. `folder` is central.ca's, with its centre/ in it."""
    own = folder / "enrolment"
    authority = _authority(folder, founding, now)
    _once(own / "settings.toml", lambda: settings_text(replace(DEFAULT, url=founding.url)).encode())
    _secret_once(own / "answers.key")
    _once(own / "answers.pub", lambda: public_pem(read_private(own / "answers.key").public_key()))
    _secret_once(own / "server.key")
    _once(own / "server.crt", lambda: _server(own, authority, founding.hosts, now))
    for name in ("people", "custodians", "tpm-makers", "lists", "keys"):
        (own / name).mkdir(parents=True, exist_ok=True)
    for name, data in _device_keys(folder / "centre"):
        write_whole(own / "keys" / name, data)


def load_desk(folder: Path) -> Desk:
    """Raises FolderError."""
    own = folder / "enrolment"
    return Desk(
        settings=read_settings(own / "settings.toml"),
        authority=load_authority(folder),
        answers=SoftwareSigner(read_private(own / "answers.key"), KEY_ID),
        people=read_people(own / "people"),
        makers=_makers(own / "tpm-makers"),
        keys=lambda: (("ca.crt", (folder / "ca.crt").read_bytes()), *_files(own / "keys")),
        lists=lambda: _files(own / "lists"),
    )


def load_authority(folder: Path) -> Authority:
    """The CA's key, in its token or its file, with its certificate. Raises FolderError."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    except (OSError, ValueError) as error:
        raise FolderError(f"{folder / 'ca.crt'}: {error}") from None
    token = folder / "hsm.toml"
    key = _key_in(token) if token.exists() else read_private(folder / "ca.key")
    if key.public_key() != certificate.public_key():
        raise FolderError(f"{folder}: ca.crt is of another key")
    return Authority(key, certificate)


def introduction(folder: Path) -> Introduction:
    """From what is public of the folder, for whoever makes vouchers. Raises FolderError."""
    own = folder / "enrolment"
    try:
        certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        answers = parse_public((own / "answers.pub").read_bytes())
    except (OSError, ValueError) as error:
        raise FolderError(f"{folder}: {error}") from None
    return Introduction(
        url=read_settings(own / "settings.toml").url,
        authority_sha256=hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest(),
        answer_key=answers.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )


def _authority(folder: Path, founding: Founding, now: datetime) -> Authority:
    if (folder / "ca.crt").exists():
        return load_authority(folder)
    if founding.token is None:
        raise FolderError(f"{folder}: no ca.crt: run central.ca init for practice, or name a token")
    key = _token_key(founding.token)
    certificate = certificates.new_authority(
        key, now, organisation=founding.organisation, name="Landfall CA", lifetime=AUTHORITY_LIFETIME
    )
    token = founding.token
    rows = (("module", token.module), ("token", token.token), ("label", token.label), ("pin_file", token.pin_file))
    write_whole(folder / "hsm.toml", "".join(f'{name} = "{value}"\n' for name, value in rows).encode())
    write_whole(folder / "ca.crt", certificate.public_bytes(Encoding.PEM))
    return Authority(key, certificate)


def _token_key(token: TokenKey) -> ec.EllipticCurvePrivateKey:
    """The token's key of that label, made when it is not there: a first run may have been cut short after it."""
    from central import hsm  # noqa: PLC0415 - a key in a file needs no PKCS#11

    try:
        return hsm.open_key(token)
    except FolderError:
        return hsm.generate_key(token)


def _key_in(path: Path) -> ec.EllipticCurvePrivateKey:
    from central import hsm  # noqa: PLC0415

    return hsm.open_key(read_token_key(path))


def _server(own: Path, authority: Authority, hosts: Sequence[str], now: datetime) -> bytes:
    key = read_private(own / "server.key").public_key()
    made = certificates.server_certificate(authority, key, hosts, now, lifetime=SERVER_LIFETIME)
    return made.public_bytes(Encoding.PEM)


def _device_keys(centre: Path) -> tuple[tuple[str, bytes], ...]:
    """Public halves of the centre's keys, under the names that a kiosk's key folder has."""
    seal = RecipientPrivate.load((centre / "seal.key").read_bytes()).public()
    return (
        ("centre-receipts.pub", public_pem(read_private(centre / "receipts.key").public_key())),
        ("centre-seal.pub", MARK + seal.dump()),
        ("hq-policy.pub", public_pem(load_policy_key(centre).public_key())),
    )


def _makers(folder: Path) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    mistakes: list[str] = []
    for name, data in _files(folder):
        try:
            found += x509.load_pem_x509_certificates(data) if b"-----BEGIN" in data else [_der(data)]
        except ValueError as error:
            mistakes.append(f"{name}: {error}")
    if mistakes:
        raise FolderError(f"{folder}: {'; '.join(mistakes)}")
    return tuple(found)


def _der(data: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(data)


def _files(folder: Path) -> tuple[tuple[str, bytes], ...]:
    """By name; what begins with a dot is not there."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    return tuple((path.name, path.read_bytes()) for path in paths)


def _once(path: Path, make: Callable[[], bytes]) -> None:
    if not path.exists():
        write_whole(path, make())


def _secret_once(path: Path) -> None:
    if not path.exists():
        write_secret(path, private_pem(certificates.new_key()))
