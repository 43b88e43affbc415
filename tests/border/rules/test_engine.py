"""The recommendation: cleared only when everything spoke, once, and said clear; every other way refers by name."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.documents.countries import CARICOM_MEMBERS
from border.documents.values import PartialDate
from border.encounter import CheckedFact, ClockState, Direction, Outcome, RecommendedFact, Stamp
from border.findings import Finding, Measure, Verdict
from border.messages import codec
from border.messages.examples import CHECKED, SPECIMEN
from border.rules.default import DEVELOPMENT
from border.rules.engine import CLEAR_RULE, RULE_LINES, RULES, recommend
from border.rules.policy import Policy, Stay

MAY_2024 = 1_714_521_600_000
AT = Stamp(MAY_2024, 5_000, "boot-1", ClockState.TRUSTED)
EXPECTED = frozenset({"document_expiry", "face_pad", "watchlist"})
ALL_CLEAR = tuple(Finding(name, Verdict.CLEAR, "good", (Measure("m", 1.0, "u"),)) for name in sorted(EXPECTED))
ADULT = replace(SPECIMEN, nationality="LCA", issuing_state="LCA")
HONEST = replace(CHECKED, at=AT, document=ADULT, findings=ALL_CLEAR)


def judge(
    checked: CheckedFact = HONEST,
    *,
    policy: Policy = DEVELOPMENT,
    expected: frozenset[str] = EXPECTED,
    at: Stamp = AT,
) -> RecommendedFact:
    return recommend(policy, checked, expected, at, "rules@UTO-1")


def with_findings(*findings: Finding) -> CheckedFact:
    return replace(HONEST, findings=findings)


def born(year: int | None, month: int | None = 8, day: int | None = 12) -> CheckedFact:
    return replace(HONEST, document=replace(ADULT, date_of_birth=PartialDate(year, month, day, True)))


def test_all_clear_clears_and_says_by_which_rules() -> None:
    fact = judge()
    assert fact.outcome is Outcome.CLEARED
    assert fact.rules == (CLEAR_RULE, "caricom_six_months")
    assert (fact.reasons, fact.stay_days, fact.policy_version) == ((), 180, 1)
    assert (fact.encounter, fact.author, fact.at) == (CHECKED.encounter, "rules@UTO-1", AT)


REFERRALS: tuple[tuple[str, CheckedFact, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "a check refers",
        with_findings(*ALL_CLEAR[:2], Finding("watchlist", Verdict.REFER, "watchlist_match")),
        ("every_check_clear",),
        ("watchlist_match",),
    ),
    (
        "a check was not done",
        with_findings(*ALL_CLEAR[:2], Finding("watchlist", Verdict.NOT_DONE, "list_absent")),
        ("every_check_done",),
        ("list_absent",),
    ),
    ("a check is missing", with_findings(*ALL_CLEAR[:2]), ("no_check_missing",), ("check_missing",)),
    ("nothing spoke", with_findings(), ("no_check_missing",), ("check_missing",)),
    ("a check spoke twice", with_findings(*ALL_CLEAR, ALL_CLEAR[0]), ("no_check_repeated",), ("check_repeated",)),
    (
        "a check nobody expected",
        with_findings(*ALL_CLEAR, Finding("extra", Verdict.CLEAR, "fine")),
        ("no_check_unknown",),
        ("check_unknown",),
    ),
    ("no document", replace(HONEST, document=None), ("document_read",), ("document_not_read",)),
    (
        "a protected nationality",
        replace(HONEST, document=replace(ADULT, nationality="XXB")),
        ("protection",),
        ("protection_nationality",),
    ),
    ("a minor", born(15), ("minor",), ("minor",)),
    ("an unknown age", born(None), ("minor",), ("age_not_certain",)),
    ("an age near the limit and no month", born(8, None, None), ("minor",), ("age_not_certain",)),
)


@pytest.mark.parametrize(("name", "checked", "rules", "reasons"), REFERRALS, ids=[row[0] for row in REFERRALS])
def test_each_fault_refers_by_its_own_rule(
    name: str, checked: CheckedFact, rules: tuple[str, ...], reasons: tuple[str, ...]
) -> None:
    fact = judge(checked)
    assert fact.outcome is Outcome.REFERRED
    assert (fact.rules, fact.reasons, fact.stay_days) == (rules, reasons, None)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_measure_that_is_no_number_refers_though_its_check_said_clear(value: float) -> None:
    odd = Finding("face_pad", Verdict.CLEAR, "bona_fide", (Measure("score", value, "0..1"),))
    fact = judge(with_findings(ALL_CLEAR[0], odd, ALL_CLEAR[2]))
    assert (fact.outcome, fact.rules) == (Outcome.REFERRED, ("measures_are_numbers",))
    assert fact.reasons == ("measure_not_a_number",)


def test_an_untrusted_clock_refers_and_a_floor_does_not() -> None:
    assert judge(at=replace(AT, clock=ClockState.UNTRUSTED)).reasons == ("clock_not_trusted",)
    assert judge(at=replace(AT, clock=ClockState.FLOOR)).outcome is Outcome.CLEARED


@pytest.mark.parametrize("wall_ms", [2**63 - 1, -(2**63), 10**15])
def test_a_clock_outside_every_calendar_refers_and_does_not_raise(wall_ms: int) -> None:
    assert judge(at=replace(AT, wall_ms=wall_ms)).outcome is Outcome.REFERRED


def test_nobody_is_cleared_when_nothing_is_expected() -> None:
    fact = judge(with_findings(), expected=frozenset())
    assert (fact.outcome, fact.reasons) == (Outcome.REFERRED, ("check_missing",))


def test_a_protected_issuing_code_refers_too() -> None:
    assert judge(replace(HONEST, document=replace(ADULT, issuing_state="XXA"))).rules == ("protection",)


@pytest.mark.parametrize(("day", "outcome"), [(1, Outcome.CLEARED), (2, Outcome.REFERRED)])
def test_the_sixteenth_birthday_is_the_first_day_of_self_service(day: int, outcome: Outcome) -> None:
    assert datetime.fromtimestamp(MAY_2024 / 1000, UTC).date().isoformat() == "2024-05-01"
    assert judge(born(8, 5, day)).outcome is outcome


def test_all_rules_and_reasons_are_named_in_the_tables_order_without_repetition() -> None:
    worst = replace(
        HONEST,
        document=replace(ADULT, nationality="XXA", date_of_birth=PartialDate(20, 1, 1, True)),
        findings=(
            Finding("document_expiry", Verdict.NOT_DONE, "clock_not_trusted"),
            Finding("watchlist", Verdict.REFER, "watchlist_match"),
            Finding("watchlist", Verdict.REFER, "watchlist_match"),
            Finding("extra", Verdict.CLEAR, "fine", (Measure("m", float("nan"), "u"),)),
        ),
    )
    fact = judge(worst, at=replace(AT, clock=ClockState.UNTRUSTED))
    assert fact.rules == tuple(rule.id for rule in RULES if rule.id not in ("document_read", "stay_known"))
    assert fact.reasons == (
        "protection_nationality",
        "minor",
        "watchlist_match",
        "clock_not_trusted",
        "check_missing",
        "check_repeated",
        "check_unknown",
        "measure_not_a_number",
    )


VERDICTS = tuple(itertools.product(Verdict, repeat=len(EXPECTED)))


@pytest.mark.parametrize("verdicts", VERDICTS, ids="-".join)
def test_of_all_combinations_only_all_clear_clears(verdicts: tuple[Verdict, ...]) -> None:
    names = zip(sorted(EXPECTED), verdicts, strict=True)
    fact = judge(with_findings(*(Finding(name, verdict, "said") for name, verdict in names)))
    assert (fact.outcome is Outcome.CLEARED) == (set(verdicts) == {Verdict.CLEAR})


# Stays.


@pytest.mark.parametrize(
    ("nationality", "rule", "days"),
    [(code, "caricom_six_months", 180) for code in sorted(CARICOM_MEMBERS)]
    + [("FRA", "visitor_ninety_days", 90), ("D", "visitor_ninety_days", 90), ("UTO", "visitor_ninety_days", 90)],
)
def test_a_stay_goes_by_nationality_not_by_issuing_state(nationality: str, rule: str, days: int) -> None:
    fact = judge(replace(HONEST, document=replace(ADULT, nationality=nationality, issuing_state="GBR")))
    assert (fact.rules[-1], fact.stay_days) == (rule, days)


def test_the_first_row_that_fits_wins() -> None:
    rows = (Stay("first", ("LCA",), 10), Stay("second", ("LCA", "D"), 20), Stay("rest", ("*",), 30))
    policy = replace(DEVELOPMENT, stays=rows)
    assert judge(policy=policy).stay_days == 10
    german = replace(HONEST, document=replace(ADULT, nationality="DEU"))
    assert judge(german, policy=policy).stay_days == 20


def test_an_arrival_without_a_row_is_referred() -> None:
    policy = replace(DEVELOPMENT, stays=(Stay("neighbours", ("VCT",), 10),))
    fact = judge(policy=policy)
    assert (fact.outcome, fact.rules, fact.reasons) == (Outcome.REFERRED, ("stay_known",), ("no_stay_rule",))


def test_a_departure_needs_no_stay_and_gets_none() -> None:
    policy = replace(DEVELOPMENT, stays=(Stay("neighbours", ("VCT",), 10),))
    fact = judge(replace(HONEST, direction=Direction.DEPARTURE), policy=policy)
    assert (fact.outcome, fact.rules, fact.stay_days) == (Outcome.CLEARED, (CLEAR_RULE,), None)


# Replay.


def test_an_old_record_judged_again_from_its_bytes_gives_the_same_fact() -> None:
    for checked in (HONEST, *(row[1] for row in REFERRALS)):
        stored_fact, stored_policy = codec.encode(checked), codec.encode(DEVELOPMENT)
        again = judge(codec.decode(CheckedFact, stored_fact), policy=codec.decode(Policy, stored_policy))
        assert codec.encode(again) == codec.encode(judge(checked))


findings = st.lists(
    st.builds(
        Finding,
        check=st.sampled_from([*sorted(EXPECTED), "extra"]),
        verdict=st.sampled_from(Verdict),
        reason=st.sampled_from(["good", "bad", "absent"]),
        measures=st.lists(st.builds(Measure, name=st.just("m"), value=st.floats(), unit=st.just("u")), max_size=2).map(
            tuple
        ),
    ),
    max_size=6,
).map(tuple)


@given(findings, st.sampled_from(ClockState), st.sampled_from(["LCA", "XXA", "FRA", "", "?"]))
def test_cleared_means_that_every_condition_holds(
    found: tuple[Finding, ...], clock: ClockState, nationality: str
) -> None:
    checked = replace(with_findings(*found), document=replace(ADULT, nationality=nationality))
    fact = judge(checked, at=replace(AT, clock=clock))
    assert fact == judge(checked, at=replace(AT, clock=clock))
    holds = (
        sorted(f.check for f in found) == sorted(EXPECTED)
        and all(f.verdict is Verdict.CLEAR for f in found)
        and all(m.is_number for f in found for m in f.measures)
        and clock is not ClockState.UNTRUSTED
        and nationality != "XXA"
    )
    assert (fact.outcome is Outcome.CLEARED) == holds
    assert bool(fact.reasons) == (fact.outcome is Outcome.REFERRED)
    assert fact.rules


def test_every_rule_id_is_a_word_with_a_line_of_its_own() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert RULE_LINES.keys() == {CLEAR_RULE, *(rule.id for rule in RULES)}
    assert all(line.endswith(".") and "\n" not in line for line in RULE_LINES.values())
    assert len(set(RULE_LINES.values())) == len(RULE_LINES)
