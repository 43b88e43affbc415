"""Every stable word of the product, found in the sources: codes, reasons of findings, reasons of messages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from appliance.checks import own_wish
from appliance.vision.challenge import Fault
from border.documents.values import RescanReason
from border.rules.engine import CLEAR_RULE
from tests.docs.pages import ROOT

PRODUCT = ("appliance", "border", "central", "drivers", "practice")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def strings(node: ast.AST | None) -> set[str]:
    """Every text constant at or below a node, but none inside an f-string."""
    if node is None or isinstance(node, ast.JoinedStr):
        return set()
    own = {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()
    return own.union(*(strings(child) for child in ast.iter_child_nodes(node)))


def codes() -> set[str]:
    """`code = "XXX-YYY"` in any class of the product."""
    found = set()
    for path in (file for room in PRODUCT for file in (ROOT / room).rglob("*.py")):
        for kind in (node for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)):
            for line in (node for node in kind.body if isinstance(node, ast.Assign)):
                if any(isinstance(target, ast.Name) and target.id == "code" for target in line.targets):
                    found |= strings(line.value)
    return found


def findings() -> Iterator[tuple[str, str]]:
    """(verdict, reason) of every `Finding(NAME, verdict, reason)` that a check can make, with literal words."""
    for path in sorted((ROOT / "appliance" / "checks").glob("*.py")):
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id == "Finding":
                kinds = {node.attr for node in ast.walk(call.args[1]) if isinstance(node, ast.Attribute)}
                yield from ((kind, reason) for kind in kinds for reason in strings(call.args[2]))


def clearing() -> set[str]:
    return {reason for verdict, reason in findings() if verdict == "CLEAR"} | _assigned("not_asked")


def referring() -> set[str]:
    """Literal reasons, those made of a word and a suffix, and those of the rules."""
    reasons = {reason for verdict, reason in findings() if verdict != "CLEAR"}
    reasons |= {reason for _, reason in own_wish.REASONS} | {fault.value for fault in Fault}
    reasons |= {f"document_{reason}" for reason in {*RescanReason, *_assigned("reason")}}
    reasons |= {f"{device}_device_failed" for device in failing()}
    return reasons | _rules()


def _assigned(name: str) -> set[str]:
    """Texts that the capture steps assign to this name, or return from the function that decides it."""
    steps = tree(ROOT / "appliance" / "journey" / "steps.py")
    found: set[str] = set()
    for node in ast.walk(steps):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            found |= strings(node.value)
        if isinstance(node, ast.FunctionDef) and node.name == {"not_asked": "_why_no_finger"}.get(name):
            returned = (line.value for line in ast.walk(node) if isinstance(line, ast.Return))
            found |= set().union(*(strings(value) for value in returned)) - {""}
    return found


def failing() -> set[str]:
    """What the steps can name as failed: the first word of `_insist(...)` and of `failed_devices.append((...))`."""
    found: set[str] = set()
    for call in (n for n in ast.walk(tree(ROOT / "appliance" / "journey" / "steps.py")) if isinstance(n, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name == "_insist":
            found |= strings(call.args[0])
        elif name == "append" and isinstance(call.args[0], ast.Tuple):
            found |= strings(call.args[0].elts[0])
    return found


def _rules() -> set[str]:
    """Reasons that stand in the lists which the rules give."""
    engine = tree(ROOT / "border" / "rules" / "engine.py")
    rules = [n for n in engine.body if isinstance(n, ast.FunctionDef) and n.name.startswith("_")]
    lists = (node for rule in rules for node in ast.walk(rule) if isinstance(node, ast.List))
    return set().union(*(strings(one) for one in lists)) - {CLEAR_RULE}


def tampers() -> set[str]:
    """Details that the outbox gives a tamper alarm: texts appended to `alarms`."""
    found: set[str] = set()
    for path in (ROOT / "appliance" / "reporting").glob("*.py"):
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            at = call.func
            if isinstance(at, ast.Attribute) and at.attr == "append" and isinstance(at.value, ast.Attribute):
                found |= strings(call.args[0]) if at.value.attr == "alarms" else set()
    return found
