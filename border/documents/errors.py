"""The one error of reading a chip's files and the signed lists about them: DocumentError and nothing else."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "truncated": "the bytes end before an element does",
    "trailing_bytes": "bytes follow the element that should be all",
    "too_large": "more bytes than a file of this kind may have",
    "too_deep": "elements inside elements, deeper than any of the formats goes",
    "too_many": "more elements side by side than any of the formats has",
    "indefinite_length": "a length of BER that neither DER nor the chip's files may use",
    "bad_tag": "another element than the format has in this place",
    "bad_value": "the right element, but not a possible value",
    "bad_version": "a version of the format that this software does not speak",
    "not_signed_data": "no CMS SignedData, or one without content or with more than one signer",
    "wrong_content": "signed data of another kind",
    "list_signature_wrong": "a list whose signature does not fit",
    "list_signer_unknown": "a list whose signer no trusted authority vouches for",
    "list_signer_unfit": "a list signed with a key that is not for it, or by a country whose lists are not taken",
    "list_signer_expired": "a list whose signer was not valid at this time",
    "no_face": "a data group 2 without a picture that can be used",
}
"""Every reason there is, with its meaning; docs/errors.md has a row for each."""


class DocumentError(ValueError):
    """`reason` is a key of REASONS, `where` names the place; holds no value of the document."""

    def __init__(self, reason: str, where: str = "") -> None:
        if reason not in REASONS:
            raise KeyError(reason)
        self.reason = reason
        self.where = where
        super().__init__(f"{where}: {reason}" if where else reason)
