"""Chromium's own virtual security key, plugged into one tab over its debugging protocol."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

ASK = """async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
  return JSON.stringify((await navigator.credentials.get({ publicKey })).toJSON());
}"""
MAKE = """async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
  return JSON.stringify((await navigator.credentials.create({ publicKey })).toJSON());
}"""


class SecurityKey:
    """On USB, with a PIN that is given by itself, and a finger that touches it by itself."""

    def __init__(self, page: Page) -> None:
        self._page, self._wire = page, page.context.new_cdp_session(page)
        self._wire.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._id = self._wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def knows_its_owner(self, it_does: bool) -> None:
        self._wire.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": it_does})

    def credentials(self) -> list[dict[str, Any]]:
        return list(self._wire.send("WebAuthn.getCredentials", {"authenticatorId": self._id})["credentials"])

    def set_back(self, count: int) -> None:
        """As a copy would stand that was made when it had signed so often."""
        for each in self.credentials():
            self._wire.send(
                "WebAuthn.removeCredential", {"authenticatorId": self._id, "credentialId": each["credentialId"]}
            )
            copy = {**each, "signCount": count}
            self._wire.send("WebAuthn.addCredential", {"authenticatorId": self._id, "credential": copy})

    def sign(self, options: str, **other: object) -> str:
        """What this tab's page would send for these options, with `other` in their place."""
        return str(self._page.evaluate(ASK, json.dumps({**json.loads(options), **other})))

    def make(self, options: str) -> str:
        return str(self._page.evaluate(MAKE, options))
