"""A real mosquitto with the office's revocation list: the swapped board's certificate is refused, the new one taken."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from border.enrolment.values import EnrolmentAnswer, Purpose
from central import ca
from central.enrolment import eviction
from central.enrolment.__main__ import PASSPHRASE, main
from central.enrolment.eviction import Pass, evict
from central.enrolment.publication import EVICTIONS, RENEW_S, Publication, read_list
from central.files import private_pem
from central.line import BrokerAddress, publish_retained
from central.store.lanes import Usage
from tests.central.broker import Broker, running_broker
from tests.central.enrolling import DAY_MS, PASSPHRASES, Board, Headquarters, headquarters

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
    return publishing(hq, broker, lambda shown: evict(at(broker), shown))


def publishing(hq: Headquarters, broker: Broker, evict: Callable[[Pass], None]) -> Publication:
    now = lambda: datetime.fromtimestamp(hq.now_ms / 1000, UTC)  # noqa: E731
    return Publication(hq.folder / "crl.pem", hq.office, now, broker.reread, evict)


def at(broker: Broker) -> eviction.Broker:
    return eviction.Broker("localhost", broker.port, broker.ca_folder / "ca.crt")


def serials(hq: Headquarters) -> set[int]:
    there = read_list(hq.folder / "crl.pem")
    assert there is not None
    return {one.serial_number for one in there}


def is_let_in(broker: Broker, board: Board, answer: EnrolmentAnswer) -> bool:
    """A TLS handshake and the first byte of an answer: only then has the broker judged the certificate."""
    return broker.greets(shown(broker, board, answer), "quay-1")


def shown(broker: Broker, board: Board, answer: EnrolmentAnswer) -> ssl.SSLContext:
    certificate, key = (broker.ca_folder / f"{board.serial}.{end}" for end in ("crt", "key"))
    certificate.write_bytes(x509.load_der_x509_certificate(answer.tls_chain[0]).public_bytes(Encoding.PEM))
    key.write_bytes(private_pem(board.tls_key))
    context = ssl.create_default_context(cafile=str(broker.ca_folder / "ca.crt"))
    context.load_cert_chain(certificate, key)
    return context


def is_shut_out(broker: Broker, context: ssl.SSLContext) -> bool:
    """As soon as the broker has read its list again. Nothing is said after the handshake, so nobody loses his place."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            with (
                socket.create_connection((broker.host, broker.port), 5) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as line,
            ):
                line.settimeout(0.5)
                if not line.recv(1):
                    return True
        except TimeoutError:
            continue  # it waits for a word: let in
        except (ssl.SSLError, ConnectionError):
            return True
    return False


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


@contextmanager
def connected(
    broker: Broker, context: ssl.SSLContext, name: str, session: ssl.SSLSession | None = None
) -> Iterator[Open]:
    with (
        socket.create_connection((broker.host, broker.port), 20) as plain,
        context.wrap_socket(plain, server_hostname="localhost", session=session) as line,
    ):
        yield Open(line, name)


class Open:
    """A board's connection that stays open: MQTT 3.1.1 by hand, so that nothing reconnects behind our back."""

    def __init__(self, line: ssl.SSLSocket, name: str) -> None:
        self.line = line
        said = b"\x00\x04MQTT\x04\x00\x00\x00" + len(name).to_bytes(2, "big") + name.encode()
        self.line.sendall(bytes([0x10, len(said)]) + said)
        assert self._read(4)[0] == 0x20

    def subscribe(self, topic: str) -> None:
        said = b"\x00\x01" + len(topic).to_bytes(2, "big") + topic.encode() + b"\x01"
        self.line.sendall(bytes([0x82, len(said)]) + said)
        assert self._read(5)[0] == 0x90

    def next_payload(self) -> bytes:
        """Of the next PUBLISH, acknowledged."""
        head = self._read(2)
        body = self._read(head[1])
        length = int.from_bytes(body[:2], "big")
        self.line.sendall(b"\x40\x02" + body[2 + length : 4 + length])
        return body[4 + length :]

    def is_alive(self) -> bool:
        """It answers a ping. Other packets that came before are not expected here."""
        try:
            self.line.sendall(b"\xc0\x00")
            return self._read(2) == b"\xd0\x00"
        except OSError:
            return False

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.line.recv(count - len(data))
            if not more:
                raise ConnectionResetError
            data += more
        return data


def publish(broker: Broker, topic: str, payload: bytes) -> None:
    address = BrokerAddress("localhost", broker.port, broker.centre_folder, ca.PUBLISHER, ca.PUBLISHER)
    publish_retained(address, {topic: payload}, 20.0)


def kiosk_context(broker: Broker, kiosk: str) -> ssl.SSLContext:
    own = broker.kiosk_folder(kiosk)
    context = ssl.create_default_context(cafile=str(own / "ca.crt"))
    context.load_cert_chain(own / "device.crt", own / "device.key")
    return context


def test_an_open_connection_of_a_revoked_board_ends_at_once_and_nobody_elses(
    hq: Headquarters, broker: Broker, publication: Publication
) -> None:
    board = Board("board-a")
    context = shown(broker, board, board.enrol(hq, hq.voucher()))
    assert publication.look()
    with (
        connected(broker, kiosk_context(broker, "quay-8"), "quay-8") as other,
        connected(broker, context, "quay-1") as old,
    ):
        other.subscribe("landfall/1/k/quay-8/down/#")
        assert old.is_alive()
        ticket = old.line.session
        assert ticket is not None
        assert ticket.has_ticket
        assert hq.office.end("quay-1", "m.charles", "stolen")
        publish(broker, "landfall/1/k/quay-8/down/policy", b"one")
        assert publication.look()
        publish(broker, "landfall/1/k/quay-8/down/list", b"two")
        assert not old.is_alive(), "it is still served"
        assert not broker.greets(context, "quay-1")
        with pytest.raises((ssl.SSLError, ConnectionError)), connected(broker, context, "quay-1", ticket):
            pass  # nor with what it kept of the last handshake
        assert [other.next_payload(), other.next_payload()] == [b"one", b"two"]
        assert other.is_alive(), "the same connection as before"


def test_without_an_eviction_the_broker_goes_on_serving_it(hq: Headquarters, broker: Broker) -> None:
    """What the list alone does: the reason for all this, and the proof that the test before can fail."""
    publication, board = publishing(hq, broker, lambda _shown: None), Board("board-a")
    context = shown(broker, board, board.enrol(hq, hq.voucher()))
    with connected(broker, context, "quay-1") as old:
        assert hq.office.end("quay-1", "m.charles", "stolen")
        assert publication.look()
        assert is_shut_out(broker, context)
        assert old.is_alive()


def test_the_new_boards_connection_may_end_too_and_comes_back(
    hq: Headquarters, broker: Broker, publication: Publication
) -> None:
    voucher, old, new = hq.voucher(), Board("board-a"), Board("board-b")
    first = shown(broker, old, old.enrol(hq, voucher))
    with connected(broker, first, "quay-1") as was:
        context = shown(broker, new, new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD))
        assert publication.look()
        assert not was.is_alive()
    with connected(broker, context, "quay-1") as now:
        assert not publication.look()
        assert now.is_alive(), "who was evicted once is not evicted again"


def test_the_command_ends_the_connection_or_says_that_it_is_not_done_yet(
    hq: Headquarters,
    broker: Broker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pid = tmp_path / "broker.pid"
    pid.write_text(str(broker.pid))
    monkeypatch.setenv(PASSPHRASE, PASSPHRASES["m.charles"])
    common = (str(hq.folder), "--database", hq.url, "--broker-pid", str(pid))
    voucher = hq.voucher()

    def end(kiosk: str, port: int) -> int:
        words = ("--broker", f"localhost:{port}", "--kiosk", kiosk, "--as", "m.charles", "--why", "stolen")
        return main(["end", *common, *words])

    for kiosk, port, status in (("quay-1", broker.port, 0), ("quay-2", 1, 75)):
        board = Board(f"board-{kiosk}")
        context = shown(broker, board, board.enrol(hq, voucher, kiosk))
        with connected(broker, context, kiosk) as line:
            assert end(kiosk, port) == status
            assert line.is_alive() is (status != 0)
        assert hq.lane_state(kiosk) == "retired"
        assert is_shut_out(broker, context)
    assert "done; but not at the broker" in capsys.readouterr().err
    assert (hq.folder / EVICTIONS).read_text() == "quay-2\n"


def test_a_broker_that_is_away_is_asked_again(hq: Headquarters, broker: Broker) -> None:
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    assert hq.office.end("quay-1", "m.charles", "lost")
    asked: list[str] = []

    def away(shown: Pass) -> None:
        asked.append(shown.kiosk)
        raise ConnectionRefusedError

    publication = publishing(hq, broker, away)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            publication.look()
    assert asked == ["quay-1", "quay-1"]
    assert len(serials(hq)) == 2, "the list is out all the same"
    hq.again()  # and the office too is started anew
    anew = publishing(hq, broker, lambda shown: evict(at(broker), shown))
    anew.look()
    assert (hq.folder / EVICTIONS).read_text() == ""
    anew.look()
    kinds = [row.usage for row in hq.certificates()]
    assert kinds.count(Usage.EVICTION) == 3, "each pass stands in the register"
    assert [row.revoked_ms for row in hq.certificates() if row.usage is Usage.EVICTION] == [0, 0, 0]
