"""A real swtpm with an endorsement certificate of its own authority, and the few things a device does with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tpm2_pytss import (
    ESAPI,
    ESYS_TR,
    TPM2_ALG,
    TPM2_SE,
    TPM2B_DATA,
    TPM2B_ENCRYPTED_SECRET,
    TPM2B_ID_OBJECT,
    TPM2B_PUBLIC,
    TPM2B_SENSITIVE_CREATE,
    TPMT_SIG_SCHEME,
    TPMT_SYM_DEF,
)
from tpm2_pytss.constants import TPMA_SESSION
from tpm2_pytss.cryptography import tpm_ecc_private_key
from tpm2_pytss.TCTILdr import TCTILdr
from tpm2_pytss.utils import NVReadEK, create_ek_template

from border.enrolment.values import TpmEvidence
from practice.processes import Process, answers, free_port

KINDS = {"rsa": "EK-RSA2048", "ecc": "EK-HIGH-ECC384"}
RESIDENT = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth"


@dataclass
class Tpm:
    """One TPM. Objects stay loaded: an endorsement key, an attestation key and an identity key are three."""

    esapi: ESAPI
    authorities: list[x509.Certificate]  # the maker's: root, and what issued the EK's certificate
    kind: str
    ek_certificate: bytes = b""
    ek: ESYS_TR = ESYS_TR.NONE
    ak: ESYS_TR = ESYS_TR.NONE
    identity: ESYS_TR = ESYS_TR.NONE
    ak_public: bytes = b""
    identity_public: bytes = b""

    def make_keys(self) -> None:
        """Everything is a primary, so that three slots do."""
        certificate, template = create_ek_template(KINDS[self.kind], NVReadEK(self.esapi))
        self.ek_certificate = bytes(certificate)
        sensitive = TPM2B_SENSITIVE_CREATE()
        self.ek, *_ = self.esapi.create_primary(sensitive, template, ESYS_TR.ENDORSEMENT)
        ak = TPM2B_PUBLIC.parse("ecc256:ecdsa-sha256:null", objectAttributes=f"{RESIDENT}|restricted|sign")
        self.ak, public, *_ = self.esapi.create_primary(sensitive, ak, ESYS_TR.ENDORSEMENT)
        self.ak_public = public.marshal()
        self.new_identity(f"{RESIDENT}|sign")

    def new_identity(self, attributes: str) -> None:
        template = TPM2B_PUBLIC.parse("ecc256:ecdsa-sha256:null", objectAttributes=attributes)
        if self.identity is not ESYS_TR.NONE:
            self.esapi.flush_context(self.identity)
        template.publicArea.unique.ecc.x = b"\x01" * 32 if self.identity is not ESYS_TR.NONE else b""
        self.identity, public, *_ = self.esapi.create_primary(TPM2B_SENSITIVE_CREATE(), template, ESYS_TR.OWNER)
        self.identity_public = public.marshal()

    @property
    def ek_key(self) -> object:
        """The public key that the TPM itself says its endorsement key has."""
        public, *_ = self.esapi.read_public(self.ek)
        return load_der_public_key(public.to_der())

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        key: ec.EllipticCurvePrivateKey = tpm_ecc_private_key(self.esapi, self.identity)
        return key

    def evidence(self, qualifying: bytes) -> TpmEvidence:
        attest, signature = self.esapi.certify(
            self.identity, self.ak, TPM2B_DATA(qualifying), TPMT_SIG_SCHEME(scheme=TPM2_ALG.NULL)
        )
        return TpmEvidence(
            self.ek_certificate,
            self.ak_public,
            self.identity_public,
            bytes(attest.attestationData),
            signature.marshal(),
        )

    def activate(self, credential: bytes, secret: bytes) -> bytes:
        """What the credential holds, or TSS2_Exception."""
        blob, _ = TPM2B_ID_OBJECT.unmarshal(credential)
        encrypted, _ = TPM2B_ENCRYPTED_SECRET.unmarshal(secret)
        if self.kind == "ecc":  # that template may be used with its (empty) authorisation
            return bytes(self.esapi.activate_credential(self.ak, self.ek, blob, encrypted))
        session = self.esapi.start_auth_session(
            ESYS_TR.NONE, ESYS_TR.NONE, TPM2_SE.POLICY, TPMT_SYM_DEF(algorithm=TPM2_ALG.NULL), TPM2_ALG.SHA256
        )
        try:
            self.esapi.trsess_set_attributes(session, TPMA_SESSION.CONTINUESESSION)
            self.esapi.policy_secret(ESYS_TR.ENDORSEMENT, session, b"", b"", b"", 0)
            return bytes(
                self.esapi.activate_credential(
                    self.ak, self.ek, blob, encrypted, session1=ESYS_TR.PASSWORD, session2=session
                )
            )
        finally:
            self.esapi.flush_context(session)


def lacking(*programs: str) -> Never:
    told = f"missing: {', '.join(programs)}"
    if os.environ.get("CI") == "true":
        pytest.fail(told)
    pytest.skip(told)


@contextmanager
def running_tpm(folder: Path, kind: str) -> Iterator[Tpm]:
    """Skips by name when swtpm is not installed, and fails there when CI=true."""
    missing = [name for name in ("swtpm", "swtpm_setup") if shutil.which(name) is None]
    if missing:
        lacking(*missing)
    authorities = _manufacture(folder, kind)
    port = free_port()
    words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--flags", "not-need-init,startup-clear"]
    words += ["--server", f"type=tcp,port={port}", "--ctrl", f"type=tcp,port={port + 1}"]  # where libtss2 looks
    process = Process("swtpm", words, folder / "swtpm.log")
    process.start()
    try:
        process.wait_until(lambda: answers(port + 1), 10.0)
        with TCTILdr("swtpm", f"host=127.0.0.1,port={port}") as tcti, ESAPI(tcti) as esapi:
            tpm = Tpm(esapi, authorities, kind)
            tpm.make_keys()
            yield tpm
    finally:
        process.stop()


def _manufacture(folder: Path, kind: str) -> list[x509.Certificate]:
    """A TPM's state with an EK certificate, as its maker leaves it; the maker's certificates."""
    folder.mkdir(parents=True, exist_ok=True)
    maker = folder / "maker"
    maker.mkdir()
    (folder / "localca.conf").write_text(
        f"statedir = {maker}\nsigningkey = {maker}/signkey.pem\nissuercert = {maker}/issuercert.pem\n"
        f"certserial = {maker}/certserial\n"
    )
    (folder / "localca.options").write_text("--platform-manufacturer Maker\n--platform-version 1\n--platform-model M\n")
    (folder / "setup.conf").write_text(
        f"create_certs_tool = /usr/bin/swtpm_localca\ncreate_certs_tool_config = {folder}/localca.conf\n"
        f"create_certs_tool_options = {folder}/localca.options\n"
    )
    words = ["swtpm_setup", "--tpm2", "--tpmstate", str(folder), "--config", str(folder / "setup.conf")]
    words += ["--create-ek-cert", "--overwrite", *(["--ecc"] if kind == "ecc" else [])]
    made = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert made.returncode == 0, made.stdout + made.stderr
    names = ("swtpm-localca-rootca-cert.pem", "issuercert.pem")
    return [x509.load_pem_x509_certificate((maker / name).read_bytes()) for name in names]
