"""Fills the store with believable, consistent data."""

import random
from collections.abc import Mapping
from datetime import datetime

from acumatica_sandbox.records.fragments import Record
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.records.store import Store
from acumatica_sandbox.seeding import documents, masters
from acumatica_sandbox.seeding.fitting import fit
from acumatica_sandbox.seeding.generic import Chance, complete, generic_records
from acumatica_sandbox.seeding.orders import ORIGINALS, add_orders, orders


def seed(
    store: Store, entities: Mapping[str, EntityModel], size: tuple[int, int], now: datetime
) -> None:
    """Fill the store.

    Args:
        store: the empty store.
        entities: what it holds, by name.
        size: about how many top-level records, and the seed of their randomness.
        now: the present; the history of two years ends two hours before it.
    """
    records, number = size
    chance = Chance(random.Random(number), now)  # noqa: S311 - data, not secrets
    known = _known(records, chance)
    rest = records - sum(len(made) for made in known.values())
    for name, entity in entities.items():
        if entity.inquiry or name == "SalesOrder":
            continue
        made = known.get(name)
        if made is None or not set(entity.keys) <= set(made[0] if made else entity.keys):
            made = generic_records(entity, max(min(records // 200, 100), 4), chance)
        for record in made:
            record.setdefault("note", None)
            fit(entity.shape, record)
            complete(entity.shape, record, chance)
            if "NoteID" in entity.shape.fields:
                record["NoteID"] = record["id"]
        store.add(entity, made)
        store.index(entity)
    if "SalesOrder" in entities:
        entity = entities["SalesOrder"]
        count = max(rest, 4)
        originals = orders(min(count, ORIGINALS), chance, known["Customer"], known["StockItem"])
        add_orders(store, entity, count, chance, originals)
        store.index(entity)


def _known(records: int, chance: Chance) -> dict[str, list[Record]]:
    """Records of the entities that have to agree with each other."""
    customers = list(masters.customers(_share(records, 0.05, 2_000), chance))
    vendors = list(masters.vendors(_share(records, 0.02, 1_000), chance))
    items = list(masters.stock_items(_share(records, 0.05, 2_000), chance))
    invoices = documents.invoices(_share(records, 0.15, 6_000), chance, customers, items)
    payments = documents.payments(0.6, chance, invoices)
    bills = documents.bills(_share(records, 0.06, 3_000), chance, vendors, items)
    return {
        "Account": list(masters.accounts(chance)),
        "Bill": bills,
        "Customer": customers,
        "FinancialPeriod": list(masters.financial_years(chance)),
        "Invoice": invoices,
        "JournalTransaction": list(documents.batches(chance, invoices, payments, bills)),
        "Ledger": list(masters.ledgers(chance)),
        "Payment": payments,
        "ShipVia": list(masters.ship_vias(chance)),
        "StockItem": items,
        "Vendor": vendors,
    }


def _share(records: int, part: float, most: int) -> int:
    return max(min(int(records * part), most), 3)
