"""An enrolment office over a store, and boards that ask it: with keys in files, and with keys in a real TPM."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from border.encounter import ClockState, Stamp
from border.enrolment import answers, requests
from border.enrolment.answers import Reply
from border.enrolment.refusals import Refusal
from border.enrolment.sheet import Written, next_entry, sign_sheet
from border.enrolment.values import (
    ACCEPTANCE,
    NO_EK,
    BoardFacts,
    Challenge,
    ChallengeProof,
    CommissioningSheet,
    Consent,
    EnrolmentAnswer,
    EnrolmentRefused,
    EnrolmentRequest,
    Evidence,
    KeyLevel,
    Purpose,
    SheetEntry,
    SiteVoucher,
    StepResult,
)
from border.messages.cose import SoftwareSigner
from central import ca
from central.enrolment import folder as folders
from central.enrolment import voucher_desk
from central.enrolment.judgement import public_key, spki
from central.enrolment.office import Office
from central.enrolment.people import add_person, open_person, read_people
from central.enrolment.voucher_desk import Wish
from central.store import lanes, open_store, vouchers
from central.store.api import Store
from tests.central.tpms import Tpm

PASSPHRASES = {"m.charles": "a first long passphrase", "j.baptiste": "a second long passphrase"}
CONFIGURATION = '[kiosk]\nid = "${kiosk}"\nport = "${port}"\n'
PORT = "bequia"
WISH = Wish(PORT, ("quay-1", "quay-2"), tuple(voucher_desk.PURPOSES), 3, 30, KeyLevel.SOFTWARE, False)
DAY_MS = 86_400_000


@dataclass
class Headquarters:
    """`now_ms` is the office's clock; a test moves it."""

    folder: Path
    url: str
    store: Store
    now_ms: int
    office: Office

    def again(self) -> None:
        """The process ended and starts anew: all that is left is what was committed."""
        self.store.close()
        self.store = open_store(self.url)
        self.office = Office(folders.load_desk(self.folder), self.store, lambda: self.now_ms)

    @property
    def people_folder(self) -> Path:
        return self.folder / "enrolment" / "people"

    def make_voucher(self, wish: Wish = WISH) -> SiteVoucher:
        with self.store.transaction() as t:
            return voucher_desk.make(t, wish, folders.introduction(self.folder), self.now_ms)

    def sign(self, serial: str, name: str) -> int:
        signer = open_person(self.people_folder, name, PASSPHRASES[name])
        with self.store.transaction() as t:
            return voucher_desk.sign(t, serial, signer, read_people(self.people_folder), self.now_ms)

    def sealed(self, serial: str) -> bytes | None:
        with self.store.snapshot() as t:
            row = vouchers.one(t, serial)
        assert row is not None
        return voucher_desk.sealed(row, read_people(self.people_folder))

    def voucher(self, wish: Wish = WISH) -> bytes:
        made = self.make_voucher(wish)
        for name in PASSPHRASES:
            self.sign(made.serial, name)
        sealed = self.sealed(made.serial)
        assert sealed is not None
        return sealed

    def lane_state(self, kiosk: str = "quay-1") -> str:
        with self.store.snapshot() as t:
            row = lanes.lane(t, kiosk)
        return "" if row is None else row.state.value

    def identities(self, kiosk: str = "quay-1") -> list[lanes.IdentityRow]:
        with self.store.snapshot() as t:
            return lanes.identities(t, kiosk)

    def certificates(self, kiosk: str = "quay-1") -> list[lanes.CertificateRow]:
        with self.store.snapshot() as t:
            return lanes.certificates(t, kiosk)

    @property
    def answer_key(self) -> ec.EllipticCurvePublicKey:
        return public_key(folders.introduction(self.folder).answer_key)


@contextmanager
def headquarters(folder: Path, url: str, makers: list[x509.Certificate] | None = None) -> Iterator[Headquarters]:
    now = datetime.now(UTC)
    if not (folder / "ca.crt").exists():
        ca.init(folder, [], now)
    folders.found(folder, folders.Founding("Landfall test", ["localhost", "127.0.0.1"], "", None), now)
    for name, passphrase in PASSPHRASES.items():
        add_person(folder / "enrolment" / "people", name, passphrase)
    for number, certificate in enumerate(makers or []):
        path = folder / "enrolment" / "tpm-makers" / f"{number}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
    store = open_store(url)
    hq = Headquarters(folder, url, store, int(now.timestamp() * 1000) + DAY_MS, None)  # type: ignore[arg-type]
    hq.office = Office(folders.load_desk(folder), store, lambda: hq.now_ms)
    with store.transaction() as t:
        lanes.set_port(t, PORT, CONFIGURATION)
        lanes.set_port(t, "kingstown", CONFIGURATION)
    yield hq
    hq.store.close()


@dataclass
class Board:
    """A board with an identity key in a file, or in `tpm`. It speaks to the office as a stick does, or as a line."""

    serial: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    tls_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    tpm: Tpm | None = None

    @property
    def facts(self) -> BoardFacts:
        ek = NO_EK if self.tpm is None else hashlib.sha256(self.tpm.ek_certificate).hexdigest()
        level = KeyLevel.SOFTWARE if self.tpm is None else KeyLevel.TPM
        return BoardFacts(self.serial, "a simulated board", ek, (("camera", "cam-7"),), level)

    def signer(self, kiosk: str) -> SoftwareSigner:
        return SoftwareSigner(self.key, kiosk)

    def request(self, voucher: bytes, kiosk: str = "quay-1", **changes: object) -> EnrolmentRequest:
        nonce, csr = secrets.token_bytes(32), certificate_request(self.key, kiosk)
        plain = EnrolmentRequest(
            purpose=Purpose.ENROL,
            kiosk=kiosk,
            voucher=voucher,
            board=self.facts,
            csr=csr,
            tls_csr=certificate_request(self.tls_key, kiosk),
            tpm=None if self.tpm is None else self.tpm.evidence(requests.certify_nonce(nonce, csr)),
            nonce=nonce,
            centre_nonce=b"",
            last_seq=0,
            previous_kiosk="",
            consent=b"",
            disk=None,
            at=stamp(),
        )
        return replace(plain, **changes)  # type: ignore[arg-type]

    def signed(self, request: EnrolmentRequest) -> bytes:
        return requests.sign_enrolment(request, self.signer(request.kiosk))

    def consent(self, kiosk: str, new_kiosk: str, new: Board, last_seq: int) -> bytes:
        said = Consent(kiosk, new_kiosk, spki(new.key.public_key()), last_seq, stamp())
        return requests.sign_consent(said, self.signer(kiosk))

    def ask(self, hq: Headquarters, request: EnrolmentRequest, *, online: bool = False) -> Reply:
        data = self.signed(request)
        return self.opened(hq, hq.office.request(data, online=online), data)

    def opened(self, hq: Headquarters, reply: bytes, data: bytes) -> Reply:
        return answers.open_reply(reply, hq.answer_key, requests.request_digest(data), self.serial)

    def enrol(self, hq: Headquarters, voucher: bytes, kiosk: str = "quay-1", **changes: object) -> EnrolmentAnswer:
        reply = self.ask(hq, self.request(voucher, kiosk, **changes))
        assert isinstance(reply, EnrolmentAnswer), reply
        return reply

    def refusal(self, hq: Headquarters, request: EnrolmentRequest, *, online: bool = False) -> Refusal:
        reply = self.ask(hq, request, online=online)
        assert isinstance(reply, EnrolmentRefused), reply
        return reply.reason

    def sheet(
        self, kiosk: str = "quay-1", port: str = PORT, *, accepted: bool = True, acceptance: bytes = b"{}"
    ) -> bytes:
        """`acceptance`: its evidence, which goes with the sheet."""
        evidence = Evidence("application/json", b'{"board": "looked at"}')
        entries: list[SheetEntry] = []
        entries.append(next_entry(entries, Written("board", StepResult.DONE, evidence.data, "a technician", stamp())))
        if accepted:
            entries.append(next_entry(entries, Written(ACCEPTANCE, StepResult.DONE, acceptance, "an officer", stamp())))
        kept = (evidence, Evidence("application/json", acceptance)) if accepted else (evidence,)
        made = CommissioningSheet(kiosk, port, self.serial, tuple(entries), kept, stamp())
        return sign_sheet(made, self.signer(kiosk))


def certificate_request(key: ec.EllipticCurvePrivateKey, kiosk: str) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, kiosk)])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def stamp() -> Stamp:
    return Stamp(1_714_521_600_000, 1, "boot-1", ClockState.FLOOR)


def proof_of(board: Board, challenge: Challenge, secret: bytes) -> bytes:
    said = ChallengeProof(challenge.request_sha256, challenge.kiosk, secret, stamp())
    return requests.sign_proof(said, board.signer(challenge.kiosk))


def tpm_board(serial: str, tpm: Tpm) -> Board:
    return Board(serial, key=tpm.key, tpm=tpm)
