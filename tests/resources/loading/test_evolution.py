"""Rows fit into tables that an earlier contract has made."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import dlt
import pyarrow as pa
import pytest

from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import shape_of
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.resources.loading.evolution import (
    Contents,
    discard_mode,
    fitted,
    fitted_rows,
    is_variant,
    without_discarded_rows,
)
from tests.arrow.pages import ORDER, page, record, row

T = TypeVar("T")
SHAPE = shape_of(ORDER)


def known(**tables: dict[str, Any]) -> dlt.Schema:
    """What a destination is known to hold: data types, or whole columns, by name."""
    schema = dlt.Schema("erp")
    for name, columns in tables.items():
        whole = {
            column: {"name": column, **(given if isinstance(given, dict) else {"data_type": given})}
            for column, given in columns.items()
        }
        schema.update_table({"name": name, "columns": whole})  # type: ignore[typeddict-item]
    return schema


def extracting(
    pipeline: dlt.Pipeline, schema: dlt.Schema, work: Callable[[], T], contract: Any = None
) -> T:
    """What some work comes to while a resource is extracted."""
    found: list[T] = []

    @dlt.resource(name="rows", schema_contract=contract)
    def rows() -> Any:
        found.append(work())
        yield from ()

    pipeline.extract(rows(), schema=schema)
    return found[0]


def test_a_column_keeps_its_name_while_its_type_remains() -> None:
    schema = known(order={"total": {"data_type": "decimal", "scale": 10}, "hold": "bool"})
    assert fitted(SHAPE, schema) == SHAPE
    assert fitted(SHAPE, known()) == SHAPE
    assert fitted(SHAPE, known(order={"total": {}})) == SHAPE, "columns not complete have no type"


def test_values_of_another_type_go_beside_the_column() -> None:
    schema = known(order={"total": "text"}, order__details={"line_nbr": "text"})
    body = page(record("a", Total=1.5, Count=3, Details=[row(LineNbr=7, Amount=2)]))
    tables = parse_page(body, fitted(SHAPE, schema)).tables
    (order,) = tables["Order"].to_pylist()
    assert (order["Total__v_decimal"], order["Count"]) == (Decimal("1.5"), 3)
    assert "Total" not in order
    (line,) = tables["Order__Details"].to_pylist()
    assert (line["LineNbr__v_bigint"], line["Amount"]) == (7, 2)
    assert "LineNbr" not in line


def test_only_columns_beside_another_are_variants() -> None:
    assert is_variant("Total__v_decimal")
    assert not is_variant("Contact__Email")


@pytest.mark.parametrize("before", [4, 12])
def test_other_decimals_than_loaded_are_refused(before: int) -> None:
    schema = known(order={"total": {"data_type": "decimal", "scale": before}})
    with pytest.raises(ConfigurationError) as raised:
        fitted(SHAPE, schema)
    assert str(raised.value) == (
        f"Order.Total was loaded with {before} decimals and is asked for with 10 now. "
        f"Ask for decimals={before}, or load into another dataset."
    )


@pytest.mark.parametrize("column", [{"data_type": "decimal"}, {"data_type": "text", "scale": 4}])
def test_decimals_that_nobody_noted_or_of_other_types_are_not(column: dict[str, Any]) -> None:
    fitted(SHAPE, known(order={"total": column}))


def test_rows_of_forms_fit_in_the_same_way(pipeline: dlt.Pipeline) -> None:
    schema = known(stock_rows={"qty": "text", "site": "text"})
    rows = pa.table({"Qty": [1], "Site": ["W"], "Novel": [True]})
    found = extracting(pipeline, schema, lambda: fitted_rows(rows, "StockRows"))
    assert found.to_pylist() == [{"Qty__v_bigint": 1, "Site": "W", "Novel": True}]


LOADED = {"order": {"total": "decimal"}}


@pytest.mark.parametrize(
    ("table", "column", "contract", "mode"),
    [
        ("Order", "Novel", "evolve", None),
        ("Order", "Novel", "freeze", None),
        ("Order", "Novel", "discard_row", "discard_row"),
        ("Order", "Novel", "discard_value", "discard_value"),
        ("Order", "Novel", {"columns": "discard_value"}, "discard_value"),
        ("Order", "Novel", {"data_type": "discard_value"}, None),
        ("Order", "Novel", {"tables": "discard_value"}, None),
        ("Order", "Total__v_text", {"data_type": "discard_value"}, "discard_value"),
        ("Order", "Total__v_text", {"columns": "discard_value"}, None),
        ("Order", "Total", "discard_value", None),
        ("Order", "_dlt_load_id", "discard_value", None),
        ("Invoice", "Total", {"tables": "discard_row"}, "discard_row"),
        ("Invoice", "Total", {"columns": "discard_row"}, None),
        ("Invoice", "Total__v_text", {"data_type": "discard_row"}, None),
    ],
)
@pytest.mark.parametrize("whose", ["source", "resource"])
def test_what_a_schema_contract_discards(
    table: str, column: str, contract: Any, mode: str | None, whose: str
) -> None:
    schema = known(**LOADED)
    if whose == "source":
        schema.set_schema_contract(contract)
        contract = None
    assert discard_mode(table, column, schema, contract) == mode


def test_a_table_of_columns_without_values_is_new() -> None:
    schema = known(order={"total": {}})
    assert discard_mode("Order", "Novel", schema, {"tables": "discard_row"}) == "discard_row"
    assert discard_mode("Order", "Novel", schema, {"columns": "discard_row"}) is None


def test_the_contract_of_a_resource_comes_before_that_of_its_source() -> None:
    schema = known(**LOADED)
    schema.set_schema_contract("discard_row")
    assert discard_mode("Order", "Novel", schema, "evolve") is None


@pytest.mark.parametrize(
    ("contract", "rows"),
    [
        ({"columns": "discard_row"}, [{"Total": 2}]),
        ({"columns": "discard_value"}, [{"Total": 1, "Novel": 5}, {"Total": 2, "Novel": None}]),
        ("evolve", [{"Total": 1, "Novel": 5}, {"Total": 2, "Novel": None}]),
    ],
    ids=["rows", "values, by dlt", "nothing"],
)
def test_rows_with_a_value_in_a_discarded_column_are_left_out(
    pipeline: dlt.Pipeline, contract: Any, rows: list[dict[str, Any]]
) -> None:
    given = pa.table({"Total": [1, 2], "Novel": [5, None]})
    found = extracting(
        pipeline, known(**LOADED), lambda: without_discarded_rows(given, "Order"), contract
    )
    assert found.to_pylist() == rows


def contents(*columns: str, row_options: str = "m") -> Contents:
    return Contents(frozenset(("Order", column) for column in columns), row_options)


HELD = known(order={"a": "text", "b": "text"})


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (None, contents("A"), "an earlier version loaded it, which did not note what its"),
        (contents("A"), contents("A", row_options="other"), "its options have changed"),
        (contents("A"), contents("A"), None),
        (contents("A"), contents("A", "C"), "its contract has new columns (Order.C)"),
        (contents("A"), contents("A", "B"), "its contract has changed"),
        (contents("A"), contents("B"), "its contract has changed"),
        (contents("A", "B"), contents("A"), None),
        (contents("A", "B"), contents("C"), "its contract has new columns (Order.C)"),
        (contents("A"), contents(*"CDEFG"), "(Order.C, Order.D, Order.E, Order.F, Order.G)"),
        (contents("A"), contents(*"CDEFGHI"), "Order.F, Order.G and 2 more)"),
    ],
    ids=[
        *("unknown", "options", "same", "new column", "more, but known", "others, but known"),
        *("vanished", "vanished and new", "five new", "seven new"),
    ],
)
def test_rows_lack_what_the_contract_has_got(
    before: Contents | None, now: Contents, reason: str | None
) -> None:
    noted = None if before is None else json.loads(json.dumps(before.noted()))
    found = now.reload_reason(noted, HELD)
    if reason is None:
        assert found is None
    else:
        assert found is not None
        assert reason in found


def test_what_is_noted_stays_the_same_between_versions() -> None:
    """Another note than an earlier version's would have every table loaded anew."""
    assert contents("A", "B").noted() == ["m", 2, "6e0d5ff634a167c6"]


def test_columns_that_the_destination_lacks_are_named_in_order() -> None:
    assert list(contents("D", "A", "C").missing(HELD)) == ["Order.C", "Order.D"]


def test_discarded_columns_are_not_missed(pipeline: dlt.Pipeline) -> None:
    columns = [("Order", "A"), ("Order", "C")]

    def accepted(contract: Any) -> Contents:
        schema = known(order={"a": "text"})
        return extracting(pipeline, schema, lambda: Contents.accepted(columns, "m"), contract)

    assert accepted({"columns": "discard_value"}) == contents("A")
    assert accepted("evolve") == contents("A", "C")
