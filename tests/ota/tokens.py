"""People with tokens: SoftHSM, each with a folder and tokens of his own, as on a machine of his own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.softhsm import forget

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "123456"


def needs(*programs: str) -> None:
    """Skips where a program or the token's library is missing; in CI that fails."""
    lacking = [name for name in programs if shutil.which(name) is None]
    lacking += [] if Path(MODULE).exists() else ["libsofthsm2.so"]
    if lacking:
        told = f"not here: {', '.join(lacking)}"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)


@dataclass(frozen=True, slots=True)
class Person:
    """`folder` is where he works."""

    folder: Path

    @classmethod
    def settled(cls, folder: Path) -> Person:
        """With an empty place for tokens."""
        (folder / "tokens").mkdir(parents=True)
        settings = f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
        (folder / "softhsm2.conf").write_text(settings)
        return cls(folder)

    @property
    def surroundings(self) -> dict[str, str]:
        return {
            "SOFTHSM2_CONF": str(self.folder / "softhsm2.conf"),
            "LANDFALL_PKCS11_MODULE": MODULE,
            "LANDFALL_PIN": PIN,
        }

    @contextmanager
    def here(self) -> Iterator[None]:
        """This process sits at his machine; the library reads its settings when it is loaded, so it is loaded anew."""
        before, where = dict(os.environ), Path.cwd()
        forget(MODULE)
        os.environ.update(self.surroundings)
        os.chdir(self.folder)
        try:
            yield
        finally:
            os.chdir(where)
            os.environ.clear()
            os.environ.update(before)
            forget(MODULE)


def run(person: Person, command: str) -> None:
    """As typed at his machine."""
    surroundings = {**os.environ, **person.surroundings}
    subprocess.run(["bash", "-eu", "-c", command], cwd=person.folder, env=surroundings, check=True, capture_output=True)
