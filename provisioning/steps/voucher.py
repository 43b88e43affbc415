"""The site voucher: headquarters' leave for this board to become a lane of this port, signed by two people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from border.encounter import ClockState
from border.enrolment.refusals import Refusal
from border.enrolment.values import LEVELS, SiteVoucher, voucher_for
from border.enrolment.voucher import OpenVoucher, open_voucher, peek_voucher
from border.messages.errors import MessageError
from provisioning.bench import LANE, VOUCHER, Bench
from provisioning.refusals import Code, as_headquarters, refused
from provisioning.step import Answers, Choice, Facts, Kind, Question, Refused, Step
from provisioning.words import day

MOST_BUTTONS = 4
WHO = Question("who", "What is your name?", Kind.TEXT, detail="It stands in the commissioning record.")
UNUSABLE = "This voucher cannot be used."


def is_done(bench: Bench) -> bool:
    if not (bench.desk.has(VOUCHER) and bench.kiosk and bench.who):
        return False
    voucher = bench.voucher()
    return bench.kiosk in voucher.lanes and voucher_for(bench.purpose) in voucher.purposes


def do(bench: Bench, answers: Answers) -> Question | None:
    if "who" not in answers:
        return WHO
    data, opened = _chosen(bench)
    voucher = opened.voucher
    bench.raise_floor(made_at_ms(voucher), "voucher")
    kiosk = answers.get("lane", voucher.lanes[0] if len(voucher.lanes) == 1 else "")
    if kiosk not in voucher.lanes:
        return _which_lane(voucher)
    bench.desk.write(VOUCHER, data)
    table = {"kiosk": kiosk, "who": answers["who"], "signers": list(opened.signers)}
    bench.desk.put_table(LANE, table)
    return None


def evidence(bench: Bench) -> Facts:
    voucher, signers = bench.voucher(), bench.desk.table(LANE).get("signers", [])
    return (
        ("port", voucher.port),
        ("lane", bench.kiosk),
        ("voucher", voucher.serial),
        ("good until", day(voucher.not_after_ms)),
        ("signed by", " and ".join(map(str, signers))),
    )


def made_at_ms(voucher: SiteVoucher) -> int:
    """A UUIDv7 begins with the time at which it was given: it is later now."""
    try:
        return int(voucher.serial.replace("-", "")[:12], 16)
    except ValueError:
        return 0


def people(folder: Path) -> Mapping[str, ec.EllipticCurvePublicKey]:
    """Who may sign vouchers, by name. Raises `Refused` when the image names nobody."""
    known = {path.stem: key for path in sorted(folder.glob("*.pub")) if (key := _p256(path)) is not None}
    if not known:
        raise refused(
            Code.NO_PEOPLE,
            "This board does not know who at headquarters signs vouchers.",
            why=f"No usable key lies in {folder}.",
            then="Write headquarters' own image onto the board and begin again.",
        )
    return known


def _p256(path: Path) -> ec.EllipticCurvePublicKey | None:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def _chosen(bench: Bench) -> tuple[bytes, OpenVoucher]:
    """The one on the sticks that this board may use; else the reason why the first may not. Raises `Refused`."""
    known = people(bench.settings.centre.people)
    whys: list[Refused] = []
    for data in _carried(bench):
        try:
            return data, _judged(bench, data, known)
        except Refused as why:
            whys.append(why)
    if whys:
        raise whys[0]
    raise refused(
        Code.NO_VOUCHER,
        "There is no voucher.",
        why=f"No file on a stick is one ({', '.join(map(str, bench.sticks())) or 'no stick is in'}).",
        then="Copy the voucher that headquarters sent into the folder landfall of a USB stick, and put it in.",
        again=True,
    )


def _carried(bench: Bench) -> Iterator[bytes]:
    for _, data in bench.carried(""):
        try:
            peek_voucher(data)
        except MessageError:
            continue
        yield data


def _judged(bench: Bench, data: bytes, known: Mapping[str, ec.EllipticCurvePublicKey]) -> OpenVoucher:
    try:
        opened = open_voucher(data, known)
    except MessageError as error:
        raise as_headquarters(Refusal.VOUCHER_WRONG, UNUSABLE, error.reason) from error
    voucher, now, clock = opened.voucher, bench.now_ms(), bench.stamp().clock
    span = f"it is good from {day(voucher.not_before_ms)} to {day(voucher.not_after_ms)}, and this board's clock,"
    detail = f"{span} {clock.value}, says {day(now)}"
    if now > voucher.not_after_ms:
        raise as_headquarters(Refusal.VOUCHER_EXPIRED, UNUSABLE, detail)
    if now < voucher.not_before_ms and clock is ClockState.TRUSTED:  # a clock that nobody steers may just be late
        raise as_headquarters(Refusal.VOUCHER_EARLY, UNUSABLE, detail)
    wanted = voucher_for(bench.purpose)
    if wanted not in voucher.purposes:
        names = ", ".join(purpose.value for purpose in voucher.purposes)
        raise as_headquarters(Refusal.VOUCHER_PURPOSE, UNUSABLE, f"it is for {names}, not for {wanted.value}")
    if LEVELS.index(bench.backend.level) < LEVELS.index(voucher.least_level):
        detail = f"it wants {voucher.least_level.value}, this board has {bench.backend.level.value}"
        raise as_headquarters(Refusal.LEVEL_TOO_LOW, UNUSABLE, detail)
    return opened


def _which_lane(voucher: SiteVoucher) -> Question:
    words = f"Which lane of {voucher.port} is this?"
    if len(voucher.lanes) > MOST_BUTTONS:
        return Question("lane", words, Kind.TEXT, detail=f"One of {', '.join(voucher.lanes)}.")
    return Question("lane", words, choices=tuple(Choice(lane, lane) for lane in voucher.lanes))


STEP = Step("voucher", "Site voucher", is_done, do, evidence)
