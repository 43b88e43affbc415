"""The next metadata of a repository before anybody has signed it: at its founding, when keys change, in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tuf.api.metadata import Root, Targets

from ota.publish import Writer
from ota.refusals import PublishCode, Unpublished
from ota.release import Release, Role
from ota.scheme import TOP, Scheme, delegations, root_of

RENEW_DAYS = 45
"""What expires sooner is signed anew when somebody renews."""
Draft = Mapping[str, Root | Targets]
"""By role."""


def keys(writer: Writer, scheme: Scheme) -> Draft:
    """A repository of nothing with these keys; or the keys of one that is there changed to these, and with them anew
    whatever its old signatures no longer suffice for. Raises `Unpublished` when nothing would change."""
    draft: dict[str, Root | Targets] = {}
    root = None
    if _root_differs(writer, scheme):
        draft["root"] = root = root_of(scheme, writer.version("root") + 1, writer.expires("root"))
    if len(scheme) > len(TOP):  # else a director's: its targets are its own, online
        draft.update(_below(writer, scheme, root))
    if not draft:
        raise Unpublished(PublishCode.SCHEME, "these are the keys that are in force")
    return draft


def _root_differs(writer: Writer, scheme: Scheme) -> bool:
    if not writer.version("root"):
        return True
    held, wanted = writer.root().signed, root_of(scheme, 1, writer.expires("root"))
    return any(
        (set(held.roles[name].keyids), held.roles[name].threshold)
        != (set(wanted.roles[name].keyids), wanted.roles[name].threshold)
        for name in TOP
    )


def _below(writer: Writer, scheme: Scheme, root: Root | None) -> Draft:
    wanted = delegations(scheme)
    if not writer.version("targets"):
        empty = {role: Targets(expires=writer.expires("role")) for role in scheme if role not in TOP}
        return {"targets": Targets(expires=writer.expires("targets"), delegations=wanted), **empty}
    draft: dict[str, Root | Targets] = {}
    held = writer.signed("targets")
    above = root or writer.root().signed
    if held.signed.delegations != wanted or not above.get_verification_result(
        "targets", held.signed_bytes, held.signatures
    ):
        draft["targets"] = targets = writer.renewed("targets", held.signed.targets)
        targets.delegations = wanted
    for role in (role for role in scheme if role not in TOP):
        draft.update(_role(writer, role, draft.get("targets")))
    return draft


def _role(writer: Writer, role: str, above: Root | Targets | None) -> Draft:
    """Anew when its signatures do not suffice for those who may sign from now on."""
    if not writer.version(role):
        return {role: Targets(expires=writer.expires("role"))}
    held = writer.signed(role)
    if above is None or above.get_verification_result(role, held.signed_bytes, held.signatures):
        return {}
    return {role: writer.renewed(role, held.signed.targets)}


def renewal(writer: Writer, now: datetime) -> Draft:
    """Whatever would expire soon, with nothing else changed. Raises `Unpublished` when nothing would."""
    soon, draft = now + timedelta(days=RENEW_DAYS), dict[str, Root | Targets]()
    root = writer.root().signed
    if root.expires < soon:
        root.version, root.expires = root.version + 1, writer.expires("root")
        draft["root"] = root
    for role in ("targets", *Role):
        if writer.version(role) and writer.targets_of(role).expires < soon:
            draft[role] = writer.renewed(role, writer.targets_of(role).targets)
    if not draft:
        raise Unpublished(PublishCode.STALE, f"nothing expires in the next {RENEW_DAYS} days")
    return draft


def offer(writer: Writer, release: Release) -> Draft:
    """Raises `Unpublished` when there is a release of that name already."""
    if release.name in writer.targets_of(release.role).targets:
        raise Unpublished(PublishCode.STALE, f"{release.name} is published already")
    return {str(release.role): writer.offering(release)}


def withdrawal(writer: Writer, name: str) -> Draft:
    """Raises `Unpublished` when there is no such release."""
    found = next((release for release in writer.releases() if release.name == name), None)
    if found is None:
        raise Unpublished(PublishCode.STALE, f"{name} is not published")
    return {str(found.role): writer.withdrawing(found)}
