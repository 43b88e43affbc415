"""docs/key-ceremony.md, word for word: every block is typed by the person it names, with tokens of his own.

Between the sections a real kiosk asks, with the very first root built in.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import urllib3
from tuf.api.metadata import Metadata

from ota import layout, rauc, request, signers
from ota.disk import RealDisk
from ota.drafts import Draft
from ota.floor import Floor
from ota.office import Office, Said
from ota.online import load
from ota.publish import Holders, Writer
from ota.refusals import Code, PublishCode, Refused, Unpublished
from ota.release import Role
from ota.repository import Repository, Settled, Source
from ota.rollout import Terms
from ota.trust import Word, check
from tests.docs.pages import DOCS
from tests.ota.conftest import ME, Server
from tests.ota.tokens import PIN, Person, needs

PAGE = DOCS / "key-ceremony.md"
BLOCK = re.compile(r"^## (?P<head>.+)$|^```(?P<kind>sh|toml) (?P<who>.+)\n(?P<text>(?:.*\n)*?)```$", re.MULTILINE)
LIMIT_S = 300.0
KEY = "pkcs11:token={0};object=landfall"


@dataclass
class Ceremony:
    """The page, and where its people sit."""

    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    played: list[str] = field(default_factory=list)

    @property
    def headquarters(self) -> Path:
        return self.person("headquarters").folder

    @property
    def updates(self) -> Path:
        return self.headquarters / "updates"

    @property
    def stick(self) -> Path:
        return self.folder / "stick"

    def person(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = Person.settled(self.folder / name)
            (self.folder / name / "stick").symlink_to(self.stick)
        return self.people[name]

    def play(self, heading: str) -> None:
        """Everything under one heading, in order."""
        self.played.append(heading)
        for kind, who, text in sections()[heading]:
            if kind == "toml":
                name, _, path = who.partition(" ")
                (self.person(name).folder / path).write_text(text)
            else:
                for name in who.split():
                    self.type(name, text)

    def type(self, name: str, text: str) -> None:
        person = self.person(name)
        surroundings = {
            **os.environ,
            **person.surroundings,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(DOCS.parent),
        }
        for line in text.splitlines():
            done = subprocess.run(
                ["bash", "-eu", "-c", line], cwd=person.folder, env=surroundings, input="yes\n", timeout=LIMIT_S,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{name}: {line}\n{done.stdout}\n{done.stderr}"


def sections() -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    head = ""
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        head = block["head"] or head
        if block["kind"]:
            found.setdefault(head, []).append((block["kind"], block["who"], block["text"]))
    return found


@dataclass
class Kiosk:
    """`roots` are the first ones; `folder` is its memory."""

    folder: Path
    roots: tuple[bytes, bytes]
    url: str

    def ask(self) -> Word:
        pool, now_s = urllib3.PoolManager(), int(time.time())
        sources = (
            Source("director", self.folder / "director", self.roots[1], f"{self.url}director/{ME.device}/metadata/"),
            Source("image", self.folder / "image", self.roots[0], f"{self.url}image/metadata/"),
        )
        try:
            director, image = (Repository(source, pool, now_s, RealDisk(), Settled()) for source in sources)
            return check(director, image, ME, Floor())
        finally:
            pool.clear()

    def told(self) -> list[str]:
        return sorted(assignment.release.name for assignment in self.ask().assignments)

    def refuses(self) -> Code:
        with pytest.raises(Refused) as caught:
            self.ask()
        return caught.value.code


@pytest.fixture
def ceremony(tmp_path: Path) -> Iterator[Ceremony]:
    needs("softhsm2-util", "rauc", "mksquashfs", "openssl")
    (tmp_path / "stick" / "keys").mkdir(parents=True)
    held = Ceremony(tmp_path)
    (held.headquarters / "pin").write_text(PIN)
    tree = held.headquarters / "tree" / "appliance"
    tree.mkdir(parents=True)
    (tree / "__main__.py").write_text("print('new')\n")
    content = held.headquarters / "content"
    content.mkdir()
    (content / "rootfs.ext4").write_bytes(os.urandom(64 * 4096))
    (content / "manifest.raucm").write_text(
        "[update]\ncompatible=landfall-rpi5\nversion=2026.12\n[bundle]\nformat=verity\n"
        "[image.rootfs]\nfilename=rootfs.ext4\n"
    )
    return held  # type: ignore[return-value]


@pytest.fixture
def served(ceremony: Ceremony) -> Iterator[str]:
    ceremony.updates.mkdir()
    server = Server(ceremony.updates)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def office(ceremony: Ceremony) -> Office:
    """Opened anew, as after a restart; only at headquarters' machine."""
    online = load(ceremony.headquarters / "online.toml")
    return Office(ceremony.updates, RealDisk(), lambda: int(time.time()), Terms(approval=False), online)


def assign(ceremony: Ceremony) -> None:
    """Headquarters begins what is offered, and the kiosk checks in."""
    with ceremony.person("headquarters").here():
        opened = office(ceremony)
        for release in opened.offered:
            opened.begin(release.name)
        opened.check_in(Said(ME.device, ME.hardware, int(time.time())))


@pytest.mark.timeout(900)
def test_the_page_is_followed_and_a_kiosk_of_the_first_day_gets_every_release(
    ceremony: Ceremony, served: str, tmp_path: Path
) -> None:
    for heading in ("1. Each makes a key", "2. Who may sign what", "3. Two sign"):
        ceremony.play(heading)
    image = Writer(layout.image(ceremony.updates))
    roots = (
        (ceremony.updates / "image/metadata/1.root.json").read_bytes(),
        (ceremony.updates / "director/.root/metadata/1.root.json").read_bytes(),
    )
    kiosk = Kiosk(tmp_path / "kiosk", roots, served)

    ceremony.play("A release")
    assign(ceremony)
    assert kiosk.told() == ["apps/1-kiosk.zip"]

    ceremony.play("Drill: a key is lost")
    assert {str(role): image.version(role) for role in (Role.APPS, Role.IMAGES)} == {"apps": 3, "images": 2}
    assign(ceremony)
    assert kiosk.told() == ["apps/1-kiosk.zip"]

    ceremony.play("Drill: a key is in other hands")
    the_stolen_key_counts_for_nothing(ceremony, image, kiosk)

    before = load_online(ceremony)
    ceremony.play("Drill: headquarters' own keys are changed")
    the_old_daily_key_counts_for_nothing(ceremony, image, kiosk, before)
    assign(ceremony)
    assert kiosk.told() == ["apps/1-kiosk.zip"]

    ceremony.play("RAUC's certificates")
    assign(ceremony)
    assert kiosk.told() == ["apps/1-kiosk.zip", "images/1-image.raucb"]
    bound = next(r.manifest_sha256 for r in image.releases() if r.role is Role.IMAGES)
    keyring, bundle = ceremony.stick / "keyring.pem", ceremony.headquarters / "image.raucb"
    assert bound == rauc.manifest_sha256(bundle, keyring)

    ceremony.play("Drill: a release certificate is taken back")
    with pytest.raises(Unpublished, match=r"RELEASE-BUNDLE.*revoked"):
        rauc.manifest_sha256(bundle, keyring)

    from_four_to_forty(ceremony, image)
    drawer = Kiosk(tmp_path / "drawer", roots, served)
    assert drawer.told() == kiosk.told() == ["apps/1-kiosk.zip", "images/1-image.raucb"]
    assert set(ceremony.played) == set(sections()), "every section with a command is rehearsed"
    the_transcript_tells_all(ceremony)


def load_online(ceremony: Ceremony) -> Holders:
    with ceremony.person("headquarters").here():
        return load(ceremony.headquarters / "online.toml").image


def the_stolen_key_counts_for_nothing(ceremony: Ceremony, image: Writer, kiosk: Kiosk) -> None:
    """Neither for the tool nor, put into the repository by force, for the kiosk; nor with another that was changed."""
    evil = image.renewed(Role.APPS, {})
    metadata = Metadata(evil)
    for thief in ("ann", "cleo"):
        with ceremony.person(thief).here():
            metadata.sign(signers.signer(KEY.format(thief)), append=True)
    with pytest.raises(Unpublished, match=f"RELEASE-THRESHOLD: apps version {evil.version}: 0 of 2 signatures"):
        image.accept(Role.APPS, metadata)
    forced = ceremony.updates / "image" / "metadata" / f"{evil.version}.apps.json"
    forced.write_bytes(metadata.to_bytes())
    with ceremony.person("headquarters").here():
        image.refresh(load(ceremony.headquarters / "online.toml").image)
    assert kiosk.refuses() is Code.UNSIGNED
    forced.unlink()
    with ceremony.person("headquarters").here():
        image.refresh(load(ceremony.headquarters / "online.toml").image)
    folder = ceremony.stick / "stolen"
    request.write(RealDisk(), folder, image, "image", {"apps": image.renewed(Role.APPS, {})})
    with ceremony.person("cleo").here():
        known = request.known_root(ceremony.person("ben").folder / "image-root.json")
        with pytest.raises(Unpublished) as caught:
            request.sign(RealDisk(), request.load(folder), signers.signer(KEY.format("cleo")), known)
    assert caught.value.code is PublishCode.KEY


def the_old_daily_key_counts_for_nothing(ceremony: Ceremony, image: Writer, kiosk: Kiosk, before: Holders) -> None:
    with ceremony.person("headquarters").here():
        image.refresh(before)
    assert kiosk.refuses() is Code.UNSIGNED
    with ceremony.person("headquarters").here():
        image.refresh(load(ceremony.headquarters / "online.toml").image)


def from_four_to_forty(ceremony: Ceremony, image: Writer) -> None:
    """As the page's requests do it, without its shell."""
    known = image.root()
    for version in range(5, 41):
        root = image.root().signed
        root.version, root.expires = version, image.expires("root")
        draft: Draft = {"root": root}
        folder = ceremony.stick / f"root-{version}"
        request.write(RealDisk(), folder, image, "image", draft)
        for name in ("ben", "emil"):
            with ceremony.person(name).here():
                request.sign(RealDisk(), request.load(folder), signers.signer(KEY.format(name)), known)
        request.publish(request.load(folder), image)
    assert image.version("root") == 40


def the_transcript_tells_all(ceremony: Ceremony) -> None:
    told = (ceremony.stick / "transcript.txt").read_text()
    for name in ("ann", "ben", "cleo", "dora", "emil"):
        with ceremony.person(name).here():
            keyid = signers.signer(KEY.format(name)).public_key.keyid
        assert " ".join(keyid[at : at + 4] for at in range(0, 64, 4)) in told
    assert told.count(": sign\n") == 20
    assert PIN not in told
