"""The enrolment office killed at each of its writes, and at random under load.

The register, what was handed out and the revocation list never contradict each other, and whoever asks again is who he
was.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from border.enrolment.answers import Reply
from border.enrolment.values import EnrolmentAnswer, Purpose
from central.enrolment import folder as folders
from central.enrolment import voucher_desk
from central.enrolment.office import Office
from central.enrolment.people import open_person, read_people
from central.enrolment.publication import EVICTIONS, Publication, read_list
from central.enrolment.voucher_desk import VoucherError
from central.store import lanes, open_store, sqlite, vouchers
from central.store.api import Transaction
from practice.processes import answers
from tests.central.enrolling import PASSPHRASES, WISH, Board, Headquarters, headquarters
from tests.central.test_enrolment_server import Place, make_place, posted, serving
from tests.lives import CUT, life

pytestmark = pytest.mark.timeout(300)
DONE = 0
WHOLE = replace(WISH, devices=2, lanes=("quay-1",))


@dataclass
class World:
    """What lies on the disks of headquarters, of a board and of its spare. `out`: what was handed out."""

    hq: Headquarters
    voucher: bytes
    first: Board
    spare: Board

    @property
    def out(self) -> Path:
        return self.hq.folder / "out"

    def handed_out(self) -> list[x509.Certificate]:
        return [x509.load_der_x509_certificate(path.read_bytes()) for path in sorted(self.out.iterdir())]

    def publication(self) -> Publication:
        now = lambda: datetime.fromtimestamp(self.hq.now_ms / 1000, UTC)  # noqa: E731
        return Publication(self.hq.folder / "crl.pem", self.hq.office, now, _nobody, _evicted)


def _nobody() -> None: ...


def _evicted(_shown: object) -> None: ...


Cut = Callable[[], None]
Act = Callable[[World, Cut], None]


def answered(world: World, board: Board, cut: Cut, purpose: Purpose = Purpose.ENROL) -> EnrolmentAnswer:
    """Asked, and what comes is handed out; a power cut may come between the two."""
    voucher = b"" if purpose is Purpose.RETIRE else world.voucher
    answer = board.enrol(world.hq, voucher, purpose=purpose)
    cut()
    for der in (*answer.chain[:1], *answer.tls_chain[:1]):
        (world.out / f"{x509.load_der_x509_certificate(der).serial_number:x}").write_bytes(der)
    return answer


def enrol(world: World, cut: Cut) -> None:
    answered(world, world.first, cut)
    world.publication().look()


def replace_board(world: World, cut: Cut) -> None:
    answered(world, world.spare, cut, purpose=Purpose.REPLACE_BOARD)
    world.publication().look()


def retire(world: World, cut: Cut) -> None:
    answered(world, world.first, cut, purpose=Purpose.RETIRE)
    world.publication().look()


def end(world: World, _cut: Cut) -> None:
    world.hq.office.end("quay-1", "m.charles", "stolen")
    world.publication().look()


ACTS: dict[str, tuple[Act, tuple[Act, ...]]] = {
    "enrol": (enrol, ()),
    "replace_board": (replace_board, (enrol,)),
    "retire": (retire, (enrol,)),
    "end": (end, (enrol,)),
}
"""Each with what came before it."""


def uncut() -> None: ...


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, World]]:
    """Headquarters with a voucher that two have signed."""
    place = tmp_path_factory.mktemp("kills") / "founded"
    with headquarters(place / "ca", f"sqlite:{place / 'office.db'}") as hq:
        world = World(hq, hq.voucher(WHOLE), Board("board-a"), Board("board-b"))
        hq.store.close()
        yield place, world


def found(place: Path, world: World, to: Path) -> World:
    """The same on a disk of its own."""
    shutil.copytree(place, to)
    return opened(to, world)


def opened(to: Path, world: World) -> World:
    """As after a start of the office."""
    url = f"sqlite:{to / 'office.db'}"
    store = open_store(url)
    hq = Headquarters(to / "ca", url, store, world.hq.now_ms, None)  # type: ignore[arg-type]
    hq.office = Office(folders.load_desk(hq.folder), store, lambda: hq.now_ms)
    (hq.folder / "out").mkdir(exist_ok=True)
    return World(hq, world.voucher, world.first, world.spare)


def lived(work: Callable[[Cut], None], cut_at: int) -> int:
    """A process that is gone before its n-th write: a statement of SQL, or a file that is renamed into place."""

    def whole() -> int:
        work(_cutting(cut_at))
        return DONE

    return life(whole)


def _cutting(number: int) -> Cut:
    count = 0

    def cut() -> None:
        nonlocal count
        count += 1
        if count == number:
            os._exit(CUT)

    rows, each, rename = sqlite._SqliteTransaction.rows, sqlite._SqliteTransaction.each, os.replace

    def cut_rows(*arguments: object) -> object:
        cut()
        return rows(*arguments)  # type: ignore[arg-type]

    def cut_each(*arguments: object) -> object:
        cut()
        return each(*arguments)  # type: ignore[arg-type]

    def cut_rename(*arguments: object) -> None:
        cut()
        rename(*arguments)  # type: ignore[arg-type]

    sqlite._SqliteTransaction.rows = cut_rows  # type: ignore[method-assign, assignment]
    sqlite._SqliteTransaction.each = cut_each  # type: ignore[method-assign, assignment]
    os.replace = cut_rename  # type: ignore[assignment]
    return cut


def lives(place: Path, world: World, folder: Path, name: str) -> Iterator[tuple[int, World]]:
    """The act cut at each of its writes, each time on a disk of its own, and what is found there at the next start."""
    act, before = ACTS[name]
    ready = found(place, world, folder / "ready")
    for earlier in before:
        earlier(ready, uncut)
    ready.hq.store.close()
    for number in range(1, 1000):
        to = folder / f"cut-{number}"
        cut = found(folder / "ready", ready, to)
        status = lived(lambda hook, cut=cut: act(cut, hook), number)  # type: ignore[misc]
        after = opened(to, world)
        yield number, after
        after.hq.store.close()
        shutil.rmtree(to)
        if status == DONE:
            return
        assert status == CUT, f"{name} failed by itself at {number}"


def contradictions(world: World) -> list[str]:
    """What must never be found, whenever it is looked."""
    hq, wrong = world.hq, list[str]()
    register = {row.serial: row for row in hq.certificates()}
    for one in world.handed_out():
        if f"{one.serial_number:x}" not in register:
            wrong.append("a certificate was handed out that the register does not know")
    certified = [row for row in register.values() if row.usage is not lanes.Usage.EVICTION]
    alone = [row for row in hq.identities() if not [each for each in certified if each.generation == row.generation]]
    wrong += ["a board is the lane and has no certificate" for _ in alone]
    in_force = [row for row in hq.identities() if not row.until_ms]
    wrong += ["two boards are one lane"] * (len(in_force) > 1)
    counting = {row.generation for row in certified if not row.revoked_ms}
    if counting - {row.generation for row in in_force}:
        wrong.append("a certificate counts whose board is not the lane")
    boards = {row.board for row in hq.identities()}
    with hq.store.snapshot() as t:
        uses = [use for row in vouchers.everything(t) for use in row.uses]
        nonces = t.rows("SELECT nonce FROM enrolment_requests")
    if {board for board, _, _ in uses} != boards or len(uses) != len(boards):
        wrong.append("the voucher's uses are not the boards that came with it")
    if bool(boards) != bool(nonces):
        wrong.append("a request counted, and nobody became anything by it")
    if hq.lane_state() == "expected" and boards:
        wrong.append("a lane is expected that has a board")
    return wrong


def recovered(world: World) -> list[str]:
    """What must not be found once the office has started again and looked."""
    hq, wrong = world.hq, contradictions(world)
    before = read_list(hq.folder / "crl.pem")
    world.publication().look()
    there = read_list(hq.folder / "crl.pem")
    assert before is not None and there is not None
    with hq.store.snapshot() as t:
        revoked = {int(row.serial, 16) for row in lanes.revoked(t, hq.now_ms)}
    if {one.serial_number for one in there} != revoked:
        wrong.append("the revocation list and the register differ")
    if number(there) < number(before):
        wrong.append("the list's number falls")
    if (hq.folder / EVICTIONS).exists() and (hq.folder / EVICTIONS).read_text():
        wrong.append("somebody revoked is connected still")
    evicted = [row for row in hq.certificates() if row.usage is lanes.Usage.EVICTION]
    cut_off = [row for row in hq.certificates() if row.usage is lanes.Usage.TLS and row.revoked_ms]
    if cut_off and not evicted:
        wrong.append("somebody revoked was never evicted")
    return wrong


def number(there: x509.CertificateRevocationList) -> int:
    return there.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


FULL = ("enrol", "end")
"""Their writes are among those of the others."""


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.full if n in FULL else ()) for n in ACTS])
def test_a_cut_at_any_write_leaves_no_contradiction_and_whoever_asks_again_is_who_he_was(
    founded: tuple[Path, World], tmp_path: Path, name: str
) -> None:
    place, world = founded
    cuts, act = 0, ACTS[name][0]
    for cut_at, after in lives(place, world, tmp_path, name):
        assert recovered(after) == [], f"cut at {cut_at}"
        had = after.hq.identities()
        _asked_again(after, act)
        assert recovered(after) == [], f"asked again after a cut at {cut_at}"
        now = after.hq.identities()
        assert [row.public_key for row in now[: len(had)]] == [row.public_key for row in had]
        wanted = [after.first, after.spare] if act is replace_board else [after.first]
        assert [row.board for row in now] == [board.serial for board in wanted], f"cut at {cut_at}"
        assert [row.generation for row in now] == list(range(1, len(wanted) + 1))
        cuts = cut_at
    assert cuts > 15


def _asked_again(after: World, act: Act) -> None:
    """With a new request, as a device does that heard nothing."""
    act(after, uncut)


def test_an_office_without_transactions_would_be_found_out(
    founded: tuple[Path, World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that cannot fail would be none."""

    @contextlib.contextmanager
    def at_once(self: sqlite.SqliteStore, _begin: str) -> Iterator[Transaction]:
        yield sqlite._SqliteTransaction(self._open())

    place, world = founded
    monkeypatch.setattr(sqlite.SqliteStore, "_between", at_once)
    wrong = set[str]()
    for _, after in lives(place, world, tmp_path, "enrol"):
        wrong |= set(contradictions(after))
        if len(wrong) > 1:
            after.hq.store.close()
            break
    assert {"a board is the lane and has no certificate", "a request counted, and nobody became anything by it"} & wrong
    assert len(wrong) > 1


def test_a_voucher_is_signed_by_both_or_waits_for_the_other_whenever_the_power_fails(
    founded: tuple[Path, World], tmp_path: Path
) -> None:
    place, world = founded
    signers = {
        name: open_person(world.hq.people_folder, name, passphrase) for name, passphrase in PASSPHRASES.items()
    }  # the passphrase takes its time; no write is in it
    people = read_people(world.hq.people_folder)

    def signed(at: World, serial: str, name: str) -> int:
        with at.hq.store.transaction() as t:
            return voucher_desk.sign(t, serial, signers[name], people, at.hq.now_ms)

    def act(at: World, _cut: Cut) -> None:
        serial = at.hq.make_voucher(replace(WISH, lanes=("quay-7",))).serial
        for name in signers:
            signed(at, serial, name)

    for cut_at in range(1, 1000):
        to = tmp_path / f"cut-{cut_at}"
        cut = found(place, world, to)
        status = lived(lambda hook, cut=cut: act(cut, hook), cut_at)  # type: ignore[misc]
        after = opened(to, world)
        with after.hq.store.snapshot() as t:
            rows = [row for row in vouchers.everything(t) if "quay-7" in row.voucher.lanes]
            expected = lanes.lane(t, "quay-7")
        assert len(rows) <= 1
        for row in rows:
            assert (expected is not None) is (len(row.signatures) == 2), f"cut at {cut_at}"
            for name in signers:
                with contextlib.suppress(VoucherError):  # he has signed it already
                    signed(after, row.voucher.serial, name)
            assert after.hq.sealed(row.voucher.serial) is not None
        after.hq.store.close()
        if status == DONE:
            break
    assert cut_at > 10


KILLS = 4


def test_killed_at_random_while_boards_ask_over_the_line(tmp_path: Path) -> None:
    """SIGKILL, each time a moment after it listens again; each board asks until it has its answer, then renews."""
    place = make_place(tmp_path)
    names = tuple(f"quay-{each}" for each in range(1, 4))
    wish = [part for name in names for part in ("--lane", name)]
    voucher = place.voucher(*wish[2:], "--devices", str(len(names)), "--purpose", "enrol")
    boards = [Board(f"board-{name}") for name in names]
    over, got = threading.Event(), {name: list[EnrolmentAnswer]() for name in names}

    def asks(name: str, board: Board) -> None:
        while not over.is_set():
            with contextlib.suppress(httpx.HTTPError), place.line() as line:
                got[name].append(_granted(posted(place, line, board, voucher, kiosk=name)))

    with serving(place) as process:
        threads = [threading.Thread(target=asks, args=pair) for pair in zip(names, boards, strict=True)]
        for thread in threads:
            thread.start()
        try:
            chance = random.Random(7)
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.05, 1.0))
                process.kill()
                process.start()
                process.wait_until(lambda: answers(place.port), 60.0)
            ends_s = time.monotonic() + 60.0
            while not all(got.values()) and time.monotonic() < ends_s:
                time.sleep(0.1)
        finally:
            over.set()
            for thread in threads:
                thread.join(60.0)
    assert all(got.values()), "every board has its answer in the end"
    _is_whole(place, names, got)


def _is_whole(place: Place, names: tuple[str, ...], got: dict[str, list[EnrolmentAnswer]]) -> None:
    store = open_store(place.database)
    with store.snapshot() as t:
        register = lanes.all_certificates(t)
        known = {row.der for row in register}
        for name in names:
            (identity,) = lanes.identities(t, name)
            assert {answer.generation for answer in got[name]} == {1} == {identity.generation}
            assert {der for answer in got[name] for der in (answer.chain[0], answer.tls_chain[0])} <= known
        (used,) = [row for row in vouchers.everything(t)]
        revoked = {int(row.serial, 16) for row in lanes.revoked(t, 0)}
    store.close()
    assert sorted(kiosk for _, kiosk, _ in used.uses) == sorted(names)
    assert len({row.serial for row in register}) == len(register) == len(known)
    with serving(place) as process:
        process.wait_until(lambda: _listed(place) == revoked, 60.0)


def _listed(place: Place) -> set[int]:
    return {one.serial_number for one in read_list(place.folder / "crl.pem") or ()}


def _granted(reply: Reply) -> EnrolmentAnswer:
    assert isinstance(reply, EnrolmentAnswer), reply
    return reply
