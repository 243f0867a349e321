"""What contract version 5 makes of the fields of version 4: other types, other names, some gone.

Published are the fields of Default/26.200.001; for schemas that the table does not have, drop-downs
and dates without a time are drawn, always the same for a seed.

Letters of types that version 4 does not have: S a drop-down of text codes, I one of numbers, M one
of several text codes, o a date without a time of day.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b

from acumatica_sandbox.records.keys import KEYS, keys_of
from acumatica_sandbox.records.known import CODES
from acumatica_sandbox.records.model import EntityModel, ShapeModel

WRAPPERS = {
    "S": "StringSingleSelectValue",
    "I": "IntSingleSelectValue",
    "M": "StringMultiSelectValue",
    "o": "DateOnlyValue",
    "t": "DateTimeValue",
}
"""The schemas of values, by the letters of types that a field can come to have."""
KEPT_AS = {"S": "s", "I": "s", "M": "s", "o": "D"}
"""The letters that fields of the other types are kept by: drop-downs by their labels."""

PUBLISHED: dict[str, str] = {
    "Account": "PostOption:S",
    "AccountDetailsForPeriodInquiry": "",
    "AccountDetailsForPeriodInquiryDetail": "TransactionDate:o",
    "AccountSummaryInquiry": "",
    "AccountSummaryRow": "Type:S",
    "AttributeDefinition": "ControlType:I",
    "AttributeValue": "",
    "Bill": "Date:o DueDate:o Status:S Type:S",
    "BillDetail": "LCType:S POOrderType:S POReceiptType:S",
    "Customer": "Status:S",
    "FinancialPeriod": "StartDate:o",
    "FinancialPeriodDetail": "EndDate:o StartDate:o Status:S",
    "Invoice": "Date:o DueDate:o Status:S Type:S",
    "InvoiceDetail": "",
    "JournalTransaction": "Status:S TransactionDate:o",
    "JournalTransactionDetail": "",
    "Payment": "ApplicationDate:o Status:S Type:S",
    "PaymentApplicationHistoryDetail": (
        "AdjustedDocType:S AdjustingDocType:S CashDiscountDate:o Date:o DisplayDocType:S DueDate:o"
    ),
    "PurchaseOrder": "Status:S Type:S",
    "PurchaseOrderDetail": "LineType:S OrigPOType:S",
    "SalesOrder": "Status:S",
    "SalesOrderDetail": "InvoiceType:S LineType:S",
    "Shipment": "Status:S Type:S",
    "StockItem": "ItemStatus:S ItemType:S",
    "TimeEntry": "ApprovalStatus:S BillableOvertime:I BillableTime:I Overtime:I TimeSpent:I",
    "Vendor": "Status:S",
    "CompensationDetail": "LastModifiedDateTime:t",
}
"""The fields that have another type in Default/26.200.001, in schemas of which that is known."""
RENAMED = {
    "SalesOrder": {"LastModified": "LastModifiedDateTime"},
    "SalesOrderDetail": {"LastModifiedDate": "LastModifiedDateTime:t"},
}
"""Stamps that have another name, and perhaps type."""
REMOVED = {
    "SalesInvoice": "LastModifiedDate",
    "SalesOrder": "LastModified UsrExternalOrderOriginal",
    "SalesOrderDetail": "LastModifiedDate",
    "StockItem": "LastModified UseOnEntry",
    "TemplateItems": "LastModified",
    "TimeEntry": "Time",
    "Vendor": "VendorIsLaborUnion",
}
REMOVED_EVERYWHERE = ("Subitem", "DefaultSubitem")
CUSTOM = {
    "Document.AttributeTAGS": "M",
    "Document.UsrPriority": "I",
}
"""Custom fields of other types; of those kept as text, attributes are drop-downs."""

_TIMED = re.compile(
    "SalesOrder|SrvOrd|Purchase|Inventory|Shipment|Transfer|Project|Kit|PhysicalInventory|Change"
)
_DATED = re.compile("Journal|Invoice|Bill|Payment|Financial|Cash|Check|SalesPrice|VendorPrice|Tax")
_LIKELY = re.compile("(Status|Type|Method|Mode|Option|Priority|Severity|Source|Frequency|Rule)$")
_NEVER = re.compile(
    "(ID|CD|Nbr|Number|Name|Descr|Description|Email|Address|Note|Code|Period|Year|Account|URL"
    "|Subaccount|Currency|Branch|Phone|City|Country|Value|UOM|LastModified.*|Date.*|Time.*)$"
)
_SINGLE = re.compile("(Time|Spent|Overtime|Duration|Estimation)$")


@dataclass(frozen=True)
class Version5:
    """The types of version 5, drawn by a seed where they are not published."""

    seed: int = 1
    declared: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The letters of types by schema and field that a contract of version 5 has declared."""

    given: dict[tuple[str, str], str] = field(default_factory=dict)
    """Letters of types by schema and kept name that count instead, empty for the type as it is."""

    def fields(self, schema: str, fields: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """The fields of a schema: by new name the old one, and the type.

        Args:
            schema: its name.
            fields: the schemas of its values by name, such as `StringValue`.

        Returns:
            By new name the old name, and the letter of a type if it has another one; else `""`.
        """
        found: dict[str, tuple[str, str]] = {}
        published = self.declared.get(schema, _published(schema))
        for name, wrapper in fields.items():
            new, letter = (name, "") if self.declared else _renamed(schema, name, fields)
            if not new:
                continue
            if (schema, name) in self.given:
                letter = self.given[schema, name]
            elif not letter and published is not None:
                letter = published.get(name, "")
            elif not letter:
                letter = self._drawn(schema, name, wrapper, fields)
            found[new] = (name, letter if _fits(letter, wrapper) else "")
        return found

    def _drawn(self, schema: str, name: str, wrapper: str, fields: Mapping[str, str]) -> str:
        lot = self._lot(schema, name)
        if wrapper == "DateTimeValue":
            if is_timed(name) or _TIMED.match(schema):
                return ""
            return "o" if _DATED.match(schema) or lot < 0.5 else ""
        if wrapper != "StringValue":
            return ""
        if name == "Type" and schema in CODES:
            return "S"
        if name in (keys_of(schema, list(fields)) if schema in KEYS else ()) or _NEVER.search(name):
            return "I" if _SINGLE.search(name) and lot < 0.5 else ""
        if _LIKELY.search(name):
            return "S" if lot < 0.8 else ""
        return "SSIM"[int(lot / 0.06 * 4)] if lot < 0.06 else ""

    def _lot(self, schema: str, name: str) -> float:
        drawn = blake2b(f"{self.seed} {schema}.{name}".encode(), digest_size=6).digest()
        return int.from_bytes(drawn) / 2**48

    def shape(self, kept: ShapeModel) -> ShapeModel:
        """What version 5 makes of a shape."""
        wrappers = {name: WRAPPER_OF.get(kind, kind) for name, kind in kept.fields.items()}
        return replace(
            kept,
            fields={
                new: letter or kept.fields[old]
                for new, (old, letter) in self.fields(kept.name, wrappers).items()
            },
            linked={name: self.shape(inner) for name, inner in kept.linked.items()},
            details={name: self.shape(inner) for name, inner in kept.details.items()},
        )

    def entity(self, kept: EntityModel) -> EntityModel:
        """What version 5 makes of an entity; its keys and the like stay those of what is kept."""
        return replace(
            kept,
            shape=self.shape(kept.shape),
            custom={place: _custom(place, kind) for place, kind in kept.custom.items()},
        )


def is_timed(name: str) -> bool:
    """Whether a date-time is one with a time of day, by its name."""
    return bool(re.search("DateTime|Time$|^LastModified|^Created|^Completed(At|On)", name))


def kept_shape(shape: ShapeModel) -> ShapeModel:
    """The shape that records of a contract of version 5 are kept in."""
    return replace(
        shape,
        fields={name: KEPT_AS.get(letter, letter) for name, letter in shape.fields.items()},
        linked={name: kept_shape(inner) for name, inner in shape.linked.items()},
        details={name: kept_shape(inner) for name, inner in shape.details.items()},
    )


def kept_name(kept: ShapeModel, name: str) -> str:
    """The name that a field of version 5 is kept under."""
    old = next((o for o, n in RENAMED.get(kept.name, {}).items() if n.split(":")[0] == name), name)
    return old if old in kept.fields and name not in kept.fields else name


def _custom(place: str, kind: str) -> str:
    if place in CUSTOM:
        return CUSTOM[place]
    attribute = place.rpartition(".")[2].startswith("Attribute")
    return "S" if kind == "s" and attribute else kind


def _renamed(schema: str, name: str, fields: Mapping[str, str]) -> tuple[str, str]:
    """The name that a field has in version 5, or none; and the type that comes with it."""
    new, _, letter = RENAMED.get(schema, {}).get(name, "").partition(":")
    if new and new not in fields:
        return new, letter
    gone = name in REMOVED_EVERYWHERE or name in REMOVED.get(schema, "").split()
    return ("", "") if gone else (name, "")


@lru_cache(maxsize=256)
def _published(schema: str) -> Mapping[str, str] | None:
    if schema not in PUBLISHED:
        return None
    return dict(_pairs(PUBLISHED[schema]))


def _pairs(words: str) -> Iterator[tuple[str, str]]:
    for word in words.split():
        name, _, letter = word.partition(":")
        yield name, letter


def _fits(letter: str, wrapper: str) -> bool:
    return wrapper in {WRAPPER_OF[kind] for kind in GIVEN.get(letter, "s")}


GIVEN = {"S": "s", "I": "sihl", "M": "s", "o": "tD"}
"""The letters that a field can come to have, and those it can have before."""
WRAPPER_OF = {
    "s": "StringValue",
    "i": "IntValue",
    "h": "ShortValue",
    "l": "LongValue",
    "t": "DateTimeValue",
    "D": "DateTimeValue",
}
