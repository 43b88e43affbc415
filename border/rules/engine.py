"""Findings to a recommendation: clear only when every rule is satisfied, and name every rule that was not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from border.documents.countries import canonical
from border.documents.dates import age_bounds, resolve_birth
from border.encounter import CheckedFact, ClockState, Direction, Outcome, RecommendedFact, Stamp
from border.findings import Verdict
from border.rules.policy import Policy, Stay

ANY = "*"
"""In a stay's nationalities: everybody."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a rule may look at."""

    policy: Policy
    checked: CheckedFact
    expected: frozenset[str]
    at: Stamp


Reasons = Callable[[Case], list[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`fires` gives the reasons to refer, or none. `line` is for people: officers, auditors, the manual."""

    id: str
    line: str
    fires: Reasons


def recommend(
    policy: Policy, checked: CheckedFact, expected: frozenset[str], at: Stamp, author: str
) -> RecommendedFact:
    """CLEARED when no rule of RULES fires, else REFERRED with every rule and reason, in the table's order.

    `expected`: the checks that must have spoken, each once. Pure: the same arguments give the same fact, so an old
    record can be judged again.
    """
    case = Case(policy, checked, expected, at)
    fired = {rule.id: reasons for rule in RULES if (reasons := rule.fires(case))}
    stay = None if fired else stay_of(policy, checked)
    rules = list(fired) or [CLEAR_RULE] + ([] if stay is None else [stay.rule])
    return RecommendedFact(
        encounter=checked.encounter,
        author=author,
        at=at,
        outcome=Outcome.REFERRED if fired else Outcome.CLEARED,
        rules=tuple(rules),
        reasons=tuple(dict.fromkeys(reason for reasons in fired.values() for reason in reasons)),
        policy_version=policy.version,
        stay_days=None if stay is None else stay.days,
    )


def stay_of(policy: Policy, checked: CheckedFact) -> Stay | None:
    """The first row for an arrival's nationality; None for departures, without a document, or without a row."""
    if checked.direction is not Direction.ARRIVAL or checked.document is None:
        return None
    nationality = canonical(checked.document.nationality)
    for stay in policy.stays:
        if any(code == ANY or canonical(code) == nationality for code in stay.nationalities):
            return stay
    return None


def _protection(case: Case) -> list[str]:
    document = case.checked.document
    if document is None:
        return []
    kindly = not {document.nationality, document.issuing_state}.isdisjoint(case.policy.protection_codes)
    return ["protection_nationality"] if kindly else []


def _minor(case: Case) -> list[str]:
    document, today = case.checked.document, _day(case.at)
    if document is None:
        return []
    bounds = None if today is None else age_bounds(resolve_birth(document.date_of_birth, today), today)
    if bounds is None:
        return ["age_not_certain"]
    fewest, most = bounds
    if fewest >= case.policy.min_self_service_age_years:
        return []
    return ["minor" if most < case.policy.min_self_service_age_years else "age_not_certain"]


def _day(at: Stamp) -> date | None:
    """The day in UTC; None for a clock that shows a year no calendar has."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at.wall_ms)).date()
    except OverflowError:
        return None


def _clock(case: Case) -> list[str]:
    return ["clock_not_trusted"] if case.at.clock is ClockState.UNTRUSTED else []


def _document(case: Case) -> list[str]:
    return ["document_not_read"] if case.checked.document is None else []


def _missing(case: Case) -> list[str]:
    spoken = {finding.check for finding in case.checked.findings}
    return ["check_missing"] if not case.expected or case.expected - spoken else []


def _repeated(case: Case) -> list[str]:
    times = Counter(finding.check for finding in case.checked.findings)
    return ["check_repeated"] if any(count > 1 for count in times.values()) else []


def _unknown(case: Case) -> list[str]:
    spoken = {finding.check for finding in case.checked.findings}
    return ["check_unknown"] if spoken - case.expected else []


def _not_clear(case: Case) -> list[str]:
    return [finding.reason for finding in case.checked.findings if finding.verdict is Verdict.REFER]


def _not_done(case: Case) -> list[str]:
    said = (Verdict.CLEAR, Verdict.REFER)
    return [finding.reason for finding in case.checked.findings if finding.verdict not in said]


def _no_number(case: Case) -> list[str]:
    values = (measure.value for finding in case.checked.findings for measure in finding.measures)
    return [] if all(math.isfinite(value) for value in values) else ["measure_not_a_number"]


def _no_stay(case: Case) -> list[str]:
    arrives = case.checked.direction is Direction.ARRIVAL and case.checked.document is not None
    return ["no_stay_rule"] if arrives and stay_of(case.policy, case.checked) is None else []


CLEAR_RULE = "every_rule_satisfied"
CLEAR_LINE = "None of the rules below fired: every expected check spoke once, and said clear."

RULES: tuple[Rule, ...] = (
    Rule("protection", "Stateless persons and refugees always meet an officer, kindly.", _protection),
    Rule("minor", "Who is below the self-service age, or may be, always meets an officer.", _minor),
    Rule("every_check_clear", "A check that says refer refers.", _not_clear),
    Rule("every_check_done", "A check that could not be done refers: absent is not passed.", _not_done),
    Rule("document_read", "Nobody is cleared without a document.", _document),
    Rule("no_check_missing", "Every expected check must have spoken; with none expected nobody is cleared.", _missing),
    Rule("no_check_repeated", "A check that spoke twice contradicts itself or hides something.", _repeated),
    Rule("no_check_unknown", "A check that nobody expected is not ignored.", _unknown),
    Rule("measures_are_numbers", "A measure that is no number refers, whatever its check said.", _no_number),
    Rule("clock_trusted", "Without a trusted clock neither expiry nor age can be judged.", _clock),
    Rule("stay_known", "An arrival is cleared only with a stay that the policy grants.", _no_stay),
)
"""Every rule that refers, in the order in which reasons are given. A policy's stays add their own ids when clearing."""

RULE_LINES: dict[str, str] = {CLEAR_RULE: CLEAR_LINE} | {rule.id: rule.line for rule in RULES}
"""What each rule id means; the manual's table is made of it."""
