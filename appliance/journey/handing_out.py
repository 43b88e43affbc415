"""The slip on paper: printed at once or offered, by policy; a printer that fails stops nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from appliance.journey.capture import Bench
from appliance.journey.view import Receipt, SlipState
from border.encounter import Outcome
from border.rules.policy import SlipRules
from drivers.api import Slip
from drivers.errors import DeviceError

PRINT_S = 20.0
"""A slip takes two seconds; a printer at 9600 baud that is busy, five."""

Write = Callable[[Receipt, str, str], Slip]
"""The slip of a receipt, its encounter and a language."""


class Slips:
    """Prints one after the other. A slip that has begun is printed to its end, also when its traveller has gone on."""

    def __init__(self, write: Write) -> None:
        self.is_wanted = asyncio.Event()  # the traveller has touched "print"
        self._write = write
        self._under_way: set[asyncio.Task[bool]] = set()

    async def hand_out(self, receipt: Receipt, encounter: str, rules: SlipRules, bench: Bench) -> None:
        """Returns when nothing is left to print."""
        is_cleared = receipt.outcome is Outcome.CLEARED
        if not bench.devices.has_printer or not (rules.offer_cleared if is_cleared else rules.print_referred):
            return
        if is_cleared:
            self.is_wanted.clear()
            bench.screen.show(slip=SlipState.OFFERED)
            await self.is_wanted.wait()
        bench.screen.show(slip=SlipState.PRINTING)
        slip = self._write(receipt, encounter, bench.screen.view.language)
        printing = asyncio.ensure_future(self._print(slip, bench))
        self._under_way.add(printing)
        printing.add_done_callback(self._under_way.discard)
        is_printed = await asyncio.shield(printing)
        bench.screen.show(slip=SlipState.PRINTED if is_printed else SlipState.MISSING)

    @staticmethod
    async def _print(slip: Slip, bench: Bench) -> bool:
        try:
            await bench.devices.print_slip(slip, PRINT_S)
        except DeviceError:
            return False  # the health says it
        return True
