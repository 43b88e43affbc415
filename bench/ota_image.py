"""An image update in a guest: bytes that are fetched when two megabytes changed, beside the whole bundle.

    python -m bench.ota_image [--updates 2]

Real RAUC, dm-verity and blocks by range over HTTP, on an emulated board (tests/image_guest); as root, on Debian. The
bundle is what plain RAUC without the adaptive index would stream.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.guest_kernel import NoGuest
from tests.image_guest.firmware import Board
from tests.image_guest.parts import Parts, parts
from tests.image_guest.works import CHANGED, Works

PATIENCE_S = 1800.0
MB = 1e6


def update(works: Works, board: Board, number: int) -> dict[str, float]:
    """One, from its publication to its commit."""
    bundle, counted = works.bundle(f"{number}.0.0"), works.headquarters.bundles.counted
    began_s = time.monotonic()
    works.publish(bundle)
    board.wait(" kept ", seconds=PATIENCE_S)
    size = bundle.file.stat().st_size
    return {
        "fetched_mb": round(counted.sent / MB, 2),
        "requests": counted.requests,
        "peer_whole_bundle_mb": round(size / MB, 2),
        "fetched_of_bundle_percent": round(100 * counted.sent / size, 1),
        "published_to_kept_s": round(time.monotonic() - began_s),
    }


def figures(made: Parts, updates: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        works = Works(Path(folder), made)
        try:
            for number in range(updates):
                works.bundle(f"{number + 2}.0.0")
            board = works.board("bench")
            board.start()
            try:
                board.wait("KIOSK version=", seconds=PATIENCE_S)
                told = {f"update_{number + 1}": update(works, board, number + 2) for number in range(updates)}
            finally:
                board.cut()
        finally:
            works.end()
    return {"bench": "ota_image", "peer": "the whole bundle, as without the index", "changed_bytes": CHANGED, **told}


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
