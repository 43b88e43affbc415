"""`make bench`: every figure, or those named; JSON and a picture of each land in artefacts/bench/."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

from bench.picture import bars

BENCHES: tuple[str, ...] = ("vision", "outbox", "central", "journey")
FOLDER = Path("artefacts/bench")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help="default: all")
    names = parser.parse_args().names or BENCHES
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = [name for name in names if not run(name)]
    return 1 if failed else 0


def run(name: str) -> bool:
    """One bench in its own process, so that none warms or burdens the next. It prints one JSON object last."""
    print(f"bench {name} ...", flush=True)
    done = subprocess.run([sys.executable, "-m", f"bench.{name}"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"bench {name} failed:\n{done.stderr[-2000:]}")
        return False
    result = json.loads(done.stdout[done.stdout.index("{") :])
    result["machine"] = {"processor": platform.machine(), "python": platform.python_version()}
    (FOLDER / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    (FOLDER / f"{name}.svg").write_text(bars(name, result))
    print(json.dumps(result, indent=2))
    return True


if __name__ == "__main__":
    sys.exit(main())
