"""The lane: whether its controller answers, its latch; lamp, button and headset; the gate; and the tamper switch."""

from __future__ import annotations

from drivers.api import Happening, Lamp, Lane, LaneOrder
from drivers.catalogue import LANE
from drivers.deadline import Deadline
from drivers.errors import DeviceTimeout
from hw_tests.devices import ANSWER_S, opened
from hw_tests.record import IS_YES, Expected, Limits
from hw_tests.runner import Log, Phase, Skip

OPEN_S = 3.0
CABLE = "see the cable between kiosk and lane"
BOARD = "see the plug of it on the lane's board"
ANSWERS = (
    Expected("answers", "", IS_YES, "the lane's controller answers", CABLE),
    Expected(
        "gate",
        "",
        Limits(one_of=("closed",)),
        "the gate, by the controller's own word",
        "switch the lane off and on; look at the gate",
    ),
    Expected(
        "latch",
        "",
        Limits(one_of=("clear",)),
        "whether the housing was opened since somebody looked",
        "look into the housing; an officer clears the latch",
    ),
)
HANDS = (
    Expected("red", "", IS_YES, "the red lamp, as a person sees it", BOARD),
    Expected("green", "", IS_YES, "the green lamp, as a person sees it", BOARD),
    Expected("button", "", IS_YES, "a press of the button arrived", BOARD),
    Expected("headset", "", IS_YES, "a headset that was plugged in was noticed", BOARD),
)
GATE = (
    Expected("free", "", IS_YES, "nobody stands in the gate, as a person sees it", "clear the gate and repeat"),
    Expected("opened", "", IS_YES, "the controller says that it opened the gate", BOARD),
    Expected("closed", "", IS_YES, "the controller says that it closed it by itself", BOARD),
    Expected(
        "moved", "", IS_YES, "it opened and closed wholly, as a person sees it", "see the gate's own supply and its arm"
    ),
)
TAMPER = (
    Expected("noticed", "", IS_YES, "an opened housing was noticed", BOARD),
    Expected(
        "cleared",
        "",
        IS_YES,
        "the latch was cleared with this kiosk's key",
        "this controller belongs to another kiosk: ask headquarters",
    ),
)


def answers(log: Log) -> None:
    with opened(log, "lane", LANE) as lane:
        state = lane.obey(LaneOrder(Lamp.STOP), log.left.within(ANSWER_S))
    log.measure("answers", True)
    log.measure("gate", "open" if state.gate_is_open else "closed")
    log.measure("latch", "clear" if state.tampered_at_monotonic_s is None else "set")


def hands(log: Log) -> None:
    with opened(log, "lane", LANE) as lane:
        lane.obey(LaneOrder(Lamp.STOP), log.left.within(ANSWER_S))
        log.ask("red", "lane_red")
        lane.obey(LaneOrder(Lamp.GO), log.left.within(ANSWER_S))
        log.ask("green", "lane_green")
        lane.obey(LaneOrder(Lamp.STOP), log.left.within(ANSWER_S))
        log.measure("button", happens(lane, Happening.BUTTON, log.tell("lane_press")))
        log.measure("headset", happens(lane, Happening.HEADSET_IN, log.tell("lane_headset")))


def gate(log: Log) -> None:
    if log.ask("free", "gate_free").said != "yes":
        for each in GATE[1:]:
            log.absent(each.name, "the gate was not moved")
        return
    with opened(log, "lane", LANE) as lane:
        lane.obey(LaneOrder(Lamp.GO, OPEN_S), log.left.within(ANSWER_S))
        seen = happenings(lane, Happening.GATE_CLOSED, log.left.within(OPEN_S + ANSWER_S))
    log.measure("opened", Happening.GATE_OPENED in seen)
    log.measure("closed", Happening.GATE_CLOSED in seen)
    log.ask("moved", "gate_moved")


def tamper(log: Log) -> None:
    if (sign := log.station.sign) is None:
        raise Skip("no key to clear the latch with is given")
    with opened(log, "lane", LANE) as lane:
        log.measure("noticed", happens(lane, Happening.TAMPER, log.tell("lane_open_housing")))
        log.answered("lane_close_housing")
        lane.clear_tamper(sign, log.left.within(ANSWER_S))
        state = lane.obey(LaneOrder(Lamp.STOP), log.left.within(ANSWER_S))
        log.measure("cleared", state.tampered_at_monotonic_s is None)


def happens(lane: Lane, happening: Happening, deadline: Deadline) -> bool:
    """Whether it does until the deadline; other events are passed over."""
    return happening in happenings(lane, happening, deadline)


def happenings(lane: Lane, last: Happening, deadline: Deadline) -> list[Happening]:
    """What happens up to the last one, or until the deadline."""
    seen: list[Happening] = []
    while last not in seen:
        try:
            seen.append(lane.next_event(deadline).happening)
        except DeviceTimeout:
            break
    return seen


PHASES = (
    Phase("lane", ANSWERS, answers, is_quick=True),
    Phase("lane_hands", HANDS, hands),
    Phase("lane_gate", GATE, gate, flag="moves-gate"),
    Phase("lane_tamper", TAMPER, tamper),
)
