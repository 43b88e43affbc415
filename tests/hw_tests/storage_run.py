"""`python -m tests.hw_tests.storage_run FOLDER`: the storage phase in a process whose system calls may be hurt."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.hw_tests.simulated import kiosk
from tests.hw_tests.suite import ran


def main(folder: Path) -> None:
    """Tell what failed, as JSON."""
    with kiosk(folder, frozenset({"storage"})) as here:
        sys.stdout.write(json.dumps(ran(here, frozenset({"storage"})).failed()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
