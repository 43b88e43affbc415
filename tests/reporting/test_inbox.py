"""What headquarters sends: taken when signed and newer, kept durably, refused by name otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appliance.reporting.inbox import COMMAND_TYPE, KEEP, Command, Inbox, Verdict
from border.messages import codec
from border.messages.cose import Signer, SoftwareSigner, sign1
from border.messages.topics import TopicKind
from border.messages.trust import TrustFile, sign_trust
from border.rules.codec import sign_policy
from border.rules.default import DEVELOPMENT
from border.watchlist.codec import sign_list
from border.watchlist.values import Born, Entry, WatchList
from tests.post.world import CENTRE, FOREIGN_KEY, HQ, HQ_KEY, KIOSK, START_MS

POLICY, WATCHLIST, TRUST, COMMAND = TopicKind.POLICY, TopicKind.WATCHLIST, TopicKind.TRUST, TopicKind.COMMAND


def policy(version: int, signer: Signer = HQ) -> bytes:
    return sign_policy(replace(DEVELOPMENT, version=version), signer)


def watchlist(version: int, issued_at_ms: int = START_MS, document: str = "X1") -> bytes:
    entry = Entry("practice-1", (), Born(), (document,), "UTO", "document_stolen")
    return sign_list(WatchList(version, issued_at_ms, (entry,)), HQ)


def trust(version: int, publishers: tuple[str, ...] = ()) -> bytes:
    return sign_trust(TrustFile(version, START_MS, (), (), (), (), (), publishers, ()), HQ)


def command(serial: int, kiosk: str = KIOSK, signer: Signer = HQ) -> bytes:
    return sign1(codec.encode(Command(kiosk, serial, "restart", (), START_MS)), signer, COMMAND_TYPE)


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: list[TopicKind] = []
        self.inbox = Inbox(folder, KIOSK, HQ_KEY.public_key(), self.taken.append)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "lists")


def test_a_newer_policy_is_taken_told_and_in_force_after_a_restart(desk: Desk) -> None:
    signed = policy(7)
    assert desk.inbox.receive(POLICY, signed) is Verdict.TAKEN
    assert (desk.taken, desk.inbox.order(POLICY)) == ([POLICY], (7, 0))
    assert (desk.folder / "policy.cose").read_bytes() == signed
    assert Desk(desk.folder).inbox.order(POLICY) == (7, 0)


def test_the_same_content_signed_again_is_known_and_not_told_twice(desk: Desk) -> None:
    desk.inbox.receive(POLICY, policy(7))
    assert desk.inbox.receive(POLICY, policy(7)) is Verdict.KNOWN
    assert (desk.taken, desk.inbox.troubles) == ([POLICY], ())


@pytest.mark.parametrize(
    ("kind", "newer", "older"),
    [
        (POLICY, policy(7), policy(6)),
        (WATCHLIST, watchlist(2), watchlist(1)),
        (TRUST, trust(2), trust(1)),
        (COMMAND, command(2), command(1)),
    ],
)
def test_an_older_version_is_never_taken(desk: Desk, kind: TopicKind, newer: bytes, older: bytes) -> None:
    desk.inbox.receive(kind, newer)
    assert desk.inbox.receive(kind, older) is Verdict.OLDER
    assert desk.inbox.receive(kind, older) is Verdict.OLDER
    assert (desk.folder / f"{kind.value}.cose").read_bytes() == newer
    assert desk.inbox.troubles == ((f"inbox.{kind.value}", "older x2"),)


def test_an_older_version_is_not_taken_after_a_restart_either(desk: Desk) -> None:
    desk.inbox.receive(WATCHLIST, watchlist(2))
    assert Desk(desk.folder).inbox.receive(WATCHLIST, watchlist(1)) is Verdict.OLDER


def test_a_list_issued_later_under_the_same_version_is_newer(desk: Desk) -> None:
    desk.inbox.receive(WATCHLIST, watchlist(1, START_MS))
    assert desk.inbox.receive(WATCHLIST, watchlist(1, START_MS + 1, "X2")) is Verdict.TAKEN


def test_other_content_under_a_known_version_is_refused(desk: Desk) -> None:
    desk.inbox.receive(WATCHLIST, watchlist(1))
    assert desk.inbox.receive(WATCHLIST, watchlist(1, document="X2")) is Verdict.REUSED


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        (POLICY, policy(9, SoftwareSigner(FOREIGN_KEY, "hq")), "bad_signature"),
        (POLICY, policy(9, CENTRE), "bad_signature"),
        (POLICY, b"", "bad_envelope"),
        (POLICY, watchlist(9), "wrong_content_type"),
        (WATCHLIST, policy(9), "wrong_content_type"),
        (TRUST, policy(9), "wrong_content_type"),
        (COMMAND, command(9, "quay-2"), "wrong_kiosk"),
        (COMMAND, command(0), "bad_value"),
        (TopicKind.HIT, policy(9), "bad_topic"),
    ],
)
def test_what_is_not_headquarters_word_for_us_is_refused_by_reason(
    desk: Desk, kind: TopicKind, payload: bytes, reason: str
) -> None:
    assert desk.inbox.receive(kind, payload) is Verdict.REFUSED
    assert [trouble[1] for trouble in desk.inbox.troubles] == [f"{reason} x1"]
    assert (desk.taken, list(desk.folder.iterdir())) == ([], [])


def test_the_last_three_are_kept(desk: Desk) -> None:
    for version in range(1, 13):
        desk.inbox.receive(POLICY, policy(version))
    history = sorted(path.name for path in desk.folder.iterdir() if path.name != "policy.cose")
    assert [int(name.split("-")[1]) for name in history] == [10, 11, 12]
    assert len(history) == KEEP


def test_a_command_is_good_until_its_time(desk: Desk) -> None:
    assert desk.inbox.command(START_MS) is None
    desk.inbox.receive(COMMAND, command(3))
    found = desk.inbox.command(START_MS)
    assert found is not None
    assert (found.name, found.serial) == ("restart", 3)
    assert desk.inbox.command(START_MS + 1) is None


def test_a_spoilt_file_counts_as_absent_and_is_said(desk: Desk) -> None:
    (desk.folder / "policy.cose").write_bytes(b"spoilt")
    inbox = Desk(desk.folder).inbox
    assert inbox.order(POLICY) == (0, 0)
    assert inbox.troubles == (("inbox.policy", "bad_envelope x1"),)
    assert inbox.receive(POLICY, policy(1)) is Verdict.TAKEN
