"""Puts the lane board's firmware together: the files of a new board, or a signed bundle for a board in service.

    python -m scripts.lane_firmware board FOLDER --release release.pub --kiosk device.crt
    python -m scripts.lane_firmware bundle FILE --key release.key

A bundle's number is VERSION in drivers/lane/firmware/app/version.py: raise it with every release.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

FIRMWARE = Path(__file__).resolve().parent.parent / "drivers" / "lane" / "firmware"
MAGIC = b"LFB1"
PURPOSE = b"landfall lane firmware 1"
FIRST_SLOT = "a"


class FirmwareError(Exception):
    """The firmware cannot be put together; the text says why."""


def application() -> dict[str, bytes]:
    """The files of one slot by name."""
    return {path.name: path.read_bytes() for path in sorted((FIRMWARE / "app").glob("*.py"))}


def version_of(files: Mapping[str, bytes]) -> int:
    """The number in version.py."""
    for node in ast.parse(files["version.py"]).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, int):
            return node.value.value
    raise FirmwareError("version.py assigns no number")


def board_files(
    release: ec.EllipticCurvePublicKey, kiosk: ec.EllipticCurvePublicKey, files: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """All that lies on a new board, by path: the loader, the first slot with its list, and whom the board believes."""
    files = files or application()
    rows = (f"{hashlib.sha256(data).hexdigest()} {name}" for name, data in files.items())
    return {
        "main.py": (FIRMWARE / "main.py").read_bytes(),
        **{f"{FIRST_SLOT}/{name}": data for name, data in files.items()},
        f"{FIRST_SLOT}/list": "\n".join(rows).encode(),
        "release.pub": _point(release).hex().encode(),
        "kiosk.pub": _point(kiosk).hex().encode(),
    }


def bundle(key: ec.EllipticCurvePrivateKey, files: Mapping[str, bytes] | None = None) -> bytes:
    """One signed file: magic, version u32, size u32, SHA-256, signature (r, s), then name and bytes of each file."""
    files = files or application()
    archive = b"".join(
        bytes([len(name)]) + name.encode() + len(data).to_bytes(4, "big") + data for name, data in files.items()
    )
    said = version_of(files).to_bytes(4, "big") + len(archive).to_bytes(4, "big") + hashlib.sha256(archive).digest()
    r, s = decode_dss_signature(key.sign(PURPOSE + said, ec.ECDSA(SHA256())))
    return MAGIC + said + r.to_bytes(32, "big") + s.to_bytes(32, "big") + archive


def _point(public: ec.EllipticCurvePublicKey) -> bytes:
    numbers = public.public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def _public(path: Path) -> ec.EllipticCurvePublicKey:
    """From a public key or a certificate, both PEM. Raises `FirmwareError` for anything but P-256."""
    data = path.read_bytes()
    is_certificate = b"BEGIN CERTIFICATE" in data
    key = x509.load_pem_x509_certificate(data).public_key() if is_certificate else load_pem_public_key(data)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise FirmwareError(f"{path}: the board believes keys on P-256 alone")
    return key


def _private(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise FirmwareError(f"{path}: the board believes keys on P-256 alone")
    return key


def write_board(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="lane_firmware", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    board = what.add_parser("board", help="the files of a new board")
    board.add_argument("out", type=Path)
    board.add_argument("--release", type=Path, required=True, help="public key of whoever signs firmware")
    board.add_argument("--kiosk", type=Path, required=True, help="certificate of the kiosk that the board belongs to")
    signed = what.add_parser("bundle", help="a signed update")
    signed.add_argument("out", type=Path)
    signed.add_argument("--key", type=Path, required=True, help="private key of whoever signs firmware")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.what == "board":
            write_board(chosen.out, board_files(_public(chosen.release), _public(chosen.kiosk)))
        else:
            chosen.out.write_bytes(bundle(_private(chosen.key)))
    except (FirmwareError, OSError, ValueError, TypeError) as error:
        print(f"lane_firmware: {error}", file=sys.stderr)
        return 1
    print(f"lane_firmware: wrote {chosen.out}, firmware {version_of(application())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
