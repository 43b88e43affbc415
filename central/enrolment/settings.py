"""The office's settings: one TOML file, every key required, every mistake named at once."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import get_type_hints

from central.files import FolderError


@dataclass(frozen=True, slots=True)
class Settings:
    """Lifetimes are whole days; the shortest possible is one."""

    url: str  # where devices reach the office, "https://host:port"; empty: by files alone
    identity_days: int  # the certificate of a lane's signing key
    tls_days: int  # the one that TLS shows to broker and office
    crl_days: int  # a broker lets nobody in whose list has run out: many times `RENEW_S` of publication
    challenge_days: int  # how long a challenge on a stick may be under way
    nonce_minutes: int


DEFAULT = Settings(url="", identity_days=730, tls_days=7, crl_days=30, challenge_days=30, nonce_minutes=10)


def read_settings(path: Path) -> Settings:
    """Raises FolderError."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(f"{path}: {error}") from None
    hints = get_type_hints(Settings)
    names = [field.name for field in dataclasses.fields(Settings)]
    mistakes = [f"unknown: {name}" for name in sorted(found.keys() - set(names))]
    for name in names:
        if type(found.get(name)) is not hints[name]:
            mistakes.append(f"{name} wants {hints[name].__name__}")
        elif hints[name] is int and found[name] < 1:
            mistakes.append(f"{name} wants 1 or more")
    if mistakes:
        raise FolderError(f"{path}: {'; '.join(mistakes)}")
    return Settings(**found)


def settings_text(settings: Settings) -> str:
    rows = [f'{n} = "{v}"' if isinstance(v, str) else f"{n} = {v}" for n, v in dataclasses.asdict(settings).items()]
    return "\n".join(rows) + "\n"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Where a key is: the PKCS#11 library, the token's and the key's labels, and the file with the PIN."""

    module: Path
    token: str
    label: str
    pin_file: Path


def read_token_key(path: Path) -> TokenKey:
    """A TOML file with module, token, label and pin_file, all of them. Raises FolderError."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderError(f"{path}: {error}") from None
    names = ("module", "token", "label", "pin_file")
    if found.keys() != set(names) or not all(isinstance(found[name], str) for name in names):
        raise FolderError(f"{path}: wants {', '.join(names)}, each as text")
    return TokenKey(Path(found["module"]), found["token"], found["label"], path.parent / found["pin_file"])
