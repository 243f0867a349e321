"""Inquiry forms (Integration Development Guide: Retrieve Data from an Inquiry Form)."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.desk import Desk, Start


def ask(desk: Desk, form: str, expand: str = "Results", **parameters: Any) -> dict[str, Any]:
    body = {name: {"value": value} for name, value in parameters.items()}
    answer = desk.put(f"{desk.endpoint}/{form}", params={"$expand": expand}, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_get_of_an_inquiry_fails(desk: Desk) -> None:
    answer = desk.read("AccountDetailsForPeriodInquiry")
    assert answer.status_code == 500
    assert "BQL delegate" in answer.json()["exceptionMessage"]


def test_a_get_of_an_inquiry_can_be_one_blank_record(start: Start) -> None:
    """Reported of forms that are mapped to generic inquiries."""
    with start(blank_forms=True) as desk:
        (blank,) = desk.rows("InventorySummaryInquiry", expand="Results")
    values = [value.get("value") for value in blank.values() if isinstance(value, dict)]
    assert values.count("<NEW>") == 1
    assert blank["Results"] == []


def test_ledger_rows_of_all_periods_are_the_batches_lines(desk: Desk) -> None:
    lines = desk.sandbox.control.rows("JournalTransaction", ["Details"])
    found: list[dict[str, Any]] = []
    for year in (2024, 2025, 2026):
        for number in range(1, 13):
            period = f"{number:02}{year}"
            rows = ask(desk, "AccountDetailsForPeriodInquiry", FromPeriod=period, ToPeriod=period)[
                "Results"
            ]
            assert {row["PeriodID"]["value"] for row in rows} <= {period}
            found += rows
    assert len(found) == len(lines)
    debits = sum(Decimal(str(row["DebitAmount"]["value"])) for row in found)
    assert debits == sum(line["DebitAmount"] for line in lines)


def test_balances_of_a_period_are_the_sums_of_its_lines(desk: Desk) -> None:
    lines = [
        (line["Account"], line["DebitAmount"], line["CreditAmount"])
        for batch in desk.sandbox.control.rows("JournalTransaction")
        if batch["PostPeriod"] == "012026" and batch["LedgerID"] == "ACTUAL"
        for line in batch["Details"]
    ]
    rows = ask(desk, "AccountSummaryInquiry", Ledger="ACTUAL", Period="012026")["Results"]
    found = {row["Account"]["value"]: row for row in rows}
    assert {account for account, _, _ in lines} <= set(found)
    for account, row in found.items():
        amount = {name: Decimal(str(row[name].get("value"))) for name in row if "Total" in name}
        assert amount["DebitTotal"] == sum(debit for one, debit, _ in lines if one == account)
        assert amount["CreditTotal"] == sum(credit for one, _, credit in lines if one == account)
        begin, end = (Decimal(str(row[f"{at}Balance"]["value"])) for at in ("Beginning", "Ending"))
        assert end - begin == amount["DebitTotal"] - amount["CreditTotal"]


def test_parameters_are_echoed_and_rows_come_only_expanded(desk: Desk) -> None:
    whole = ask(desk, "AccountDetailsForPeriodInquiry", "", FromPeriod="01-2026", ToPeriod="012026")
    assert whole["FromPeriod"] == {"value": "01-2026"}
    assert "Results" not in whole


def test_inventory_summary_needs_an_item_and_does_not_repeat_it(desk: Desk) -> None:
    item = desk.rows("StockItem", top=1)[0]["InventoryID"]["value"]
    assert ask(desk, "InventorySummaryInquiry", WarehouseID="MAIN")["Results"] == []
    rows = ask(desk, "InventorySummaryInquiry", InventoryID=item)["Results"]
    assert {row["WarehouseID"]["value"] for row in rows} == {"MAIN", "WEST"}
    assert all("InventoryID" not in row for row in rows)


def test_every_member_of_a_ledger_row_comes_once_in_the_order_of_the_alphabet(desk: Desk) -> None:
    """Integration Development Guide: the sample of Retrieve Data from an Inquiry Form."""
    body = {name: {"value": "012026"} for name in ("FromPeriod", "ToPeriod")}
    url = f"{desk.endpoint}/AccountDetailsForPeriodInquiry?$expand=Results"
    text = desk.put(url, json=body).text
    names: list[list[str]] = []
    json.loads(text, object_pairs_hook=lambda pairs: names.append([name for name, _ in pairs]))
    rows = [found for found in names if "PeriodID" in found]
    assert rows
    for found in rows:
        assert found[:3] == ["id", "rowNumber", "note"]
        assert found[-2:] == ["custom", "_links"]
        assert found[3:-2] == sorted(set(found[3:-2]), key=str.lower)
    row = json.loads(text)["Results"][0]
    assert row["Subaccount"] == {"value": "000-000"}
    assert row["_links"]["files:put"].endswith(f"/{row['id']}/{{filename}}")


def no_journal(document: dict[str, Any]) -> None:
    for path in [path for path in document["paths"] if path.startswith("/JournalTransaction")]:
        del document["paths"][path]


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    properties: dict[str, Any] = document["components"]["schemas"][name]["allOf"][1]["properties"]
    return properties


def no_lines(document: dict[str, Any]) -> None:
    for name, member in (("JournalTransaction", "Details"), ("StockItem", "WarehouseDetails")):
        del schema(document, name)[member]


def other_names(document: dict[str, Any]) -> None:
    lines = schema(document, "JournalTransaction")["Details"]["items"]["$ref"].rpartition("/")[2]
    schema(document, lines)["Amount"] = schema(document, lines).pop("DebitAmount")
    schema(document, "Account")["Number"] = schema(document, "Account").pop("AccountCD")


def other_types(document: dict[str, Any]) -> None:
    text, number = ({"$ref": f"#/components/schemas/{kind}Value"} for kind in ("String", "Decimal"))
    schema(document, "SalesOrder")["OrderTotal"] = text
    schema(document, "SalesOrder")["Status"] = number
    schema(document, "SalesOrder")["LastModified"] = text
    schema(document, "Customer")["MainContact"] = text
    lines = schema(document, "JournalTransaction")["Details"]["items"]["$ref"].rpartition("/")[2]
    schema(document, lines)["DebitAmount"] = text


def no_rows(document: dict[str, Any]) -> None:
    for form in FORMS:
        del schema(document, form)["Results"]


def nothing(document: dict[str, Any]) -> None:
    """The contract as it is."""


FORMS = {
    "AccountDetailsForPeriodInquiry": {"FromPeriod": "012026", "ToPeriod": "012026"},
    "AccountSummaryInquiry": {"Ledger": "ACTUAL", "Period": "012026"},
    "InventorySummaryInquiry": {"InventoryID": "I000001"},
}


def with_balances(document: dict[str, Any]) -> None:
    """Adds the form of account balances, which the built-in contract does not have."""
    types = {"Ledger": "String", "Period": "String", "Account": "String", "PtdTotal": "Decimal"}
    fields = {n: {"$ref": f"#/components/schemas/{kind}Value"} for n, kind in types.items()}
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/BalanceRow"}}
    schemas = document["components"]["schemas"]
    base = {"$ref": "#/components/schemas/Entity"}
    schemas["BalanceRow"] = {"allOf": [base, {"type": "object", "properties": fields}]}
    form = {"Ledger": fields["Ledger"], "Period": fields["Period"], "Results": rows}
    schemas["AccountSummaryInquiry"] = {"allOf": [base, {"type": "object", "properties": form}]}
    document["paths"]["/AccountSummaryInquiry"] = {"put": {}}


@pytest.mark.parametrize(
    "change",
    [nothing, no_journal, no_lines, other_names, other_types, no_rows],
    ids=lambda one: one.__name__,
)
def test_forms_answer_whatever_else_the_contract_has(
    start: Start, desk: Desk, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    document = desk.get(f"{desk.endpoint}/swagger.json").json()
    with_balances(document)
    change(document)
    path = tmp_path / "contract.json"
    path.write_text(json.dumps(document))
    with start(contract=path) as other:
        for form, asked in FORMS.items():
            other.sandbox.control.mutate(20, seed=1)
            assert other.rows("SalesOrder", expand="Details")
            answer = ask(other, form, "" if change is no_rows else "Results", **asked)
            assert all(answer[name] == {"value": value} for name, value in asked.items())
            if change is no_rows:
                assert "Results" not in answer
            elif form != "InventorySummaryInquiry":
                assert answer["Results"]
                assert all("id" in row for row in answer["Results"])


@pytest.mark.parametrize("change", [{"rename": {"Details": "Lines"}}, {"remove": ["Details"]}])
def test_the_ledger_answers_after_the_journal_has_changed(start: Start, change: Any) -> None:
    with start() as desk:
        desk.sandbox.control.set_contract("JournalTransaction", **change)
        period = {"FromPeriod": "012026", "ToPeriod": "012026"}
        assert ask(desk, "AccountDetailsForPeriodInquiry", **period)["Results"]
