"""The office as a process over real TLS: EST as openssl and RFC 7030 speak it, our own paths, and the command."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from border.enrolment import answers, paths
from border.enrolment.refusals import Refusal
from border.enrolment.requests import request_digest
from border.enrolment.values import EnrolmentAnswer, EnrolmentRefused, Purpose
from central import ca
from central.enrolment.__main__ import PASSPHRASE, main
from central.enrolment.folder import introduction
from central.enrolment.judgement import public_key
from central.files import private_pem
from practice.port import module
from practice.processes import Process, free_port
from practice.processes import answers as listens
from tests.central.enrolling import PASSPHRASES, Board, certificate_request

pytestmark = pytest.mark.timeout(180)
CONFIGURATION = '[kiosk]\nid = "${kiosk}"\nport = "${port}"\n'


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@dataclass
class Place:
    """Headquarters on the command line alone, as an administrator has it."""

    folder: Path
    database: str
    port: int

    def command(self, *words: str, who: str = "m.charles", stored: bool = True) -> Done:
        line = [words[0], str(self.folder), *words[1:], *(["--database", self.database] if stored else [])]
        out, err, before = io.StringIO(), io.StringIO(), os.environ.get(PASSPHRASE)
        os.environ[PASSPHRASE] = PASSPHRASES.get(who, "not the passphrase")
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(line)
        finally:
            os.environ.pop(PASSPHRASE)
            os.environ.update({} if before is None else {PASSPHRASE: before})
        return Done(code, out.getvalue(), err.getvalue())

    def done(self, *words: str, who: str = "m.charles", stored: bool = True) -> str:
        done = self.command(*words, who=who, stored=stored)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def voucher(self, *options: str) -> bytes:
        serial = self.done("voucher", "--port", "bequia", "--lane", "quay-1", "--least-level", "software", *options)
        out = self.folder / "voucher.cbor"
        for name in PASSPHRASES:
            self.done("sign", serial.strip(), "--as", name, "--out", str(out), who=name)
        return out.read_bytes()

    @property
    def answer_key(self) -> ec.EllipticCurvePublicKey:
        return public_key(introduction(self.folder).answer_key)

    def line(self, *, shown: tuple[Path, Path] | None = None) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        if shown is not None:
            context.load_cert_chain(*shown)
        return httpx.Client(base_url=f"https://localhost:{self.port}", verify=context, timeout=30)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield make_place(tmp_path_factory.mktemp("office"))


def make_place(folder: Path) -> Place:
    """Two people, one port, and nobody serving yet."""
    made = Place(folder / "ca", f"sqlite:{folder / 'office.db'}", free_port())
    ca.init(made.folder, [], datetime.now(UTC))
    made.done("init", "--host", "localhost", "--url", f"https://localhost:{made.port}", stored=False)
    for name in PASSPHRASES:
        made.done("person", name, who=name, stored=False)
    (folder / "kiosk.toml").write_text(CONFIGURATION)
    made.done("port", "bequia", "--configuration", str(folder / "kiosk.toml"))
    return made


@contextlib.contextmanager
def serving(place: Place) -> Iterator[Process]:
    words = ["serve", str(place.folder), "--database", place.database, "--listen", f"127.0.0.1:{place.port}"]
    process = Process("office", module("central.enrolment", *words), place.folder / "office.log")
    process.start()
    try:
        process.wait_until(lambda: listens(place.port), 60.0)
        yield process
    finally:
        process.stop()


@pytest.fixture(scope="module")
def office(place: Place) -> Iterator[Place]:
    with serving(place):
        yield place


@pytest.fixture(scope="module")
def enrolled(office: Place) -> tuple[Board, EnrolmentAnswer, bytes]:
    board, voucher = Board("board-a"), office.voucher()
    with office.line() as line:
        reply = posted(office, line, board, voucher)
    assert isinstance(reply, EnrolmentAnswer), reply
    return board, reply, voucher


def posted(place: Place, line: httpx.Client, board: Board, voucher: bytes, **changes: object) -> answers.Reply:
    data = board.signed(board.request(voucher, **changes))  # type: ignore[arg-type]
    said = line.post(paths.REQUEST, content=data)
    assert (said.status_code, said.headers["content-type"]) == (200, paths.CBOR)
    return answers.open_reply(said.content, place.answer_key, request_digest(data), board.serial)


def files(place: Place, board: Board, chain: tuple[bytes, ...]) -> tuple[Path, Path]:
    certificate, key = place.folder / f"{board.serial}.crt", place.folder / f"{board.serial}.key"
    certificate.write_bytes(x509.load_der_x509_certificate(chain[0]).public_bytes(Encoding.PEM))
    key.write_bytes(private_pem(board.tls_key))
    return certificate, key


def certificates_in(said: httpx.Response) -> list[x509.Certificate]:
    assert said.status_code == 200, said.text
    assert said.headers["content-type"] == paths.PKCS7
    assert said.headers["content-transfer-encoding"] == "base64"
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(said.content))


def test_cacerts_is_what_openssl_reads(office: Place) -> None:
    with office.line() as line:
        body = line.get(paths.CACERTS).content
    words = ["openssl", "pkcs7", "-inform", "DER", "-print_certs", "-noout"]
    read = subprocess.run(words, input=base64.b64decode(body), capture_output=True, check=True, timeout=30)
    assert b"Landfall development CA" in read.stdout


def test_a_board_is_enrolled_on_the_line(enrolled: tuple[Board, EnrolmentAnswer, bytes]) -> None:
    _, answer, _ = enrolled
    assert (answer.kiosk, answer.generation) == ("quay-1", 1)


def test_simplereenroll_over_mutual_tls_gives_the_next_certificate_for_a_new_key(
    office: Place, enrolled: tuple[Board, EnrolmentAnswer, bytes]
) -> None:
    board, answer, _ = enrolled
    new = ec.generate_private_key(ec.SECP256R1())
    csr = base64.encodebytes(certificate_request(new, "quay-1"))
    with office.line(shown=files(office, board, answer.tls_chain)) as line:
        (leaf,) = certificates_in(line.post(paths.SIMPLE_REENROLL, content=csr))
        other = base64.encodebytes(certificate_request(new, "quay-2"))
        assert line.post(paths.SIMPLE_REENROLL, content=other).status_code == 403
        assert line.post(paths.SIMPLE_REENROLL, content=b"no base64!").status_code == 403
    assert leaf.public_key() == new.public_key()
    leaf.verify_directly_issued_by(x509.load_der_x509_certificate(answer.tls_chain[1]))
    with office.line() as line:
        assert line.post(paths.SIMPLE_REENROLL, content=csr).status_code == 403


def test_simpleenroll_gives_an_identity_key_in_force_its_certificate_and_nobody_else_any(
    office: Place, enrolled: tuple[Board, EnrolmentAnswer, bytes]
) -> None:
    board, _, _ = enrolled
    with office.line() as line:
        own = base64.encodebytes(certificate_request(board.key, "quay-1"))
        (leaf,) = certificates_in(line.post(paths.SIMPLE_ENROLL, content=own))
        (again,) = certificates_in(line.post(paths.SIMPLE_ENROLL, content=own))
        for key in (board.tls_key, ec.generate_private_key(ec.SECP256R1())):
            csr = base64.encodebytes(certificate_request(key, "quay-1"))
            assert line.post(paths.SIMPLE_ENROLL, content=csr).status_code == 403
        assert line.post(paths.SIMPLE_ENROLL, content=b"").status_code == 403
    assert leaf.public_key() == board.key.public_key()
    assert again == leaf


def test_a_certificate_that_no_tls_takes_does_not_reach_the_office(
    office: Place, enrolled: tuple[Board, EnrolmentAnswer, bytes]
) -> None:
    """The identity certificate is for no TLS: OpenSSL refuses its purpose in the handshake."""
    board, answer, _ = enrolled
    certificate = office.folder / "identity.crt"
    certificate.write_bytes(x509.load_der_x509_certificate(answer.chain[0]).public_bytes(Encoding.PEM))
    key = office.folder / "identity.key"
    key.write_bytes(private_pem(board.key))
    with office.line(shown=(certificate, key)) as line, pytest.raises(httpx.HTTPError):
        line.get(paths.CACERTS)


def test_a_renewal_on_the_line_with_a_nonce(office: Place, enrolled: tuple[Board, EnrolmentAnswer, bytes]) -> None:
    board, _, _ = enrolled
    with office.line() as line:
        stale = posted(office, line, board, b"", purpose=Purpose.RENEW)
        nonce = line.post(paths.NONCE).content
        renewed = posted(office, line, board, b"", purpose=Purpose.RENEW, centre_nonce=nonce)
    assert isinstance(stale, EnrolmentRefused)
    assert stale.reason is Refusal.STALE
    assert isinstance(renewed, EnrolmentAnswer)


def test_a_sheet_on_the_line_commissions(office: Place, enrolled: tuple[Board, EnrolmentAnswer, bytes]) -> None:
    board, _, _ = enrolled
    data = board.sheet()
    with office.line() as line:
        said = line.post(paths.SHEET, content=data)
    assert answers.open_sheet_receipt(said.content, office.answer_key, request_digest(data)).commissioned


def test_by_stick_a_request_is_answered_and_one_that_is_none_is_refused_in_a_file(place: Place, tmp_path: Path) -> None:
    board = Board("board-s")
    voucher = place.done("voucher", "--port", "bequia", "--lane", "quay-s", "--least-level", "software").strip()
    for name in PASSPHRASES:
        place.done("sign", voucher, "--as", name, "--out", str(tmp_path / "voucher"), who=name)
    data = board.signed(board.request((tmp_path / "voucher").read_bytes(), "quay-s"))
    for content, kind in ((data, EnrolmentAnswer), (data[:50], EnrolmentRefused), (data, EnrolmentRefused)):
        (tmp_path / "request").write_bytes(content)
        place.done("answer", "--request", str(tmp_path / "request"), "--answer", str(tmp_path / "answer"))
        reply = answers.open_reply(
            (tmp_path / "answer").read_bytes(), place.answer_key, request_digest(content), "board-s"
        )
        assert isinstance(reply, kind)
    sheet = board.sheet("quay-s")
    (tmp_path / "request").write_bytes(sheet)
    place.done("answer", "--request", str(tmp_path / "request"), "--answer", str(tmp_path / "answer"))
    receipt = answers.open_sheet_receipt((tmp_path / "answer").read_bytes(), place.answer_key, request_digest(sheet))
    assert receipt.commissioned


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("voucher", "--port", "atlantis", "--lane", "quay-1"), "no port atlantis"),
        (("sign", "no-such-voucher", "--as", "m.charles"), "no such voucher"),
        (("sign", "any", "--as", "nobody"), "do not belong together"),
        (("end", "--kiosk", "quay-77", "--as", "m.charles", "--why", "lost"), "not in service"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(place: Place, words: tuple[str, ...], said: str) -> None:
    done = place.command(*words)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_wrong_passphrase_signs_nothing(place: Place) -> None:
    serial = place.done("voucher", "--port", "bequia", "--lane", "quay-1").strip()
    done = place.command("sign", serial, "--as", "m.charles", who="somebody else")
    assert (done.returncode, "do not belong together" in done.stderr) == (2, True)


def test_init_again_changes_nothing(place: Place) -> None:
    own = place.folder / "enrolment"
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    place.done("init", "--host", "localhost", stored=False)
    assert {path: path.read_bytes() for path in own.rglob("*") if path.is_file()} == before
