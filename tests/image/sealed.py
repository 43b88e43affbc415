"""What a board does with its TPM at a start, without a start: the passphrase that systemd sealed, taken out again."""

from __future__ import annotations

import base64
from pathlib import Path

from tpm2_pytss import (
    ESAPI,
    ESYS_TR,
    TPM2_ALG,
    TPM2_SE,
    TPM2B_PRIVATE,
    TPM2B_PUBLIC,
    TPM2B_SENSITIVE_CREATE,
    TPMA_OBJECT,
    TPMT_SYM_DEF,
    TSS2_Exception,
)

from provisioning.image.board import luks
from provisioning.image.board.luks import Token
from provisioning.image.board.own_key import TPM_TOKEN

PRIMARY = (
    TPMA_OBJECT.RESTRICTED
    | TPMA_OBJECT.DECRYPT
    | TPMA_OBJECT.FIXEDTPM
    | TPMA_OBJECT.FIXEDPARENT
    | TPMA_OBJECT.SENSITIVEDATAORIGIN
    | TPMA_OBJECT.USERWITHAUTH
)
"""Of the key under which systemd 252 seals when it may choose."""


def opens(device: Path, tcti: str) -> bool:
    """Whether the TPM there opens the disk by one of its tokens."""
    found = luks.header(device)
    assert found is not None
    return any(_fits(device, token, tcti) for token in found.of(TPM_TOKEN) if token.slots)


def _fits(device: Path, token: Token, tcti: str) -> bool:
    try:
        key = _unsealed(base64.b64decode(token.table["tpm2-blob"]), tcti)
    except TSS2_Exception:
        return False
    return luks.slot_of(device, base64.b64encode(key), token.slots) is not None


def _unsealed(blob: bytes, tcti: str) -> bytes:
    private, size = TPM2B_PRIVATE.unmarshal(blob)
    public, _ = TPM2B_PUBLIC.unmarshal(blob[size:])
    with ESAPI(tcti) as chip:
        template = TPM2B_PUBLIC.parse("ecc:aes128cfb", objectAttributes=PRIMARY)
        parent, *_ = chip.create_primary(TPM2B_SENSITIVE_CREATE(), template, ESYS_TR.OWNER)
        key = session = None
        try:
            key = chip.load(parent, private, public)
            session = chip.start_auth_session(
                ESYS_TR.NONE, ESYS_TR.NONE, TPM2_SE.POLICY, TPMT_SYM_DEF(algorithm=TPM2_ALG.NULL), TPM2_ALG.SHA256
            )
            return bytes(chip.unseal(key, session1=session))
        finally:
            for handle in (session, key, parent):
                if handle is not None:
                    chip.flush_context(handle)
