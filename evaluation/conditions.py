"""Under what a figure was measured: program, models by their cards, policy, machine and date."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import tomllib
from collections.abc import Iterable
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from appliance.vision.model import MODELS, RUNTIME
from border.rules.policy import Policy

ROOT = Path(__file__).resolve().parent.parent
JUDGES = ("appliance/vision", "appliance/checks", "border", "evaluation", "simulators", "training")
MAKERS = ("simulators", "training/mrz", "evaluation/made.py")
PACKAGES = {"ai_edge_litert": "ai-edge-litert", "tflite_runtime": "tflite-runtime"}


def sources_digest(places: Iterable[str] = JUDGES, root: Path = ROOT) -> str:
    """SHA-256 over the Python files of these rooms, their names and bytes; other code, other digest."""
    digest = hashlib.sha256()
    for place in places:
        path = root / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def models(folder: Path = MODELS) -> dict[str, dict[str, Any]]:
    """Every card of the folder: the hash it wants, and whether the file beside it has that hash."""
    rows = {}
    for path in sorted(folder.glob("*.toml")):
        card = tomllib.loads(path.read_text("utf-8"))
        file = folder / str(card["file"])
        found = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else None
        state = "absent" if found is None else "verified" if found == card["sha256"] else "altered"
        rows[str(card["name"])] = {"sha256": card["sha256"], "licence": card["licence"], "state": state}
    return rows


def of_run(policy: Policy, passive: str | None, options: dict[str, Any], now: datetime) -> dict[str, Any]:
    """All of it, as it stands in the JSON and at the foot of the page. `passive` names the bundle, if there is one."""
    return {
        "date": now.isoformat(timespec="seconds"),
        "landfall": _version(),
        "commit": _commit(),
        "sources_sha256": sources_digest(),
        "models": models(),
        "passive_bundle": passive,
        "policy": {"country": policy.country, "version": policy.version},
        "runtime": f"{RUNTIME} {metadata.version(PACKAGES[RUNTIME])}",
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "opencv": metadata.version("opencv-python-headless"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "options": options,
    }


def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def _commit() -> str | None:
    """The commit of the working tree; with a + when files differ from it, None outside a repository."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
