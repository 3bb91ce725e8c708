"""Payloads that nobody reads who only sees Temporal's database: AES-256-GCM, with keys that can be changed while runs go on."""

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from weaver.errors import BadInput, Unusable

KEYS, KEYS_FILE = "WEAVER_ENCRYPTION_KEYS", "WEAVER_ENCRYPTION_KEYS_FILE"
ENCODING = b"binary/encrypted"
_KEY_ID = "encryption-key-id"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_HOW = 'Make one with: python -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'


class Encryption(PayloadCodec):
    """Encrypts with the first key; decrypts what any of them encrypted, and leaves alone what none did, so that runs may begin before."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._first = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return the payloads, encrypted."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return the payloads in plain. Raises Unusable for a key that is not there, naming its id, and for what was tampered with."""
        return [self._decrypted(payload) if payload.metadata.get("encoding") == ENCODING else payload for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(_NONCE_BYTES)
        key_id = self._first.encode()
        data = nonce + self._ciphers[self._first].encrypt(nonce, payload.SerializeToString(), key_id)
        return Payload(metadata={"encoding": ENCODING, _KEY_ID: key_id}, data=data)

    def _decrypted(self, payload: Payload) -> Payload:
        key_id = payload.metadata.get(_KEY_ID, b"").decode(errors="replace")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Unusable(f"A payload is encrypted with the key '{key_id}', which {KEYS} does not have. Give it beside the others again.")
        try:
            plain = cipher.decrypt(payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:], key_id.encode())
        except (InvalidTag, ValueError) as problem:
            raise Unusable(
                f"A payload cannot be decrypted with the key '{key_id}': the key is another one, or the payload was changed."
            ) from problem
        return Payload.FromString(plain)


def encryption_of(environment: Mapping[str, str]) -> Encryption | None:
    """Return what encrypts by the environment's keys, None where it has none. Raises BadInput, which never holds a key."""
    keys = _keys(environment)
    return Encryption(keys) if keys else None


def has_keys(environment: Mapping[str, str]) -> bool:
    """Tell whether what is written from now on is encrypted."""
    return bool(environment.get(KEYS) or environment.get(KEYS_FILE))


def _keys(environment: Mapping[str, str]) -> dict[str, bytes]:
    text, place = environment.get(KEYS, ""), environment.get(KEYS_FILE, "")
    if text and place:
        raise BadInput(f"{KEYS} and {KEYS_FILE} are both given: expected one of them.", field=KEYS)
    if place:
        try:
            text = Path(place).expanduser().read_text()
        except OSError as problem:
            raise BadInput(f"{KEYS_FILE} = '{place}' cannot be read: {problem.strerror}.", field=KEYS_FILE) from None
    keys: dict[str, bytes] = {}
    entries = [entry for entry in (part.strip() for line in text.splitlines() for part in line.split(",")) if entry]
    for number, entry in enumerate(entries, 1):
        key_id, colon, coded = entry.partition(":")
        if not colon or not key_id or key_id in keys:
            raise BadInput(f"Entry {number} of {KEYS} is not of the form id:base64 with an id of its own. {_HOW}", field=KEYS)
        keys[key_id] = _key(key_id, coded)
    if place and not keys:
        raise BadInput(f"{KEYS_FILE} = '{place}' has no key in it. {_HOW}", field=KEYS_FILE)
    return keys


def _key(key_id: str, coded: str) -> bytes:
    try:
        key = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(f"The key '{key_id}' of {KEYS} is no base64. {_HOW}", field=KEYS) from None
    if len(key) != _KEY_BYTES:
        raise BadInput(f"The key '{key_id}' of {KEYS} has {len(key)} bytes: expected {_KEY_BYTES}. {_HOW}", field=KEYS)
    return key
