"""What the training loops of the page reader's two nets share: the step down, and a checkpoint to go on from."""

from __future__ import annotations

from pathlib import Path

import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor, nn  # type: ignore[import-not-found, unused-ignore]

RATE, DECAY, CLIP = 2e-3, 1e-4, 5.0


def optimiser_of(net: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)


def descend(loss: Tensor, net: nn.Module, optimiser: torch.optim.Optimizer) -> float:
    """One step down; the loss before it."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), CLIP)
    optimiser.step()
    return float(loss.detach())


def save(path: Path, iteration: int, net: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Whole or not at all: an interruption leaves the checkpoint before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    torch.save({"iteration": iteration, "net": net.state_dict(), "optimiser": optimiser.state_dict()}, unfinished)
    unfinished.replace(path)


def resume(path: Path, net: nn.Module, optimiser: torch.optim.Optimizer) -> int:
    """The iterations that are done; 0 without a checkpoint."""
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state["net"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["iteration"])
