"""An image update in a guest when two megabytes changed: bytes, time and memory, beside plain RAUC in the same run.

    python -m bench.ota_image [--updates 2]

Real RAUC, dm-verity and blocks by range over HTTP, on an emulated board (tests/image_guest); as root, on Debian. The
peer is RAUC as its documentation uses it: `rauc install` of a whole bundle by its address, with nothing of ours there.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.guest_kernel import NoGuest
from tests.image_guest.firmware import Board
from tests.image_guest.overlay import HOST
from tests.image_guest.parts import Parts, parts
from tests.image_guest.works import CHANGED, Works

PATIENCE_S = 1800.0
MB = 1e6


def update(works: Works, board: Board, number: int) -> dict[str, float]:
    """One, from its publication to its commit."""
    bundle, counted = works.bundle(f"{number}.0.0"), works.headquarters.bundles.counted
    began_s, heard = time.monotonic(), len(board.console)
    works.publish(bundle)
    board.wait(" fetched ", seconds=PATIENCE_S)
    install_s, worked_s = time.monotonic(), board.worked_s
    board.wait(" installed ", seconds=PATIENCE_S)
    install_s, worked_s = time.monotonic() - install_s, board.worked_s - worked_s
    board.wait(" kept ", seconds=PATIENCE_S)
    size = bundle.file.stat().st_size
    return {
        "fetched_mb": round(counted.sent / MB, 2),
        "requests": counted.requests,
        "bundle_mb": round(size / MB, 2),
        "fetched_of_bundle_percent": round(100 * counted.sent / size, 1),
        "install_s": round(install_s, 1),
        "install_processor_s": round(worked_s, 1),
        "published_to_kept_s": round(time.monotonic() - began_s),
        **peaks(board.console[heard:]),
    }


def plain(works: Works, version: str) -> dict[str, float]:
    """RAUC alone, on a board of its own that runs the first version."""
    bundle, counted = works.bundle(version, index=False), works.headquarters.bundles.counted
    name, port = "plain.raucb", works.headquarters.bundles.server_address[1]
    shutil.copy(bundle.file, works.headquarters.bundles.folder / name)
    words = f"landfall.init=/usr/lib/landfall/plain landfall.bundle=http://{HOST}:{port}/{name}"
    board = works.board("plain", line=words)
    counted.clear()
    board.start()
    try:
        board.wait("PLAIN begins", seconds=PATIENCE_S)
        began_s, worked_s = time.monotonic(), board.worked_s
        if "installed" not in board.wait("PLAIN installed", "PLAIN failed", seconds=PATIENCE_S):
            raise RuntimeError(f"plain RAUC did not install it:\n{board.console[-2000:]}")
        took_s, worked_s = time.monotonic() - began_s, board.worked_s - worked_s
        board.wait("PEAK rauc", seconds=PATIENCE_S)
    finally:
        board.cut()
    return {
        "fetched_mb": round(counted.sent / MB, 2),
        "requests": counted.requests,
        "bundle_mb": round(bundle.file.stat().st_size / MB, 2),
        "install_s": round(took_s, 1),
        "install_processor_s": round(worked_s, 1),
        **peaks(board.console),
    }


def peaks(console: str) -> dict[str, float]:
    """The most memory of each process, as the guest said."""
    told = re.findall(r"PEAK (\w+) (\d+)", console)
    return {f"{name}_peak_mb": round(int(kb) / 1024, 1) for name, kb in told}


def figures(made: Parts, updates: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        works = Works(Path(folder), made)
        try:
            for number in range(updates):
                works.bundle(f"{number + 2}.0.0")
            peer = plain(works, "100.0.0")
            board = works.board("bench")
            board.start()
            try:
                board.wait("KIOSK version=", seconds=PATIENCE_S)
                told = {f"update_{number + 1}": update(works, board, number + 2) for number in range(updates)}
            finally:
                board.cut()
        finally:
            works.end()
    first = told["update_1"]["fetched_mb"] / peer["fetched_mb"] if told else 0.0
    return {
        "bench": "ota_image",
        "peer": "plain RAUC: rauc install of the whole bundle over HTTP",
        "changed_bytes": CHANGED,
        **told,
        "peer_plain_rauc": peer,
        "first_of_peer_percent": round(100 * first, 1),
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=2)
    chosen = parser.parse_args(arguments)
    try:
        made = parts()
    except NoGuest as error:
        sys.stderr.write(f"no guest here: {error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(figures(made, chosen.updates), indent=2)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
