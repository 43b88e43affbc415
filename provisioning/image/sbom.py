"""The bill of materials, as CycloneDX 1.6: packages as dpkg and the wheels record them, and models."""

from __future__ import annotations

import json
import re
import tomllib
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from provisioning.image.debian import ARCHITECTURE, SUITE, Package

NAMESPACE = uuid.UUID("4c414e44-4641-4c4c-8000-0000000000ff")
PLACE = "usr/share/landfall/sbom.cdx.json"

Component = dict[str, Any]


def debian(status: str, locked: Mapping[str, Package]) -> list[Component]:
    """`status`: dpkg's record of what is installed. A package that the lock does not know has no hash."""
    records = (dict(re.findall(r"^(\S+): (.*)$", record, re.MULTILINE)) for record in status.split("\n\n"))
    installed = [record for record in records if record.get("Status") == "install ok installed"]
    return [_deb(record["Package"], record["Version"], record["Architecture"], locked) for record in installed]


def beside(packages: Iterable[Package]) -> list[Component]:
    """Packages that are unpacked and not installed: kernel, busybox, firmware."""
    return [_deb(package.name, package.version, ARCHITECTURE, {package.name: package}) for package in packages]


def _deb(name: str, version: str, architecture: str, locked: Mapping[str, Package]) -> Component:
    purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}&distro={SUITE}"
    known = locked.get(name)
    return _component("library", name, version, purl, known.sha256 if known and known.version == version else "")


def python(site: Path) -> list[Component]:
    """Wheels, from their own metadata."""
    found = []
    for path in sorted(site.glob("*.dist-info/METADATA")):
        head = path.read_text(encoding="utf-8").partition("\n\n")[0]
        field = dict(re.findall(r"^(Name|Version|License-Expression|License): (.+)$", head, re.MULTILINE))
        name = re.sub(r"[-_.]+", "-", field["Name"]).lower()
        made = _component("library", name, field["Version"], f"pkg:pypi/{name}@{field['Version']}", "")
        if licence := field.get("License-Expression"):
            made["licenses"] = [{"expression": licence}]
        found.append(made)
    return found


def models(folder: Path) -> list[Component]:
    """Nets, from their cards."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        if (folder / str(card.get("file", ""))).is_file():
            found.append(_component("machine-learning-model", path.stem, "", "", str(card["sha256"])))
    return found


def _component(kind: str, name: str, version: str, purl: str, sha256: str) -> Component:
    made: Component = {"type": kind, "bom-ref": purl or f"{kind}:{name}", "name": name}
    if version:
        made["version"] = version
    if purl:
        made["purl"] = purl
    if sha256:
        made["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    return made


def document(name: str, version: str, when: str, components: Iterable[Component]) -> str:
    """`when`: ISO 8601. The same components give the same text, its serial number included."""
    ordered = sorted(components, key=lambda component: (component["type"], component["bom-ref"]))
    body = json.dumps(ordered, sort_keys=True)
    told = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, body)}",
        "version": 1,
        "metadata": {
            "timestamp": when,
            "component": {"type": "operating-system", "bom-ref": name, "name": name, "version": version},
        },
        "components": ordered,
    }
    return json.dumps(told, indent=1, sort_keys=True) + "\n"
