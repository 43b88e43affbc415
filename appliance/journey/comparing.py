"""The live face held against the document's portrait; the embeddings end here, only distances go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from appliance.checks.evidence import ComparisonEvidence, PortraitState
from appliance.journey.capture import Bench, Capture
from appliance.journey.visit import SeenPortrait
from appliance.vision import face_comparison, portrait
from appliance.vision.face_comparison import Embedding
from border.encounter import Sample, SampleKind
from drivers.api import Portrait, PortraitSource

KINDS = {PortraitSource.CHIP: SampleKind.PORTRAIT, PortraitSource.PRINTED: SampleKind.PORTRAIT_PRINTED}
STATES = {PortraitSource.CHIP: PortraitState.CHIP, PortraitSource.PRINTED: PortraitState.PRINTED}


async def keep_portrait(capture: Capture, given: Portrait | None, reader: str) -> None:
    """Keep a document's portrait, if this reader gave one, for the officer's eyes; compare one that counts.

    The chip's comes later than the printed one, and takes its place in the comparison.
    """
    if given is None:
        return
    seen, shown = await capture.bench.vision.call(lambda _deadline: _judged(capture.bench, given), 5.0)
    if given.source is PortraitSource.CHIP or capture.policy.comparison.printed_counts:
        capture.visit.portrait = seen
    if shown is not None:
        media_type, data = shown
        capture.visit.samples.append(Sample(KINDS[given.source], media_type, data, given.sha256, reader))


def _judged(bench: Bench, given: Portrait) -> tuple[SeenPortrait, tuple[str, bytes] | None]:
    """What the portrait is, and what a browser can show of it."""
    pixels = portrait.decoded(given.data)
    if pixels is None:
        return SeenPortrait(PortraitState.UNREADABLE, None), None
    embedding = None if bench.eyes is None else bench.eyes.portrait(pixels)
    state = PortraitState.FACELESS if embedding is None else STATES[given.source]
    return SeenPortrait(state, embedding), portrait.shown(given.data, pixels)


def compare(capture: Capture, live: Sequence[Embedding], kept: Embedding | None) -> None:
    """Write what these straight looks of one run say into the visit: among themselves, and beside the portrait.

    `kept`: of the picture that the officer will see, which must be of the same person.
    """
    visit = capture.visit
    seen, middle = visit.portrait, face_comparison.median(live)
    metric, version = capture.eyes.comparison
    comparable = seen is not None and seen.embedding is not None and middle is not None
    visit.comparison = ComparisonEvidence(
        metric=metric,
        version=version,
        frames=len(live),
        burst_distance=face_comparison.farthest([*live, *([kept] if kept and live else [])], middle),
        turn_distance=None,
        portrait=PortraitState.NONE if seen is None else seen.state,
        portrait_distance=face_comparison.distance(middle, seen.embedding) if seen and comparable else None,
    )
    if visit.straight is not None:  # whoever turns later is held against the whole burst
        visit.straight = replace(visit.straight, identity=middle)


def follow(capture: Capture, turn_distance: float | None) -> None:
    """Add how far the straight looks of the challenge were from the burst."""
    if capture.visit.comparison is not None:
        capture.visit.comparison = replace(capture.visit.comparison, turn_distance=turn_distance)
