"""SoftHSM2's library in this process: it reads its settings when it is loaded, so each test has it loaded anew."""

from __future__ import annotations

from pathlib import Path

import pkcs11

LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def forget(library: str | Path) -> None:
    """Under the one name that every door of ours gives it; the next to open a token loads it with today's settings."""
    pkcs11.unload(str(Path(library).resolve()))
