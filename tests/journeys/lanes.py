"""A port whose lanes are commissioned and not made: broker, centre, enrolment office, and boards with kiosks."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from practice.port import KioskPlace, module
from practice.processes import Process, free_port
from practice.quay import Quay
from practice.uplink import Uplink
from provisioning.bench import SOCKET
from provisioning.steps.configuration import SIGNER
from tests.journeys.harness import Harbour
from tests.journeys.stand import PATIENCE_S, Stand
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import Board

CONFIGURATION = """\
practice = true

[kiosk]
id = "${{kiosk}}"
port = "${{port}}"
lane = "1"
folder = "/var/lib/landfall"

[centre]
brokers = ["localhost:{broker}"]
keys = "keys"

[pages]
traveller = "127.0.0.1:8101"
officer = "127.0.0.1:8102"
"""


class Island:
    """A harbour without kiosks, and the office that makes them."""

    def __init__(self, folder: Path, *, online: bool = False) -> None:
        self.harbour = Harbour(folder, ())
        self.harbour.open()
        pid = folder / "broker.pid"
        pid.write_text(str(self.harbour.broker.pid))
        self.office = Headquarters(self.harbour.port.ca, online=online, database=self.harbour.store, broker_pid=pid)
        self.office.configure(CONFIGURATION.format(broker=self.harbour.port.broker_port))

    def close(self) -> None:
        self.office.process.stop()
        self.harbour.close()

    @contextmanager
    def kiosk(self, board: Board, quay: Quay) -> Iterator[Stand]:
        """The kiosk on a commissioned board, with whoever holds its key. Its ports are those of `devices`."""
        holder = Process(
            "holder", module("provisioning.signer", "--config", str(board.config)), board.folder / "holder.log"
        )
        if (board.state / "keys" / SIGNER).exists():
            holder.start()
            holder.wait_until((board.state / SOCKET).is_socket, PATIENCE_S)
        traveller, officer = ports(board)
        kiosk = Process(
            "kiosk", module("appliance", "--config", str(board.state / "kiosk.toml")), board.folder / "kiosk.log"
        )
        place = KioskPlace("quay-1", board.state, traveller, officer, Uplink(self.harbour.port.broker_port), kiosk)
        stand = Stand(place, quay, keys=board.state / "keys", on_loop=self.harbour.do)
        try:
            kiosk.start()
            stand.wait_until_open()
            yield stand
        finally:
            kiosk.stop()
            holder.stop()


def devices(quay: Quay) -> str:
    """What this hardware decides: the quay's simulated devices, and pages on free ports."""
    hardware: Mapping[str, str] = asdict(quay.hardware())
    lines = "\n".join(f'{name} = "{value}"' for name, value in hardware.items())
    pages = f'traveller = "127.0.0.1:{free_port()}"\nofficer = "127.0.0.1:{free_port()}"'
    return f"[devices]\n{lines}\n[pages]\n{pages}\n[times]\nstate_report_s = 2.0\n".replace("{", "{{").replace(
        "}", "}}"
    )


def ports(board: Board) -> tuple[int, int]:
    """Of the traveller's and the officer's page."""
    pages = tomllib.loads((board.folder / "devices.toml").read_text())["pages"]
    traveller, officer = (int(pages[name].rpartition(":")[2]) for name in ("traveller", "officer"))
    return traveller, officer
