"""The training loops, of the teacher's small nets and of the finger net; the same batches on every machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor, nn  # type: ignore[import-not-found, unused-ignore]

from training.finger.dataset import Lesson, Values
from training.finger.net import FingerNet

Report = Callable[[str, int, float], None]

BATCH, RATE = 128, 2e-3
DECAY, FIRM_DECAY = 1e-3, 0.3  # firm for faults: what drawn prints teach of them must not be taken too literally
NUDGE = 0.1  # standard deviations of noise on the inputs, so that no single measure decides
SMALL_EPOCHS = 30
SCALE = 25.0  # of scores, so that a net's answers are near one


def small_nets(inputs: Values, wanted: Values, units: int, nets: int, seed: int) -> tuple[Values, ...]:
    """Hidden weights (nets x inputs x units) and biases, output weights and biases; inputs are standardised."""
    out: list[list[Values]] = [[], [], [], []]
    for number in range(nets):
        torch.manual_seed(seed * 100 + number)
        layers = nn.Sequential(nn.Linear(inputs.shape[1], units), nn.Tanh(), nn.Linear(units, 1))
        _fit(layers.parameters(), _scoring(layers), _tensor(inputs), _tensor((wanted - 50) / SCALE), SMALL_EPOCHS)
        first, last = layers[0], layers[2]
        found = first.weight.T, first.bias, last.weight[0] * SCALE, last.bias[0] * SCALE + 50
        for kept, value in zip(out, found, strict=True):
            kept.append(value.detach().double().numpy())
    return tuple(np.array(kept) for kept in out)


def train(lesson: Lesson, mean: Values, spread: Values, epochs: int, report: Report) -> FingerNet:
    """The finger net. `mean`, `spread`: of real prints' measures."""
    torch.manual_seed(1)
    usual, usual_spread = lesson.inputs.mean(axis=0), lesson.inputs.std(axis=0) + 1e-3
    net = FingerNet(*(_tensor(value) for value in (mean, spread, usual, usual_spread)))
    nudge = _tensor(NUDGE * spread), _tensor(NUDGE * usual_spread)
    rows = _tensor(lesson.measures), _tensor((lesson.wanted - 50) / SCALE)
    scored = _scoring(lambda measures: (net.score(measures) - 50) / SCALE)
    _fit(net.quality.parameters(), scored, *rows, epochs, nudge[0], lambda at, loss: report("quality", at, loss))
    cases = _tensor(lesson.inputs), torch.from_numpy(lesson.faults)
    _fit(
        net.fault.parameters(), _naming(net), *cases, epochs, nudge[1], lambda at, loss: report("fault", at, loss),
        FIRM_DECAY,
    )  # fmt: skip
    net.eval()
    return net


Loss = Callable[[Tensor, Tensor], Tensor]


def _scoring(net: Callable[[Tensor], Tensor]) -> Loss:
    return lambda rows, wanted: nn.functional.smooth_l1_loss(net(rows)[:, 0], wanted)


def _naming(net: FingerNet) -> Loss:
    return lambda rows, wanted: nn.functional.cross_entropy(net.faults(rows), wanted, label_smoothing=0.1)


def _fit(
    weights: object,
    loss_of: Loss,
    rows: Tensor,
    wanted: Tensor,
    epochs: int,
    nudge: Tensor | float = NUDGE,
    report: Callable[[int, float], None] = lambda _epoch, _loss: None,
    decay: float = DECAY,
) -> None:
    chance = torch.Generator().manual_seed(1)
    optimiser = torch.optim.AdamW(weights, lr=RATE, weight_decay=decay)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=epochs * -(-len(rows) // BATCH))
    for epoch in range(epochs):
        losses = []
        for some in torch.randperm(len(rows), generator=chance).split(BATCH):
            noise = torch.randn(len(some), rows.shape[1], generator=chance) * nudge
            loss = loss_of(rows[some] + noise, wanted[some])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            rate.step()
            losses.append(float(loss.detach()))
        report(epoch, float(np.mean(losses)))


def _tensor(values: Values) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
