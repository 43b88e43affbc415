"""Who may sign what: the public keys of every role, and how many of them it takes.

    [root]
    threshold = 2
    keys = ["ann.pem", "ben.pem", "cleo.pem"]     # public keys, beside this file

A scheme is a plan; it holds only once it stands in a signed root and in signed targets.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.signer import Key, SSlibKey
from tuf.api.metadata import DelegatedRole, Delegations, Root

from ota.refusals import PublishCode, Unpublished
from ota.release import Role

TOP = ("root", "targets", "snapshot", "timestamp")
GROUP = 4


@dataclass(frozen=True, slots=True)
class Keys:
    """Of one role. `threshold`: from one to as many as there are."""

    keys: tuple[Key, ...]
    threshold: int


Scheme = Mapping[str, Keys]
"""`TOP`, and of an image repository every `Role`."""


def load(path: Path) -> Scheme:
    """Of a file as above. Raises `Unpublished`."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        scheme = {name: _keys(path.parent, name, said) for name, said in told.items()}
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise Unpublished(PublishCode.SCHEME, f"{path}: {cause}") from cause
    if lacking := [name for name in TOP if name not in scheme]:
        raise Unpublished(PublishCode.SCHEME, f"{path}: nobody signs {', '.join(lacking)}")
    if unknown := set(scheme) - {*TOP, *Role}:
        raise Unpublished(PublishCode.SCHEME, f"{path}: there is no role {', '.join(sorted(unknown))}")
    return scheme


def _keys(folder: Path, name: str, said: Any) -> Keys:
    keys = tuple(public(folder / file) for file in said["keys"])
    threshold = said["threshold"]
    if len({key.keyid for key in keys}) != len(keys):
        raise ValueError(f"{name}: a key stands there twice")
    if not isinstance(threshold, int) or not 1 <= threshold <= len(keys):
        raise ValueError(f"{name}: {threshold} of {len(keys)} cannot be")
    return Keys(keys, threshold)


def public(path: Path) -> SSlibKey:
    """A public key in PEM. Raises OSError, ValueError."""
    return SSlibKey.from_crypto(load_pem_public_key(path.read_bytes()))


def fingerprint(key: Key) -> str:
    """What a person compares and reads aloud: the key's id, in groups of four."""
    return " ".join(key.keyid[at : at + GROUP] for at in range(0, len(key.keyid), GROUP))


def root_of(scheme: Scheme, version: int, expires: datetime) -> Root:
    """Unsigned: what the holders meet to sign."""
    root = Root(version=version, expires=expires, consistent_snapshot=True)
    for name in TOP:
        for key in scheme[name].keys:
            root.add_key(key, name)
        root.roles[name].threshold = scheme[name].threshold
    return root


def delegations(scheme: Scheme) -> Delegations | None:
    """None for a director, which delegates nothing."""
    roles = {name: keys for name, keys in scheme.items() if name not in TOP}
    if not roles:
        return None
    return Delegations(
        {key.keyid: key for keys in roles.values() for key in keys.keys},
        {
            name: DelegatedRole(
                name, [key.keyid for key in keys.keys], keys.threshold, terminating=True, paths=[f"{name}/*"]
            )
            for name, keys in roles.items()
        },
    )
