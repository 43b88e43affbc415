"""What the queue shows of an encounter, taken from its facts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple

from appliance.post.schema import Value
from appliance.post.severity import has_walked_away, severity
from border.encounter import CheckedFact, FaceArea, RecommendedFact, Sample, SampleKind
from border.ids import receipt_number


def row(checked: CheckedFact, recommended: RecommendedFact) -> tuple[Value, ...]:
    """The encounter table's columns from `number` to `walked_away`, in its order."""
    document = checked.document
    name = f"{document.primary_identifier} {document.secondary_identifier}".strip() if document else ""
    faces = (ref.sha256 for ref in checked.samples if ref.kind is SampleKind.FACE)
    return (
        receipt_number(checked.encounter),
        checked.at.wall_ms,
        recommended.outcome.value,
        severity(recommended.reasons),
        name,
        document.document_number if document else "",
        " ".join(recommended.reasons),
        next(faces, None),
        int(has_walked_away(recommended.reasons)),
    )


def by_digest(samples: Sequence[Sample]) -> Iterator[tuple[str, Sample]]:
    """Each sample with the name by which facts know it: the SHA-256 (hex) of its bytes."""
    return ((hashlib.sha256(sample.data).hexdigest(), sample) for sample in samples)


def area(face: FaceArea) -> str:
    """As the journal writes it."""
    return " ".join(map(str, astuple(face)))


def face_of(written: str) -> FaceArea:
    """What `area` wrote."""
    return FaceArea(*map(int, written.split()))


def digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()
