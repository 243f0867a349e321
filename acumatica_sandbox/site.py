"""What the emulated instance consists of, for the routes and the control interface to share."""

import random
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from acumatica_sandbox.builtin import ENTITIES
from acumatica_sandbox.clock import Clock
from acumatica_sandbox.contract_change import carried_over, changed
from acumatica_sandbox.contract_file import read_contract
from acumatica_sandbox.conventional import ConventionalUsers
from acumatica_sandbox.faults import Faults
from acumatica_sandbox.fragments import Record
from acumatica_sandbox.model import EntityModel
from acumatica_sandbox.odata.catalogue import class_names, inquiry_names
from acumatica_sandbox.options import SandboxError, SandboxOptions
from acumatica_sandbox.seeding import seed
from acumatica_sandbox.seeding.generic import Chance, complete
from acumatica_sandbox.sessions import Sessions
from acumatica_sandbox.store import Store
from acumatica_sandbox.throttle import Throttle
from acumatica_sandbox.tokens import Tokens

ENDPOINTS = (("Default", "24.200.001"), ("Default", "23.200.001"))
BUILD = "25.101.0153"
LARGEST_FILE = 25_000 * 1024
"""Bytes; the default of the File Upload Preferences form."""
LONGEST_COMMENT = 500
"""Characters of a comment on a file."""


@dataclass
class Traffic:
    """What came and went over the wire."""

    requests: Counter[str] = field(default_factory=Counter)
    """By method and path."""
    bytes_sent: int = 0
    in_one_session_max: int = 0
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=100_000))


@dataclass
class KeptFile:
    """A file that is attached to a record."""

    id: str
    owner: str
    name: str
    content: bytes
    comment: str | None = None


class Site:
    """One instance: its clock, sessions, records and traffic."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = self.started_with = options
        self.clock = Clock(options.now)
        self.sessions = Sessions(options, self.clock)
        self.conventional = ConventionalUsers(options, self.clock)
        entities = ENTITIES
        self.endpoints: tuple[tuple[str, str], ...] = ENDPOINTS
        self.contract_document: dict[str, Any] | None = None
        if options.contract is not None:
            contract = read_contract(options.contract)
            entities = contract.entities
            self.endpoints = ((contract.name, contract.version),)
            self.contract_document = contract.document
        if options.contract_5:
            self.endpoints = (*self.endpoints, ("Default", "26.200.001"))
        self.entities: dict[str, EntityModel] = {entity.name: entity for entity in entities}
        self._check_entities(options)
        self.store = Store(entity for entity in entities if not entity.inquiry)
        self.traffic = Traffic()
        self.chance = Chance(random.Random(options.seed + 1), options.now)  # noqa: S311
        self.files: dict[str, KeptFile] = {}
        self.operations: dict[str, Any] = {}
        """Long operations by id."""
        self.faults = Faults()
        self.tokens = Tokens(self.clock)
        self.throttle = Throttle(options.limits)
        self.deleted: list[tuple[str, str, datetime]] = []
        """Entity, id and time of every deletion."""
        self.deleted_records: list[tuple[str, Record]] = []
        """What was deleted, with its entity."""
        self.feed_rows: dict[str, Any] = {}
        """Rows that OData feeds have made, by feed."""
        self.numbers: dict[str, dict[str, int]] = {}
        """Numbers that OData knows records by, by entity and code."""
        seed(self.store, self.entities, (options.records, options.seed), options.now)

    @property
    def prefix(self) -> str:
        """The path that the site lives under, with a slash before it and none behind it."""
        return f"/{self.options.root}" if self.options.root else ""

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

    def change_contract(self, entity: EntityModel, changes: Mapping[str, Any]) -> None:
        """Change an entity's contract and carry its records over."""
        fresh = changed(entity, changes)
        with self.store.lock:
            if not entity.inquiry:
                records = [
                    carried_over(fresh, record, changes, self.chance)
                    for record in self.store.records(entity)
                ]
                self.store.create(fresh)
                self.store.add(fresh, (complete(fresh.shape, one, self.chance) for one in records))
                self.store.index(fresh)
            self.entities[entity.name] = fresh
        self.contract_document = None
        self.feed_rows.clear()

    def configure(self, options: SandboxOptions) -> None:
        """Keep to these options from now on.

        Raises:
            SandboxError: an option is about an entity that is not there.
        """
        self._check_entities(options)
        self.options = options
        self.sessions.configure(options)
        self.conventional.configure(options)
        self.throttle.configure(options.limits)

    def _check_entities(self, options: SandboxOptions) -> None:
        named = [one.partition(".")[0] for one in options.not_optimisable]
        for name in (*options.features_off, *options.not_set_up, *named):
            if name not in self.entities:
                raise SandboxError(f"An option is about {name!r}, but there is no such entity.")
        for names, known, what in (
            (options.inquiries_refused, inquiry_names(), "generic inquiry"),
            ((*options.dac_refused, *options.dac_untracked), class_names(), "data access class"),
        ):
            for name in names:
                if name not in known:
                    raise SandboxError(
                        f"An option is about {name!r}, but there is no such {what}. There are: "
                        f"{', '.join(sorted(known))}."
                    )
        for one in options.not_optimisable:
            name, _, member = one.partition(".")
            shape = self.entities[name].shape
            if member not in {*shape.members, *shape.paths()}:
                raise SandboxError(f"An option is about {one!r}, but {name} has no such member.")
