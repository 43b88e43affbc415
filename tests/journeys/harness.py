"""The whole appliance in a test's hands: a practice port with its broker, its centre and its kiosks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from practice.papers import Papers
from practice.port import Port, Settings
from practice.processes import Process, answers
from practice.quay import Quay
from tests.journeys.rows import Step, steps_in
from tests.journeys.stand import PATIENCE_S, Stand

T = TypeVar("T")


class Harbour:
    """A practice port with its broker and centre; kiosks are opened as they are needed."""

    def __init__(self, folder: Path, kiosks: tuple[str, ...]) -> None:
        self.port = Port(folder, kiosks)
        self.folder = self.port.folder
        self.stands: list[Stand] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="harbour", daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it on the harbour's own loop, where the uplinks live, and wait."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S * 2)

    def open(self) -> None:
        self.do(self.port.start_centre_side())

    def open_kiosk(
        self, name: str, *, scale: float = 1.0, settings: Settings | None = None, papers: Papers | None = None
    ) -> Stand:
        """`papers`: it has a reader for chips, and they sign them. Raises `Missing` where there can be no reader."""
        quay = Quay(self.folder / f"quay-{name}", papers=papers)
        quay.belong_to(self.port.ca / "kiosks" / name / "device.crt")
        try:
            place = self.do(
                self.port.add_kiosk(name, quay.hardware(), scale=scale, settings=settings, environment=quay.environment)
            )
        except BaseException:
            quay.close()
            raise
        stand = Stand(place, quay, keys=self.port.ca / "kiosks" / name, on_loop=self.do)
        self.stands.append(stand)
        return stand

    @property
    def broker(self) -> Process:
        assert self.port.broker is not None
        return self.port.broker

    @property
    def centre(self) -> Process:
        assert self.port.centre is not None
        return self.port.centre

    @property
    def store(self) -> Path:
        return self.folder / "centre" / "centre.sqlite"

    def restart_broker(self) -> None:
        self.broker.start()
        self.broker.wait_until(lambda: answers(self.port.broker_port), PATIENCE_S)

    def restart_centre(self) -> None:
        self.centre.start()
        self.centre.wait_until(lambda: answers(self.port.console_port), PATIENCE_S)

    def steps(self) -> Iterator[Step]:
        """What all kiosks have walked."""
        for log in self.folder.glob("*/kiosk.log"):
            yield from steps_in(log)

    def close(self) -> None:
        for stand in self.stands:
            stand.close()
        self.do(self.port.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._loop.close()
