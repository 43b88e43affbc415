"""Tables of the documents, made from the code that they are about."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from border import ledger
from border.encounter import CheckedFact, DecidedFact, RecommendedFact
from border.messages import topics, values
from border.messages.topics import TopicKind
from border.messages.trust import TrustFile
from border.rules.default import DEVELOPMENT
from border.rules.engine import RULE_LINES
from border.rules.policy import Policy
from drivers import catalogue
from hw_tests.faults import FAULTS
from hw_tests.phases import phases
from hw_tests.station import Station
from hw_tests.words import words

ROOT = Path(__file__).resolve().parents[2]
UUID, SHA256 = "0" * 8 + "-0000-0000-0000-" + "0" * 12, "0" * 64

ROOMS: dict[str, str] = {
    "border": "the language of the border that kiosk and centre share; pure: no input, output, clock or thread",
    "drivers": "talks to devices; knows no traveller and no policy",
    "appliance": "the kiosk: one traveller at a time",
    "central": "the centre: collects, verifies, stores once, answers with signed receipts, shows",
    "ota": "signed updates: what a device shall install, how it gets there, and back; headquarters' page for them",
    "provisioning": "the technician's tool: from a bare board to a commissioned lane, and the device's image",
    "simulators": "the far end of every wire, written from data sheets, and invented travellers",
    "practice": "a whole port on loopback: what `make run` starts, and the quay page",
    "hw_tests": "what every driver of a kind must do, and the technician's hardware tests of a whole board",
    "training": "how each net of ours was made and measured; never imported by the product",
    "evaluation": "error rates of the vision on folders of pictures, as a report; never imported by the product",
    "bench": "one command per figure, JSON and a picture",
    "scripts": "set-up, and the maker of these documents",
    "tests": "mirrors the rooms; `tests/journeys/` holds the whole appliance",
    "docs": "what you read now; `docs/decisions/` says why",
}
"""Every folder at the top that is under version control, and what it is."""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; `|` inside a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def rooms() -> str:
    """Each room and what it may import, as tests/test_architecture.py holds it."""
    may = _may_import()
    rows = [(f"`{room}/`", what, _arrows(room, may)) for room, what in ROOMS.items()]
    return table(("room", "what it is", "may import of ours"), rows)


def exceptions() -> str:
    """The arrows of single files and sub-rooms, where they differ from their room's."""
    rows = [(f"`{name}`", _listed(may)) for name, may in _may_import().items() if "." in name]
    return table(("part", "may import of ours"), rows)


def one_door() -> str:
    rows = [(f"`{library}`", ", ".join(map(_door, files))) for library, files in _literal("ONE_DOOR").items()]
    return table(("library", "only in"), rows)


def _door(file: str) -> str:
    return f"`{file}`" if (ROOT / file).exists() else f"{file} (to come)"


def _may_import() -> Mapping[str, tuple[str, ...]]:
    everything = {room: ("anything",) for room in ("bench", "tests")}
    return {**_literal("MAY_IMPORT"), **everything}


def _literal(name: str) -> dict[str, tuple[str, ...]]:
    """A dictionary of the architecture test, read and not run; values that are names stay out."""
    tree = ast.parse((ROOT / "tests" / "test_architecture.py").read_text(encoding="utf-8"))
    for node in tree.body:
        target = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, ast.AnnAssign):
            assert isinstance(node.value, ast.Dict)
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return {ast.literal_eval(k): ast.literal_eval(v) for k, v in pairs if k and not isinstance(v, ast.Name)}
    raise KeyError(name)


def _arrows(room: str, may: Mapping[str, tuple[str, ...]]) -> str:
    if room not in may:
        return "-"
    return _listed(other for other in may[room] if other != room) or "nothing"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(name if name == "anything" else f"`{name}`" for name in names)


def drivers() -> str:
    """Every driver by its name in kiosk.toml, with its address, from the factories' own words."""
    kinds: tuple[tuple[str, Mapping[str, Callable[..., object]]], ...] = (
        ("document_reader", catalogue.DOCUMENT_READER),
        ("camera", catalogue.CAMERA),
        ("fingerprint", catalogue.FINGERPRINT),
        ("fill_light", catalogue.FILL_LIGHT),
        ("printer", catalogue.PRINTER),
        ("lane", catalogue.LANE),
        ("chip_reader", catalogue.CHIP_READER),
    )
    rows = [
        (f"`{kind}`", f'`"{name}"`', " ".join(inspect.cleandoc(make.__doc__ or "").split()))
        for kind, named in kinds
        for name, make in named.items()
    ]
    return table(("key", "driver", "address"), rows)


@dataclass(frozen=True, slots=True)
class Way:
    """How one topic is used. `holds` None: reserved, nothing is sent there yet."""

    made: str
    upwards: bool
    retained: bool
    holds: type | None
    wrapped: str


_K = "K"
WAYS: dict[TopicKind, Way] = {
    TopicKind.RECORD: Way(
        topics.record(_K, UUID), True, False, values.RecordHeader, "signed; the `Record` inside is sealed"
    ),
    TopicKind.PART: Way(
        topics.part(_K, SHA256, 0), True, False, values.PartSlice, "a slice of a sealed sample, bare bytes"
    ),
    TopicKind.ALARM: Way(topics.alarm(_K, UUID), True, False, values.Alarm, "signed"),
    TopicKind.STATE: Way(topics.state(_K), True, True, values.StateReport, "signed; also the last will"),
    TopicKind.REQUEST: Way(topics.request(_K), True, False, values.Request, "signed"),
    TopicKind.RECEIPTS: Way(topics.receipts(_K), False, False, values.ReceiptBatch, "signed by the centre"),
    TopicKind.COMMAND: Way(
        topics.command(_K, UUID), False, False, None, "signed by headquarters; taken and kept, none is carried out yet"
    ),
    TopicKind.HIT: Way(topics.hit(_K), False, False, None, "reserved"),
    TopicKind.WATCHLIST: Way(topics.watchlist(), False, True, None, "signed by headquarters: `WatchListFile`"),
    TopicKind.POLICY: Way(topics.policy(), False, True, Policy, "signed by headquarters"),
    TopicKind.TRUST: Way(topics.trust(), False, True, TrustFile, "signed by headquarters"),
}
SAID = {"Alarm": "What must be known at once: a call for help, or a contradiction; its detail is a code."}
"""For messages whose class says nothing of itself."""

INSIDE: tuple[type, ...] = (values.Record, CheckedFact, RecommendedFact, DecidedFact, ledger.Checkpoint)


def messages() -> str:
    rows = []
    for kind in TopicKind:
        way = WAYS[kind]
        assert topics.parse(way.made).kind is kind
        topic = way.made.replace(f"/k/{_K}/", "/k/{kiosk}/").replace(UUID, "{id}")
        topic = topic.replace(f"{SHA256}/0", "{sha256}/{index}")
        holds = f"`{way.holds.__name__}`" if way.holds else ""
        rows.append(
            (f"`{topic}`", "up" if way.upwards else "down", "yes" if way.retained else "no", holds, way.wrapped)
        )
    return table(("topic", "way", "retained", "holds", "how"), rows)


def contents() -> str:
    """Each message with its words and fields."""
    known = {way.holds for way in WAYS.values() if way.holds} | set(INSIDE)
    rows = [
        (f"`{one.__name__}`", _first(one), ", ".join(f"`{field.name}`" for field in dataclasses.fields(one)))
        for one in sorted(known, key=lambda each: each.__name__)
    ]
    return table(("message", "what it is", "fields"), rows)


def _first(one: type) -> str:
    return SAID.get(one.__name__) or " ".join(inspect.cleandoc(one.__doc__ or "").split("\n\n")[0].split())


def rules() -> str:
    return table(("rule", "what it says"), [(f"`{rule}`", line) for rule, line in RULE_LINES.items()])


def policy() -> str:
    """Every value of the development policy, by its path."""
    return table(("value", "development policy"), [(f"`{name}`", shown) for name, shown in _values(DEVELOPMENT, "")])


def _values(value: object, prefix: str) -> Iterable[tuple[str, str]]:
    assert dataclasses.is_dataclass(value) and not isinstance(value, type)
    for field in dataclasses.fields(value):
        inner, name = getattr(value, field.name), f"{prefix}{field.name}"
        if name == "stays":
            continue
        if dataclasses.is_dataclass(inner):
            yield from _values(inner, f"{name}.")
        elif isinstance(inner, tuple):
            yield name, ", ".join(f"{one[0]} {one[1]:g}" if isinstance(one, tuple) else str(one) for one in inner)
        else:
            yield name, str(inner)


def stays() -> str:
    rows = [
        (f"`{s.rule}`", "everybody" if s.nationalities == ("*",) else " ".join(s.nationalities), str(s.days))
        for s in DEVELOPMENT.stays
    ]
    return table(("rule", "nationalities", "days"), rows)


def hardware_phases() -> str:
    """Every measurement of the hardware tests, beside its limits."""
    told = [
        (
            f"`{phase.name}.{each.name}`",
            each.doc,
            f"{each.limits} {each.unit if not each.limits.one_of else ''}".strip() if each.limits.judges else "told",
            each.remedy,
        )
        for phase in phases(Station(ROOT))
        for each in phase.expects
    ]
    return table(("measurement", "what it is", "limits", "when it fails"), told)


def hardware_suites() -> str:
    """Which phase runs when."""
    told = [
        (f"`{each.name}`", words().phase(each.name), "quick and full" if each.is_quick else "full", each.flag)
        for each in phases(Station(ROOT))
    ]
    return table(("phase", "what", "runs in", "only with"), told)


def hardware_faults() -> str:
    """What the hardware tests are proven to find."""
    return table(
        ("fault", "found as"), [(each.words, ", ".join(f"`{name}`" for name in each.found)) for each in FAULTS]
    )


BLOCKS: dict[str, Callable[[], str]] = {
    "rooms": rooms,
    "exceptions": exceptions,
    "one_door": one_door,
    "drivers": drivers,
    "messages": messages,
    "contents": contents,
    "rules": rules,
    "policy": policy,
    "stays": stays,
    "hardware_phases": hardware_phases,
    "hardware_suites": hardware_suites,
    "hardware_faults": hardware_faults,
}
"""What may stand between `<!-- made: NAME -->` and `<!-- end -->` in a document."""
