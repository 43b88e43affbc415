"""Every message as CDDL (RFC 8610) and as golden bytes; `python -m border.messages.schema` writes the files."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from border.messages import codec
from border.messages.examples import EXAMPLES
from border.messages.values import VERSION

HERE = Path(__file__).parent
SCALARS = {str: "tstr", bytes: "bstr", int: "int", float: "float", bool: "bool", type(None): "null"}


def files() -> dict[str, bytes]:
    """Path below border/messages to contents, for every message. The same code gives the same bytes."""
    made: dict[str, bytes] = {}
    for example in EXAMPLES:
        name = f"{type(example).__name__}.v{VERSION}"
        made[f"schemas/{name}.cddl"] = cddl(type(example)).encode()
        made[f"golden/{name}.cbor"] = codec.encode(example)
    return made


def cddl(message: type) -> str:
    """One message and everything it holds; the first rule is the message."""
    rules = {message.__name__: _map(message, top=True)}
    for inner in _inside(message):
        rules.setdefault(inner.__name__, _choice(inner) if issubclass(inner, Enum) else _map(inner, top=False))
    joined = " ".join(rules.values())
    rules |= {f"{name}_or_null": f"{name} / null" for name in SCALARS.values() if f"{name}_or_null" in joined}
    text = "\n".join(f"{name} = {rule}\n" for name, rule in rules.items())
    return f"; Version {VERSION}. Generated from the dataclasses of border/, never edited.\n\n{text}"


def _map(cls: type, *, top: bool) -> str:
    hints = get_type_hints(cls)
    rows = [f'"{codec.NAME_KEY}": "{cls.__name__}"', f'"{codec.VERSION_KEY}": {VERSION}'] if top else []
    rows += [f'"{field.name}": {_name(hints[field.name])}' for field in _fields(cls)]
    rows.append("* tstr => any")  # unknown keys are ignored
    return "{\n" + "".join(f"  {row},\n" for row in rows) + "}"


def _choice(kind: type[Enum]) -> str:
    return " / ".join(f'"{member.value}"' for member in kind)


def _name(hint: Any) -> str:
    if hint in SCALARS:
        return SCALARS[hint]
    args = get_args(hint)
    if get_origin(hint) is tuple:
        rows = [_name(arg).replace(" / ", "_or_") for arg in args if arg is not Ellipsis]  # a rule of its own
        return f"[* {rows[0]}]" if args[-1] is Ellipsis else f"[{', '.join(rows)}]"
    if _is_union(hint):
        return " / ".join(_name(arg) for arg in args)
    return str(hint.__name__)


def _inside(cls: type) -> Iterator[type]:
    """Every dataclass and enum below `cls`, nearest first."""
    for hint in get_type_hints(cls).values():
        for named in _named(hint):
            yield named
            if dataclasses.is_dataclass(named):
                yield from _inside(named)


def _named(hint: Any) -> Iterator[type]:
    """The dataclasses and enums an annotation mentions."""
    if get_args(hint):
        if _is_union(hint) and sum(dataclasses.is_dataclass(arg) for arg in get_args(hint)) > 1:
            raise TypeError("a choice of dataclasses inside a message has no rule here yet")
        for arg in get_args(hint):
            yield from _named(arg)
    elif hint is not Ellipsis and hint not in SCALARS:
        yield hint


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _fields(cls: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)


def main() -> None:
    """A file of a published version may only be added, never changed: its test compares hashes."""
    for path, data in files().items():
        target = HERE / path
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)


if __name__ == "__main__":
    main()
