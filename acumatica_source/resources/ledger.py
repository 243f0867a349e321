"""Ledger transactions as a dlt resource, from whatever the instance offers them by."""

import logging
from collections.abc import Iterator
from typing import Any

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.journal import JOURNAL
from acumatica_source.resources.claim import enter
from acumatica_source.resources.ledger_lines import CLASS, class_lines, journal_lines, loaded_from
from acumatica_source.resources.ledger_options import (
    CALENDAR,
    INQUIRY,
    LedgerSource,
    LedgerTransactions,
    source_named,
)
from acumatica_source.resources.ledger_periods import period_rows
from acumatica_source.resources.plan import contract_with
from acumatica_source.resources.resource import Rows

__all__ = ["CALENDAR", "INQUIRY", "LedgerTransactions", "ledger_rows"]

logger = logging.getLogger(__name__)


def ledger_rows(instance: Instance, wanted: LedgerTransactions) -> Rows:
    """What loads what has changed of a ledger's transactions.

    Raises:
        ConfigurationError: an option has a value that makes no sense.
    """
    rhythm = instance.terms.rhythm(wanted.verify, f"verify of {wanted.name}")
    named = None if wanted.source is None else source_named(wanted.source)

    def rows() -> Iterator[Any]:
        with instance.seats.opened() as connection:
            enter(instance, connection)
            source = _chosen(instance, wanted, named)
            wanted.checked(source)
            if source is LedgerSource.INQUIRY:
                yield from period_rows(instance, connection, wanted, rhythm)
            elif source is LedgerSource.JOURNAL:
                yield from journal_lines(instance, connection, wanted, rhythm)
            else:
                yield from class_lines(instance, connection, wanted, rhythm)

    return rows


def _chosen(
    instance: Instance, wanted: LedgerTransactions, named: LedgerSource | None
) -> LedgerSource:
    """What to read from.

    Raises:
        ConfigurationError: the table was loaded from something else.
    """
    whose = instance.tenant if instance.terms.tenant_column else None
    before = loaded_from(wanted.name, whose, anew=wanted.full)
    if before is not None and named not in (None, before):
        raise ConfigurationError(
            f"{wanted.name} was loaded from the {before}, whose rows have other columns and keys "
            f"than those of the {named}. Give another name (name=), or load into another dataset."
        )
    if before is not None or named is not None:
        return before or named or LedgerSource.INQUIRY
    _, contract = contract_with(instance, INQUIRY)
    if INQUIRY in contract.entities and CALENDAR in contract.entities:
        return LedgerSource.INQUIRY
    if JOURNAL in contract.entities:
        chosen = LedgerSource.JOURNAL
    else:
        classes = instance.classes.if_readable()
        if classes is None or CLASS not in classes.sets:
            return LedgerSource.INQUIRY  # which says what is missing
        chosen = LedgerSource.DAC
    logger.warning(
        "%s is read from the %s, as %s/%s has no %s with a calendar.",
        wanted.name,
        chosen,
        contract.endpoint,
        contract.version,
        INQUIRY,
    )
    return chosen
