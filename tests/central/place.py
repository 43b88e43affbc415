"""A centre's store filled as the collector fills it, with the console's pages served over it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import httpx
import numpy as np

from border.messages import topics
from border.messages.envelope import Outbound, Packed, open_part, sign_state
from central import arrivals, ca, consumers, keeping
from central.console.app import Console
from central.consumers import consumer
from central.fleet import KioskView, fleet
from central.keys import CentreKeys, load_centre
from central.line import Delivery
from central.store import open_store
from central.store.api import Store
from tests.central.author import Author
from tests.central.serving import serving

NOW_MS = 1_790_000_100_000


def jpeg(shade: int = 120) -> bytes:
    """A drawing that is plainly nobody: an oval on a plain ground."""
    image = np.full((320, 240, 3), 230, np.uint8)
    cv2.ellipse(image, (120, 150), (70, 95), 0, 0, 360, (shade, 140, 160), -1)
    cv2.putText(image, "SYNTHETIC", (40, 300), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (60, 60, 60), 2)
    encoded: bytes = cv2.imencode(".jpg", image)[1].tobytes()
    return encoded


@dataclass
class Place:
    """A centre's store that was filled as the collector fills it, and the pages over it."""

    folder: Path
    keys: CentreKeys
    store: Store
    web: httpx.Client

    def author(self, kiosk: str = "quay-1") -> Author:
        return Author(self.folder / "kiosks" / kiosk, kiosk)

    def take(self, *messages: Outbound) -> None:
        seal = self.keys.seal
        with self.store.snapshot() as t:
            register = self.keys.register.with_store(t)
        deliveries = [Delivery(m.topic, m.payload, False, NOW_MS, 1, 1) for m in messages]
        judged = [arrivals.judge(delivery, register, seal) for delivery in deliveries]
        with self.store.transaction() as t:
            keeping.keep(
                t,
                judged,
                lambda part, data: open_part(part.ref, data, seal, kiosk=part.kiosk, encounter=part.record),
                NOW_MS,
            )
        consumer.run(self.store, consumers.ALL, NOW_MS)

    def keep(self, *records: Packed) -> None:
        self.take(*(message for packed in records for message in (packed.header, *packed.parts)))

    def report(self, author: Author, **changes: object) -> None:
        self.take(Outbound(topics.state(author.kiosk), sign_state(author.state(**changes), author.signer), 4))

    def page(self, path: str) -> str:
        answer = self.web.get(path)
        assert answer.status_code == 200, answer.text
        return re.sub(r"\s+", " ", answer.text)

    def fleet(self) -> dict[str, KioskView]:
        with self.store.snapshot() as t:
            return {view.kiosk: view for view in fleet(t, self.keys.register.with_store(t), NOW_MS)}


@contextmanager
def filled_place(folder: Path) -> Iterator[Place]:
    ca.init(folder, ["quay-1", "quay-2"], datetime.now(UTC))
    keys, database = load_centre(folder / "centre"), f"sqlite:{folder / 'centre.db'}"
    store = open_store(database)
    consumer.make_tables(store, consumers.ALL)
    console = Console(keys, database, lambda: NOW_MS)
    with serving(console) as base, httpx.Client(base_url=base, timeout=20) as web:
        yield Place(folder, keys, store, web)
    store.close()
