"""Passkeys: what is believed, and each thing that is not, by its cause."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border import webauthn
from border.passkeys import Passkey, as_row, from_row
from border.webauthn import Cause, NotBelieved, User
from tests.border.authenticator import ORIGIN, PRESENT, Authenticator

CHALLENGE, OTHER = bytes(range(32)), bytes(32)


def refused(told: str, *known: Passkey) -> Cause:
    with pytest.raises(NotBelieved) as why:
        webauthn.asserted(told, CHALLENGE, ORIGIN, known)
    return why.value.cause


@pytest.mark.parametrize(("algorithm", "name"), [(-7, "ES256"), (-8, "EdDSA")])
def test_a_key_that_was_registered_signs(algorithm: int, name: str) -> None:
    key = Authenticator(algorithm)
    passkey = webauthn.registered(key.register(CHALLENGE), CHALLENGE, ORIGIN)
    assert (passkey, webauthn.algorithm(passkey)) == (key.passkey, name)
    other = Authenticator(id=b"another")
    signed = webauthn.asserted(key.sign(OTHER), OTHER, ORIGIN, [other.passkey, passkey])
    assert signed == Passkey(passkey.credential, 1)


REFUSED: dict[Cause, Callable[[Authenticator], str]] = {
    Cause.ORIGIN: lambda key: key.sign(CHALLENGE, "http://localhost:8104"),
    Cause.CHALLENGE: lambda key: key.sign(OTHER),
    Cause.UNKNOWN: lambda _key: Authenticator(id=b"another").sign(CHALLENGE),
    Cause.UNVERIFIED: lambda key: key.sign(CHALLENGE, flags=PRESENT),
    Cause.SIGNATURE: lambda key: key.sign(CHALLENGE, forged=True),
    Cause.UNREADABLE: lambda key: key.sign(CHALLENGE)[:-1],
}


@pytest.mark.parametrize("cause", REFUSED)
def test_what_is_not_believed_has_its_cause(cause: Cause) -> None:
    key = Authenticator()
    assert refused(REFUSED[cause](key), key.passkey) is cause


def test_an_answer_for_another_name_in_a_frame_or_of_another_kind_is_not_believed() -> None:
    key = Authenticator()
    for told in (
        key.sign(CHALLENGE, rp_id="elsewhere.example"),
        key.sign(CHALLENGE, cross_origin=True),
        key.sign(CHALLENGE, kind="webauthn.create"),
        key.sign(CHALLENGE, "http://127.0.0.1:8103"),
        key.sign(CHALLENGE, flags=0),
    ):
        refused(told, key.passkey)


def test_a_key_of_the_same_name_is_not_the_registered_one() -> None:
    registered, twin = Authenticator(), Authenticator()
    assert refused(twin.sign(CHALLENGE), registered.passkey) is Cause.SIGNATURE


@pytest.mark.parametrize(("known", "told"), [(5, 5), (5, 4), (5, 0), (1, 1)])
def test_a_count_that_did_not_grow_is_a_copy_or_a_replay(known: int, told: int) -> None:
    key = Authenticator(count=told - 1)
    assert refused(key.sign(CHALLENGE), Passkey(key.credential, known)) is Cause.COUNTER


def test_a_key_that_never_counts_is_taken() -> None:
    key = Authenticator(count=-1)
    assert webauthn.asserted(key.sign(CHALLENGE), CHALLENGE, ORIGIN, [Passkey(key.credential)]).sign_count == 0


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (lambda: Authenticator().register(OTHER), Cause.CHALLENGE),
        (lambda: Authenticator().register(CHALLENGE, "http://localhost:1"), Cause.ORIGIN),
        (lambda: Authenticator().register(CHALLENGE, flags=PRESENT), Cause.UNVERIFIED),
        (lambda: Authenticator(-35).register(CHALLENGE), Cause.ALGORITHM),
        (lambda: "[]", Cause.UNREADABLE),
    ],
)
def test_a_registration_that_is_not_believed_has_its_cause(make: Callable[[], str], cause: Cause) -> None:
    with pytest.raises(NotBelieved) as why:
        webauthn.registered(make(), CHALLENGE, ORIGIN)
    assert why.value.cause is cause


def test_a_registration_without_a_key_is_not_believed() -> None:
    told = json.loads(Authenticator().register(CHALLENGE))
    told["response"]["attestationObject"] = json.loads(Authenticator().sign(CHALLENGE))["response"]["authenticatorData"]
    with pytest.raises(NotBelieved):
        webauthn.registered(json.dumps(told), CHALLENGE, ORIGIN)


SIGNED = Authenticator()
WHOLE = SIGNED.sign(CHALLENGE)


@given(st.integers(0, len(WHOLE) - 1), st.characters(codec="utf-8"))
def test_one_changed_character_is_refused_or_says_the_same(place: int, character: str) -> None:
    told = WHOLE[:place] + character + WHOLE[place + 1 :]
    try:
        signed = webauthn.asserted(told, CHALLENGE, ORIGIN, [Passkey(SIGNED.credential)])
    except NotBelieved:
        return
    assert signed == SIGNED.passkey


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each))
)
def test_what_is_no_answer_is_not_believed(told: object) -> None:
    assert refused(json.dumps(told), SIGNED.passkey) is Cause.UNREADABLE


def test_a_pit_of_brackets_is_not_believed() -> None:
    assert refused("[" * 100_000, SIGNED.passkey) is Cause.UNREADABLE


def test_the_options_ask_for_a_key_that_knows_its_owner() -> None:
    made = json.loads(webauthn.registration_options(User("joseph", "Officer Joseph"), CHALLENGE, [SIGNED.passkey]))
    assert [each["alg"] for each in made["pubKeyCredParams"]] == [-7, -8]
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert (made["rp"]["id"], len(made["excludeCredentials"])) == ("localhost", 1)
    asked = json.loads(webauthn.assertion_options(CHALLENGE, [SIGNED.passkey]))
    assert (asked["userVerification"], asked["rpId"], len(asked["allowCredentials"])) == ("required", "localhost", 1)


def test_a_row_of_the_roster_goes_both_ways() -> None:
    assert from_row(as_row(SIGNED.passkey)) == SIGNED.passkey
    for row in ({}, {"credential": "!", "sign_count": 0}, {"credential": "AAAA", "sign_count": 0}):
        with pytest.raises(ValueError, match=r"credential|passkey"):
            from_row(row)
    with pytest.raises(ValueError, match="sign_count"):
        from_row({**as_row(SIGNED.passkey), "sign_count": True})
