"""Runs inside the booted image with the rights of the signer's unit: the identity key in the board's TPM.

identity.py make NONCE, identity.py activate CREDENTIAL SECRET; all in hexadecimal, the answer as JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from provisioning.bench import backend_of
from provisioning.identity import TpmKey, request_for, spki
from provisioning.settings import load


def main() -> None:
    what, *told = sys.argv[1:]
    backend = backend_of(load(Path("/etc/landfall/provisioning.toml")), 0)
    assert isinstance(backend, TpmKey), "the image's own level"
    if what == "activate":
        said = {"secret": backend.activate(*map(bytes.fromhex, told)).hex()}
    else:
        public = backend.make()
        csr = request_for("image-1", backend, public)
        evidence = backend.evidence(bytes.fromhex(told[0]), csr)
        said = {"spki": spki(public).hex(), "csr": csr.hex()}
        said |= {name: value.hex() for name, value in asdict(evidence).items()}
    sys.stdout.write(json.dumps(said))


main()
