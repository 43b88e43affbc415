"""The training loop: places first, then CTC; the same batches in the same order on every machine.

The generator knows where every character stands, and a net that is told so learns in a third of the batches that
CTC needs to find it out. CTC ends the training, because nobody will tell the kiosk where the characters stand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from numpy.typing import NDArray
from torch import Tensor, nn  # type: ignore[import-not-found, unused-ignore]

from appliance.vision.mrz_strip import BLANK, normalised
from training.loop import RATE, descend, optimiser_of, resume, save
from training.mrz.net import LineNet
from training.mrz.plan import Plan
from training.mrz.shards import SHARD_LINES, STEPS, Lines, read_shard

Floats = NDArray[np.float32]
Bytes = NDArray[np.int8]

BATCH = 64
PLACES_SHARE = 0.2  # of the places' loss beside CTC: the reader trusts that characters are seen where they stand
SAVE_EVERY = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the training is; `loss` is the mean since the last report."""

    iteration: int
    loss: float
    seconds: float


def train(shards: Path, plan: Plan, checkpoint: Path, report: Callable[[Progress], None]) -> LineNet:
    """Train from nothing, or go on from `checkpoint` when it is there. Deterministic but for thread sums."""
    torch.manual_seed(plan.seed)
    net: LineNet = LineNet().to(memory_format=torch.channels_last)
    optimiser = optimiser_of(net)
    began = resume(checkpoint, net, optimiser)
    losses, since_s = [], time.monotonic()
    for iteration, batch in enumerate(batches(shards, plan, began), start=began + 1):
        optimiser.param_groups[0]["lr"] = RATE * plan.rate(iteration - 1)
        losses.append(_step(net, optimiser, batch, is_placed=iteration <= plan.placed))
        if iteration % 20 == 0:
            report(Progress(iteration, float(np.mean(losses)), time.monotonic() - since_s))
            losses, since_s = [], time.monotonic()
        if iteration % SAVE_EVERY == 0 or iteration == plan.iterations:
            save(checkpoint, iteration, net, optimiser)
    net.eval()
    return net


def _step(net: LineNet, optimiser: torch.optim.Optimizer, batch: Batch, *, is_placed: bool) -> float:
    net.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = net(batch.strips.contiguous(memory_format=torch.channels_last))[:, :, 0, :]
    logits = logits.float()
    loss = nn.functional.cross_entropy(logits, batch.places)
    if not is_placed:
        scores = logits.permute(2, 0, 1).log_softmax(2)
        steps = torch.full((len(batch.lengths),), STEPS, dtype=torch.long)
        ctc = nn.functional.ctc_loss(scores, batch.targets, steps, batch.lengths, blank=BLANK, zero_infinity=True)
        loss = ctc + PLACES_SHARE * loss
    return descend(loss, net, optimiser)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """`targets` joins the lines' classes, `lengths` tells them apart; `places` is n x STEPS."""

    strips: Tensor
    places: Tensor
    targets: Tensor
    lengths: Tensor


def batches(shards: Path, plan: Plan, began: int) -> Iterator[Batch]:
    """Batches `began` to the end. The pool grows with the iterations, so that training need not wait for all."""
    held: list[Lines] = []
    for iteration in range(began, plan.iterations):
        wanted = plan.pool(iteration)
        while len(held) < wanted:
            held.append(read_shard(shards, len(held)))
        rng = np.random.default_rng((plan.seed, iteration))
        picks = [divmod(int(pick), SHARD_LINES) for pick in rng.integers(wanted * SHARD_LINES, size=BATCH)]
        yield _batch(
            _disturbed(rng, normalised(np.stack([held[shard].strips[at] for shard, at in picks]))),
            np.stack([held[shard].classes[at] for shard, at in picks]),
            np.stack([held[shard].places[at] for shard, at in picks]),
        )


def _disturbed(rng: np.random.Generator, values: Floats) -> Floats:
    noisy = rng.random(len(values)) < 0.3
    values[noisy] += rng.normal(0, 0.15, values[noisy].shape).astype(np.float32)
    for at in np.flatnonzero(rng.random(len(values)) < 0.2):
        width = int(rng.integers(2, 9))
        left = int(rng.integers(values.shape[2] - width))
        values[at, :, left : left + width] = rng.uniform(-1, 1)
    return values


def _batch(values: Floats, classes: Bytes, places: Bytes) -> Batch:
    return Batch(
        strips=torch.from_numpy(values[:, None]),
        places=torch.from_numpy(places.astype(np.int64)),
        targets=torch.from_numpy(classes[classes >= 0].astype(np.int64)),
        lengths=torch.from_numpy((classes >= 0).sum(axis=1).astype(np.int64)),
    )
