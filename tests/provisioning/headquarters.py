"""The real office of headquarters in a test's hands: its commands, its folder, and its server where it is wanted."""

from __future__ import annotations

import contextlib
import io
import os
from datetime import UTC, datetime
from pathlib import Path

from border.messages.sealing import RecipientPublic
from central import ca
from central.enrolment.__main__ import main
from practice.port import module, run_module
from practice.processes import Process, answers, free_port

PASSPHRASE = "a passphrase of a test"
PEOPLE = ("anna", "ben")
CUSTODIANS = ("carla", "dan", "eve")
PORT = "bequia"
CONFIGURATION = """\
[kiosk]
id = "${kiosk}"
port = "${port}"
lane = "1"
folder = "/var/lib/landfall"

[centre]
brokers = ["localhost:8883"]
keys = "keys"

[pages]
traveller = "127.0.0.1:8101"
officer = "127.0.0.1:8102"
"""


class Headquarters:
    """Made with two people, one port, and, where there is a server, its address in every voucher."""

    def __init__(
        self, folder: Path, *, online: bool = False, database: Path | None = None, broker_pid: Path | None = None
    ) -> None:
        os.environ["LANDFALL_PASSPHRASE"] = PASSPHRASE
        self.folder, self._count = folder, 0
        self._told = ("--broker-pid", str(broker_pid)) if broker_pid else ()
        self._database = f"sqlite:{database or folder / 'office.sqlite'}"
        self.port = free_port() if online else 0
        ca.init(folder, (), datetime.now(UTC))
        url = ("--url", f"https://localhost:{self.port}") if online else ()
        self._do("init", "--host", "localhost", *url, stored=False)
        for name in PEOPLE:
            self._do("person", name, stored=False)
        self.configure(CONFIGURATION)
        run_module("central.lists", "write", str(folder / "centre"), str(folder / "enrolment" / "lists"))
        self.process = Process("office", self.serving(), folder / "office.log")

    @property
    def people(self) -> Path:
        return self.folder / "enrolment" / "people"

    def serving(self, *more: str) -> list[str]:
        listen = ("--listen", f"127.0.0.1:{self.port}")
        return module(
            "central.enrolment", "serve", str(self.folder), "--database", self._database, *self._told, *listen, *more
        )

    def open(self) -> None:
        self.process.start()
        self.process.wait_until(lambda: answers(self.port), 60.0)

    def configure(self, text: str) -> None:
        path = self.folder / "port.toml"
        path.write_text(text)
        self._do("port", PORT, "--configuration", str(path))

    def trusts(self, maker: bytes) -> None:
        """Certificates, PEM, of a maker of TPMs."""
        (self.folder / "enrolment" / "tpm-makers" / f"maker-{len(maker)}.pem").write_bytes(maker)

    def voucher(self, out: Path, *options: str, lanes: tuple[str, ...] = ("quay-1",), level: str = "software") -> Path:
        """Signed by both people, into this folder."""
        self._count += 1
        path = out / f"voucher-{self._count}.cbor"
        wanted = [part for lane in lanes for part in ("--lane", lane)]
        serial = self._said("voucher", "--port", PORT, *wanted, "--least-level", level, *options).strip()
        for name in PEOPLE:
            self._do("sign", serial, "--as", name, "--out", str(path))
        return path

    def answer(self, stick: Path) -> list[Path]:
        """What lies on the stick for headquarters is answered, each file once; the answers."""
        found = [path for kind in ("request", "proof", "sheet") for path in sorted(stick.glob(f"{kind}-*.cose"))]
        for path in found:
            answer = path.with_name(f"answer-to-{path.name}")
            self._do("answer", "--request", str(path), "--answer", str(answer))
            path.rename(path.with_name(f"{path.name}.done"))
        return found

    def appoint(self) -> tuple[RecipientPublic, ...]:
        """Custodians; what their .pub files hold goes into images."""
        for name in CUSTODIANS:
            self._do("custodian", name, stored=False)
        folder = self.folder / "enrolment" / "custodians"
        return tuple(RecipientPublic.load(path.read_bytes()) for path in sorted(folder.glob("*.pub")))

    def waiting(self) -> list[str]:
        """Names of the requests for disks that wait."""
        return [line.split()[0] for line in self._said("releases").splitlines()]

    def release(self, *names: str) -> None:
        """Each for the one disk that waits."""
        for name in names:
            (waiting,) = self.waiting()
            self._do("release", waiting, "--as", name)

    def answer_again(self, stick: Path) -> None:
        """What was brought before, and refused."""
        for path in stick.glob("request-*.cose.done"):
            path.rename(path.with_suffix(""))
        self.answer(stick)

    def end(self, kiosk: str) -> None:
        self._do("end", "--kiosk", kiosk, "--as", PEOPLE[0], "--why", "test")

    def _do(self, command: str, *arguments: str, stored: bool = True) -> None:
        self._said(command, *arguments, stored=stored)

    def _said(self, command: str, *arguments: str, stored: bool = True) -> str:
        database = ("--database", self._database, *self._told) if stored else ()
        out, wrong = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(wrong):
            status = main([command, str(self.folder), *database, *arguments])
        assert status == 0, wrong.getvalue()
        return out.getvalue()
