"""WebAuthn as the side that relies on it: what a browser is asked, and whether what came back is believed, or why not.

W3C Web Authentication, level 3, sections 7.1 and 7.2. Attestation is not asked for: whoever may write the roster
vouches for the key. The library judges; a cause is looked for only after it refused. Decision 71.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAttachment,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from border.passkeys import Passkey

RP_ID = "localhost"
"""The one name of a board that has no name: its own screen's. A key on USB goes from one `localhost` to the next."""

ALGORITHMS = {-7: "ES256", -8: "EdDSA"}
"""IANA's COSE algorithms that an officer's key may have."""

REQUIRED = UserVerificationRequirement.REQUIRED
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, struct.error)
"""What fido2 raises on bytes that are no response; its promise names none of them."""


class Cause(StrEnum):
    """Why it is not believed."""

    UNREADABLE = "unreadable"
    ALGORITHM = "algorithm"
    ORIGIN = "origin"  # another page, another name, or a frame in somebody's page
    CHALLENGE = "challenge"  # it answers another question
    UNKNOWN = "unknown"  # no key that may
    UNVERIFIED = "unverified"  # touched, and nobody proved who he is
    SIGNATURE = "signature"
    COUNTER = "counter"  # it has signed that often before: replayed, or there are two of it


class NotBelieved(Exception):
    """`challenge`: what the response answers, as far as it could be read."""

    def __init__(self, cause: Cause, challenge: bytes = b"") -> None:
        super().__init__(cause.value)
        self.cause, self.challenge = cause, challenge


@dataclass(frozen=True, slots=True)
class User:
    """Whose passkey it becomes. `id`: as in the roster."""

    id: str
    name: str


def registration_options(user: User, challenge: bytes, known: Sequence[Passkey]) -> str:
    """JSON for `PublicKeyCredential.parseCreationOptionsFromJSON`: a key of its own that is not among `known`."""
    options, _ = _server("").register_begin(
        PublicKeyCredentialUserEntity(id=user.id.encode(), name=user.id, display_name=user.name),
        [_descriptor(each) for each in known],
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=REQUIRED,
        authenticator_attachment=AuthenticatorAttachment.CROSS_PLATFORM,
        challenge=challenge,
    )
    return json.dumps(dict(options)["publicKey"])


def registered(told: str, challenge: bytes, origin: str) -> Passkey:
    """From the JSON of a browser's answer. Raises `NotBelieved`."""
    response = _read(RegistrationResponse, told)
    server = _server(origin)
    client = response.response.client_data
    try:
        made = server.register_complete(_state(server, challenge), response)
        data = made.credential_data
        if data is None:
            raise ValueError("no key in it")
    except (*UNREADABLE, AssertionError) as problem:
        flags = response.response.attestation_object.auth_data
        raise NotBelieved(_cause(client, flags.is_user_verified(), challenge, origin), client.challenge) from problem
    if client.cross_origin:
        raise NotBelieved(Cause.ORIGIN, client.challenge)
    if data.public_key.ALGORITHM not in ALGORITHMS:
        raise NotBelieved(Cause.ALGORITHM, client.challenge)
    return Passkey(bytes(data), made.counter)


def assertion_options(challenge: bytes, known: Sequence[Passkey]) -> str:
    """JSON for `PublicKeyCredential.parseRequestOptionsFromJSON`."""
    options, _ = _server("").authenticate_begin([_descriptor(each) for each in known], REQUIRED, challenge)
    return json.dumps(dict(options)["publicKey"])


def asserted(told: str, challenge: bytes, origin: str, known: Sequence[Passkey]) -> Passkey:
    """Which of `known` signed, with its new count. Raises `NotBelieved`."""
    response = _read(AuthenticationResponse, told)
    server = _server(origin)
    client, flags = response.response.client_data, response.response.authenticator_data
    passkey = next((each for each in known if each.id == response.raw_id), None)
    try:
        server.authenticate_complete(
            _state(server, challenge), [AttestedCredentialData(each.credential) for each in known], response
        )
    except (*UNREADABLE, NotImplementedError) as problem:
        cause = _cause(client, flags.is_user_verified(), challenge, origin)
        is_unknown = passkey is None and cause in (Cause.UNVERIFIED, Cause.SIGNATURE)
        raise NotBelieved(Cause.UNKNOWN if is_unknown else cause, client.challenge) from problem
    if client.cross_origin:
        raise NotBelieved(Cause.ORIGIN, client.challenge)
    assert passkey is not None, "the library has found it"
    if max(flags.counter, passkey.sign_count) > 0 and flags.counter <= passkey.sign_count:
        raise NotBelieved(Cause.COUNTER, client.challenge)
    return replace(passkey, sign_count=flags.counter)


def algorithm(passkey: Passkey) -> str:
    """Raises KeyError for a key that would never have been registered."""
    return ALGORITHMS[AttestedCredentialData(passkey.credential).public_key.ALGORITHM]


def _server(origin: str) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=RP_ID, name="Landfall"), verify_origin=lambda told: told == origin
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=each) for each in ALGORITHMS
    ]
    return server


def _state(server: Fido2Server, challenge: bytes) -> Any:
    return server.authenticate_begin(None, REQUIRED, challenge)[1]


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=passkey.id)


def _read(kind: Any, told: str) -> Any:
    try:
        response = kind.from_dict(json.loads(told))
        _ = response.response.client_data.challenge, response.response.client_data.origin
    except UNREADABLE as problem:
        raise NotBelieved(Cause.UNREADABLE) from problem
    return response


def _cause(client: CollectedClientData, is_verified: bool, challenge: bytes, origin: str) -> Cause:
    """The first thing that is wrong with what the library refused."""
    if client.origin != origin or client.cross_origin:
        return Cause.ORIGIN
    if client.challenge != challenge:
        return Cause.CHALLENGE
    return Cause.SIGNATURE if is_verified else Cause.UNVERIFIED
