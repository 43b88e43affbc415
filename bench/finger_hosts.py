"""A foreign host of a fingerprint module, told what to do line by line; runs in the peers' environment.

    <environment>/bin/python bench/finger_hosts.py pyfingerprint|adafruit PATH BAUD PASSWORD

It imports nothing of ours. A line in is a JSON list of a method or attribute of the host and the method's arguments;
a line out is `{"told": ..., "seconds": ...}` or `{"error": "..."}`. An argument of `{"file": PATH}` is a file's bytes,
and a picture that a method would write somewhere is a file that it names itself.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPLY_S = 2


def pyfingerprint(path: str, baud: int, password: int) -> Any:
    from pyfingerprint.pyfingerprint import PyFingerprint  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415

    return PyFingerprint(path, baud, 0xFFFFFFFF, password)


def adafruit(path: str, baud: int, password: int) -> Any:
    import adafruit_fingerprint  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415
    import serial  # noqa: PLC0415

    words = tuple(password.to_bytes(4, "big"))
    return adafruit_fingerprint.Adafruit_Fingerprint(serial.Serial(path, baud, timeout=REPLY_S), words)


HOSTS: dict[str, Callable[[str, int, int], Any]] = {"pyfingerprint": pyfingerprint, "adafruit": adafruit}


def meant(argument: Any) -> Any:
    return list(Path(argument["file"]).read_bytes()) if isinstance(argument, dict) else argument


def done(host: Any, name: str, arguments: list[Any]) -> dict[str, Any]:
    began_s = time.perf_counter()
    try:
        found = getattr(host, name)
        told = found(*map(meant, arguments)) if callable(found) else found
    except Exception as error:  # noqa: BLE001 - whatever the host raises is what the test wants to hear
        return {"error": f"{type(error).__name__}: {error}"}
    return {"told": told, "seconds": time.perf_counter() - began_s}


def main() -> None:
    name, path, baud, password = sys.argv[1:]
    try:
        host = HOSTS[name](path, int(baud), int(password, 16))
    except Exception as error:  # noqa: BLE001
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
        return
    print(json.dumps({"told": "ready", "seconds": 0.0}), flush=True)
    for line in sys.stdin:
        asked, *arguments = json.loads(line)
        print(json.dumps(done(host, asked, arguments), default=list), flush=True)


if __name__ == "__main__":
    main()
