"""The keys: the board's identity, which signs what it asks and says of itself, and a software key for TLS."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec

from border.enrolment.values import KeyLevel, Purpose
from provisioning.bench import WIPED, Bench
from provisioning.identity import private_pem, read_private, spki
from provisioning.step import Answers, Facts, Question, Step
from provisioning.words import short

IDENTITY = "identity.der"
TLS_KEY = "tls.key"
"""Stays on the desk until its certificate is there: kept key and certificate must be one file (see configuration)."""

KEEPS = frozenset({Purpose.REPLACE_STORAGE, Purpose.RENEW, Purpose.RETIRE, Purpose.UNLOCK})
"""The board stays, and so does the identity in it, when it is still there. Who asks for a disk forgets all but that."""

LEVELS = {
    KeyLevel.TPM: "in the TPM, which never gives it out",
    KeyLevel.PKCS11: "in a token, which never gives it out",
    KeyLevel.SOFTWARE: "LOWEST LEVEL: a file; whoever copies the disk has it",
}


def is_done(bench: Bench) -> bool:
    if bench.purpose is Purpose.RETIRE and bench.desk.has(WIPED):
        return True
    if not (bench.desk.has(IDENTITY) and tls_key(bench)):
        return False
    public = bench.backend.public_key()
    return public is not None and spki(public) == bench.desk.read(IDENTITY)


def do(bench: Bench, _answers: Answers) -> Question | None:
    public = bench.backend.public_key() if bench.purpose in KEEPS else None
    if public is None:
        bench.talk.say("Making the identity key")
        public = bench.backend.make()
    if tls_key(bench) is None:
        bench.desk.write(TLS_KEY, private_pem(ec.generate_private_key(ec.SECP256R1())))
    bench.desk.write(IDENTITY, spki(public))
    return None


def evidence(bench: Bench) -> Facts:
    identity = bench.desk.read(IDENTITY)
    return (
        ("identity key", LEVELS[bench.backend.level]),
        ("identity", short(hashlib.sha256(identity).digest())),
    )


def tls_key(bench: Bench) -> ec.EllipticCurvePrivateKey | None:
    """None: there is none, or none that can be used."""
    try:
        return read_private(bench.desk.path(TLS_KEY))
    except (OSError, ValueError):
        return None


STEP = Step("keys", "Keys", is_done, do, evidence)
