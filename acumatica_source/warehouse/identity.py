"""Whose data a dataset holds: the instance and tenant that it was first loaded from.

The same command with the address of another instance would find all rows gone, and take them out.
So a dataset is bound to what it was loaded from, and refuses anything else before a row is written.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import dlt

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.warehouse.entries import Entry, damaged, entries_of
from acumatica_source.warehouse.lease import WRITER, this_process

logger = logging.getLogger(__name__)

INSTANCE, TENANT = "instance", "tenant"
"""Kinds of rows: the dataset is an instance's tenant's alone, or holds this tenant among others."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a dataset is loaded from."""

    base_url: str
    tenant: str
    branch: str | None = None
    among_others: bool = False
    """Whether the dataset holds other tenants as well, told apart by a column."""

    def __str__(self) -> str:
        branch = f", branch {self.branch}" if self.branch else ""
        return f"tenant {self.tenant} of {self.base_url}{branch}"

    def as_entry(self) -> Entry:
        """A row that says so."""
        kind = TENANT if self.among_others else INSTANCE
        return Entry(
            kind, uuid.uuid4().hex, self.base_url, self.tenant, self.branch or "", this_process()
        )


class OtherSource(ConfigurationError):
    """The dataset holds the data of another instance or tenant."""


def bind(pipeline: dlt.Pipeline, found: Sequence[Entry], wanted: Identity, *, adopt: bool) -> None:
    """Write down whose data the dataset holds from now on, unless it says so already.

    Args:
        pipeline: Whose dataset.
        found: What the dataset keeps about itself.
        wanted: What is to be loaded into it.
        adopt: Whether to put it in the place of anything else.
    """
    kept = [one for one in found if one.kind != WRITER]
    if any(_same(one, wanted) for one in kept) and not adopt:
        return
    outdated = [one for one in kept if not wanted.among_others or one.tenant == wanted.tenant]
    with entries_of(pipeline) as entries:
        if entries is None:
            return
        entries.add(wanted.as_entry())
        for one in outdated:
            entries.remove(one)
    if outdated:
        logger.warning("The dataset counts as that of %s from now on.", wanted)


def check(dataset: str, found: Sequence[Entry], wanted: Identity, *, adopt: bool) -> None:
    """Refuse to load anything into a dataset that is not its own.

    Args:
        dataset: Its name.
        found: What it keeps about itself.
        wanted: What is to be loaded into it.
        adopt: Whether it is to be taken over.

    Raises:
        OtherSource: it holds the data of another instance, tenant or branch.
        ConfigurationError: what it keeps about itself is damaged.
    """
    kept = [one for one in found if one.kind != WRITER]
    for one in kept:
        if one.kind not in (INSTANCE, TENANT) or not one.base_url or not one.tenant:
            raise damaged(dataset, one)
    if not kept:
        return
    alone = [one for one in kept if one.kind == INSTANCE]
    if wanted.among_others:
        if alone:
            raise OtherSource(
                f"Dataset {dataset} holds {_told(alone[0])}, without a column for the tenant. "
                "Load several tenants into a dataset that was begun with it: name a new one."
            )
        kept = [one for one in kept if one.tenant == wanted.tenant]
    elif not alone:
        tenants = ", ".join(sorted({one.tenant for one in kept}))
        raise OtherSource(
            f"Dataset {dataset} holds several tenants ({tenants}), told apart by the column "
            "_tenant. Load into it with --tenant-column, or tenant_column=True; or name another "
            "dataset."
        )
    if adopt or not kept:
        return
    if len({_told(one) for one in alone}) > 1:
        raise damaged(dataset, [_told(one) for one in alone])
    if not any(_same(one, wanted) for one in kept):
        raise OtherSource(
            f"Dataset {dataset} holds {_told(kept[0])}, not {wanted}. Nothing was changed. Give "
            "each instance and tenant a dataset of its own (--dataset 'erp_{tenant}'), or load "
            "several tenants into one with --tenant-column. If this is the same one at another "
            "address, run once with --adopt, or adopt=True."
        )


def _same(one: Entry, wanted: Identity) -> bool:
    kind = TENANT if wanted.among_others else INSTANCE
    return (one.kind, _place(one.base_url), one.tenant, one.branch) == (
        kind,
        _place(wanted.base_url),
        wanted.tenant,
        wanted.branch or "",
    )


def _place(base_url: str) -> str:
    """An address without what does not tell instances apart: scheme, case, slashes, usual ports."""
    try:
        parts = urlsplit(base_url.strip())
        port = parts.port
    except ValueError:
        return base_url
    usual = port in (None, 80, 443)
    host = (parts.hostname or "").rstrip(".")
    return f"{host}{'' if usual else f':{port}'}{parts.path.rstrip('/').lower()}"


def _told(one: Entry) -> str:
    return str(replace(Identity(one.base_url, one.tenant), branch=one.branch or None))
