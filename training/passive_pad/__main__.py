"""`landfall-models import`: the published MiniFASNet weights to a signed bundle that a kiosk can take.

    python -m training.passive_pad import WEIGHTS --key hq-policy.key --bundle OUT --torch .venv-training/bin/python

WEIGHTS is the folder with the two .pth files, whose hashes are pinned. The bundle is signed with headquarters' policy
key; put it as `passive-pad` into the kiosk's folder and start the kiosk again. The conversion runs with the Python of
the training environment, in a process of its own that never sees the key.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.vision.errors import ModelError
from central.files import FolderError, read_private
from training.passive_pad import bundle, upstream


class ConversionFailed(Exception):
    """The training environment did not make the net; the text is the end of what it said."""


def import_weights(source: Path, key_file: Path, folder: Path, *, version: int, torch: Path) -> str:
    """Check, convert, compare, write, sign; the bundle's name.

    Raises `UpstreamWrong`, `FolderError` or `ConversionFailed`, and `ModelError` when the made bundle does not load.
    """
    files = [(weights, upstream.checked(source, weights)) for weights in upstream.ALL]
    key = read_private(key_file)
    folder.mkdir(parents=True, exist_ok=True)
    nets = [_converted(weights, path, folder, torch) for weights, path in files]
    return bundle.write(folder, nets, version, key)


def _converted(weights: upstream.Weights, path: Path, folder: Path, torch: Path) -> bundle.Net:
    command = [str(torch), "-m", "training.passive_pad.convert", str(path), str(folder / f"{weights.name}.tflite")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ConversionFailed(done.stderr[-2000:])
    told = json.loads(done.stdout.splitlines()[-1])
    net = bundle.Net(weights, int(told["parameters"]), float(told["largest_gap"]))
    sys.stdout.write(f"{weights.name}: {net.parameters} parameters, differs by {net.largest_gap:.2g} at most\n")
    return net


def main(arguments: Sequence[str]) -> int:
    """0: done; 2: what was given cannot be used."""
    parser = argparse.ArgumentParser(
        "landfall-models", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command = parser.add_subparsers(dest="command", required=True).add_parser("import", help="make a signed bundle")
    command.add_argument("weights", type=Path)
    command.add_argument("--key", type=Path, required=True, help="headquarters' policy key, PEM")
    command.add_argument("--bundle", type=Path, required=True, help="the folder to write")
    command.add_argument("--version", type=int, default=1)
    command.add_argument("--torch", type=Path, default=Path(sys.executable), help="Python of the training environment")
    chosen = parser.parse_args(arguments)
    try:
        name = import_weights(chosen.weights, chosen.key, chosen.bundle, version=chosen.version, torch=chosen.torch)
    except (upstream.UpstreamWrong, FolderError, ConversionFailed, ModelError, OSError) as error:
        sys.stderr.write(f"landfall-models: {error}\n")
        return 2
    sys.stdout.write(f"{name}: signed, in {chosen.bundle}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
