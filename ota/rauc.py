"""RAUC on the publishing side: a bundle signed, also with a key on a token, and the hash that binds it to metadata."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ota.refusals import PublishCode, Unpublished

LIMIT_S = 1800.0
SQUASHFS = "-comp zstd -b 64k"
"""Small blocks: what a kiosk fetches of a changed image is counted in them."""


LENGTH = 8
CRL = b"-----BEGIN X509 CRL-----"


def manifest_sha256(bundle: Path, keyring: Path) -> str:
    """What RAUC itself says of a bundle whose signature it has verified as a kiosk does; revocations count where the
    keyring has a list of them. Raises `Unpublished`, OSError."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "system.conf"
        settings.write_text(_settings(keyring.resolve()), encoding="ascii")
        said = _run(["rauc", "--conf", str(settings), "info", "--output-format=json", str(bundle)], {})
    found = json.loads(said[said.index("{") :]).get("hash")
    return found if isinstance(found, str) else _hash_of_manifest(bundle)


def _hash_of_manifest(bundle: Path) -> str:
    """What RAUC before 1.9 does not tell: of the manifest inside the signature, which RAUC has verified by now. The
    signature stands at the end, before its length in eight bytes."""
    with bundle.open("rb") as file:
        file.seek(-LENGTH, os.SEEK_END)
        length = int.from_bytes(file.read(LENGTH), "big")
        file.seek(-LENGTH - length, os.SEEK_END)
        signature = file.read(length)
    command = ["openssl", "cms", "-verify", "-noverify", "-inform", "DER"]
    done = subprocess.run(command, input=signature, capture_output=True, check=False, timeout=LIMIT_S)
    if done.returncode != 0 or not done.stdout:
        raise Unpublished(PublishCode.BUNDLE, f"{bundle.name} holds no signed manifest: is it of format verity?")
    return hashlib.sha256(done.stdout).hexdigest()


def _settings(keyring: Path) -> str:
    lists = "check-crl=true\n" if CRL in keyring.read_bytes() else ""
    return f"[system]\ncompatible=landfall\nbootloader=noop\n[keyring]\npath={keyring}\ncheck-purpose=codesign\n{lists}"


def bundle(content: Path, to: Path, certificate: Path, key: str, surroundings: Mapping[str, str]) -> None:
    """Of a folder with a manifest. `key`: a file, or `pkcs11:` with token and object. Raises `Unpublished`."""
    command = ["rauc", "--cert", str(certificate), "--key", key, "bundle", f"--mksquashfs-args={SQUASHFS}"]
    _run([*command, str(content), str(to)], surroundings)


def _run(command: list[str], surroundings: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=LIMIT_S, env={**os.environ, **surroundings}
        )
    except OSError as cause:
        raise Unpublished(PublishCode.BUNDLE, f"rauc cannot be run: {cause}") from cause
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Unpublished(PublishCode.BUNDLE, f"rauc: {last}")
    return done.stdout
