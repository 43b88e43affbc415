"""Three kiosks, a broker, the centre and its PostgreSQL as processes of ours, and what strikes them."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from practice.port import module
from practice.processes import Process, answers, free_port
from tests.central.broker import Broker, running_broker
from tests.central.postgres_server import PostgresServer, postgres_server
from tests.chaos.faults import Fault, Kind

KIOSKS = ("quay-1", "quay-2", "quay-3")
PER_S = 4.0
START_S = 60.0
CALM_S = 0.5


@dataclass
class Port:
    """All of them. `struck` counts the faults by kind."""

    folder: Path
    broker: Broker
    server: PostgresServer
    database: str
    centre: Process
    console: int
    until: float = 0.0  # wall time at which the kiosks end generating
    kiosks: list[Process] = field(default_factory=list)
    struck: Counter[Kind] = field(default_factory=Counter)

    def open_kiosks(self, generate_s: float, *, forgets: bool) -> None:
        self.until = time.time() + generate_s
        self.kiosks = [
            Process(name, self._kiosk_command(name, forgets=forgets), self.folder / f"{name}.log") for name in KIOSKS
        ]
        for kiosk in self.kiosks:
            kiosk.start()
        for kiosk in self.kiosks:
            kiosk.wait_until(self.journal(kiosk.name).exists, START_S)

    def _kiosk_command(self, name: str, *, forgets: bool) -> list[str]:
        return module(
            "tests.chaos.kiosk",
            *("--keys", str(self.broker.kiosk_folder(name)), "--folder", str(self.folder / name)),
            *("--broker", f"localhost:{self.broker.port}", "--per-s", str(PER_S), "--until", str(self.until)),
            *(["--forget-on-puback"] if forgets else []),
        )

    def journal(self, name: str) -> Path:
        return self.folder / name / "journal.sqlite"

    # -- what breaks

    def suffer(self, faults: Iterable[Fault]) -> None:
        """One after the other, until the kiosks have ended generating."""
        for fault in faults:
            time.sleep(fault.calm_s)
            if time.time() + fault.down_s > self.until:
                return
            self.struck[fault.kind] += 1
            self._strike(fault)
            time.sleep(fault.down_s)
            self._raise_the_dead(fault)

    def _strike(self, fault: Fault) -> None:
        match fault.kind:
            case Kind.BROKER:
                self.broker.kill()
            case Kind.CENTRE:
                self.centre.kill()
            case Kind.DATABASE:
                self.server.stop("immediate")
            case Kind.KIOSK:
                self.kiosks[fault.kiosk].kill()
            case Kind.SERVER_ROOM:
                self.centre.kill()
                time.sleep(fault.gap_s)
                self.broker.kill()

    def _raise_the_dead(self, fault: Fault) -> None:
        if fault.kind is Kind.DATABASE:
            self.server.start()
        if fault.kind in (Kind.BROKER, Kind.SERVER_ROOM):
            self.broker.restart()
        for process in (self.centre, *self.kiosks):
            process.start()  # does nothing to one that runs

    # -- afterwards

    def waiting(self) -> dict[str, int]:
        """Rows in each outbox now, read by a bystander."""
        return {name: _rows(self.journal(name), "SELECT count(*) FROM outbox") for name in KIOSKS}

    def drain(self, limit_s: float) -> float:
        """Until the kiosks have stopped generating and every outbox is empty, or the limit. Seconds it took."""
        time.sleep(max(0.0, self.until - time.time()) + CALM_S)
        began = time.monotonic()
        while any(self.waiting().values()) and time.monotonic() - began < limit_s:
            time.sleep(0.2)
        return time.monotonic() - began

    def end(self) -> None:
        """As a technician would: kiosks first."""
        for process in (*self.kiosks, self.centre):
            process.stop()

    def logs(self) -> str:
        return "\n".join(f"--- {p.name}\n{p.log_end()}" for p in (*self.kiosks, self.centre))


def _rows(path: Path, query: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=10.0)) as reader:
        return int(reader.execute(query).fetchone()[0])


def _centre_command(broker: Broker, database: str, console: int) -> list[str]:
    return module(
        "central",
        *("--folder", str(broker.centre_folder), "--database", database),
        *("--broker", f"localhost:{broker.port}", "--console-port", str(console)),
    )


@contextmanager
def running_port(folder: Path) -> Iterator[Port]:
    """Broker, database and centre started; everything ended when left, however it is left."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server())
        broker = stack.enter_context(running_broker(folder, KIOSKS))
        database, console = server.new_database(), free_port()
        centre = Process("centre", _centre_command(broker, database, console), folder / "centre.log")
        port = Port(folder, broker, server, database, centre, console)
        stack.callback(port.end)
        centre.start()
        centre.wait_until(lambda: answers(console), START_S)
        yield port
