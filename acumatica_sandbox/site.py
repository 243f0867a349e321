"""What one tenant of the instance consists of, for routes and control interface to share."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acumatica_sandbox.instance import Instance
from acumatica_sandbox.options import SandboxOptions
from acumatica_sandbox.records.contract_file import Contract
from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.records.shares import Share
from acumatica_sandbox.records.store import Store
from acumatica_sandbox.records.version_5 import Version5
from acumatica_sandbox.seeding import seed
from acumatica_sandbox.seeding.generic import Chance

LARGEST_FILE = 25_000 * 1024
"""Bytes; the default of the File Upload Preferences form."""
LONGEST_COMMENT = 500
"""Characters of a comment on a file."""


@dataclass
class KeptFile:
    """A file that is attached to a record."""

    id: str
    owner: str
    name: str
    content: bytes
    comment: str | None = None


class Site:
    """The instance as one tenant sees it: records, files and contract of its own.

    Args:
        instance: what it shares with the other tenants.
        seeds: of the records that it starts with, and of the ids of those that come later.
    """

    def __init__(self, instance: Instance, seeds: tuple[int, int]) -> None:
        self._instance = instance
        self.clock = instance.clock
        self.directory = instance.directory
        self.traffic = instance.traffic
        self.build = instance.build
        self.endpoints = instance.endpoints
        self.contract: Contract | None = instance.contract
        """The contract that is served; None for the built-in one, or one that has been changed."""
        options = instance.options
        self.version_5 = Version5(options.seed, instance.types)
        """What contract version 5 makes of entities."""
        self._in_version_5: dict[str, tuple[EntityModel, EntityModel]] = {}
        self.entities: dict[str, EntityModel] = {one.name: one for one in instance.entities}
        self.store = Store(entity for entity in instance.entities if not entity.inquiry)
        of_records, of_ids = seeds
        self.chance = Chance(random.Random(of_ids), options.now)  # noqa: S311
        self.files: dict[str, KeptFile] = {}
        self.operations: dict[str, Any] = {}
        """Long operations by id."""
        self.deleted: list[tuple[str, str, datetime]] = []
        """Entity, id and time of every deletion."""
        self.deleted_records: list[tuple[str, Record]] = []
        """What was deleted, with its entity."""
        self.unreadable: set[str] = set()
        """Ids of records that cannot be shown."""
        self.feed_rows: dict[str, Any] = {}
        """Rows that OData feeds have made, by feed."""
        self.numbers: dict[str, dict[str, int]] = {}
        """Numbers that OData knows records by, by entity and code."""
        seed(self.store, self.entities, (options.records, of_records), options.now)
        self.index_orders()

    @property
    def options(self) -> SandboxOptions:
        """The options in force, for all tenants."""
        return self._instance.options

    def in_version_5(self, entity: EntityModel) -> EntityModel:
        """An entity as contract version 5 declares it."""
        known = self._in_version_5.get(entity.name)
        if known is None or known[0] is not entity:
            known = self._in_version_5[entity.name] = (entity, self.version_5.entity(entity))
        return known[1]

    def contract_changed(self) -> None:
        """Forget what was made of the contract as it was."""
        self.contract = None
        self._in_version_5.clear()
        self.feed_rows.clear()

    @property
    def prefix(self) -> str:
        """The path that the site lives under, with a slash before it and none behind it."""
        return self.options.prefix

    @property
    def session_ids(self) -> Share:
        """The records whose id is new in every session."""
        return Share("id", self.options.seed, self.options.session_ids)

    @property
    def null_stamps(self) -> Share:
        """The records that have no stamp of modification."""
        return Share("stamp", self.options.seed, self.options.null_stamps)

    @property
    def permutation(self) -> str:
        """An SQL expression that puts records into a fixed order that is nobody's."""
        return f"lot(_id, {self.options.seed}, 'order')"

    def delete(self, entity: EntityModel, identity: str) -> bool:
        """Delete a record; False where there is none."""
        record = self.store.by_id(entity, identity)
        if record is None:
            return False
        self.store.remove(entity, identity)
        self.deleted_records.append((entity.name, record))
        self.deleted.append((entity.name, identity, self.clock.stamp()))
        return True

    def attach(self, owner: str, name: str, content: bytes, comment: str | None) -> KeptFile:
        """Attach a file to a record, instead of the one of that name if there is one."""
        known = self.files.values()
        place = (owner[8:], name)  # sessions know rows by ids that differ before that
        old = next((file for file in known if (file.owner[8:], file.name) == place), None)
        identity = old.id if old else self.chance.guid()
        file = KeptFile(identity, owner, name, content, comment and comment[:LONGEST_COMMENT])
        self.files[identity] = file
        return file

    def index_orders(self) -> None:
        """Index what lists are to be ordered by, unless that is the keys."""
        if self.options.list_order == "hashed":
            for entity in self.entities.values():
                if not entity.inquiry:
                    self.store.index_by(entity, "hashed", self.permutation)
