"""Keys of a service: from its Secret, or from a file made once where there is none, and what is derived from them.

One random master per service; every use derives a key of its own by HKDF-SHA256 (RFC 5869), named by its purpose, so
that no two uses share a key. What a service must read again later, such as a grant, is sealed with AES-256-GCM.
"""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from messaging.kernel.errors import ConfigurationError

MIN_MASTER_LENGTH = 32
_NONCE_BYTES = 12


class SealBrokenError(Exception):
    """What was sealed cannot be opened: another key, another context, or changed bytes."""


def derive_key(master: str | bytes, purpose: str) -> bytes:
    """Derive 32 bytes for one purpose."""
    material = master.encode() if isinstance(master, str) else master
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(material)


def seal(key: bytes, plain: bytes, context: bytes) -> bytes:
    """Encrypt and authenticate `plain`; it opens only with the same `context`, such as its row's id."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Open what `seal` made.

    Raises:
        SealBrokenError: the key or the context is another one, or the bytes were changed.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except (InvalidTag, ValueError):
        raise SealBrokenError("the seal is broken") from None


def master_key(configured: str, *, setting: str, file: Path | None) -> str:
    """Return the configured master, or that of `file`, which is made with mode 0600 at first use.

    `file` is given in the standalone form only: replicas must share one master, so there it has to be configured.

    Raises:
        ConfigurationError: none is configured and no file may be made, it is too short, or the file is unusable.
    """
    if not configured and file is not None:
        configured = _kept_in(file)
    if len(configured) < MIN_MASTER_LENGTH:
        raise ConfigurationError(
            f"the secret {setting} is {'too short' if configured else 'missing'}: "
            f"give at least {MIN_MASTER_LENGTH} random characters"
        )
    return configured


def _kept_in(file: Path) -> str:
    """Read the file, or make it: whole and durable before it has its name, and the first of several makers wins."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
            _write_durably(draft, secrets.token_urlsafe(48).encode())
            try:
                os.link(draft, file)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigurationError(f"key file {file}: {reason}") from None


def _write_durably(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
