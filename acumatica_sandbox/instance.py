"""What the tenants of an installation have in common: build, licence, seats, clock and traffic."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acumatica_sandbox.clock import Clock
from acumatica_sandbox.identity.directory import Directory
from acumatica_sandbox.options import SandboxError, SandboxOptions
from acumatica_sandbox.records.builds import BUILDS, CONTRACT_3, NEWEST, Endpoints
from acumatica_sandbox.records.builtin import ENTITIES, with_custom_of_version_5
from acumatica_sandbox.records.catalogue import class_names, inquiry_names
from acumatica_sandbox.records.contract_file import Contract, read_contract
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.throttle import Throttle


@dataclass
class Traffic:
    """What came and went over the wire."""

    requests: Counter[str] = field(default_factory=Counter)
    """By method and path."""
    bytes_sent: int = 0
    in_one_session_max: int = 0
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=100_000))


class Instance:
    """One installation, without the data of its tenants.

    Raises:
        SandboxError: an option is about what is not there, or the contract cannot be served.
    """

    def __init__(self, options: SandboxOptions) -> None:
        self.options = self.started_with = options
        self.clock = Clock(options.now)
        self.directory = Directory(options, self.clock)
        self.traffic = Traffic()
        self.throttle = Throttle(options.limits)
        self.entities = ENTITIES
        """The entities that tenants start with."""
        self.contract: Contract | None = None
        """The contract that is served; None for the built-in one."""
        self.types: Mapping[str, Mapping[str, str]] = {}
        newest = options.contract_version
        if options.contract is not None:
            self.contract = read_contract(options.contract)
            self.entities, self.types = self.contract.entities, self.contract.types
            newest = max(newest, self.contract.contract_version)
            if newest == 5 and options.build not in (None, "26R2"):
                raise SandboxError(
                    f"The contract {options.contract} is of contract version 5, which comes with "
                    f"the build 26R2, not {options.build}."
                )
        self.build = BUILDS["26R2" if newest == 5 else options.build]
        self.endpoints = self._endpoints(newest)
        """The versions of the contract that endpoints speak."""
        if newest == 5:
            self.entities = tuple(with_custom_of_version_5(entity) for entity in self.entities)
        check(options, {entity.name: entity for entity in self.entities})

    @property
    def prefix(self) -> str:
        """The path that the site lives under, with a slash before it and none behind it."""
        return self.options.prefix

    def configure(self, options: SandboxOptions) -> None:
        """Keep to these options from now on."""
        self.options = options
        self.directory.configure(options)
        self.throttle.configure(options.limits)

    def _endpoints(self, newest: int) -> Endpoints:
        """The endpoints of the instance with their versions of the contract, the newest first."""
        contract, given = self.contract, self.options.build is not None or newest == 5
        endpoints: dict[tuple[str, str], int] = {}
        if newest == 5:
            endpoints["Default", NEWEST] = 5
            if contract is not None and contract.contract_version == 4:
                endpoints[contract.name, NEWEST] = 5
        if contract is not None:
            endpoints[contract.name, contract.version] = contract.contract_version
        for place in self.build.endpoints if contract is None or given else ():
            endpoints.setdefault(place, 4)
        if self.options.contract_3:
            endpoints[CONTRACT_3] = 3
        return endpoints


def check(options: SandboxOptions, entities: Mapping[str, EntityModel]) -> None:
    """Refuse options about what these entities, and the feeds, do not have.

    Raises:
        SandboxError: an option is about an entity, a member or a feed that there is not.
    """
    named = [one.partition(".")[0] for one in options.not_optimisable]
    without = options.stamp_not_selectable
    custom = [one.partition(".")[0] for one in options.custom_refused]
    for name in (*options.features_off, *options.not_set_up, *named, *custom, *without):
        if name not in entities:
            raise SandboxError(f"An option is about {name!r}, but there is no such entity.")
    for name in without:
        if not entities[name].stamps:
            raise SandboxError(f"An option is about the stamp of {name!r}, which has none.")
    for one in options.custom_refused:
        name, _, place = one.partition(".")
        if place not in entities[name].custom:
            raise SandboxError(f"An option is about {one!r}, but {name} has no such field.")
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
        name, _, members = one.partition(".")
        shape = entities[name].shape
        if not {*members.split("+")} <= {*shape.members, *shape.paths()}:
            raise SandboxError(f"An option is about {one!r}, but {name} has no such member.")
