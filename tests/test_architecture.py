"""The house's arrows (docs/house.md): who may import whom, read from the source, never by importing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (
    "border",
    "drivers",
    "appliance",
    "central",
    "ota",
    "provisioning",
    "simulators",
    "practice",
    "hw_tests",
    "bench",
    "scripts",
    "tests",
    "training",
    "evaluation",
)

# The longest matching prefix decides. "ours" = anything that starts with a room's name.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "border": ("border",),
    "drivers": ("drivers",),
    "ota": ("ota",),
    "provisioning": (
        "provisioning",
        "border",
        "drivers",
        "appliance.config",
        "appliance.clock",
        "appliance.durable",
        "hw_tests",
    ),
    "simulators": ("simulators", "border"),
    "practice": ("practice", "simulators"),
    "central": ("central", "border"),
    "appliance": ("appliance", "border", "drivers.api", "drivers.errors", "drivers.deadline"),
    "appliance.checks": ("appliance.checks", "border"),
    "appliance.vision": ("appliance.vision", "border"),
    "appliance.journey.machine": ("border",),
    "appliance.journey.view": ("appliance.journey.machine", "border"),
    "appliance.build": ("appliance", "border", "drivers"),
    "hw_tests": ("hw_tests", "drivers"),
    "scripts": ("scripts",),
    "scripts.docs": ("scripts", "appliance", "border", "drivers", "hw_tests"),
    "evaluation": ("evaluation", "border", "appliance.vision", "appliance.checks", "simulators", "training"),
    "bench": ROOMS,
    "training": ROOMS,
    "tests": ROOMS,
}

# A foreign library with one door: only these files may import it.
ONE_DOOR: dict[str, tuple[str, ...]] = {
    "serial": ("drivers/line.py",),
    "usb": ("drivers/bulk.py",),
    "smartcard": ("drivers/card.py",),
    "evdev": ("drivers/input_device.py",),
    "gpiozero": ("drivers/lane/pins.py",),
    "lgpio": ("drivers/lane/pins.py",),
    "picamera2": ("drivers/camera/picamera.py",),
    "libcamera": ("drivers/camera/picamera.py",),
    "ai_edge_litert": ("appliance/vision/model.py",),
    "tflite_runtime": ("appliance/vision/model.py",),
    "paho": ("appliance/reporting/publisher.py", "central/line.py"),
    "tuf": (
        "ota/repository.py",
        "ota/folder_source.py",
        "ota/release.py",
        "ota/trust.py",
        "ota/publish.py",
        "ota/scheme.py",
        "ota/drafts.py",
        "ota/request.py",
    ),
    "securesystemslib": ("ota/publish.py", "ota/office.py", "ota/scheme.py", "ota/signers.py", "ota/request.py"),
    "urllib3": ("ota/repository.py", "ota/fetch.py", "ota/app.py", "ota/client.py"),
    "jeepney": ("ota/slots.py",),
    "tpm2_pytss": ("provisioning/tpm.py",),
    "fido2": ("border/webauthn.py",),
    "pkcs11": ("provisioning/pkcs11.py", "central/hsm.py", "ota/hsm.py"),
    "psycopg": ("central/store/postgres.py",),
}
PURE_ROOMS = (
    "border",
    "appliance/checks",
    "appliance/journey/machine.py",
    "ota/workflow.py",
    "ota/floor.py",
    "ota/clock.py",
)
IMPURE = {"socket", "subprocess", "threading", "asyncio", "time", "sqlite3", "serial", "paho", "random"}
# gpiozero's own pins for use without a Pi: driven from outside as a wire is, in place of the kernel and not of a part
# of ours; the kernel's are tried in the guest
PEERS = {"gpiozero.pins.mock", "gpiozero.pins.mock.MockFactory"}


def sources(room: str) -> Iterator[Path]:
    return (path for path in (ROOT / room).rglob("*.py") if ".venv" not in path.parts)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def allowed_for(module: str) -> tuple[str, ...]:
    return MAY_IMPORT[max((p for p in MAY_IMPORT if is_under(module, p)), key=len)]


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_one_way(room: str) -> None:
    wrong = []
    for path in sources(room):
        allowed = allowed_for(module_name(path))
        for name in imports(path):
            if name.split(".")[0] not in ROOMS:
                continue
            # `from drivers import api` names the package first: judge the longer name that follows it
            fits = any(is_under(name, a) or is_under(a, name) for a in allowed)
            if not fits:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("library", ONE_DOOR)
def test_a_foreign_library_has_one_door(library: str) -> None:
    doors = ONE_DOOR[library]
    product = [r for r in ROOMS if r not in ("tests", "bench", "simulators", "scripts", "training", "evaluation")]
    wrong = [
        str(path.relative_to(ROOT))
        for room in product
        for path in sources(room)
        if any(is_under(name, library) for name in imports(path)) and str(path.relative_to(ROOT)) not in doors
    ]
    assert wrong == []


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_pure_rooms_have_no_clock_thread_or_socket(room: str) -> None:
    paths = [ROOT / room] if room.endswith(".py") else list(sources(room))
    wrong = [f"{p.relative_to(ROOT)}: {n}" for p in paths for n in imports(p) if n.split(".")[0] in IMPURE]
    assert wrong == []


def test_no_mocks_anywhere() -> None:
    files = [(path, name) for room in ROOMS for path in sources(room) for name in imports(path)]
    assert [str(path.relative_to(ROOT)) for path, name in files if "mock" in name and name not in PEERS] == []


def test_every_file_says_what_it_is_on_its_first_line() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in sources(room)
        if path.read_text(encoding="utf-8").strip()
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []
