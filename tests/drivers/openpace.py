"""A chip that others wrote: every word of PACE and secure messaging is that of OpenPACE's libeac, through ctypes."""

from __future__ import annotations

import ctypes
from functools import cache

from simulators.chip_crypto import objects, tlv
from simulators.passport_chip import CARD_ACCESS, Chip, Passport
from tests.drivers.passports import MRZ

ZONE_REFERENCE, NUMBER_REFERENCE = 1, 2


class Buffer(ctypes.Structure):
    """OpenSSL's BUF_MEM."""

    _fields_ = (
        ("length", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("max", ctypes.c_size_t),
        ("flags", ctypes.c_ulong),
    )


Pointer = ctypes.POINTER(Buffer)
VOID, INT, UINT, SIZE, BYTES = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint, ctypes.c_size_t, ctypes.c_char_p
# what each gives, and takes; without these the pointers would be cut to 32 bits
SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    "EAC_init": (None, ()),
    "EAC_CTX_new": (VOID, ()),
    "EAC_CTX_clear_free": (None, (VOID,)),
    "EAC_CTX_init_ef_cardaccess": (INT, (BYTES, UINT, VOID)),
    "PACE_SEC_new": (VOID, (BYTES, SIZE, INT)),
    "PACE_SEC_clear_free": (None, (VOID,)),
    "PACE_STEP1_enc_nonce": (Pointer, (VOID, VOID)),
    "PACE_STEP3A_generate_mapping_data": (Pointer, (VOID,)),
    "PACE_STEP3A_map_generator": (INT, (VOID, Pointer)),
    "PACE_STEP3B_generate_ephemeral_key": (Pointer, (VOID,)),
    "PACE_STEP3B_compute_shared_secret": (INT, (VOID, Pointer)),
    "PACE_STEP3C_derive_keys": (INT, (VOID,)),
    "PACE_STEP3D_compute_authentication_token": (Pointer, (VOID, Pointer)),
    "PACE_STEP3D_verify_authentication_token": (INT, (VOID, Pointer)),
    "EAC_CTX_set_encryption_ctx": (INT, (VOID, INT)),
    "EAC_reset_ssc": (INT, (VOID,)),
    "EAC_increment_ssc": (INT, (VOID,)),
    "EAC_encrypt": (Pointer, (VOID, Pointer)),
    "EAC_decrypt": (Pointer, (VOID, Pointer)),
    "EAC_authenticate": (Pointer, (VOID, Pointer)),
    "EAC_add_iso_pad": (Pointer, (VOID, Pointer)),
    "EAC_remove_iso_pad": (Pointer, (Pointer,)),
}


@cache
def eac() -> ctypes.CDLL | None:
    """None: Debian's libeac3 is not installed."""
    try:
        library = ctypes.CDLL("libeac.so.3")
    except OSError:
        return None
    for name, (gives, takes) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = gives, takes
    library.EAC_init()
    return library


@cache
def crypto() -> ctypes.CDLL:
    library = ctypes.CDLL("libcrypto.so.3")
    library.BUF_MEM_new.restype, library.BUF_MEM_new.argtypes = Pointer, ()
    library.BUF_MEM_grow.restype, library.BUF_MEM_grow.argtypes = SIZE, (Pointer, SIZE)
    library.BUF_MEM_free.restype, library.BUF_MEM_free.argtypes = None, (Pointer,)
    return library


class Refused(Exception):
    """libeac gave nothing."""


class Openpace:
    """One context of libeac: PACE, then the chip's side of secure messaging."""

    def __init__(self, card_access: bytes, secret: bytes, reference: int) -> None:
        library = eac()
        assert library is not None
        self._eac = library
        self._ctx = self._eac.EAC_CTX_new()
        assert self._eac.EAC_CTX_init_ef_cardaccess(card_access, len(card_access), self._ctx) == 1
        self._secret = self._eac.PACE_SEC_new(secret, len(secret), reference)
        assert self._secret
        self._token = b""
        self.step = 0

    def close(self) -> None:
        self._eac.PACE_SEC_clear_free(self._secret)
        self._eac.EAC_CTX_clear_free(self._ctx)

    def answer(self, given: dict[int, bytes]) -> bytes:
        """The step that is next. Raises `Refused`, `KeyError`."""
        self.step += 1
        return (self._nonce, self._map, self._agree, self._finish)[self.step - 1](given)

    def _nonce(self, _given: dict[int, bytes]) -> bytes:
        return tlv(0x80, self._bytes(self._eac.PACE_STEP1_enc_nonce(self._ctx, self._secret)))

    def _map(self, given: dict[int, bytes]) -> bytes:
        own = self._bytes(self._eac.PACE_STEP3A_generate_mapping_data(self._ctx))
        self._must(self._eac.PACE_STEP3A_map_generator(self._ctx, _buffer(given[0x81])))
        return tlv(0x82, own)

    def _agree(self, given: dict[int, bytes]) -> bytes:
        own = self._bytes(self._eac.PACE_STEP3B_generate_ephemeral_key(self._ctx))
        self._must(self._eac.PACE_STEP3B_compute_shared_secret(self._ctx, _buffer(given[0x83])))
        self._must(self._eac.PACE_STEP3C_derive_keys(self._ctx))
        theirs = _buffer(given[0x83])
        self._token = self._bytes(self._eac.PACE_STEP3D_compute_authentication_token(self._ctx, theirs))
        return tlv(0x84, own)

    def _finish(self, given: dict[int, bytes]) -> bytes:
        self._must(self._eac.PACE_STEP3D_verify_authentication_token(self._ctx, _buffer(given[0x85])))
        self._must(self._eac.EAC_CTX_set_encryption_ctx(self._ctx, 0))
        self._must(self._eac.EAC_reset_ssc(self._ctx))
        return tlv(0x86, self._token)

    def take(self, head: bytes, body: bytes) -> tuple[bytes, int | None]:
        """Data and Le of a protected command. Raises `Refused`."""
        self._must(self._eac.EAC_increment_ssc(self._ctx))
        given = objects(body)
        unsigned = body[:-10]
        signed = self._padded(head)
        signed = self._padded(signed + unsigned) if unsigned else signed
        if self._bytes(self._eac.EAC_authenticate(self._ctx, _buffer(signed))) != given[0x8E]:
            raise Refused
        data = self._opened(given[0x87][1:]) if 0x87 in given else self._opened(given[0x85]) if 0x85 in given else b""
        return data, (int.from_bytes(given[0x97], "big") or 256) if 0x97 in given else None

    def give(self, data: bytes, sw: int) -> bytes:
        self._must(self._eac.EAC_increment_ssc(self._ctx))
        body = b""
        if data:
            sealed = self._bytes(self._eac.EAC_encrypt(self._ctx, _buffer(self._padded(data))))
            body = tlv(0x87, b"\x01", sealed)
        body += tlv(0x99, sw.to_bytes(2, "big"))
        return body + tlv(0x8E, self._bytes(self._eac.EAC_authenticate(self._ctx, _buffer(self._padded(body)))))

    def _opened(self, sealed: bytes) -> bytes:
        padded = self._bytes(self._eac.EAC_decrypt(self._ctx, _buffer(sealed)))
        return self._bytes(self._eac.EAC_remove_iso_pad(_buffer(padded)))

    def _padded(self, data: bytes) -> bytes:
        return self._bytes(self._eac.EAC_add_iso_pad(self._ctx, _buffer(data)))

    def _bytes(self, given: ctypes._Pointer[Buffer]) -> bytes:
        if not given:
            raise Refused
        data = ctypes.string_at(given.contents.data, given.contents.length)
        crypto().BUF_MEM_free(given)
        return data

    def _must(self, result: int) -> None:
        if result != 1:
            raise Refused


def _buffer(data: bytes) -> ctypes._Pointer[Buffer]:
    """libeac keeps none of these; a test may lose a few bytes."""
    made = crypto().BUF_MEM_new()
    assert crypto().BUF_MEM_grow(made, len(data)) == len(data)
    ctypes.memmove(made.contents.data, data, len(data))
    result: ctypes._Pointer[Buffer] = made
    return result


class OpenpaceChip:
    """Files and plain commands are our simulator's; every word of PACE and secure messaging is libeac's."""

    def __init__(self, made: Passport, zone: str) -> None:
        self._made = made
        self._secrets = {ZONE_REFERENCE: zone.encode(), NUMBER_REFERENCE: made.can.encode()}
        self._files = Chip(made)
        self._run: Openpace | None = None
        self._under_messaging = False
        self.refused = 0

    @property
    def atr(self) -> bytes:
        return self._files.atr

    def reset(self) -> None:
        self._files.reset()
        self._leave()

    def process(self, command: bytes) -> bytes:
        head, body = command[:4], command[5 : 5 + command[4]]
        if head[0] & 0x0C == 0x0C and self._under_messaging and self._run is not None:
            return self._protected(self._run, head, body)
        self._under_messaging = False
        if head[1] == 0x22:
            return self._choose(objects(body))
        if head[1] == 0x86 and self._run is not None:
            return self._general(self._run, objects(objects(body)[0x7C]))
        return self._files.process(command)

    def _choose(self, given: dict[int, bytes]) -> bytes:
        self._leave()
        reference = given[0x83][0]
        self._run = Openpace(self._made.master[CARD_ACCESS], self._secrets[reference], reference)
        return b"\x90\x00"

    def _general(self, run: Openpace, given: dict[int, bytes]) -> bytes:
        try:
            answer = tlv(0x7C, run.answer(given)) + b"\x90\x00"
        except Refused:
            self.refused += 1
            self._leave()
            return b"\x63\x00"
        self._under_messaging = run.step == 4
        return answer

    def _protected(self, run: Openpace, head: bytes, body: bytes) -> bytes:
        try:
            data, le = run.take(head, body)
        except Refused:
            self._leave()
            return b"\x69\x88"
        answer, sw = self._files.obey_opened(bytes([head[0] & ~0x0C]) + head[1:], data, le)
        return run.give(answer, sw) + sw.to_bytes(2, "big")

    def _leave(self) -> None:
        run, self._run, self._under_messaging = self._run, None, False
        if run is not None:
            run.close()


def zone() -> str:
    """libeac takes the fields out of the zone itself, at the places of a TD1 card, whatever it is given."""
    number, birth, expiry = MRZ[:10], MRZ[10:17], MRZ[17:]
    return f"I<UTO{number}".ljust(30, "<") + f"{birth}F{expiry}UTO".ljust(29, "<") + "6" + "ERIKSSON".ljust(30, "<")
