"""Frozen dataclasses to deterministic CBOR and back, by their type annotations alone."""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from border.findings import Measure
from border.messages import cbor
from border.messages.errors import MessageError, Mistake
from border.messages.values import VERSION

MAX_BYTES = 200 * 1024
"""Longest payload `decode` takes unless the caller says otherwise: a record header with all its facts."""

NAME_KEY = "type"
VERSION_KEY = "v"
NON_FINITE = frozenset({(Measure, "value")})
"""Where a float may be NaN or infinite: a measurement that failed is a fact, and the rules refer on it."""

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """Both ways for one annotation. Each raises MessageError when handed something else."""

    to_wire: Callable[[Any], Any]
    from_wire: Callable[[Any], Any]


def encode(value: object) -> bytes:
    """A map of the fields by name, plus `type` (the class's name) and `v`. Deterministic: same value, same bytes.

    Raises MessageError when a field does not hold what its annotation says.
    """
    fields = record_plan(type(value)).to_wire(value)
    try:
        return cbor.dump({NAME_KEY: type(value).__name__, VERSION_KEY: VERSION, **fields})
    except UnicodeEncodeError:
        raise MessageError("bad_value") from None  # a lone surrogate; the error would quote the text


def decode(cls: type[T], data: bytes, *, max_bytes: int = MAX_BYTES) -> T:
    """The value in `data`; unknown keys are ignored. Raises MessageError naming every mistake."""
    return decode_one_of((cls,), data, max_bytes=max_bytes)


def decode_one_of(classes: tuple[type[T], ...], data: bytes, *, max_bytes: int = MAX_BYTES) -> T:
    """The value in `data`, of whichever of these classes its `type` names."""
    item = cbor.load(data, max_bytes)
    if not isinstance(item, Mapping):
        raise MessageError("wrong_type")
    if not _is_int(item.get(VERSION_KEY)) or item[VERSION_KEY] != VERSION:
        raise MessageError("wrong_version", VERSION_KEY)
    for cls in classes:
        if item.get(NAME_KEY) == cls.__name__:
            return cast(T, record_plan(cls).from_wire(item))
    raise MessageError("wrong_type", NAME_KEY)


def _record_plan(cls: type) -> Plan:
    """The plan of one dataclass. TypeError for annotations outside the contract: a bug, not a message."""
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{cls.__name__} is not a dataclass")
    hints = get_type_hints(cls)
    plans = {f.name: plan(hints[f.name], finite=(cls, f.name) not in NON_FINITE) for f in dataclasses.fields(cls)}
    if {NAME_KEY, VERSION_KEY} & plans.keys():
        raise TypeError(f"{cls.__name__} has a field of a reserved name")

    def to_wire(value: Any) -> dict[str, Any]:
        if type(value) is not cls:
            raise MessageError("wrong_type")
        return _each(((name, way.to_wire, getattr(value, name)) for name, way in plans.items()))

    def from_wire(item: Any) -> Any:
        if not isinstance(item, Mapping):
            raise MessageError("wrong_type")
        ways = ((name, way.from_wire, item.get(name, _ABSENT)) for name, way in plans.items())
        return _make(cls, _each(ways))

    return Plan(to_wire, from_wire)


record_plan: Callable[[Any], Plan] = cache(_record_plan)


def plan(hint: Any, *, finite: bool = True) -> Plan:
    """The plan of one annotation: scalars, bytes, enums, tuples, dataclasses, unions with None or of dataclasses."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _union(get_args(hint))
    if origin is tuple:
        return _tuple(get_args(hint))
    if hint in (str, bytes, bool):
        return _scalar(hint)
    if hint is int:
        return Plan(_int, _int)
    if hint is float:
        return _float(finite)
    return _enum(hint) if issubclass(hint, Enum) else record_plan(hint)


_ABSENT: Any = object()


def _each(ways: Any) -> dict[str, Any]:
    """Every (name, way, item) turned; all mistakes are gathered before one is raised."""
    done: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for name, way, item in ways:
        if item is _ABSENT:
            mistakes.append(Mistake(name, "missing_field"))
            continue
        try:
            done[name] = way(item)
        except MessageError as error:
            mistakes.extend(error.inside(name))
    if mistakes:
        raise MessageError.of(mistakes)
    return done


def _make(cls: type, fields: dict[str, Any]) -> Any:
    try:
        return cls(**fields)
    except ValueError:
        raise MessageError("bad_value") from None  # its text may quote the value


def _scalar(kind: type) -> Plan:
    def same(item: Any) -> Any:
        if type(item) is not kind:
            raise MessageError("wrong_type")
        return item

    return Plan(same, same)


def _is_int(item: Any) -> bool:
    return type(item) is int


def _int(item: Any) -> int:
    if not _is_int(item):
        raise MessageError("wrong_type")
    if not -(2**63) <= item < 2**63:
        raise MessageError("bad_value")
    return cast(int, item)


def _float(finite: bool) -> Plan:
    def from_wire(item: Any) -> float:
        if type(item) is not float:
            raise MessageError("wrong_type")
        if finite and not math.isfinite(item):
            raise MessageError("bad_value")
        return item

    def to_wire(item: Any) -> float:
        return from_wire(float(_int(item)) if _is_int(item) else item)

    return Plan(to_wire, from_wire)


def _enum(kind: type[Enum]) -> Plan:
    members = {member.value: member for member in kind}

    def to_wire(item: Any) -> Any:
        if type(item) is not kind:
            raise MessageError("wrong_type")
        return item.value

    def from_wire(item: Any) -> Enum:
        if not isinstance(item, str):
            raise MessageError("wrong_type")
        if item not in members:
            raise MessageError("bad_value")
        return members[item]

    return Plan(to_wire, from_wire)


def _tuple(args: tuple[Any, ...]) -> Plan:
    """`tuple[T, ...]`, or a fixed `tuple[A, B]`: an array."""
    if args[-1] is Ellipsis:
        each = plan(args[0])
        return Plan(_items(each.to_wire, tuple, list), _items(each.from_wire, (list, tuple), tuple))
    ways = [plan(arg) for arg in args]
    return Plan(
        _fixed([way.to_wire for way in ways], tuple, list),
        _fixed([way.from_wire for way in ways], (list, tuple), tuple),
    )


def _items(way: Callable[[Any], Any], takes: Any, makes: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def turn(items: Any) -> Any:
        if not isinstance(items, takes):
            raise MessageError("wrong_type")
        try:
            return makes([way(item) for item in items])
        except MessageError:  # once more, slowly, to name every mistake with its place
            return makes(_each((f"[{i}]", way, item) for i, item in enumerate(items)).values())

    return turn


def _fixed(ways: list[Callable[[Any], Any]], takes: Any, makes: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def turn(items: Any) -> Any:
        if not isinstance(items, takes):
            raise MessageError("wrong_type")
        if len(items) != len(ways):
            raise MessageError("bad_value")
        try:
            return makes([way(item) for way, item in zip(ways, items, strict=True)])
        except MessageError:
            numbered = enumerate(zip(ways, items, strict=True))
            return makes(_each((f"[{i}]", way, item) for i, (way, item) in numbered).values())

    return turn


def _union(args: tuple[Any, ...]) -> Plan:
    """`T | None`, or dataclasses told apart by a `type` key."""
    inner = [arg for arg in args if arg is not type(None)]
    one = plan(inner[0]) if len(inner) == 1 else _tagged(inner)
    if len(inner) == len(args):
        return one
    return Plan(
        lambda item: None if item is None else one.to_wire(item),
        lambda item: None if item is None else one.from_wire(item),
    )


def _tagged(classes: list[type]) -> Plan:
    ways = {cls.__name__: record_plan(cls) for cls in classes}

    def to_wire(item: Any) -> dict[str, Any]:
        name = type(item).__name__
        if type(item) not in classes:
            raise MessageError("wrong_type")
        return {NAME_KEY: name, **ways[name].to_wire(item)}

    def from_wire(item: Any) -> Any:
        name = item.get(NAME_KEY) if isinstance(item, Mapping) else None
        if not isinstance(name, str) or name not in ways:
            raise MessageError("wrong_type")
        return ways[name].from_wire(item)

    return Plan(to_wire, from_wire)
