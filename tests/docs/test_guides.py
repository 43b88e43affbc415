"""What the guides tell people to type, write and expect is what the program takes and does."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from appliance.config import Config, load
from appliance.journey.view import Touch
from appliance.post.api import REASONS
from appliance.version import SOFTWARE
from appliance.web import board
from appliance.web.catalogue import load as load_words
from central.lists import read_watchlist
from drivers import catalogue
from ota import settings
from practice.quay import FACES, FINGERS
from simulators.travellers import TRAVELLERS
from tests.docs.pages import DOCS, ROOT, sections, words

README = ROOT / "README.md"
GUIDES = (README, *sorted(DOCS.glob("*.md")))


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def keys(cls: type, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key of kiosk.toml with its default as the guide writes it."""
    for field in dataclasses.fields(cls):
        if field.default_factory is not dataclasses.MISSING or dataclasses.is_dataclass(_type(cls, field.name)):
            yield from keys(_type(cls, field.name), f"{field.name}.")
        else:
            shown = "" if field.default is dataclasses.MISSING else _shown(field.default)
            yield f"{prefix}{field.name}", shown


def _type(cls: type, name: str) -> type:
    found: type = get_type_hints(cls)[name]
    return found


def _shown(value: object) -> str:
    return '`""`' if value == "" else f"`{value}`"


def test_every_key_of_the_configuration_is_explained_with_its_default() -> None:
    rows = {row[0].strip("`"): row for row in sections(DOCS / "technician.md")["kiosk.toml"]}
    assert {key: row[1] for key, row in rows.items()} == dict(keys(Config))
    assert [key for key, row in rows.items() if not row[2]] == []


def test_the_example_configuration_is_a_good_one(tmp_path: Path) -> None:
    (example,) = (text for text in blocks(DOCS / "technician.md", "toml") if "[kiosk]" in text)
    path = tmp_path / "kiosk.toml"
    path.write_text(example)
    config = load(path)
    assert config.devices.document_reader in catalogue.DOCUMENT_READER
    assert config.devices.camera in catalogue.CAMERA
    assert config.devices.fingerprint in catalogue.FINGERPRINT


@pytest.mark.parametrize("page", [README, DOCS / "technician.md"], ids=lambda page: page.name)
def test_every_address_in_an_example_is_one_its_driver_takes(page: Path) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "document_reader": dict(catalogue.DOCUMENT_READER),
        "camera": dict(catalogue.CAMERA),
        "fingerprint": dict(catalogue.FINGERPRINT),
    }
    for text in blocks(page, "toml"):
        devices = tomllib.loads(text).get("devices", {})  # a bench's tables and an update client's have none
        for kind, named in kinds.items() if devices else ():
            named[devices[kind]](devices[f"{kind}_address"], kind).close()


def test_the_example_of_an_update_client_is_a_good_one(tmp_path: Path) -> None:
    examples = [text for text in blocks(DOCS / "technician.md", "toml") if "director" in text]
    assert len(examples) == 1
    (tmp_path / "ota.toml").write_text(examples[0])
    assert settings.load(tmp_path / "ota.toml").app.restart[0] == "systemctl"


def test_the_example_watchlist_is_a_good_one(tmp_path: Path) -> None:
    (example,) = blocks(DOCS / "headquarters.md", "toml")
    path = tmp_path / "list.toml"
    path.write_text(example)
    assert [entry.id for entry in read_watchlist(path, 1_700_000_000_000).entries] == ["e-1", "e-2"]


def test_every_outcome_and_reason_an_officer_can_choose_is_explained() -> None:
    rows = sections(DOCS / "officer.md")["Decide"]
    explained = {(row[0].strip("`"), row[1].strip("`")) for row in rows if row[2]}
    assert explained == {(str(outcome), reason) for outcome, reasons in REASONS.items() for reason in reasons}


def test_every_badge_is_explained() -> None:
    assert tuple(words(DOCS / "officer.md", "The badges")) == board.KINDS


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_module_to_be_run_can_be_run(page: Path) -> None:
    for module in re.findall(r"python -m ([\w.]+)", page.read_text(encoding="utf-8")):
        spec = importlib.util.find_spec(module)
        assert spec is not None, module
        is_package = spec.submodule_search_locations is not None
        assert not is_package or importlib.util.find_spec(f"{module}.__main__"), module


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = re.findall(r"(?:^|`)make ([\w-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(commands) <= targets


def test_the_script_for_the_quay_uses_words_that_quay_and_kiosk_know() -> None:
    (script,) = (text for text in blocks(README, "sh") if "$QUAY" in text)
    known = {
        "present": {one.key for one in TRAVELLERS},
        "swipe": {"well", "badly"},
        "face": set(FACES),
        "finger": {*FINGERS, "lift"},
        "walk_away": {"now"},
    }
    calls = re.findall(r"\$QUAY/do/(\w+)/(\w+)", script)
    assert calls
    assert [call for call in calls if call[1] not in known[call[0]]] == []
    touches = re.findall(r"-H \"Origin: \$KIOSK\".*\$KIOSK/touch/(\w+)", script)
    assert touches == re.findall(r"/touch/(\w+)", script)
    assert set(touches) <= {str(touch) for touch in Touch}


def test_the_packages_named_are_those_installed() -> None:
    setup = (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    packages = {*re.findall(r"\|([a-z0-9-]+)", setup), *re.findall(r"missing\+=\(([a-z0-9-]+)\)", setup)}
    assert packages
    assert {package for package in packages if package not in readme} == set()


def test_the_languages_named_are_those_spoken() -> None:
    names = {"en": "English", "es": "Spanish", "fr": "French", "ht": "Haitian Creole"}
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [names[one.code] for one in load_words().languages if names[one.code] not in changelog] == []


def test_the_newest_version_is_the_programs() -> None:
    newest = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert newest[0] == project["version"] == SOFTWARE
    assert project["license"] == "Apache-2.0"
    assert newest == sorted(newest, reverse=True)
