"""The development CA: `python -m central.ca init DIR --kiosk ID ...` makes every key and certificate for practice.

    DIR/             ca.key ca.crt crl.pem broker.key broker.crt
    DIR/centre/      collector-1.* hq-publisher.* ca.crt receipts.key seal.key hq-policy.key kiosks/<id>.json
    DIR/kiosks/<id>/ device.key device.crt ca.crt centre-receipts.pub centre-seal.pub hq-policy.pub

A file that is there is never written again, so a second run adds what is missing and changes nothing else.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from border.messages.sealing import RecipientPrivate
from central import certificates
from central.certificates import Authority, Revoked
from central.files import MARK, FolderError, private_pem, public_pem, read_private, write_secret, write_whole
from central.register import Enrolled, Status, load_register, write_enrolled

COLLECTOR = "collector-1"
PUBLISHER = "hq-publisher"
BROKER_HOSTS = ("localhost", "127.0.0.1")
KIOSK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # what a topic can carry


def init(folder: Path, kiosks: Sequence[str], now: datetime) -> None:
    """Whatever is missing of the CA, the broker's, the centre's and these kiosks' files. ValueError: a bad id."""
    wrong = [kiosk for kiosk in kiosks if not KIOSK_ID.fullmatch(kiosk) or kiosk in (COLLECTOR, PUBLISHER)]
    if wrong:
        raise FolderError(f"not usable as a kiosk id: {', '.join(wrong)}")
    authority = _authority(folder, now)
    _centre(folder, authority, now)
    for kiosk in kiosks:
        _kiosk(folder, authority, kiosk, now)


def revoke(folder: Path, kiosk: str, now: datetime) -> None:
    """The broker refuses the certificate once it has read crl.pem again; the collector refuses the kiosk at once."""
    authority = _authority(folder, now)
    enrolled = load_register(folder / "centre" / "kiosks").get(kiosk)
    if enrolled is None:
        raise FolderError(f"{kiosk} is not in the register")
    write_enrolled(folder / "centre" / "kiosks", replace(enrolled, status=Status.REVOKED))
    certificate = _read_certificate(folder / "kiosks" / kiosk / "device.crt")
    old = x509.load_pem_x509_crl((folder / "crl.pem").read_bytes())
    entries = {entry.serial_number: Revoked(entry.serial_number, entry.revocation_date_utc) for entry in old}
    entries.setdefault(certificate.serial_number, Revoked(certificate.serial_number, now))
    _write_crl(folder / "crl.pem", authority, [entries[serial] for serial in sorted(entries)], now)


def _authority(folder: Path, now: datetime) -> Authority:
    key = _key(folder / "ca.key")
    _once(folder / "ca.crt", lambda: _pem(certificates.new_authority(key, now)))
    authority = Authority(key, _read_certificate(folder / "ca.crt"))
    broker = _key(folder / "broker.key")
    _once(
        folder / "broker.crt",
        lambda: _pem(certificates.server_certificate(authority, broker.public_key(), BROKER_HOSTS, now)),
    )
    if not (folder / "crl.pem").exists():
        _write_crl(folder / "crl.pem", authority, (), now)
    return authority


def _centre(folder: Path, authority: Authority, now: datetime) -> None:
    centre = folder / "centre"
    for name in (COLLECTOR, PUBLISHER):
        _client(centre, name, name, authority, now)
    for name in ("receipts.key", "hq-policy.key"):
        _key(centre / name)
    if not (centre / "seal.key").exists():
        write_secret(centre / "seal.key", MARK + RecipientPrivate.generate().dump())
    (centre / "kiosks").mkdir(exist_ok=True)


def _kiosk(folder: Path, authority: Authority, kiosk: str, now: datetime) -> None:
    centre, own = folder / "centre", folder / "kiosks" / kiosk
    key = _client(own, "device", kiosk, authority, now)
    seal = RecipientPrivate.load((centre / "seal.key").read_bytes())
    _once(own / "centre-receipts.pub", lambda: public_pem(read_private(centre / "receipts.key").public_key()))
    _once(own / "centre-seal.pub", lambda: MARK + seal.public().dump())
    _once(own / "hq-policy.pub", lambda: public_pem(read_private(centre / "hq-policy.key").public_key()))
    if not (centre / "kiosks" / f"{kiosk}.json").exists():
        write_enrolled(centre / "kiosks", Enrolled(kiosk, key.public_key(), Status.ACTIVE))


def _client(
    folder: Path, file_name: str, common_name: str, authority: Authority, now: datetime
) -> ec.EllipticCurvePrivateKey:
    key = _key(folder / f"{file_name}.key")
    _once(
        folder / f"{file_name}.crt",
        lambda: _pem(certificates.client_certificate(authority, key.public_key(), common_name, now)),
    )
    _once(folder / "ca.crt", lambda: _pem(authority.certificate))
    return key


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        write_secret(path, private_pem(certificates.new_key()))
    return read_private(path)


def _once(path: Path, make: Callable[[], bytes]) -> None:
    if not path.exists():
        write_whole(path, make())


def _pem(certificate: x509.Certificate) -> bytes:
    return MARK + certificate.public_bytes(Encoding.PEM)


def _read_certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _write_crl(path: Path, authority: Authority, entries: Sequence[Revoked], now: datetime) -> None:
    revoked = certificates.revocation_list(authority, entries, now, number=int(now.timestamp()))
    write_whole(path, MARK + revoked.public_bytes(Encoding.PEM))


def main(arguments: Sequence[str]) -> int:
    """`init DIR --kiosk ID ...` or `revoke DIR --kiosk ID`. 0: done; 2: what was asked cannot be."""
    parser = argparse.ArgumentParser("central.ca", description="Keys and certificates for practice, never for use.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (("init", "make what is missing"), ("revoke", "a kiosk may no longer report")):
        command = commands.add_parser(name, help=words)
        command.add_argument("folder", type=Path)
        command.add_argument("--kiosk", action="append", default=[], metavar="ID")
    chosen = parser.parse_args(arguments)
    now = datetime.now(UTC)
    os.umask(0o077)  # folders of private keys are for their owner alone
    try:
        if chosen.command == "init":
            init(chosen.folder, chosen.kiosk, now)
        else:
            for kiosk in chosen.kiosk:
                revoke(chosen.folder, kiosk, now)
    except (FolderError, OSError) as error:
        sys.stderr.write(f"central.ca: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
