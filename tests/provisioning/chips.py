"""Chips to hold an identity in: swtpm with an endorsement certificate, SoftHSM2 with a token. Each in a folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from practice.processes import Process, answers, free_port
from tests.softhsm import LIBRARIES, forget

PIN = "314159"


def needs(program: str, package: str) -> str:
    """Where it is; skips where it is not, and fails in CI."""
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        reason = f"{program} is missing: install Debian's package {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Maker:
    """A maker of TPMs with its own authority, whose certificates `chain` holds as PEM: root, then issuer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        authority = folder / "authority"
        authority.mkdir()
        names = ("statedir", ""), ("signingkey", "signkey.pem"), ("issuercert", "issuercert.pem"), ("certserial", "n")
        lines = [f"{key} = {authority / name}" for key, name in names]
        (folder / "localca.conf").write_text("\n".join(lines) + "\n")
        (folder / "options").write_text("--platform-manufacturer Landfall\n--platform-version 1\n--platform-model T\n")
        tool = needs("swtpm_localca", "swtpm-tools")
        (folder / "setup.conf").write_text(
            f"create_certs_tool = {tool}\ncreate_certs_tool_config = {folder / 'localca.conf'}\n"
            f"create_certs_tool_options = {folder / 'options'}\nactive_pcr_banks = sha256\n"
        )

    @property
    def folder(self) -> Path:
        """The state of each chip lies in it, under its name."""
        return self._folder

    @property
    def chain(self) -> bytes:
        authority = self._folder / "authority"
        return (authority / "swtpm-localca-rootca-cert.pem").read_bytes() + (authority / "issuercert.pem").read_bytes()

    def make(self, name: str) -> Chip:
        state = self._folder / name
        state.mkdir()
        setup = needs("swtpm_setup", "swtpm-tools")
        command = [setup, "--tpm2", "--tpmstate", str(state), "--create-ek-cert", "--ecc"]
        done = subprocess.run(
            [*command, "--config", str(self._folder / "setup.conf")], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return Chip(state)


class Chip:
    """One swtpm. `power` cuts and gives; the state stays."""

    def __init__(self, state: Path) -> None:
        self._port = _two_ports()
        port, control = f"type=tcp,port={self._port}", f"type=tcp,port={self._port + 1}"
        program = needs("swtpm", "swtpm")
        command = [program, "socket", "--tpm2", "--tpmstate", f"dir={state}", "--server", port, "--ctrl", control]
        self._process = Process("swtpm", [*command, "--flags", "not-need-init,startup-clear"], state / "log")

    @property
    def tcti(self) -> str:
        return f"swtpm:host=127.0.0.1,port={self._port}"

    @contextmanager
    def powered(self) -> Iterator[Chip]:
        try:
            self.on()
            yield self
        finally:
            self.off()

    def on(self) -> None:
        self._process.start()
        self._process.wait_until(lambda: answers(self._port + 1), 10.0)

    def off(self) -> None:
        self._process.stop()


def _two_ports() -> int:
    """The first of two that stand side by side: tpm2-tss takes the control port to be the next."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)) != 0:
                return port


def a_token(folder: Path, label: str = "landfall") -> str:
    """A SoftHSM2 token in this folder; the module's path. `SOFTHSM2_CONF` of this process is set to it."""
    module = next((path for path in LIBRARIES if Path(path).exists()), None)
    tool = needs("softhsm2-util", "softhsm2")
    assert module is not None
    (folder / "tokens").mkdir(parents=True)
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    forget(module)
    subprocess.run(
        [tool, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PIN],
        check=True,
        capture_output=True,
    )
    return module
