"""The tenants of the instance: who sees which data, which are made when they are first seen."""

import asyncio
import threading
from zlib import crc32

from acumatica_sandbox.instance import Instance, check
from acumatica_sandbox.options import SandboxError, SandboxOptions
from acumatica_sandbox.site import Site


class Tenants:
    """One instance with the data of all its tenants."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._sites: dict[str, Site] = {}
        self._making = threading.Lock()
        self.of()

    def of(self, tenant: str | None = None) -> Site:
        """The instance as that tenant sees it, or as the first one does."""
        place = self._place(tenant)
        with self._making:
            if place not in self._sites:
                self._sites[place] = Site(self.instance, self._seeds(place))
            return self._sites[place]

    async def enter(self, tenant: str | None = None) -> Site:
        """The same for requests, while others are answered if the data are yet to be made."""
        known = self._sites.get(self._place(tenant))
        return await asyncio.to_thread(self.of, tenant) if known is None else known

    def named(self, tenant: object) -> Site:
        """The same for callers of the control interface.

        Raises:
            SandboxError: there is no such tenant.
        """
        names = self.instance.options.tenants
        if tenant is not None and tenant not in names:
            raise SandboxError(f"There is no tenant {tenant!r}. There are: {', '.join(names)}.")
        return self.of(None if tenant is None else str(tenant))

    def made(self) -> list[Site]:
        """What has been made so far."""
        return list(self._sites.values())

    def configure(self, options: SandboxOptions) -> None:
        """Keep to these options from now on.

        Raises:
            SandboxError: an option is about what the first tenant does not have.
        """
        check(options, self.of().entities)
        self.instance.configure(options)
        for site in self.made():
            site.index_orders()

    def close(self) -> None:
        """Give the memory back."""
        for site in self.made():
            site.store.close()

    def _place(self, tenant: str | None) -> str:
        """The name that a tenant's data are kept under."""
        options = self.instance.options
        if options.tenant_data == "shared":
            return self.instance.started_with.tenants[0]
        return options.tenants[0] if tenant is None else tenant

    def _seeds(self, tenant: str) -> tuple[int, int]:
        """The seeds of a tenant's records, and of the ids of those that come later."""
        options = self.instance.started_with
        first = tenant == options.tenants[0]
        own = options.seed if first else options.seed + crc32(tenant.encode())
        return options.seed if options.tenant_data == "snapshot" else own, own + 1
