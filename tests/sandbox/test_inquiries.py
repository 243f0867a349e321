"""Inquiry forms (Integration Development Guide: Retrieve Data from an Inquiry Form)."""

from decimal import Decimal
from typing import Any

from tests.sandbox.desk import Desk


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
