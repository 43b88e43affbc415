"""Consent: the lane's old key agrees to its end, and names the key and the lane that come after it."""

from __future__ import annotations

from border.enrolment.requests import sign_consent
from border.enrolment.values import Consent
from provisioning.bench import Bench
from provisioning.identity import IdentitySigner, spki
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Facts, Question, Step
from provisioning.steps import drain
from provisioning.steps.enrolment import CONSENT, LEFT


def is_done(bench: Bench) -> bool:
    return bench.desk.has(CONSENT) and bool(bench.desk.table(LEFT))


def do(bench: Bench, _answers: Answers) -> Question | None:
    public, left = bench.backend.public_key(), str(bench.operation["left"])
    assert public is not None
    if bench.former.public_key() is None:
        raise refused(
            Code.KEY,
            "The key of the lane that is left is gone.",
            why="Without it nobody can agree to the move.",
            then="Ask headquarters for a voucher for replace-storage of the old lane first.",
        )
    last = int(bench.desk.table(drain.FILE)["last_seq"])
    consent = Consent(left, bench.kiosk, spki(public), last, bench.stamp())
    bench.desk.put_table(LEFT, {"kiosk": left, "last_seq": last})
    bench.desk.write(CONSENT, sign_consent(consent, IdentitySigner(bench.former, left)))
    return None


def evidence(bench: Bench) -> Facts:
    table = bench.desk.table(LEFT)
    return (("lane that ends", str(table["kiosk"])), ("lane that comes", bench.kiosk))


STEP = Step("consent", "The old lane agrees", is_done, do, evidence)
