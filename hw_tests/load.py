"""All cores busy for a while, so that a supply and a cooler have something to do."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator

from drivers.deadline import Deadline

BLOCK = bytes(1 << 20)
SAMPLE_S = 0.25


def samples(seconds: float, left: Deadline, look: Callable[[], float | None]) -> Iterator[float | None]:
    """What `look` saw, before, during and at the end of the load. `Cancelled` when the person leaves."""
    enough = threading.Event()
    workers = [threading.Thread(target=_burn, args=(enough,), daemon=True) for _ in range(os.cpu_count() or 1)]
    deadline = left.within(seconds)
    try:
        yield look()
        for worker in workers:
            worker.start()
        while deadline.remaining_s > 0:
            left.pause("person", min(SAMPLE_S, deadline.remaining_s))
            yield look()
    finally:
        enough.set()
        for worker in workers:
            if worker.ident is not None:
                worker.join()


def _burn(enough: threading.Event) -> None:
    while not enough.is_set():
        hashlib.sha256(BLOCK).digest()  # lets go of the interpreter's lock: each thread gets a core
