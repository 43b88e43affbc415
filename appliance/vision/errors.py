"""Everything a model file can do wrong, as exceptions with stable codes (docs/errors.md lists them)."""

from __future__ import annotations


class ModelError(Exception):
    """A model cannot be used; says nothing about the traveller. Whoever catches it refers, never passes."""

    code = "MOD-ANY"

    def __init__(self, model: str, detail: str) -> None:
        super().__init__(f"{self.code} {model}: {detail}")
        self.model = model
        self.detail = detail


class ModelAbsent(ModelError):
    """The file, its card or its bundle is not there."""

    code = "MOD-ABSENT"


class ModelTampered(ModelError):
    """The bytes are not those the card or the signature speaks of; the kiosk refuses to start with them."""

    code = "MOD-TAMPERED"


class ModelUnfit(ModelError):
    """The bytes are right, but the card is malformed or the net is not of the kind it claims to be."""

    code = "MOD-UNFIT"


ALL: tuple[type[ModelError], ...] = (ModelAbsent, ModelTampered, ModelUnfit)
