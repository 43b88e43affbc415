"""One impression through the driver, inside a replay; what arrives is written to a file (`test_uru4000_replay.py`).

Arguments: the seed in hexadecimal, the file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from drivers.bulk import ANY, UsbLine
from drivers.deadline import Deadline
from drivers.fingerprint.uru4000 import READER, Uru4000Sensor

PATIENCE_S = 30.0
LISTEN_S = 3.0  # longer than all of the replay: a reading given up and asked again is not in the recording


def main() -> int:
    seed, path = int(sys.argv[1], 16), Path(sys.argv[2])
    shares: list[float] = []
    sensor = Uru4000Sensor("replay", UsbLine("replay", ANY, READER, listen_s=LISTEN_S), seed=lambda: seed)
    image = sensor.capture(Deadline(PATIENCE_S), shares.append)
    sensor.until_lifted(Deadline(PATIENCE_S))
    sensor.close()
    assert shares[-1] == 1.0
    np.save(path, image.pixels)
    return 0


if __name__ == "__main__":
    sys.exit(main())
