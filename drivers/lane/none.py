"""The lane of a kiosk that stands at no gate and has no lamp."""

from __future__ import annotations

from drivers.api import LaneEvent, LaneOrder, LaneState, Sign
from drivers.deadline import Deadline
from drivers.errors import DeviceTimeout


class NoLane:
    """`Lane` of which nothing is fitted: every order is obeyed by doing nothing, and nothing ever happens."""

    is_fitted = False

    def __init__(self, device: str) -> None:
        self.device = device

    def obey(self, order: LaneOrder, deadline: Deadline) -> LaneState:
        deadline.check(self.device)
        return LaneState(order.lamp, gate_is_open=False, headset_is_in=False, tampered_at_monotonic_s=None)

    def next_event(self, deadline: Deadline) -> LaneEvent:
        deadline.pause(self.device, deadline.remaining_s)
        raise DeviceTimeout(self.device, "nothing is fitted that could happen")

    def clear_tamper(self, sign: Sign, deadline: Deadline) -> None: ...

    def close(self) -> None: ...
