"""Signs out, at the next start, the sessions that a killed process left behind.

A process that is killed outright cannot sign out, and on a small licence its sessions are missed
until they have been idle for 10 minutes. A `SeatMemory` keeps what is needed to sign them out in a
folder, one file a session, encrypted with a key from the password: the files are of no use without
it. A file is locked by its process as long as that lives, and gone when the session is.

The password cannot be read from a file, but guesses of it can be tried on one, at the price of an
scrypt each. So this is done only where it is asked for.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acumatica_source.client.errors import ConfigurationError

if TYPE_CHECKING:
    from filelock import FileLock

_log = logging.getLogger("acumatica_source.client")

_STALE = 86_400.0
"""Age in seconds of a file that nobody will need any more."""


class SeatMemory:
    """The sessions of one user of one instance, as far as they may be left behind.

    Args:
        folder: where to keep them; made if needed, readable by the user only.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"{self.folder} cannot be used: {error}.") from None

    def keep(self, profile: str, password: str, cookies: dict[str, str]) -> Callable[[], None]:
        """Remember a session.

        Args:
            profile: whose session it is: address and user.
            password: what to encrypt it with.
            cookies: what the session is recognised by.

        Returns:
            Call it when the session is over.
        """
        path = self.folder / f"{secrets.token_hex(8)}.seat"
        lock = _lock(path)
        lock.acquire(timeout=0)
        document = json.dumps({"profile": profile, "cookies": cookies}).encode()
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            file.write(_encrypt(document, password))
        owner = os.getpid()

        def drop() -> None:
            if os.getpid() != owner:
                return
            path.unlink(missing_ok=True)
            lock.release()
            _remove(lock)

        return drop

    def left_behind(self, profile: str, password: str) -> Iterator[dict[str, str]]:
        """The cookies of this profile's sessions whose process is gone; each is told once."""
        from filelock import Timeout

        for path in sorted(self.folder.glob("*.seat")):
            lock = _lock(path)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue  # its process is alive
            try:
                document = _decrypt(path.read_bytes(), password)
                if document is None or document.get("profile") != profile:
                    if time.time() - path.stat().st_mtime > _STALE:
                        path.unlink(missing_ok=True)
                    continue
                path.unlink(missing_ok=True)
            except OSError as error:
                _log.warning("%s cannot be read: %s", path, error)
                continue
            finally:
                lock.release()
            _remove(lock)
            yield document["cookies"]


def _lock(path: Path) -> "FileLock":
    from filelock import FileLock  # imported late: it is slow to import, and seldom needed

    return FileLock(path.with_suffix(".lock"), mode=0o600)


def _remove(lock: "FileLock") -> None:
    with contextlib.suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)


# The standard library has no cipher, but HMAC-SHA-256 in counter mode makes one: a key stream that
# nobody without the key can tell from chance, and a tag over the result.


def _encrypt(plain: bytes, password: str) -> bytes:
    salt = secrets.token_bytes(16)
    cipher_key, tag_key = _keys(password, salt)
    cipher = _mask(plain, cipher_key)
    tag = hmac.digest(tag_key, cipher, "sha256")
    return base64.b64encode(salt + tag + cipher)


def _decrypt(packed: bytes, password: str) -> dict[str, Any] | None:
    """The document; None if it is another password's, or damaged."""
    try:
        raw = base64.b64decode(packed, validate=True)
    except ValueError:
        return None
    salt, tag, cipher = raw[:16], raw[16:48], raw[48:]
    if len(salt) < 16:
        return None
    cipher_key, tag_key = _keys(password, salt)
    if not hmac.compare_digest(hmac.digest(tag_key, cipher, "sha256"), tag):
        return None
    document: dict[str, Any] = json.loads(_mask(cipher, cipher_key))
    return document


def _keys(password: str, salt: bytes) -> tuple[bytes, bytes]:
    # The salt is fresh for each file, so each key masks one text only. The cost of a guess is
    # 32 MB and about a tenth of a second.
    key = hashlib.scrypt(
        password.encode(), salt=salt, n=1 << 15, r=8, p=1, maxmem=1 << 26, dklen=64
    )
    return key[:32], key[32:]


def _mask(data: bytes, key: bytes) -> bytes:
    counter = range(len(data) // 32 + 1)
    stream = b"".join(hmac.digest(key, block.to_bytes(8, "big"), "sha256") for block in counter)
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))
