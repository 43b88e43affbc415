"""A real mosquitto with the office's revocation list: the swapped board's certificate is refused, the new one taken."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from border.enrolment.values import EnrolmentAnswer, Purpose
from central import ca
from central.enrolment.publication import RENEW_S, Publication, read_list
from central.files import private_pem
from tests.central.broker import Broker, running_broker
from tests.central.enrolling import DAY_MS, Board, Headquarters, headquarters

LET_IN, SHUT_OUT = True, False


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(tmp_path, ["quay-8", "quay-9"]) as running:
        yield running


@pytest.fixture
def hq(broker: Broker, tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(broker.ca_folder, f"sqlite:{tmp_path / 'office.db'}") as made:
        made.now_ms -= DAY_MS  # the broker's clock is the machine's
        yield made


@pytest.fixture
def publication(hq: Headquarters, broker: Broker) -> Publication:
    now = lambda: datetime.fromtimestamp(hq.now_ms / 1000, UTC)  # noqa: E731
    return Publication(hq.folder / "crl.pem", hq.office, now, broker.reread)


def serials(hq: Headquarters) -> set[int]:
    there = read_list(hq.folder / "crl.pem")
    assert there is not None
    return {one.serial_number for one in there}


def is_let_in(broker: Broker, board: Board, answer: EnrolmentAnswer) -> bool:
    """A TLS handshake and the first byte of an answer: only then has the broker judged the certificate."""
    certificate, key = (broker.ca_folder / f"{board.serial}.{end}" for end in ("crt", "key"))
    certificate.write_bytes(x509.load_der_x509_certificate(answer.tls_chain[0]).public_bytes(Encoding.PEM))
    key.write_bytes(private_pem(board.tls_key))
    context = ssl.create_default_context(cafile=str(broker.ca_folder / "ca.crt"))
    context.load_cert_chain(certificate, key)
    return broker.greets(context, "quay-1")


def waits_until(broker: Broker, board: Board, answer: EnrolmentAnswer, expected: bool) -> None:
    until = time.monotonic() + 20
    while is_let_in(broker, board, answer) is not expected:
        assert time.monotonic() < until, f"the broker is not of the office's mind: {expected}"
        time.sleep(0.1)


def test_the_old_boards_certificate_is_dead_at_the_broker_and_the_new_boards_is_taken(
    hq: Headquarters, broker: Broker, publication: Publication
) -> None:
    voucher, old, new = hq.voucher(), Board("board-a"), Board("board-b")
    first = old.enrol(hq, voucher)
    assert publication.look()
    waits_until(broker, old, first, LET_IN)
    second = new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD)
    assert publication.look()
    waits_until(broker, old, first, SHUT_OUT)
    waits_until(broker, new, second, LET_IN)
    assert serials(hq) == {int(serial, 16) for serial in second.revoked}


def test_what_practice_revoked_stays_revoked_and_what_the_office_revoked_too(
    hq: Headquarters, publication: Publication
) -> None:
    ca.revoke(hq.folder, "quay-9", datetime.now(UTC))
    practice = serials(hq)
    assert len(practice) == 1
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    assert hq.office.end("quay-1", "m.charles", "stolen")
    assert publication.look()
    both = serials(hq)
    assert practice < both
    assert len(both) == 3
    ca.revoke(hq.folder, "quay-8", datetime.now(UTC))
    assert both < serials(hq)


def test_a_list_is_written_when_something_changed_or_it_grows_old_and_not_else(
    hq: Headquarters, publication: Publication
) -> None:
    assert publication.look()
    assert not publication.look()
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    assert publication.look()
    first = read_list(hq.folder / "crl.pem")
    hq.now_ms += RENEW_S * 1000
    assert publication.look()
    second = read_list(hq.folder / "crl.pem")
    assert first is not None
    assert second is not None
    assert second.next_update_utc is not None
    assert number(second) > number(first)
    assert second.next_update_utc - second.last_update_utc > timedelta(seconds=10 * RENEW_S)


def number(there: x509.CertificateRevocationList) -> int:
    return there.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_what_a_power_cut_kept_from_the_list_is_in_it_after_the_next_start(
    hq: Headquarters, publication: Publication
) -> None:
    assert publication.look()
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    assert hq.office.end("quay-1", "m.charles", "lost")
    assert serials(hq) == set()  # committed, and the power went before the file was written
    hq.again()
    told: list[int] = []
    anew = Publication(hq.folder / "crl.pem", hq.office, lambda: datetime.now(UTC), lambda: told.append(1))
    assert anew.look()
    assert len(serials(hq)) == 2
    assert told == [1]


def test_a_file_that_is_no_list_is_not_written_over(hq: Headquarters, publication: Publication) -> None:
    (hq.folder / "crl.pem").write_bytes(b"not a list")
    with pytest.raises(ValueError, match="PEM"):
        publication.look()
    assert (hq.folder / "crl.pem").read_bytes() == b"not a list"
