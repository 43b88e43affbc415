"""The training loop of the locator: scenes drawn as they are needed, the same ones on every machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor, nn  # type: ignore[import-not-found, unused-ignore]

from appliance.vision.mrz_finder import scaled
from training.locator.net import LocatorNet
from training.locator.plan import Plan
from training.locator.scenes import Scene, Stock, random_scene
from training.loop import RATE, descend, optimiser_of, resume, save

BATCH = 16
SAVE_EVERY = 50
RARE = 3.0  # cells with print of a zone are few: each weighs so much


def train(stock: Stock, plan: Plan, checkpoint: Path, report: Callable[[int, float], None]) -> LocatorNet:
    """Train from nothing, or go on from `checkpoint` when it is there."""
    torch.manual_seed(plan.seed)
    net: LocatorNet = LocatorNet().to(memory_format=torch.channels_last)
    optimiser = optimiser_of(net)
    began, losses = resume(checkpoint, net, optimiser), list[float]()
    net.train()
    for iteration in range(began, plan.iterations):
        rng = np.random.default_rng((plan.seed, iteration))
        optimiser.param_groups[0]["lr"] = RATE * plan.rate(iteration)
        losses.append(_step(net, optimiser, [random_scene(rng, stock) for _ in range(BATCH)]))
        done = iteration + 1
        if done % 20 == 0:
            report(done, float(np.mean(losses)))
            losses.clear()
        if done % SAVE_EVERY == 0 or done == plan.iterations:
            save(checkpoint, done, net, optimiser)
    net.eval()
    return net


def _step(net: LocatorNet, optimiser: torch.optim.Optimizer, scenes: list[Scene]) -> float:
    seen = torch.from_numpy(np.stack([scaled(scene.seen) for scene in scenes])[:, None])
    held = torch.from_numpy(np.stack([scene.held for scene in scenes]).astype(np.float32))
    ways = torch.tensor([scene.direction for scene in scenes], dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        cells = net(seen.contiguous(memory_format=torch.channels_last))
    loss = _loss(cells.float(), held, ways)
    return descend(loss, net, optimiser)


def _loss(cells: Tensor, held: Tensor, ways: Tensor) -> Tensor:
    """Cross entropy and overlap of the cells; the way of reading counts in cells that hold print, scenes alike."""
    logits, said = cells[:, 0], cells[:, 1:]
    weight = torch.tensor(RARE)
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, held, pos_weight=weight)
    share = torch.sigmoid(logits)
    both, sums = (share * held).sum((1, 2)), (share + held).sum((1, 2))
    overlap = (1 - (2 * both + 1) / (sums + 1)).mean()
    gap = (said - ways[:, :, None, None]).abs().sum(1)
    way = (gap * held).sum((1, 2)) / (held.sum((1, 2)) + 1)
    loss: Tensor = entropy + 0.3 * overlap + 0.3 * way.mean()
    return loss
