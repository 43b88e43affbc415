"""What several people have to sign, as a folder that goes round on a stick: prepared once, signed by each, published.

request.json              the repository, and the SHA-256 of every payload
payloads/N.<role>.json    metadata without a signature: what is signed
trusted/<role>.json       what it goes on from: who may sign, and what was said before
trusted/roots/N.root.json every root so far
contents/<role>/<sha256>.<file>
signatures/<key id>/N.<role>.json

Nothing in it is secret, and nothing in it is believed. Whoever signs brings the root that he knows: from there all that
is said to be trusted has to be signed, so that what he is shown as a change is one. He sees the digest that all others
see; and publishing verifies every signature against the repository itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securesystemslib.signer import Key, Signature, Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets, VerificationResult

from ota.disk import Disk, replace
from ota.publish import CHUNK, JSON, Writer
from ota.refusals import PublishCode, Unpublished
from ota.release import Release, read
from ota.scheme import TOP, fingerprint

Payload = Metadata[Root] | Metadata[Targets]


@dataclass(frozen=True, slots=True)
class Request:
    """`payloads`: by role, in the order in which they are published, with all signatures that lie there. `trusted`: by
    role, empty at a founding. `roots`: all so far, oldest first."""

    folder: Path
    repository: str
    payloads: Mapping[str, Payload]
    trusted: Mapping[str, Payload]
    roots: tuple[Metadata[Root], ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one payload. `digest`: what every signer must see alike. `signed`, `open`: key ids. `lacking`: in words, empty
    when it may be published."""

    file: str
    digest: str
    signed: tuple[str, ...]
    open: tuple[str, ...]
    lacking: str


def write(disk: Disk, folder: Path, writer: Writer, repository: str, payloads: Mapping[str, Root | Targets]) -> None:
    """A new request. Raises `Unpublished` when the folder holds one already, OSError."""
    if folder.exists() and any(folder.iterdir()):
        raise Unpublished(PublishCode.CHANGED, f"{folder} is not empty: every request has a folder of its own")
    for made in ("payloads", "trusted/roots", "contents", "signatures"):
        (folder / made).mkdir(parents=True, exist_ok=True)
    named = {f"{signed.version}.{role}.json": signed for role, signed in payloads.items()}
    for role in {*payloads, "root", "targets"}:
        if newest := writer.newest(role):
            replace(disk, folder / "trusted" / f"{role}.json", newest.to_bytes(JSON))
    for root in writer.roots():
        replace(disk, folder / "trusted" / "roots" / f"{root.signed.version}.root.json", root.to_bytes(JSON))
    for name, signed in named.items():
        replace(disk, folder / "payloads" / name, _unsigned(signed).to_bytes(JSON))
    told = {"repository": repository, "payloads": {name: _digest(signed) for name, signed in named.items()}}
    replace(disk, folder / "request.json", json.dumps(told, indent=2).encode())


def enclose(disk: Disk, folder: Path, release: Release, source: Path) -> None:
    """The bytes that a release names, so that whoever signs can hold them against it."""
    place = folder / "contents" / release.file
    place.parent.mkdir(parents=True, exist_ok=True)
    disk.write(place, b"")
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            disk.append(place, chunk)
    disk.sync(place)


def load(folder: Path) -> Request:
    """Raises `Unpublished` for what cannot be read, or is not what was prepared."""
    try:
        told: dict[str, Any] = json.loads((folder / "request.json").read_bytes())
        payloads = {_role(name): _payload(folder / "payloads" / name) for name in told["payloads"]}
        trusted = {path.stem: _payload(path) for path in sorted((folder / "trusted").glob("*.json"))}
        for name, digest in told["payloads"].items():
            if _digest(payloads[_role(name)].signed) != digest:
                raise Unpublished(PublishCode.CHANGED, f"{name} is not what was prepared")
        for name, signature in _signatures(folder):
            if _role(name) in payloads:
                payloads[_role(name)].signatures[signature.keyid] = signature
        roots = [Metadata[Root].from_file(str(path)) for path in (folder / "trusted" / "roots").glob("*.root.json")]
        roots.sort(key=lambda root: root.signed.version)
        ordered = dict(sorted(payloads.items(), key=_rank))
        return Request(folder, str(told["repository"]), ordered, trusted, tuple(roots))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RepositoryError) as cause:
        raise Unpublished(PublishCode.CHANGED, f"{folder}: {cause}") from cause


def standing(request: Request) -> tuple[Standing, ...]:
    """How far the signatures have come."""
    return tuple(_standing(request, role, payload) for role, payload in request.payloads.items())


def known_root(path: Path) -> Metadata[Root]:
    """What a holder brings. Raises `Unpublished`."""
    try:
        return Metadata[Root].from_file(str(path))
    except (OSError, RepositoryError) as cause:
        raise Unpublished(PublishCode.ROOT, f"{path}: {cause}") from cause


def check_trusted(request: Request, known: Metadata[Root] | None) -> None:
    """All that is said to be trusted is signed, from the root that is known on. None: there is no root yet.
    Raises `Unpublished`."""
    if not request.trusted:
        return
    if known is None:
        raise Unpublished(PublishCode.ROOT, "wants the root that you know")
    newest = _followed(request.roots, known)
    if newest.signed_bytes != request.trusted["root"].signed_bytes:
        raise Unpublished(PublishCode.ROOT, "the root that it goes on from does not follow from the one you know")
    for role, metadata in request.trusted.items():
        above = request.trusted["root" if role in ("root", "targets") else "targets"].signed
        if not above.get_verification_result(role, metadata.signed_bytes, metadata.signatures):
            raise Unpublished(PublishCode.ROOT, f"{role}, which it goes on from, is not signed as it must be")


def _followed(roots: tuple[Metadata[Root], ...], known: Metadata[Root]) -> Metadata[Root]:
    """The newest that follows from the known one, each signed by those before it and by its own."""
    for root in roots:
        if root.signed.version > known.signed.version:
            if not root.signed.get_root_verification_result(known.signed, root.signed_bytes, root.signatures):
                raise Unpublished(PublishCode.ROOT, f"root version {root.signed.version} is not signed as it must be")
            known = root
    return known


def sign(disk: Disk, request: Request, signer: Signer, known: Metadata[Root] | None) -> tuple[str, ...]:
    """By one holder, every payload that this key counts for; their names. Raises `Unpublished`, OSError."""
    check_trusted(request, known)
    check_contents(request)
    keyid, names = signer.public_key.keyid, []
    for role, payload in request.payloads.items():
        if all(keyid not in _named(result) for result in _results(request, role)):
            continue
        name = f"{payload.signed.version}.{role}.json"
        signature = signer.sign(payload.signed_bytes)
        place = request.folder / "signatures" / keyid / name
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(disk, place, json.dumps(signature.to_dict()).encode())
        names.append(name)
    if not names:
        raise Unpublished(PublishCode.KEY, f"nothing here is signed with {fingerprint(signer.public_key)}")
    return tuple(names)


def check_contents(request: Request) -> None:
    """Every release that is new lies there, byte for byte. Raises `Unpublished`."""
    for release in _releases(request)[0]:
        path, digest = request.folder / "contents" / release.file, hashlib.sha256()
        try:
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
        except OSError as cause:
            raise Unpublished(PublishCode.CONTENT, f"{release.name}: {cause}") from cause
        if (path.stat().st_size, digest.hexdigest()) != (release.length, release.sha256):
            raise Unpublished(PublishCode.CONTENT, f"{release.name}: the content is another one")


def publish(request: Request, writer: Writer, *, dry_run: bool = False) -> tuple[Release, ...]:
    """All of it or, refused, nothing; after a cut, again. Returns what is new. Raises `Unpublished`, OSError.

    Devices see it only after the next `refresh` of the repository, but for a root, which they see at once.
    """
    for role, payload in request.payloads.items():
        _is_next(writer, role, payload)
    for each in standing(request):
        if each.lacking:
            raise Unpublished(PublishCode.THRESHOLD, f"{each.file}: {each.lacking}")
    check_contents(request)
    new = _releases(request)[0]
    if not dry_run:
        for release in new:
            writer.place(release, request.folder / "contents" / release.file)
        for role, payload in request.payloads.items():
            if writer.version(role) < payload.signed.version:
                writer.accept(role, payload)
    return new


def changes(request: Request) -> tuple[str, ...]:
    """What a person signs, in words."""
    new, gone = _releases(request)
    return (*_key_changes(request), *(_line("+", r) for r in new), *(_line("-", r) for r in gone), *_lives(request))


def _line(mark: str, release: Release) -> str:
    bound = f", manifest {release.manifest_sha256}" if release.manifest_sha256 else ""
    bound += ", urgent" if release.urgent else ""
    boards = ", ".join(release.hardware)
    return (
        f"{mark} {release.name}: version {release.version}, counter {release.counter}, for {boards}, "
        f"{release.length} bytes, sha256 {release.sha256}{bound}"
    )


def _lives(request: Request) -> Iterator[str]:
    for role, payload in request.payloads.items():
        yield f"  {role} version {payload.signed.version} is valid until {payload.signed.expires:%Y-%m-%d}"


def _key_changes(request: Request) -> Iterator[str]:
    """Of every role whose keys change, who comes and who goes."""
    for above in ("root", "targets"):
        if above not in request.payloads:
            continue
        after = _who(request.payloads[above])
        before = _who(request.trusted[above]) if above in request.trusted else {}
        for role in dict.fromkeys((*after, *before)):
            (now, keys), (then, old) = after.get(role, (0, {})), before.get(role, (0, {}))
            if now != then or keys.keys() != old.keys():
                yield f"  {role}: {now} of {len(keys)} must sign, where {then} of {len(old)} had to"
            yield from (f"+ {role} {fingerprint(key)}" for id, key in keys.items() if id not in old)
            yield from (f"- {role} {fingerprint(key)}" for id, key in old.items() if id not in keys)


def _who(payload: Payload) -> dict[str, tuple[int, dict[str, Key]]]:
    """Role -> its threshold and keys."""
    if isinstance(payload.signed, Root):
        root = payload.signed
        return {name: (root.roles[name].threshold, {k: root.keys[k] for k in root.roles[name].keyids}) for name in TOP}
    held = payload.signed.delegations
    roles = (held.roles if held else None) or {}
    keys = held.keys if held else {}
    return {name: (role.threshold, {k: keys[k] for k in role.keyids}) for name, role in roles.items()}


def _releases(request: Request) -> tuple[tuple[Release, ...], tuple[Release, ...]]:
    """What comes and what goes."""
    new: list[Release] = []
    gone: list[Release] = []
    for role, payload in request.payloads.items():
        if role in ("root", "targets"):
            continue
        after, before = _targets(payload), _targets(request.trusted[role]) if role in request.trusted else {}
        new += [read(target) for name, target in after.items() if before.get(name) != target]
        gone += [read(target) for name, target in before.items() if name not in after]
    return tuple(new), tuple(gone)


def _targets(payload: Payload) -> Mapping[str, Any]:
    return {} if isinstance(payload.signed, Root) else payload.signed.targets


def _standing(request: Request, role: str, payload: Payload) -> Standing:
    results = _results(request, role)
    signed = dict.fromkeys(id for result in results for id in result.signed)
    open_ = dict.fromkeys(id for result in results for id in result.unsigned)
    lacking = dict.fromkeys(f"{len(r.signed)} of {r.threshold} signatures" for r in results if not r)
    name = f"{payload.signed.version}.{role}.json"
    return Standing(name, _digest(payload.signed), tuple(signed), tuple(open_), ", ".join(lacking))


def _results(request: Request, role: str) -> tuple[VerificationResult, ...]:
    """Of each who has a say: of a root, the one before it and itself."""
    payload = request.payloads[role]
    if role == "root":
        sayers = [known[role] for known in (request.trusted, request.payloads) if role in known]
    else:
        above = "root" if role == "targets" else "targets"
        sayers = [request.payloads.get(above) or request.trusted[above]]
    found = (s.signed.get_verification_result(role, payload.signed_bytes, payload.signatures) for s in sayers)
    try:
        return tuple(found)
    except ValueError as cause:
        raise Unpublished(PublishCode.SCHEME, f"{role}: {cause}") from cause


def _named(result: VerificationResult) -> set[str]:
    return {*result.signed, *result.unsigned}


def _is_next(writer: Writer, role: str, payload: Payload) -> None:
    """Or is there already, from a publishing that was cut."""
    have, new = writer.version(role), payload.signed.version
    newest = writer.newest(role)
    if new == have and newest is not None and newest.signed_bytes == payload.signed_bytes:
        return
    if new != have + 1:
        why = f"{role}: version {new} was signed, and {have} is the newest; prepare it again"
        raise Unpublished(PublishCode.STALE, why)


def _payload(path: Path) -> Payload:
    metadata: Payload = Metadata.from_file(str(path))
    if not isinstance(metadata.signed, Root | Targets):
        raise ValueError(f"{path.name} is nothing that holders sign")
    return metadata


def _signatures(folder: Path) -> Iterator[tuple[str, Signature]]:
    for path in sorted((folder / "signatures").glob("*/*.json")):
        signature = Signature.from_dict(json.loads(path.read_bytes()))
        if signature.keyid != path.parent.name:
            raise ValueError(f"{path} holds another key's signature")
        yield path.name, signature


def _digest(signed: Root | Targets) -> str:
    return hashlib.sha256(_unsigned(signed).signed_bytes).hexdigest()


def _unsigned(signed: Root | Targets) -> Payload:
    if isinstance(signed, Root):
        return Metadata(signed)
    return Metadata(signed)


def _role(name: str) -> str:
    return name.split(".")[1]


def _rank(item: tuple[str, Payload]) -> int:
    """Whoever names keys comes before whoever is signed with them."""
    return ("root", "targets").index(item[0]) if item[0] in ("root", "targets") else 2
