"""Sales orders: a few thousand are made one by one, and any number beyond copied from those.

A copy has its own id, number and modification stamp; items, amounts and totals are the original's,
so it is as consistent. Copying pieces of JSON is what lets a million orders be there in seconds.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from acumatica_sandbox.clock import on_sql_grain
from acumatica_sandbox.records.fragments import Fragments, Record, to_fragments, value_text
from acumatica_sandbox.records.model import EntityModel
from acumatica_sandbox.records.store import NewRow, Store, column_text
from acumatica_sandbox.seeding import words
from acumatica_sandbox.seeding.documents import (
    TAX_RATE,
    days_in_order,
    lines,
    modified_after,
    tax_rows,
)
from acumatica_sandbox.seeding.fitting import fit
from acumatica_sandbox.seeding.generic import Chance, complete
from acumatica_sandbox.seeding.masters import address

ORIGINALS = 3_000
STAMPS = 20_000
"""Different modification stamps among the copies."""


def orders(
    count: int, chance: Chance, customers: Sequence[Record], items: Sequence[Record]
) -> Iterator[Record]:
    """Orders whose totals are their lines plus tax; a few are archived."""
    for number, day in enumerate(days_in_order(count, chance), 1):
        customer = chance.pick(customers)
        rows = lines(chance, items, 3)
        net = sum((row["Amount"] for row in rows), Decimal(0))
        tax = (net * TAX_RATE / 100).quantize(Decimal("0.01"))
        quantity = sum((row["Quantity"] for row in rows), Decimal(0))
        modified = modified_after(day, chance)
        identity = chance.guid()
        done = chance.random.random() < 0.6
        yield {
            "id": identity,
            "NoteID": identity,
            "note": None if number % 9 else chance.pick(words.NOTES),
            "archived": number % 25 == 0,
            "OrderType": "SO" if number % 10 else "QT",
            "OrderNbr": f"{number:06}",
            "CustomerID": customer["CustomerID"],
            "CustomerOrder": chance.pick(words.NOTES) if number % 7 == 0 else None,
            "ContactID": None,
            "Branch": "HQ",
            "Date": day,
            "EffectiveDate": day,
            "RequestedOn": day + timedelta(days=5),
            "CreatedDate": on_sql_grain(modified - timedelta(minutes=30)),
            "LastModified": modified,
            "LastModifiedDateTime": modified,
            "CurrencyID": "USD",
            "CurrencyRate": Decimal(1),
            "Description": None if number % 3 else chance.pick(words.NOTES),
            "ExternalRef": None,
            "Hold": False,
            "Approved": True,
            "CreditHold": False,
            "IsTaxValid": False,
            "LocationID": "MAIN",
            "OrderedQty": quantity,
            "OrderTotal": net + tax,
            "ControlTotal": net + tax,
            "TaxTotal": tax,
            "PaymentMethod": "CHECK",
            "Project": "X",
            "ShipVia": chance.pick(("UPS", "FEDEX", None)),
            "Status": "Completed" if done else chance.pick(("Open", "On Hold", "Back Order")),
            "WillCall": False,
            "custom": {
                "Document.AttributeCHANNEL": chance.pick(("WEB", "PHONE", None)),
                "Document.UsrPriority": number % 5 or None,
                "Document.AttributePRODUCT": ("Pumps", "Motors", "Valves", None)[number % 4],
                "Document.AttributeTAGS": (None, "Motor", "Motor, Electric")[number % 3],
                "Document.UsrPickup": day if number % 2 else None,
                "Document.UsrWeight": Decimal(number).scaleb(-2),
            },
            "BillToAddress": address(chance),
            "ShipToAddress": address(chance),
            "Totals": {
                "DiscountTotal": Decimal("0.0"),
                "LineTotalAmount": net,
                "TaxTotal": tax,
                "UnpaidBalance": net + tax,
            },
            "TaxDetails": tax_rows(net, tax),
            "Details": [
                {
                    "LineNbr": row["LineNbr"],
                    "InventoryID": row["InventoryID"],
                    "LineDescription": None,
                    "LineType": "Goods for Inventory",
                    "Account": "40000",
                    "Branch": "HQ",
                    "OrderQty": row["Quantity"],
                    "OpenQty": Decimal("0.0") if done else row["Quantity"],
                    "Completed": done,
                    "FreeItem": False,
                    "UOM": "EA",
                    "UnitPrice": row["Price"],
                    "UnitCost": row["Price"],
                    "ExtendedPrice": row["Amount"],
                    "Amount": row["Amount"],
                    "DiscountAmount": Decimal("0.0"),
                    "DiscountPercent": Decimal("0.0"),
                    "TaxCategory": "TAXABLE",
                    "WarehouseID": "MAIN",
                    "RequestedOn": day + timedelta(days=5),
                    "ShipOn": day + timedelta(days=4),
                    "LastModifiedDate": modified.strftime("%m/%d/%Y %H:%M:%S"),
                    "custom": {
                        "Transactions.UsrPackaging": chance.pick(("BOX", "PALLET", None)),
                        "Transactions.UsrInsuredValue": row["Amount"] * 2,
                    },
                    "Allocations": [
                        {
                            "LineNbr": row["LineNbr"],
                            "SplitLineNbr": 1,
                            "Qty": row["Quantity"],
                            "UOM": "EA",
                            "Allocated": False,
                            "Completed": done,
                        }
                    ],
                }
                for row in rows
            ],
        }


def add_orders(
    store: Store, entity: EntityModel, count: int, chance: Chance, originals: Iterator[Record]
) -> None:
    """Fill the store with orders."""
    kept: list[tuple[Record, Fragments]] = []

    def first() -> Iterator[NewRow]:
        for record in originals:
            fit(entity.shape, record)
            complete(entity.shape, record, chance)
            pieces = to_fragments(entity, record)
            kept.append((record, pieces))
            yield store.row(entity, record, pieces)

    store.add_rows(entity, first())
    if count > len(kept):
        store.add_rows(entity, _copies(store, entity, kept, count, chance))


def _copies(
    store: Store,
    entity: EntityModel,
    originals: list[tuple[Record, Fragments]],
    count: int,
    chance: Chance,
) -> Iterator[NewRow]:
    stamp = next(iter(entity.stamps), "LastModified")
    names = [name for name in entity.shape.members if name in entity.shape.fields]
    number_at, stamp_at, note_at = (
        names.index(name) + 1 if name in names else 0 for name in ("OrderNbr", stamp, "NoteID")
    )
    between = re.compile(rb'(?<=\}),(?=")')
    stamps = [
        (column_text(moment), f'"{stamp}":{value_text("t", moment)}'.encode())
        for moment in (chance.moment() for _ in range(STAMPS))
    ]
    split = [(record, p, between.split(p.flat[1:])) for record, p in originals]
    for number in range(len(split) + 1, count + 1):
        record, pieces, flat = split[number % len(split)]
        identity = chance.guid()
        moment, text = chance.pick(stamps)
        flat = flat.copy()
        own = {
            number_at: b'"OrderNbr":{"value":"%06d"}' % number,
            stamp_at: text,
            note_at: b'"NoteID":{"value":"%b"}' % identity.encode(),
        }
        for at, piece in own.items():
            if at:
                flat[at] = piece
        values: Record = {
            "id": identity,
            "archived": record["archived"],
            "OrderType": record["OrderType"],
            "OrderNbr": f"{number:06}",
            stamp: moment,
        }
        whole = Fragments(b"," + b",".join(flat), (), pieces.custom)
        yield store.row(entity, values, whole)[0], number % len(split) + 1
