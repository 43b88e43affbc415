"""Every stable word of the product, found in the sources: codes, reasons of findings, reasons of messages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from appliance import gate
from appliance.checks import chip_trust, own_wish
from appliance.vision.challenge import Fault
from border.documents.values import RescanReason
from border.rules.engine import CLEAR_RULE
from tests.docs.pages import ROOT

PRODUCT = ("appliance", "border", "central", "drivers", "ota", "practice")


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
    """Literal reasons of the checks, and why the finger step asked for none."""
    not_asked = {word for node in _journey() for word in strings(node) if word.startswith("finger_not_asked_")}
    return {reason for verdict, reason in findings() if verdict == "CLEAR"} | not_asked


def referring() -> set[str]:
    """Literal reasons, those made of a word and a suffix, and those of the rules."""
    reasons = {reason for verdict, reason in findings() if verdict != "CLEAR"}
    reasons |= {reason for _, reason in own_wish.REASONS} | {fault.value for fault in Fault}
    reasons |= chip_trust.REFERRING
    reasons |= {f"document_{reason}" for reason in {*RescanReason, *_of_the_document_step()}}
    reasons |= {f"{device}_device_failed" for device in failing()}
    return reasons | _rules()


def _journey() -> Iterator[ast.Module]:
    return (tree(path) for path in sorted((ROOT / "appliance" / "journey").glob("*.py")))


def _of_the_document_step() -> set[str]:
    """Words with an underscore that this step says, but for its hints: they become `document_<word>`."""
    step = tree(ROOT / "appliance" / "journey" / "capture_document.py")
    hints = {word for node in ast.walk(step) if isinstance(node, ast.keyword) for word in strings(node.value)}
    return {word for word in strings(step) if re.fullmatch(r"[a-z]+(_[a-z]+)+", word)} - hints


def failing() -> set[str]:
    """What the steps can name as failed: the first word of `insist(...)` and of `failed_devices.append((...))`."""
    found: set[str] = set()
    for call in (node for module in _journey() for node in ast.walk(module) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name == "insist":
            found |= strings(call.args[0])
        elif name == "append" and call.args and isinstance(call.args[0], ast.Tuple):
            found |= strings(call.args[0].elts[0])
    return found


def _rules() -> set[str]:
    """Reasons that stand in the lists which the rules give."""
    engine = tree(ROOT / "border" / "rules" / "engine.py")
    rules = [n for n in engine.body if isinstance(n, ast.FunctionDef) and n.name.startswith("_")]
    lists = (node for rule in rules for node in ast.walk(rule) if isinstance(node, ast.List))
    return set().union(*(strings(one) for one in lists)) - {CLEAR_RULE}


def tampers() -> set[str]:
    """Details that a tamper alarm has: from the outbox the texts appended to `alarms`, and those of the lane."""
    found: set[str] = set()
    for path in (ROOT / "appliance" / "reporting").glob("*.py"):
        for call in (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)):
            at = call.func
            if isinstance(at, ast.Attribute) and at.attr == "append" and isinstance(at.value, ast.Attribute):
                found |= strings(call.args[0]) if at.value.attr == "alarms" else set()
    return found | {gate.OPENED, gate.CLEARED}
