"""What was tried against updates, written down from a run: `python -m tests.ota.attack_table`."""

from __future__ import annotations

import re
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from ota.refusals import Code
from tests.docs.pages import DOCS
from tests.ota.attacks import ATTACKS, outcome
from tests.ota.conftest import Server, World

DOCUMENT = DOCS / "update-attacks.md"
BLOCK = re.compile(r"(<!-- run: attacks -->\n).*?(<!-- end -->)", re.DOTALL)
TAKEN = "installs what headquarters meant"


def table(outcomes: Mapping[str, Code | None]) -> str:
    """As the page has it."""
    rows = [
        (attack.name, attack.has, f"`{word}`" if (word := outcomes[attack.name]) else TAKEN)
        for attack in ATTACKS
        if attack.name in outcomes
    ]
    lines = [("the attack", "what the attacker has", "the device"), ("---",) * 3, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> int:
    outcomes: dict[str, Code | None] = {}
    for attack in ATTACKS:
        with tempfile.TemporaryDirectory() as folder:
            outcomes[attack.name] = _tried(Path(folder), attack.name)
        sys.stdout.write(f"{attack.name}: {outcomes[attack.name] or TAKEN}\n")
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(BLOCK.sub(lambda block: block[1] + table(outcomes) + block[2], text), encoding="utf-8")
    return 0


def _tried(folder: Path, name: str) -> Code | None:
    (folder / "served").mkdir()
    server = Server(folder / "served")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        attack = next(attack for attack in ATTACKS if attack.name == name)
        return outcome(attack, World(folder / "served", server), folder / "device")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
