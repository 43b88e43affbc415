"""The release tool as it is typed: what it refuses, by code and exit status, and what it leaves alone then."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3
from tuf.api.metadata import Metadata, Root

from appliance.vision.model import MODELS
from ota import layout, signers
from ota.disk import RealDisk
from ota.floor import Floor, decode
from ota.held import held
from ota.office import Office, Said
from ota.online import load as load_online
from ota.publish import Writer
from ota.raucb import manifest_sha256
from ota.release import Release, Role
from ota.release_tool import main
from ota.repository import Repository, Settled, Source
from ota.rollout import Terms
from ota.trust import check
from tests.image_guest import media
from tests.image_guest.media import Keys
from tests.ota.conftest import ME
from tests.ota.test_channels import Stick, with_models
from tests.ota.test_client import Kiosk, kiosk
from tests.ota.tokens import needs

__all__ = ["kiosk", "with_models"]
PEOPLE = ("ann", "ben", "cleo")


@dataclass
class Desk:
    """Three holders and headquarters with keys in files, and what the tool said last."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def tool(self, *words: str | Path) -> tuple[int, str]:
        """Exit status, and all that was said."""
        status = main([str(word) for word in words])
        said = self.capsys.readouterr()
        return status, said.out + said.err

    @property
    def updates(self) -> Path:
        return self.folder / "updates"

    @property
    def image(self) -> Writer:
        return Writer(layout.image(self.updates))

    def request(self, name: str) -> Path:
        return self.folder / "requests" / name

    def key(self, name: str) -> Path:
        path = self.folder / f"{name}.key"
        if not path.exists():
            assert self.tool("key-new", "--key", path, "--public", self.folder / f"{name}.pem")[0] == 0
        return path

    def scheme(self, name: str = "image", holders: tuple[str, ...] = PEOPLE, daily: str = "online") -> Path:
        for each in (*holders, daily):
            self.key(each)
        many = f"{{ threshold = 2, keys = {json.dumps([f'{h}.pem' for h in holders])} }}"
        one = f'{{ threshold = 1, keys = ["{daily}.pem"] }}'
        below: dict[str, str] = dict.fromkeys(map(str, Role), many) if name == "image" else {}
        lines = {"root": many, "targets": many if below else one, "snapshot": one, "timestamp": one, **below}
        path = self.folder / f"{name}.toml"
        path.write_text("".join(f"{role} = {who}\n" for role, who in lines.items()))
        return path

    def online(self, daily: str = "online") -> Path:
        path, key = self.folder / "online.toml", json.dumps([str(self.key(daily))])
        path.write_text(f"[image]\nsnapshot = {key}\ntimestamp = {key}\n[director]\ntargets = {key}\n")
        path.write_text(path.read_text() + f"snapshot = {key}\ntimestamp = {key}\n")
        return path

    def known(self) -> tuple[str | Path, ...]:
        """The newest root, once there is one."""
        newest = self.image.version("root")
        return ("--root", self.updates / f"image/metadata/{newest}.root.json") if newest else ()

    def sign(self, request: Path, *holders: str) -> None:
        for holder in holders:
            status, said = self.tool("sign", request, "--key", self.key(holder), "--yes", *self.known())
            assert status == 0, said

    def publish(self, request: Path, *more: str) -> tuple[int, str]:
        return self.tool("publish", request, "--updates", self.updates, "--online", self.online(), *more)

    def prepare(self, name: str, content: bytes, *more: str) -> Path:
        (self.folder / f"{name}.zip").write_bytes(content)
        words = ("release", self.request(name), self.folder / f"{name}.zip", "--updates", self.updates)
        status, said = self.tool(*words, "--role", "apps", "--version", name, "--hardware", "rpi5", *more)
        assert status == 0, said
        return self.request(name)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """With a repository that Ann and Ben founded."""
    desk = Desk(tmp_path, capsys)
    first = desk.request("first")
    desk.updates.mkdir()
    assert desk.tool("keys", first, "--updates", desk.updates, "--scheme", desk.scheme())[0] == 0
    desk.sign(first, "ann", "ben")
    assert desk.publish(first)[0] == 0
    return desk


def files(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != layout.LOCK)
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_a_release_goes_through_two_holders(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    status, said = desk.tool("show", request)
    assert status == 3
    assert "+ apps/1-2026.12.zip: version 2026.12, counter 1, for rpi5, 3 bytes" in said
    desk.sign(request, "cleo", "ann")
    assert desk.tool("show", request)[0] == 0
    assert desk.publish(request) == (0, "published apps/1-2026.12.zip\n")
    (release,) = desk.image.releases()
    assert (desk.updates / "image" / "targets" / release.file).read_bytes() == b"app"
    assert desk.publish(request)[0] == 0  # as after a cut: again is once
    assert desk.image.version("apps") == 2


def test_under_its_threshold_nothing_is_published(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    desk.sign(request, "ann")
    before = files(desk.updates)
    status, said = desk.publish(request)
    assert status == 3
    assert "1 of 2 signatures" in said
    assert files(desk.updates) == before


def test_one_holder_twice_is_one(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    desk.sign(request, "ann", "ann")
    assert desk.publish(request)[0] == 3


def test_a_dry_run_leaves_all_as_it_was(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    before = files(desk.folder)
    assert desk.tool("sign", request, "--key", desk.key("ann"), "--dry-run", *desk.known())[0] == 3
    assert files(desk.folder) == before
    desk.sign(request, "ann", "ben")
    before = files(desk.updates)
    assert desk.publish(request, "--dry-run") == (0, "would publish apps/1-2026.12.zip\n")
    assert files(desk.updates) == before
    words = ("release", desk.request("dry"), desk.folder / "2026.12.zip", "--updates", desk.updates, "--dry-run")
    status, said = desk.tool(*words, "--role", "apps", "--version", "1", "--hardware", "rpi5")
    assert (status, "would prepare apps/1-2026.12.zip" in said) == (0, True)
    assert not desk.request("dry").exists()


def test_json_is_for_scripts(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    status, said = desk.tool("show", request, "--json")
    told = json.loads(said)
    assert (status, told["repository"]) == (3, "image")
    assert told["payloads"][0]["file"] == "2.apps.json"
    assert told["payloads"][0]["lacking"] == "0 of 2 signatures"
    status, said = desk.tool("show", desk.folder / "nowhere", "--json")
    assert status == 1
    assert json.loads(said.splitlines()[0])["code"] == "RELEASE-CHANGED"


@pytest.mark.parametrize("words", [(), ("show",), ("release", "x"), ("nothing",), ("sign", "x", "--key")])
def test_wrong_words_end_with_two(desk: Desk, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def refused(desk: Desk, request: Path, holder: str, code: str, *known: str | Path) -> None:
    status, said = desk.tool("sign", request, "--key", desk.key(holder), "--yes", *(known or desk.known()))
    assert (status, said.split(":")[0]) == (1, code), said


def test_a_key_that_counts_for_nothing_signs_nothing(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    refused(desk, request, "stranger", "RELEASE-KEY")
    assert not any((request / "signatures").iterdir())


def test_a_payload_changed_on_its_way_is_not_signed(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    payload = request / "payloads" / "2.apps.json"
    payload.write_bytes(payload.read_bytes().replace(b"rpi5", b"rpi4"))
    refused(desk, request, "ann", "RELEASE-CHANGED")


@pytest.mark.parametrize("content", [b"apq", b"app and more", None])
def test_bytes_changed_on_their_way_are_not_signed(desk: Desk, content: bytes | None) -> None:
    request = desk.prepare("2026.12", b"app")
    (there,) = (request / "contents" / "apps").iterdir()
    there.write_bytes(content) if content else there.unlink()
    refused(desk, request, "ann", "RELEASE-CONTENT")
    shutil.copy(desk.folder / "2026.12.zip", there)
    desk.sign(request, "ann", "ben")
    there.write_bytes(b"apq")
    assert desk.publish(request)[1].startswith("RELEASE-CONTENT")
    assert desk.image.releases() == ()


def test_without_the_root_that_he_knows_nobody_signs(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    status, said = desk.tool("sign", request, "--key", desk.key("ann"), "--yes")
    assert (status, said.split(":")[0]) == (1, "RELEASE-ROOT")


def test_who_carries_the_stick_cannot_hide_a_change(desk: Desk) -> None:
    """He says that his own release was there before; it is not signed, so nobody signs on."""
    request = desk.prepare("2026.12", b"app")
    shutil.copy(request / "payloads" / "2.apps.json", request / "trusted" / "apps.json")
    assert "+ apps" not in desk.tool("show", request)[1]
    refused(desk, request, "ann", "RELEASE-ROOT")


def test_nor_bring_a_root_of_his_own(desk: Desk) -> None:
    request, known = desk.prepare("2026.12", b"app"), desk.known()
    thief = Desk(desk.folder / "thief", desk.capsys)
    thief.updates.mkdir(parents=True)
    own = thief.request("own")
    assert thief.tool("keys", own, "--updates", thief.updates, "--scheme", thief.scheme())[0] == 0
    thief.sign(own, "ann", "ben")
    assert thief.publish(own)[0] == 0
    again = thief.prepare("2026.12", b"app")
    refused(desk, again, "ann", "RELEASE-ROOT", *known)
    assert request.exists()


def test_what_was_prepared_too_long_ago_is_prepared_again(desk: Desk) -> None:
    one, other = desk.prepare("2026.12", b"app"), desk.prepare("2027.01", b"newer")
    desk.sign(one, "ann", "ben")
    desk.sign(other, "ann", "cleo")
    assert desk.publish(one)[0] == 0
    status, said = desk.publish(other)
    assert (status, said.split(":")[0]) == (1, "RELEASE-STALE")
    assert [release.version for release in desk.image.releases()] == ["2026.12"]


def test_counters_only_rise_also_over_what_was_withdrawn(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app", "--counter", "7")
    desk.sign(request, "ann", "ben")
    assert desk.publish(request)[0] == 0
    words = ("withdraw", desk.request("gone"), "--updates", desk.updates, "--name", "apps/7-2026.12.zip")
    assert desk.tool(*words)[0] == 0
    assert "- apps/7-2026.12.zip" in desk.tool("show", desk.request("gone"))[1]
    desk.sign(desk.request("gone"), "ann", "ben")
    assert desk.publish(desk.request("gone"))[0] == 0
    assert desk.image.releases() == ()
    low = ("release", desk.request("low"), desk.folder / "2026.12.zip", "--updates", desk.updates, "--role", "apps")
    status, said = desk.tool(*low, "--version", "1", "--hardware", "rpi5", "--counter", "7")
    assert (status, said.split(":")[0]) == (1, "RELEASE-STALE")
    assert "apps/8-" in desk.tool("show", desk.prepare("2027.01", b"newer"))[1]


def test_a_request_has_a_folder_of_its_own(desk: Desk) -> None:
    request = desk.prepare("2026.12", b"app")
    words = ("release", request, desk.folder / "2026.12.zip", "--updates", desk.updates, "--role", "apps")
    assert desk.tool(*words, "--version", "1", "--hardware", "rpi5")[1].startswith("RELEASE-CHANGED")


def test_an_image_wants_raucs_keyring_and_only_an_image(desk: Desk) -> None:
    (desk.folder / "x").write_bytes(b"x")
    words = ("release", desk.request("x"), desk.folder / "x", "--updates", desk.updates, "--version", "1")
    for more in (("--role", "images"), ("--role", "apps", "--keyring", str(desk.folder / "x"))):
        assert desk.tool(*words, "--hardware", "rpi5", *more)[1].startswith("RELEASE-BUNDLE")


def test_the_daily_keys_must_be_those_of_the_root(desk: Desk) -> None:
    words = ("refresh", "--updates", desk.updates, "--online")
    before = desk.image.timestamp()
    status, said = desk.tool(*words, desk.online("other"))
    assert (status, said.split(":")[0]) == (1, "RELEASE-KEY")
    assert desk.image.timestamp() == before
    assert desk.tool(*words, desk.online())[0] == 0
    assert desk.image.timestamp() != before


def test_a_change_of_keys_wants_two_of_the_old(desk: Desk) -> None:
    """Those who come cannot let themselves in."""
    new = desk.request("new")
    scheme = desk.scheme(holders=("ann", "dora", "emil"))
    assert desk.tool("keys", new, "--updates", desk.updates, "--scheme", scheme)[0] == 0
    desk.sign(new, "dora", "emil")
    status, said = desk.publish(new)
    assert (status, "2.root.json" in said, "0 of 2 signatures" in said) == (3, True, True)
    desk.sign(new, "ann", "ben")
    assert desk.publish(new)[0] == 0
    assert desk.image.version("root") == 2


def test_what_expires_soon_is_signed_anew(desk: Desk) -> None:
    words = ("renew", desk.request("renewed"), "--updates", desk.updates)
    assert desk.tool(*words)[1].startswith("RELEASE-STALE")
    root = Metadata[Root].from_file(str(desk.updates / "image/metadata/1.root.json"))
    root.signed.expires = root.signed.expires.replace(year=root.signed.expires.year - 1)
    root.signatures.clear()
    for name in ("ann", "ben"):
        root.sign(signers.signer(str(desk.key(name))), append=True)
    root.to_file(str(desk.updates / "image/metadata/1.root.json"))
    assert desk.tool(*words)[0] == 0
    desk.sign(desk.request("renewed"), "ann", "ben")
    assert desk.publish(desk.request("renewed"))[0] == 0
    assert desk.image.version("root") == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("threshold = 2", "threshold = 4"),
        ("threshold = 2", "threshold = 0"),
        ('"ben.pem"', '"ann.pem"'),
        ('"ben.pem"', '"nobody.pem"'),
        ("csca =", "passports ="),
        ("timestamp =", "policies ="),
        ("threshold = 1", ""),
    ],
)
def test_a_scheme_that_cannot_be_is_said(desk: Desk, old: str, new: str) -> None:
    path = desk.scheme()
    path.write_text(path.read_text().replace(old, new))
    words = ("keys", desk.request("wrong"), "--updates", desk.updates, "--scheme", path)
    status, said = desk.tool(*words)
    assert (status, said.split(":")[0]) == (1, "RELEASE-SCHEME")
    assert not desk.request("wrong").exists()


def test_who_does_not_say_yes_has_not_signed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    request = desk.prepare("2026.12", b"app")
    for answer, status in (("no\n", 1), ("", 1), ("yes\n", 0)):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert desk.tool("sign", request, "--key", desk.key("ann"), *desk.known())[0] == status
        assert bool(list((request / "signatures").iterdir())) is (status == 0)


def test_a_transcript_tells_what_was_done_and_what_was_not(desk: Desk) -> None:
    request, transcript = desk.prepare("2026.12", b"app"), desk.folder / "transcript.txt"
    desk.tool("sign", request, "--key", desk.key("stranger"), "--yes", *desk.known(), "--transcript", transcript)
    desk.tool("sign", request, "--key", desk.key("ann"), "--yes", *desk.known(), "--transcript", transcript)
    told = transcript.read_text()
    assert told.count(": sign\n") == 2
    assert "failed: RELEASE-KEY" in told
    assert "signed with" in told


def test_an_images_floor_leaves_one_way_back(desk: Desk) -> None:
    words = ("floor", "--updates", desk.updates, "--to", desk.folder / "floor")
    for version in ("2026.12", "2027.01", "2027.02"):
        request = desk.prepare(version, version.encode())
        desk.sign(request, "ann", "ben")
        assert desk.publish(request)[0] == 0
    assert desk.tool(*words) == (0, "apps: 2\n")
    written = decode((desk.folder / "floor").read_bytes())
    assert written is not None
    assert (dict(written.counters), written.time_s > 0) == ({"apps": 2}, True)


def on_a_stick(desk: Desk, name: str, mounted: Path) -> tuple[Office, Release, str]:
    """The directors' root is made, the rollout of what is offered begun, a kiosk checks in, the stick is written."""
    first, scheme = desk.request("director"), desk.scheme("director")
    assert desk.tool("keys", first, "--updates", desk.updates, "--scheme", scheme, "--repository", "director")[0] == 0
    desk.sign(first, "ann", "ben")
    assert desk.publish(first)[0] == 0
    now_s = int(time.time())
    office = Office(desk.updates, RealDisk(), lambda: now_s, Terms(approval=False), load_online(desk.online()))
    release = office.begin(name)
    office.check_in(Said(ME.device, ME.hardware, now_s))
    mounted.mkdir()
    words = ("--updates", desk.updates, "--online", desk.online(), "--device", ME.device, "--to", mounted)
    status, said = desk.tool("stick", *words)
    assert status == 0, said
    return office, release, said


@pytest.fixture
def image_bundle(tmp_path: Path) -> tuple[Path, Keys]:
    needs("rauc", "mksquashfs", "openssl")
    content, keys = tmp_path / "content", media.keys(tmp_path / "rauc")
    content.mkdir()
    for name in ("rootfs.ext4", "boot.vfat"):
        (content / name).write_bytes(os.urandom(64 * 4096))
    media.bundle(content, made := tmp_path / "image.raucb", "2026.12", keys)
    return made, keys


def test_an_image_goes_from_holders_to_a_stick_and_a_kiosk_believes_it(
    desk: Desk, image_bundle: tuple[Path, Keys], tmp_path: Path
) -> None:
    bundle, keys = image_bundle
    request = desk.request("image")
    words = ("release", request, bundle, "--updates", desk.updates, "--role", "images", "--version", "2026.12")
    assert desk.tool(*words, "--hardware", ME.hardware, "--keyring", keys.ca)[0] == 0
    desk.sign(request, "ann", "ben")
    assert desk.publish(request)[0] == 0
    now_s, mounted = int(time.time()), tmp_path / "mounted"
    office, release, said = on_a_stick(desk, "images/1-image.raucb", mounted)
    assert f"1 releases, {bundle.stat().st_size} bytes, for {ME.device}, valid 30 days\n{release.name}\n" in said
    assert f"writing {release.name}: 100 %\n" in said
    assert f"reading {release.name}: 100 %\n" in said
    base, roots = mounted / layout.STICK, office.roots()
    folders = (("director", layout.director(base, ME.device), roots[1]), ("image", layout.image(base), roots[0]))
    sources = (
        Source(name, tmp_path / f"kiosk-{name}", root, f"{layout.metadata(folder).as_uri()}/")
        for name, folder, root in folders
    )
    in_four_weeks_s = now_s + 28 * 86400
    director, image = (
        Repository(source, urllib3.PoolManager(), in_four_weeks_s, RealDisk(), Settled()) for source in sources
    )
    (told,) = check(director, image, ME, Floor()).assignments
    assert told.release == release
    with held(layout.contents(layout.image(base)) / release.file, release, lambda _percent, _what: None):
        assert release.manifest_sha256 == manifest_sha256(bundle)
    assert desk.image.expires_s() < now_s + 4 * 86400, "what the servers show lives no longer than before"


@pytest.fixture
def nets(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODELS, tmp_path / "nets"))


def pack_models(desk: Desk, nets: Path, *more: str | Path) -> tuple[int, str]:
    words = ("--nets", nets, "--version", "2026.12", "--to", desk.folder / "models.zip", "--tree", media.ROOT)
    return desk.tool("models", *words, *more)


@pytest.mark.timeout(600)
def test_nets_go_from_the_command_to_a_kiosk_that_tries_and_uses_them(
    desk: Desk, nets: Path, with_models: Kiosk, tmp_path: Path
) -> None:
    status, said = pack_models(desk, nets, "--json")
    assert status == 0, said
    assert json.loads(said)["nets"]["finger"]["held_out_impressions"] == 720
    request = desk.request("models")
    words = ("release", request, desk.folder / "models.zip", "--updates", desk.updates, "--role", "models")
    assert desk.tool(*words, "--version", "2026.12", "--hardware", ME.hardware)[0] == 0
    desk.sign(request, "ann", "ben")
    assert desk.publish(request)[0] == 0
    office, release, _ = on_a_stick(desk, "models/1-models.zip", tmp_path / "mounted")

    kiosk = with_models
    kiosk.world.image_root, kiosk.world.director_root = office.roots()
    inserted = Stick(kiosk)
    inserted.folder = tmp_path / "mounted"
    assert inserted.insert() == (0, "models 2026.12 kept\n")
    used = kiosk.ota / "models" / f"{release.sha256}.d"
    assert {path.name for path in used.iterdir()} == {"RELEASE", *(path.name for path in nets.iterdir())}


@pytest.mark.timeout(600)
def test_nets_that_no_kiosk_would_take_are_never_packed(desk: Desk, nets: Path) -> None:
    made, card = desk.folder / "models.zip", nets / "finger.toml"
    whole = card.read_text()

    def refused(*words: str) -> bool:
        status, said = pack_models(desk, nets)
        return status == 1 and all(word in said for word in words) and not list(desk.folder.glob("*models.zip*"))

    card.rename(desk.folder / "card")
    assert refused("RELEASE-MODELS", "no card tells of finger.tflite")
    card.write_text(whole.partition("[figures]")[0])
    assert refused("RELEASE-MODELS", "the card of finger tells no figures")
    card.write_text(whole.replace("finger.tflite", "../finger.tflite"))
    assert refused("RELEASE-MODELS", "finger.toml names finger and ../finger.tflite")
    card.write_text(whole)
    net = nets / "finger.tflite"
    right = net.read_bytes()
    net.write_bytes(right[:-1] + bytes((right[-1] ^ 1,)))
    assert refused("RELEASE-MODELS", "finger.tflite is not there, or not the net")
    other = (nets / "mrz_line.tflite").read_bytes()
    net.write_bytes(other)  # with a card that vouches for it: only trying it tells
    card.write_text(whole.replace(hashlib.sha256(right).hexdigest(), hashlib.sha256(other).hexdigest()))
    assert refused("OTA-MODELS", "finger", "its card")
    net.unlink()
    card.unlink()
    assert refused("OTA-MODELS", "finger")
    assert not made.exists()


def test_signed_nets_against_attacks_come_along_whole_or_not_at_all(desk: Desk, nets: Path, tmp_path: Path) -> None:
    passive = tmp_path / "passive"
    passive.mkdir()
    for name in ("bundle.toml", "a.tflite", "notes.txt"):
        (passive / name).write_bytes(b"x")
    status, said = pack_models(desk, nets, "--passive-pad", passive)
    assert (status, "RELEASE-MODELS" in said) == (1, True)
    (passive / "bundle.sig").write_bytes(b"x")
    assert pack_models(desk, nets, "--passive-pad", passive)[0] == 0
    with zipfile.ZipFile(desk.folder / "models.zip") as packed:
        came = {name for name in packed.namelist() if name.startswith("passive-pad/")}
    assert came == {"passive-pad/bundle.toml", "passive-pad/bundle.sig", "passive-pad/a.tflite"}
