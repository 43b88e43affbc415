"""RAUC on the publishing side: a bundle signed, also with a key on a token, and the hash that binds it to metadata."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ota import raucb
from ota.refusals import PublishCode, Unpublished

LIMIT_S = 1800.0
SQUASHFS = "-comp zstd -b 64k"
"""Small blocks: what a kiosk fetches of a changed image is counted in them."""


CRL = b"-----BEGIN X509 CRL-----"


def manifest_sha256(bundle: Path, keyring: Path) -> str:
    """What RAUC itself says of a bundle whose signature it has verified as a kiosk does; revocations count where the
    keyring has a list of them. Raises `Unpublished`, OSError."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "system.conf"
        settings.write_text(_settings(keyring.resolve()), encoding="ascii")
        said = _run(["rauc", "--conf", str(settings), "info", "--output-format=json", str(bundle)], {})
    found = json.loads(said[said.index("{") :]).get("hash")
    if isinstance(found, str):
        return found
    try:
        return raucb.manifest_sha256(bundle)  # RAUC before 1.9 does not tell it
    except raucb.NoBundle as cause:
        raise Unpublished(PublishCode.BUNDLE, str(cause)) from cause


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
