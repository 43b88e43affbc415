"""Passive authentication beside an implementation that is not ours: the same files for us and for `openssl cms`."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from border.documents.chip_trust import Assurance, judge
from simulators.passport import der, lds
from simulators.passport.document import Issuer, Make
from simulators.passport.keys import Scheme
from tests.border.documents.chips import NOW, files_of, store_of, utopia

SCHEMES = (
    *(Scheme("rsa2048", digest) for digest in ("sha1", "sha224", "sha256", "sha384", "sha512")),
    *(Scheme("rsa2048", digest, pss=True) for digest in ("sha1", "sha256", "sha384", "sha512")),
    Scheme("rsa4096"),
    Scheme("rsa4096", "sha512", pss=True),
    *(Scheme("secp256r1", digest) for digest in ("sha1", "sha224", "sha256", "sha384", "sha512")),
    Scheme("secp384r1", "sha384"),
    Scheme("secp521r1", "sha512"),
    *(Scheme(f"brainpoolP{size}r1", digest) for size, digest in ((256, "sha256"), (384, "sha384"), (512, "sha512"))),
    *(
        Scheme(curve, "sha256", explicit=True)
        for curve in ("secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1")
    ),
)


def agrees(scheme: Scheme, folder: Path) -> None:
    """A file signed so is good to both, and a changed one to neither. Raises AssertionError."""
    by = utopia(scheme)
    files = files_of(by, Make(sealing=lds.Sealing(scheme.digest)))
    tampered = _with_other_content(files.sod)
    assert _openssl_verifies(files.sod, by, folder)
    assert judge(files, store_of(by.authority), NOW).assurance is Assurance.SIGNED
    assert not _openssl_verifies(tampered, by, folder)
    found = judge(replace(files, sod=tampered), store_of(by.authority), NOW).reasons
    assert "signature_wrong" in [reason.word for reason in found]


def version() -> str:
    """As openssl names itself: "OpenSSL 3.0.11"."""
    said = subprocess.run(["openssl", "version"], capture_output=True, check=True, text=True, timeout=60).stdout
    return " ".join(said.split()[:2])


def _openssl_verifies(sod: bytes, by: Issuer, folder: Path) -> bool:
    """CMS signature and path, by an implementation that is not ours."""
    (folder / "sod.der").write_bytes(_content_of(sod))
    (folder / "csca.der").write_bytes(by.authority.certificate)
    pem, sod_file = folder / "csca.pem", str(folder / "sod.der")
    _run("x509", "-inform", "DER", "-in", str(folder / "csca.der"), "-out", str(pem))
    moment = str(int(NOW.timestamp()))
    # level 0: a signature with SHA-1 counts here, as it does for the kiosk, which calls it weak
    command = ("cms", "-verify", "-inform", "DER", "-in", sod_file, "-CAfile", str(pem), "-purpose", "any")
    # openssl takes no explicit curve in a path (X509_V_ERR_EC_KEY_EXPLICIT_PARAMS): there it verifies the CMS alone
    path = ("-noverify",) if by.signer.key.scheme.explicit else ()
    return _run(*command, *path, "-attime", moment, "-auth_level", "0", "-out", str(folder / "content.der"))


def _run(*arguments: str) -> bool:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False, timeout=60).returncode == 0


def _content_of(sod: bytes) -> bytes:
    """Without the outer tag 77 and its length of three bytes."""
    assert sod[:2] == b"\x77\x82"
    return sod[4:]


def _with_other_content(sod: bytes) -> bytes:
    """One bit of the first data group's hash, inside the signed content, is another."""
    at = sod.index(der.integer(1) + b"\x04") + 6
    return sod[:at] + bytes([sod[at] ^ 1]) + sod[at + 1 :]
