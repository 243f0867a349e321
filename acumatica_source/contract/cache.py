"""Keeps contracts on disk, so that a run in which nothing changed need not fetch them again.

What is kept is JSON, read with the same care as if it came over the network: an endpoint's contract
and an entity's custom fields as the instance sent them, and what is needed of an OData service's
metadata. The cache is a
convenience: where it cannot be read or written, it is not there.
"""

import contextlib
import hashlib
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import orjson

from acumatica_source.contract.custom_fields import DeclaredCustomField, parse_ad_hoc_schema
from acumatica_source.contract.edmx import Feeds, parse_edmx
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.feed_file import feeds_from_json, feeds_to_json
from acumatica_source.contract.model import Contract
from acumatica_source.contract.openapi import parse_contract

T = TypeVar("T")

logger = logging.getLogger(__name__)

MAX_AGE = timedelta(days=1)
"""How long a kept contract is fresh: a custom endpoint may be changed, and custom fields may be
added, without a new build."""


@dataclass(frozen=True, slots=True)
class ContractAddress:
    """Whose contract it is, and as of which state of the instance."""

    instance: str
    """Base URL of the instance."""
    tenant: str
    """Custom endpoints and their fields belong to a tenant."""
    build: str
    """Build of the instance; with another one the contract is fetched anew."""
    endpoint: str
    version: str
    entity: str = ""
    """Whose custom fields are meant; empty for the contract of the endpoint."""

    @property
    def file_name(self) -> str:
        """A name that only this address has, and that gives nothing of it away."""
        digest = hashlib.sha256(orjson.dumps(astuple(self))).hexdigest()
        return f"{digest[:32]}.json"


class ContractCache:
    """Contracts in a directory, one file each."""

    def __init__(self, directory: Path | None = None, max_age: timedelta = MAX_AGE) -> None:
        self._directory = default_directory() if directory is None else directory
        self._max_age = max_age

    def contract(self, address: ContractAddress, fetch: Callable[[], bytes]) -> Contract:
        """The contract from the cache, or else as fetched, which is then kept.

        Args:
            address: Whose contract.
            fetch: Gets the document from the instance.

        Raises:
            ContractError: what was fetched is no contract understood here.
        """
        kept = self._kept(address, parse_contract)
        if kept is not None:
            return kept
        document = fetch()
        contract = parse_contract(document)
        self._write(self._directory / address.file_name, document)
        return contract

    def feeds(self, address: ContractAddress, fetch: Callable[[], bytes]) -> Feeds:
        """The feeds of an OData service from the cache, or else as fetched, which are then kept.

        Args:
            address: Whose service; its endpoint and version name it.
            fetch: Gets `$metadata` from the instance.

        Raises:
            ContractError: what was fetched is no metadata understood here.
        """
        kept = self._kept(address, feeds_from_json)
        if kept is not None:
            return kept
        feeds = parse_edmx(fetch())
        self._write(self._directory / address.file_name, feeds_to_json(feeds))
        return feeds

    def custom_fields(
        self, address: ContractAddress, fetch: Callable[[], bytes], *, anew: bool
    ) -> tuple[DeclaredCustomField, ...]:
        """An entity's custom fields from the cache, or else as fetched, which are then kept.

        Args:
            address: Whose; it names the entity.
            fetch: Gets `$adHocSchema` from the instance.
            anew: Whether to fetch them whatever is kept.

        Raises:
            ContractError: what was fetched lists no custom fields.
        """
        kept = None if anew else self._kept(address, parse_ad_hoc_schema)
        if kept is not None:
            return kept
        document = fetch()
        fields = parse_ad_hoc_schema(document)
        self._write(self._directory / address.file_name, document)
        return fields

    def forget(self, address: ContractAddress) -> None:
        """Drop a contract that turned out to be out of date."""
        try:
            (self._directory / address.file_name).unlink(missing_ok=True)
        except OSError as error:
            logger.debug("The contract cache cannot be written: %s", error)

    def _kept(self, address: ContractAddress, parse: Callable[[bytes], T]) -> T | None:
        path = self._directory / address.file_name
        document = self._read(path)
        if document is None:
            return None
        try:
            return parse(document)
        except ContractError:
            logger.debug("The contract kept in %s is broken; it is fetched again.", path)
            return None

    def _read(self, path: Path) -> bytes | None:
        try:
            if time.time() - path.stat().st_mtime > self._max_age.total_seconds():
                return None
            return path.read_bytes()
        except OSError:
            return None

    def _write(self, path: Path, document: bytes) -> None:
        """Write beside and put in place, so that nobody ever reads half a file."""
        beside: str | None = None
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                file.write(document)
            os.replace(beside, path)
        except OSError as error:
            logger.debug("The contract cannot be kept in %s: %s", path.parent, error)
            if beside is not None:
                with contextlib.suppress(OSError):
                    Path(beside).unlink(missing_ok=True)


def default_directory() -> Path:
    """The user's directory for caches, by the custom of the operating system."""
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "acumatica-source" / "contracts"
