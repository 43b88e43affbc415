"""What `release_tool` does, command by command: from the words of a command line to what is told of it."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from ota import certificates, drafts, layout, rauc, request, scheme, signers, stick
from ota import floor as floors
from ota.disk import RealDisk
from ota.disk import replace as write_whole
from ota.floor import Floor
from ota.model_bundle import pack_models, try_models
from ota.online import load as load_online
from ota.publish import Holders, Writer, utc_now
from ota.refusals import PublishCode, Unpublished
from ota.release import Release, Role
from ota.request import Request, Standing
from ota.settings import ModelSettings
from ota.tree import pack_app

DISK = RealDisk()
IMAGE, DIRECTOR = "image", "director"
PROVE, PROVE_S = ("-m", "appliance.vision.built_in"), 600.0
"""What the program tries new nets with, here as on a kiosk."""
DONE, FAILED, WAITS = 0, 1, 3
"""Exit statuses."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a command says: to a person, and as JSON."""

    lines: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    status: int = DONE


def key_new(options: argparse.Namespace) -> Told:
    return _key(signers.make(options.key), options.public)


def key(options: argparse.Namespace) -> Told:
    return _key(signers.load(options.key), options.public)


def _key(private: signers.PrivateKey, to: Path | None) -> Told:
    public = signers.key_of(private)
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        write_whole(DISK, to, signers.public_pem(private))
    written = (f"public key in {to}",) if to else ()
    return Told((f"fingerprint {scheme.fingerprint(public)}", *written), {"keyid": public.keyid})


def keys(options: argparse.Namespace) -> Told:
    writer = _writer(options, options.repository)
    return _prepared(options, writer, options.repository, drafts.keys(writer, scheme.load(options.scheme)))


def release(options: argparse.Namespace) -> Told:
    writer, role = _writer(options, IMAGE), Role(options.role)
    counter = options.counter or writer.highest_counter(role) + 1
    new = _described(options, role, counter)
    if counter <= writer.highest_counter(role):
        raise Unpublished(PublishCode.STALE, f"{role} had a release {counter} already; a counter only rises")
    draft = drafts.offer(writer, new)
    if not options.dry_run:
        request.write(DISK, options.request, writer, IMAGE, draft)
        request.enclose(DISK, options.request, new, options.file)
        return _ready(options.request)
    return Told((f"would prepare {new.name}, {new.length} bytes, sha256 {new.sha256}",), {"release": asdict(new)})


def _described(options: argparse.Namespace, role: Role, counter: int) -> Release:
    digest = hashlib.sha256()
    with options.file.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if (role is Role.IMAGES) != (options.keyring is not None):
        raise Unpublished(PublishCode.BUNDLE, "images, and only they, want --keyring: what RAUC believes on a kiosk")
    bound = rauc.manifest_sha256(options.file, options.keyring) if options.keyring else ""
    name, length = f"{role}/{counter}-{options.file.name}", options.file.stat().st_size
    return Release(
        role, name, length, digest.hexdigest(), options.version, counter, tuple(options.hardware), bound, options.urgent
    )


def withdraw(options: argparse.Namespace) -> Told:
    writer = _writer(options, IMAGE)
    return _prepared(options, writer, IMAGE, drafts.withdrawal(writer, options.name))


def renew(options: argparse.Namespace) -> Told:
    writer = _writer(options, options.repository)
    return _prepared(options, writer, options.repository, drafts.renewal(writer, utc_now()))


def _prepared(options: argparse.Namespace, writer: Writer, repository: str, draft: drafts.Draft) -> Told:
    if options.dry_run:
        named = [f"{signed.version}.{role}.json" for role, signed in draft.items()]
        return Told((f"would prepare {', '.join(named)}",), {"payloads": named})
    request.write(DISK, options.request, writer, repository, draft)
    return _ready(options.request)


def _ready(folder: Path) -> Told:
    """That nobody has signed yet is no failure here."""
    return replace(_shown(request.load(folder)), status=DONE)


def show(options: argparse.Namespace) -> Told:
    return _shown(request.load(options.request))


def _shown(held: Request) -> Told:
    standing = request.standing(held)
    lacking = any(each.lacking for each in standing)
    lines = (f"{held.repository} repository:", *request.changes(held), *(_line(each) for each in standing))
    facts = {"repository": held.repository, "changes": request.changes(held), "payloads": list(map(asdict, standing))}
    return Told(lines, facts, WAITS if lacking else DONE)


def _line(each: Standing) -> str:
    return f"{each.file} digest {_grouped(each.digest)}: {each.lacking or 'signed by enough'}"


def _grouped(digest: str) -> str:
    return " ".join(digest[at : at + scheme.GROUP] for at in range(0, len(digest), scheme.GROUP))


def sign(options: argparse.Namespace) -> Told:
    held, signer = request.load(options.request), signers.signer(options.key)
    known = request.known_root(options.root) if options.root else None
    request.check_trusted(held, known)
    if options.dry_run:
        return _shown(held)
    before = _shown(held)
    if not options.yes and not _agreed(before.lines):
        return Told(("nothing was signed",), {}, FAILED)
    names = request.sign(DISK, held, signer, known)
    after = _shown(request.load(options.request))
    by = f"signed with {scheme.fingerprint(signer.public_key)}: {', '.join(names)}"
    lines = (by, *after.lines) if not options.yes else (*before.lines, by, *after.lines[-len(held.payloads) :])
    return Told(lines, {"signed": names, "keyid": signer.public_key.keyid, **after.facts})


def _agreed(lines: Sequence[str]) -> bool:
    sys.stderr.write("\n".join([*lines, "Type yes to sign this: "]))
    return sys.stdin.readline().strip() == "yes"


def publish(options: argparse.Namespace) -> Told:
    held = request.load(options.request)
    if any(each.lacking for each in request.standing(held)):
        return _shown(held)
    online = load_online(options.online)
    with layout.locked(options.updates):
        writer = _writer(options, held.repository)
        new = request.publish(held, writer, dry_run=options.dry_run)
        if held.repository == IMAGE and not options.dry_run:
            _refresh(writer, online.image)
    what = [release.name for release in new] or [f"{p.signed.version}.{role}" for role, p in held.payloads.items()]
    did = "would publish" if options.dry_run else "published"
    return Told((f"{did} {', '.join(what)}",), {"published": what, "dry_run": options.dry_run})


def refresh(options: argparse.Namespace) -> Told:
    online = load_online(options.online)
    with layout.locked(options.updates):
        writer = _writer(options, IMAGE)
        _refresh(writer, online.image)
    until = datetime.fromtimestamp(writer.expires_s(), UTC)
    return Told((f"valid until {until:%Y-%m-%d %H:%M} UTC",), {"expires_s": writer.expires_s()})


def _refresh(writer: Writer, holders: Holders, days: int = 0) -> None:
    if not writer.may_refresh(holders):
        raise Unpublished(PublishCode.KEY, "the online keys are not those that the root names: change one or the other")
    writer.refresh(holders, days)


def to_stick(options: argparse.Namespace) -> Told:
    """What it holds lives longer than what the servers show, and is signed anew for them right after."""
    online = load_online(options.online)
    with layout.locked(options.updates):
        directors = stick.directors(options.updates, options.device).values()
        signed = ((_writer(options, IMAGE), online.image), *((writer, online.director) for writer in directors))
        for writer, holders in signed:
            _refresh(writer, holders, options.days)
        done = stick.write(DISK, options.updates, options.to, options.device, _tenths())
        for writer, holders in signed:
            _refresh(writer, holders)
    names = [release.name for release in done.releases]
    told = f"{len(names)} releases, {done.length} bytes, for {', '.join(options.device)}, valid {options.days} days"
    return Told((told, *names), {"releases": names, "bytes": done.length, "days": options.days})


def _tenths() -> stick.Progress:
    """For a person who waits: each tenth once."""
    said = set[str]()

    def progress(percent: int, what: str) -> None:
        line = f"{what}: {percent // 10 * 10} %"
        if line not in said:
            said.add(line)
            sys.stderr.write(f"{line}\n")

    return progress


def floor(options: argparse.Namespace) -> Told:
    """Of each role the release before the newest that is offered: one sanctioned way back stays open."""
    offered = [(str(one.role), one.counter) for one in _writer(options, IMAGE).releases()]
    before = {str(role): _before_newest([n for of, n in offered if of == role]) for role in Role}
    counters = {role: counter for role, counter in before.items() if counter}
    lowest = Floor(counters=counters, time_s=int(utc_now().timestamp()))
    write_whole(DISK, options.to, floors.encode(lowest))
    return Told(tuple(f"{role}: {n}" for role, n in lowest.counters.items()), {"counters": dict(lowest.counters)})


def _before_newest(counters: Sequence[int]) -> int:
    return sorted(counters)[-2] if len(counters) > 1 else 0


def app(options: argparse.Namespace) -> Told:
    pack_app(options.tree, options.to, options.version)
    return Told((f"{options.to}, {options.to.stat().st_size} bytes",), {"bytes": options.to.stat().st_size})


def models(options: argparse.Namespace) -> Told:
    """Packed beside its name, and there only once the program of that tree has tried it as a kiosk would."""
    beside = options.to.with_name(f".{options.to.name}.new")
    tree = options.tree.resolve()
    try:
        held = pack_models(options.nets, beside, options.version, options.passive_pad)
        try_models(beside, ModelSettings((sys.executable, *PROVE), PROVE_S, tree))
        DISK.sync(beside)
        DISK.rename(beside, options.to)
        DISK.sync_folder(options.to.resolve().parent)
    finally:
        DISK.unlink(beside)
    lines = (f"{card.name}: {len(card.figures)} figures, {card.figures.get('evaluated', '')}" for card in held)
    size = options.to.stat().st_size
    facts = {"bytes": size, "nets": {card.name: {"sha256": card.sha256, **card.figures} for card in held}}
    return Told((*lines, f"{options.to}, {size} bytes, {len(held)} nets, tried"), facts)


def bundle(options: argparse.Namespace) -> Told:
    rauc.bundle(options.content, options.to, options.certificate, *signers.for_rauc(options.key))
    bound = rauc.manifest_sha256(options.to, options.keyring)
    return Told((f"{options.to}, manifest {_grouped(bound)}",), {"manifest_sha256": bound})


def authority(options: argparse.Namespace) -> Told:
    made = certificates.authority(_elliptic(options.key), options.name, utc_now())
    write_whole(DISK, options.to, made)
    return _certificate(options.to)


def certify(options: argparse.Namespace) -> Told:
    public = load_pem_public_key(options.public.read_bytes())
    if not isinstance(public, EllipticCurvePublicKey):
        raise Unpublished(PublishCode.KEY, f"{options.public}: wants a key on P-256")
    of = x509.load_pem_x509_certificate(options.authority.read_bytes())
    write_whole(DISK, options.to, certificates.release(_elliptic(options.key), of, public, options.name, utc_now()))
    return _certificate(options.to)


def revoke(options: argparse.Namespace) -> Told:
    """The list anew, with one more certificate on it or none; and the keyring that a kiosk gets."""
    of, now = x509.load_pem_x509_certificate(options.authority.read_bytes()), utc_now()
    gone, number = certificates.revoked_in(options.crl.read_bytes()) if options.crl.exists() else ({}, 0)
    if options.certificate:
        gone[x509.load_pem_x509_certificate(options.certificate.read_bytes()).serial_number] = now
    made = certificates.revocations(_elliptic(options.key), of, gone, number + 1, now)
    write_whole(DISK, options.crl, made)
    write_whole(DISK, options.keyring, options.authority.read_bytes() + made)
    return Told(
        (f"list {number + 1} takes back {len(gone)} certificates; keyring in {options.keyring}",),
        {"number": number + 1, "revoked": [f"{serial:x}" for serial in gone]},
    )


def _elliptic(address: str) -> EllipticCurvePrivateKey:
    found = signers.load(address)
    if not isinstance(found, EllipticCurvePrivateKey):
        raise Unpublished(PublishCode.KEY, f"{address}: RAUC's certificates want a key on P-256")
    return found


def _certificate(path: Path) -> Told:
    made = x509.load_pem_x509_certificate(path.read_bytes())
    print_ = _grouped(hashlib.sha256(made.public_bytes(Encoding.DER)).hexdigest())
    until = made.not_valid_after_utc
    return Told(
        (f"{path}: serial {made.serial_number:x}, valid until {until:%Y-%m-%d}", f"fingerprint {print_}"),
        {"serial": f"{made.serial_number:x}", "fingerprint": print_.replace(" ", "")},
    )


def _writer(options: argparse.Namespace, repository: str) -> Writer:
    updates: Path = options.updates
    where = layout.image(updates) if repository == IMAGE else layout.director(updates, layout.DIRECTOR_ROOT)
    return Writer(where)
