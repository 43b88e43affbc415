"""The TPM: its own test, and whether its maker's certificate is there, is of this chip, and is believed.

Asked with Debian's tpm2-tools as commands. Handles are those of the TCG EK Credential Profile.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from hw_tests.command import Said, said
from hw_tests.record import IS_YES, Expected, Limits
from hw_tests.runner import Log, Phase, Skip

CERTIFICATES = (("rsa", "0x1c00002"), ("ecc", "0x1c0000a"))  # kind of the key, index that holds its certificate
CHIP = "replace the TPM; until then this lane's identity is at a lower level"
EXPECTS = (
    Expected("self_test", "", IS_YES, "the chip's full test of itself", CHIP),
    Expected(
        "wrong_tries",
        "",
        Limits(0, 0),
        "wrong authorisations that the chip counts",
        "somebody tried keys on it: ask headquarters",
    ),
    Expected("certificate", "", IS_YES, "the maker's certificate of the endorsement key lies in the chip", CHIP),
    Expected(
        "certificate_fits",
        "",
        IS_YES,
        "it is for the key that this very chip has",
        "treat the board as stolen or copied: ask headquarters",
    ),
    Expected(
        "certificate_believed",
        "",
        IS_YES,
        "a maker's certificate of ours signed it",
        "bring the maker's certificates up to date, or ask headquarters",
    ),
)


def measure(log: Log) -> None:
    if _ask(log, "tpm2_getcap", "properties-fixed").status:
        raise Skip("no TPM answers")
    log.measure("self_test", _ask(log, "tpm2_selftest", "--fulltest").status == 0)
    log.measure_or(
        "wrong_tries", _wrong_tries(_ask(log, "tpm2_getcap", "properties-variable")), "the TPM does not tell it"
    )
    found = _certificate(log)
    log.measure("certificate", found is not None)
    if found is None:
        for name in ("certificate_fits", "certificate_believed"):
            log.absent(name, "no certificate")
        return
    kind, certificate = found
    log.attach("ek.pem", "application/x-pem-file", certificate.public_bytes(Encoding.PEM))
    log.measure("certificate_fits", _key(log, kind) == _spki(certificate))
    roots = log.station.tpm_roots
    believed = None if roots is None else is_believed(certificate, tuple(_roots(roots)))
    log.measure_or("certificate_believed", believed, "no makers' certificates are given here")


def is_believed(leaf: x509.Certificate, known: tuple[x509.Certificate, ...]) -> bool:
    """Whether a chain through `known` ends in a self-signed one of them. Dates are left aside: chips outlive them."""
    for issuer in known:
        if issuer.subject != leaf.issuer:
            continue
        try:
            leaf.verify_directly_issued_by(issuer)
        except (InvalidSignature, ValueError, TypeError):
            continue
        rest = tuple(each for each in known if each != issuer)
        if issuer.subject == issuer.issuer or is_believed(issuer, rest):
            return True
    return False


def _ask(log: Log, command: str, *arguments: str) -> Said:
    log.left.check("person")
    return said(log.station, command, *arguments, more={"TPM2TOOLS_TCTI": log.station.tcti, "TSS2_LOG": "all+none"})


def _wrong_tries(answer: Said) -> float | None:
    found = re.search(rb"TPM2_PT_LOCKOUT_COUNTER: (0x[0-9A-Fa-f]+|\d+)", answer.out)
    return float(int(found[1], 0)) if found else None


def _certificate(log: Log) -> tuple[str, x509.Certificate] | None:
    """Kind of the key and its certificate; bytes behind the certificate (a chip pads its index) are cut off."""
    for kind, index in CERTIFICATES:
        answer = _ask(log, "tpm2_nvread", "-C", "o", index)
        if answer.status == 0:
            try:
                return kind, x509.load_der_x509_certificate(_one_der(answer.out))
            except ValueError:
                continue
    return None


def _one_der(data: bytes) -> bytes:
    """The first DER element, by its long length of two bytes."""
    if data[:2] != b"\x30\x82":
        raise ValueError("no certificate")
    return data[: 4 + int.from_bytes(data[2:4], "big")]


def _key(log: Log, kind: str) -> bytes | None:
    """The endorsement key that the chip makes from its own seed now, as DER."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ek.pem"
        made = _ask(log, "tpm2_createek", "-c", f"{folder}/ek.ctx", "-G", kind, "-u", str(path), "-f", "pem")
        _ask(log, "tpm2_flushcontext", "--transient-object")  # where no resource manager does it for us
        if made.status or not path.exists():
            return None
        return load_pem_public_key(path.read_bytes()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _roots(folder: Path) -> Iterable[x509.Certificate]:
    for path in sorted(folder.glob("*.pem")):
        yield from x509.load_pem_x509_certificates(path.read_bytes())


PHASES = (Phase("tpm", EXPECTS, measure, is_quick=True),)
