"""A real PostgreSQL of our own on a free port of loopback, for a test to stop, kill and start again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from practice.processes import free_port

SETTINGS = """
listen_addresses = '127.0.0.1'
shared_buffers = 64MB
fsync = on
max_connections = 20
"""


def binaries() -> Path | None:
    """The newest installed server's folder, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda p: int(p.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return Path(on_path).parent if on_path else None


class PostgresServer:
    """`dsn` stays the same over stops and starts."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self._folder = folder
        self._bin = bin_folder
        self.port = free_port()
        self._places = 0
        self.dsn = f"postgresql://landfall@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        self._run(
            "initdb", "-D", str(self._folder / "data"), "-U", "landfall", "-A", "trust", "--no-sync", "-E", "UTF8"
        )
        with (self._folder / "data" / "postgresql.conf").open("a") as config:
            config.write(f"{SETTINGS}port = {self.port}\nunix_socket_directories = '{self._folder}'\n")

    def new_database(self) -> str:
        """The DSN of one more, empty, place for tables: a schema, which is made at once and costs no disk."""
        self._places += 1
        name = f"place_{self._places}"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.dsn}?options=-csearch_path%3D{name}"

    def start(self) -> None:
        self._run(*self._control("start"), "-l", str(self._folder / "server.log"))

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is the power switch: no checkpoint, recovery at the next start."""
        self._run(*self._control("stop"), "-m", mode)

    def _control(self, word: str) -> tuple[str, ...]:
        return ("pg_ctl", word, "-D", str(self._folder / "data"), "-w", "-t", "20")

    def _run(self, program: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root
        as_user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        subprocess.run(
            [*as_user, str(self._bin / program), *arguments],
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A started server. Skips by name when PostgreSQL is not installed, and fails there when CI=true."""
    bin_folder = binaries()
    if bin_folder is None:
        reason = "no PostgreSQL server programs (pg_ctl) are installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="landfall-pg-"))  # pytest's own folders are closed to user postgres
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = PostgresServer(folder, bin_folder)
    try:
        server.create()
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
