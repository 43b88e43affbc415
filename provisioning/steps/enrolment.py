"""Enrolment: the board asks, headquarters answers; over the line where there is one, else in files on a stick.

One loop for both ways: a request that is written down before anybody sees it, what headquarters says to it, for a TPM a
challenge and its proof, and the answer. A request that was refused is never sent again; the next one is new.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from border.enrolment import paths
from border.enrolment.answers import Reply, open_reply
from border.enrolment.refusals import REFUSALS, Refusal
from border.enrolment.requests import open_enrolment, request_digest, sign_enrolment, sign_proof
from border.enrolment.values import (
    INTRODUCED,
    NONCE_BYTES,
    Challenge,
    ChallengeProof,
    EnrolmentAnswer,
    EnrolmentRefused,
    EnrolmentRequest,
    LockedDisk,
    Purpose,
    SiteVoucher,
)
from border.enrolment.voucher import peek_voucher
from border.messages import codec, cose
from border.messages.errors import MessageError
from provisioning import records
from provisioning.bench import ANSWER, MAX_FILE, VOUCHER, Bench
from provisioning.identity import IdentitySigner, TpmKey, request_for, software_request_for, spki
from provisioning.line import Line
from provisioning.refusals import Code, as_headquarters, refused
from provisioning.step import Answers, Facts, Question, Refused, Step
from provisioning.steps import board, keys
from provisioning.words import day

REQUEST, PROOF, WAY = "request.cose", "proof.cose", "way.json"
SPENT = "spent.json"
"""Requests that were discarded, though they may lie on a stick still."""

CONSENT, LEFT = "consent.cose", "left.json"
ROUNDS = 4
"""Request, challenge, and once more when an answer was lost; what takes longer is wrong."""

_CLASSES: tuple[type[Reply], ...] = (EnrolmentAnswer, EnrolmentRefused, Challenge)


def is_done(bench: Bench) -> bool:
    return bench.desk.has(ANSWER)


def do(bench: Bench, _answers: Answers) -> Question | None:
    exchange(bench)
    return None


def exchange(bench: Bench, disk: LockedDisk | None = None) -> None:
    """Until the answer lies on the desk. `disk`: the shut one that is asked about. Raises `Refused`."""
    for _ in range(ROUNDS):
        if not bench.desk.has(REQUEST):
            _write_request(bench, disk)
        reply = _reply(bench)
        if isinstance(reply, EnrolmentAnswer):
            return
        if isinstance(reply, Challenge):
            _write_proof(bench, reply)
        elif reply.reason is Refusal.RELEASE_WAITING:  # the same request is answered once it was released
            known = REFUSALS[reply.reason]
            raise Refused(reply.reason.value, known.cause, why=f"{reply.detail}.", then=known.next_step, again=True)
        elif reply.reason is Refusal.REPLAYED and bench.desk.table(WAY).get("sent"):
            discard(bench)  # it had arrived, and its answer was lost on the way
        else:
            discard(bench)
            raise as_headquarters(reply.reason, "Headquarters refuses.", reply.detail)
    raise refused(
        Code.ANSWER_WRONG,
        "The centre does not come to an end.",
        why="It keeps answering with challenges.",
        then="Tell headquarters, and run this step again later.",
        again=True,
    )


def evidence(bench: Bench) -> Facts:
    answer, way = bench.answer(), bench.desk.table(WAY)
    facts = [
        ("lane", answer.kiosk),
        ("identity proven", answer.mark.value),
        ("board of the lane", str(answer.generation)),
        ("way", "over the line" if way.get("online") else "on a stick"),
        ("answered", day(answer.at_ms)),
    ]
    if answer.tls_chain:
        certificate = x509.load_der_x509_certificate(answer.tls_chain[0])
        facts.append(("certificate", f"{certificate.serial_number:x}"))
        facts.append(("certificate good until", day(round(certificate.not_valid_after_utc.timestamp() * 1000))))
    if answer.revoked:
        facts.append(("ended with it", ", ".join(answer.revoked)))
    if way.get("clock_mark"):
        facts.append(("clock mark", str(way["clock_mark"])))
    return tuple(facts)


# -- what is said


def _write_request(bench: Bench, disk: LockedDisk | None) -> None:
    bench.desk.drop(PROOF)
    bench.desk.put_table(WAY, {})
    known = _written_before(bench, disk) if disk is not None else None
    bench.desk.write(REQUEST, known or _new_request(bench, disk))


def _written_before(bench: Bench, disk: LockedDisk | None) -> bytes | None:
    """This board's own request about this disk, from the stick: a board with a shut disk remembers nothing else."""
    public = bench.backend.public_key()
    assert public is not None  # the step before is done
    for _, data in bench.carried(".cose", ".cose.done"):
        try:
            opened = open_enrolment(data)
        except MessageError:
            continue
        if opened.digest.hex() in bench.desk.table(SPENT):
            continue
        is_own = spki(opened.public_key) == spki(public) and opened.request.board == board.read_facts(bench)
        if is_own and (opened.request.disk, opened.request.purpose) == (disk, bench.purpose):
            return data
    return None


def _new_request(bench: Bench, disk: LockedDisk | None) -> bytes:
    public, tls = bench.backend.public_key(), keys.tls_key(bench)
    assert public is not None and tls is not None  # the step before is done
    csr, nonce = request_for(bench.kiosk, bench.backend, public), os.urandom(NONCE_BYTES)
    left = bench.desk.table(LEFT)
    request = EnrolmentRequest(
        purpose=bench.purpose,
        kiosk=bench.kiosk,
        voucher=bench.desk.read(VOUCHER) if bench.purpose in INTRODUCED else b"",
        board=board.read_facts(bench),
        csr=csr,
        tls_csr=software_request_for(bench.kiosk, tls),
        tpm=bench.backend.evidence(nonce, csr) if isinstance(bench.backend, TpmKey) else None,
        nonce=nonce,
        centre_nonce=b"",
        last_seq=records.last_seq(bench.folder),
        previous_kiosk=str(left.get("kiosk", "")),
        consent=bench.desk.read(CONSENT) if bench.desk.has(CONSENT) else b"",
        disk=disk,
        at=bench.stamp(),
    )
    return sign_enrolment(request, IdentitySigner(bench.backend, bench.kiosk))


def _write_proof(bench: Bench, challenge: Challenge) -> None:
    if bench.desk.has(PROOF):
        return
    if not isinstance(bench.backend, TpmKey):
        raise _wrong("The centre sent a challenge for a TPM, and this board has none.")
    secret = bench.backend.activate(challenge.credential, challenge.secret)
    proof = ChallengeProof(challenge.request_sha256, bench.kiosk, secret, bench.stamp())
    bench.desk.write(PROOF, sign_proof(proof, IdentitySigner(bench.backend, bench.kiosk)))


def discard(bench: Bench) -> None:
    """The next request is a new one."""
    if bench.desk.has(REQUEST):
        spent = request_digest(bench.desk.read(REQUEST)).hex()
        bench.desk.put_table(SPENT, {**bench.desk.table(SPENT), spent: True})
    for name in (ANSWER, PROOF, REQUEST):
        bench.desk.drop(name)


# -- what is heard


def introduction(bench: Bench) -> SiteVoucher:
    """The voucher that introduced headquarters to this board: this operation's, else the newest there was."""
    data = bench.desk.last(VOUCHER)
    assert data is not None  # a lane without one was never enrolled
    return peek_voucher(data)


def line_to(bench: Bench) -> Line | None:
    """None: the voucher names no address, so there are only files."""
    voucher = introduction(bench)
    if not voucher.centre_url:
        return None
    return Line(voucher.centre_url, voucher.authority_sha256, bench.stamp(), bench.times.floor_ms)


def _reply(bench: Bench) -> Reply:
    """What headquarters says to what lies on the desk: what came on a stick, else over the line. Raises `Refused`."""
    known = list(_on_sticks(bench))
    answered = [reply for reply in known if not isinstance(reply, Challenge)]
    if answered:
        return answered[0]
    if known and not bench.desk.has(PROOF):
        return known[0]
    line = line_to(bench)
    why: Refused | None = None
    if line is not None:
        try:
            return _over(bench, line)
        except Refused as refusal:
            if refusal.code != Code.NO_LINE:
                raise
            why = refusal
    raise _carry(bench, why)


def _over(bench: Bench, line: Line) -> Reply:
    path, name = (paths.PROOF, PROOF) if bench.desk.has(PROOF) else (paths.REQUEST, REQUEST)
    bench.talk.say("Asking the centre")
    bench.desk.put_table(WAY, {"sent": True})
    said = line.post(path, bench.desk.read(name))
    reply = _opened(bench, said.body)
    if reply is None:
        raise _wrong("What the centre sent is not an answer to this request.")
    way = {"sent": True, "online": True, "clock_mark": said.clock_mark}
    bench.desk.put_table(WAY, way)
    _keep(bench, reply, said.body)
    return reply


def _on_sticks(bench: Bench) -> Iterator[Reply]:
    """Answers and refusals before challenges; whatever answers another request of this board is passed over."""
    found: list[tuple[int, Reply, bytes]] = []
    for _, data in bench.carried(".cose"):
        reply = _opened(bench, data)
        if reply is not None:
            found.append((_CLASSES.index(type(reply)), reply, data))
    for _, reply, data in sorted(found, key=lambda each: each[0]):
        _keep(bench, reply, data)
        yield reply


def _opened(bench: Bench, data: bytes) -> Reply | None:
    """None: another file, or about an earlier request. Raises `Refused`: for another board, or not the centre's."""
    try:
        claimed = codec.decode_one_of(_CLASSES, cose.peek(data, max_bytes=MAX_FILE).payload, max_bytes=MAX_FILE)
    except MessageError:
        return None
    serial, digest = board.read_facts(bench).serial, request_digest(bench.desk.read(REQUEST))
    if isinstance(claimed, EnrolmentAnswer) and claimed.board_serial != serial:
        raise _wrong(f"It is the answer for board {claimed.board_serial}, and this is board {serial}.")
    if claimed.request_sha256 != digest:
        return None
    try:
        reply = open_reply(data, answer_key(introduction(bench)), digest, serial)
    except MessageError as error:
        raise _wrong(f"It is not signed by the centre that the voucher names ({error.reason}).") from error
    if isinstance(reply, EnrolmentAnswer):
        _check(bench, reply)
    return reply


def answer_key(voucher: SiteVoucher) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(voucher.answer_key)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise _wrong("The voucher names no key of a kind that is taken.")
    return key


def _check(bench: Bench, answer: EnrolmentAnswer) -> None:
    """It is ours by signature, request and board; and it certifies the keys that this board holds."""
    tls = keys.tls_key(bench)
    wanted = ((answer.chain, bench.backend.public_key()), (answer.tls_chain, tls.public_key() if tls else None))
    if answer.kiosk != bench.kiosk or answer.purpose is not bench.purpose:
        raise _wrong(f"It is for {answer.purpose.value} of lane {answer.kiosk}.")
    if answer.purpose in (Purpose.RETIRE, Purpose.UNLOCK):
        return
    for chain, key in wanted:
        if not chain or x509.load_der_x509_certificate(chain[0]).public_key() != key:
            raise _wrong("Its certificates are for other keys than this board has.")


def _keep(bench: Bench, reply: Reply, data: bytes) -> None:
    bench.raise_floor(reply.at_ms, "the centre's answer")
    if isinstance(reply, EnrolmentAnswer):
        bench.desk.write(ANSWER, data)


# -- by hand


def _carry(bench: Bench, no_line: Refused | None) -> Refused:
    """The file that headquarters must see, on the stick; and what the technician does next."""
    has_proof = bench.desk.has(PROOF)
    serial = board.read_facts(bench).serial
    name = f"{'proof' if has_proof else 'request'}-{bench.kiosk}-{serial}.cose"
    path = bench.carry(name, bench.desk.read(PROOF if has_proof else REQUEST))
    why = f"{name} lies on the stick ({path.parent})."
    if no_line is not None:
        why = f"{no_line.why} {why}"
    return refused(
        Code.NO_ANSWER,
        "The answer of headquarters is not here yet.",
        why=why,
        then="Eject the stick, have headquarters answer the file, put the stick in again, and run this step again.",
        again=True,
    )


def _wrong(why: str) -> Refused:
    return refused(
        Code.ANSWER_WRONG,
        "This answer cannot be used.",
        why=why,
        then="Take the file off the stick, and bring the one that answers this board's request.",
    )


STEP = Step("enrolment", "Enrolment", is_done, do, evidence)
