"""The one error of the message room: decoding anything from outside raises MessageError and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_MISTAKES = 100
"""More are counted, not listed: a hostile message must not become a long log line."""

REASONS: dict[str, str] = {
    "bad_cbor": "not one well-formed, untagged, definite-length CBOR item",
    "too_large": "longer than a message of this kind may be",
    "wrong_type": "a value of another type than the field's, or a message of another kind",
    "missing_field": "a field of this version is absent",
    "bad_value": "the right type, but not a possible value",
    "wrong_version": "a payload version this software does not speak",
    "bad_topic": "not a topic of this contract",
    "bad_envelope": "not a COSE_Sign1 in the one form this contract allows",
    "bad_signature": "the signature does not fit the bytes and the key",
    "wrong_content_type": "signed as another kind of message",
    "unknown_kiosk": "no key is known for this kiosk",
    "wrong_kiosk": "topic, key id, header and record do not name the same kiosk",
    "wrong_id": "topic, header and record do not name the same record",
    "wrong_sequence": "header and record do not carry the same sequence number",
    "wrong_encounter": "a fact inside speaks of another encounter",
    "wrong_facts": "not the facts, in the order, that a record of this kind holds",
    "foreign_fact": "a fact inside was signed by another key than the record",
    "bad_fact_signature": "a fact inside does not fit its signature",
    "wrong_author": "a fact by the machine that names another author than the machine that signed it",
    "wrong_parts": "a part that no sample of the signed facts accounts for",
    "wrong_digest": "the sealed part is not the one the record names",
    "wrong_sample_digest": "the opened sample is not the one the signed fact names",
    "wrong_recipient": "sealed to another key",
    "cannot_unseal": "the seal does not open with this key in this place",
    "bad_file": "not a file of messages, or one that ends too early",
    "bad_key": "not a key of the expected kind",
    "bad_policy": "a policy whose values contradict themselves or the contract",
}
"""Every reason there is, with its meaning; docs/errors.md has a row for each."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong: its reason and the path of the field, never the field's value."""

    where: str  # "findings[2].measures[0].value"; empty for the message as a whole
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}" if self.where else self.reason


class MessageError(ValueError):
    """`reason` is a key of REASONS; `mistakes` names every place. Holds no value of the message."""

    def __init__(self, reason: str, where: str = "", *, mistakes: Iterable[Mistake] = ()) -> None:
        if reason not in REASONS:
            raise KeyError(reason)
        self.reason = reason
        self.mistakes = tuple(mistakes)[:MAX_MISTAKES] or (Mistake(where, reason),)
        super().__init__("; ".join(map(str, self.mistakes)))

    @classmethod
    def of(cls, mistakes: list[Mistake]) -> MessageError:
        """One error for all mistakes; its reason is the first one's."""
        return cls(mistakes[0].reason, mistakes=mistakes)

    def inside(self, where: str) -> list[Mistake]:
        """The same mistakes, seen from one level further out."""
        joined = ((m.where if not m.where or m.where[0] == "[" else "." + m.where, m.reason) for m in self.mistakes)
        return [Mistake(where + path, reason) for path, reason in joined]
