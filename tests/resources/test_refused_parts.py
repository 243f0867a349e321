"""What lists refuse costs itself alone: the rest comes by lists, and it comes as it can."""

import json
import logging
from pathlib import Path
from typing import Any

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions, acumatica
from acumatica_source.reading.instance import Instance
from acumatica_source.resources.loading.pending import TO_END
from acumatica_source.running import runner
from acumatica_source.running.outcome import Outcome
from acumatica_source.running.reconcile import reconcile
from acumatica_source.source import connect
from tests.conftest import credentials_of
from tests.resources.proxy import Query, proxy
from tests.resources.runs import lake, requests, run, succeed
from tests.resources.test_version5 import assert_equal_labels
from tests.resources.warehouse import assert_equal, loaded

pytestmark = pytest.mark.slow

FEW = 200
"""Records of a sandbox that has some orders and customers."""


def asked(sandbox: Sandbox, entity: str) -> tuple[int, int]:
    """List requests for an entity, and single ones."""
    log = [one["path"] for one in sandbox.control.requests()]
    lists = [path for path in log if path.endswith(f"/{entity}")]
    singles = [path for path in log if f"/{entity}/" in path and "$" not in path]
    return len(lists), len(singles)


def instance_of(sandbox: Sandbox) -> Instance:
    return connect(credentials_of(sandbox), "Default", None, 2, None)


def sync(pipeline: dlt.Pipeline, sandbox: Sandbox, load: EntityOptions) -> Outcome:
    (outcome,) = runner.sync(pipeline, instance_of(sandbox), [load], lambda one: None)
    assert outcome.error is None
    return outcome


@pytest.mark.parametrize(
    ("entity", "options", "alone"),
    [
        (
            "SalesOrder",
            {"not_optimisable": ("SalesOrder.TaxDetails", "SalesOrder.CustomerOrder")},
            False,
        ),
        (
            "SalesOrder",
            {
                "not_optimisable": ("SalesOrder.Totals", "SalesOrder.Details/Allocations"),
                "optimisation_words": "views",
            },
            False,
        ),
        (
            "SalesOrder",
            {
                "not_optimisable": ("SalesOrder.Details/Allocations+TaxDetails",),
                "optimisation_words": "bare",
            },
            True,
        ),
        (
            "SalesOrder",
            {
                "not_optimisable": ("SalesOrder.BillToAddress", "SalesOrder.OrderTotal"),
                "optimisation_words": "bare",
                "optimised_alone": True,
            },
            True,
        ),
        (
            "SalesOrder",
            {"not_optimisable": ("SalesOrder.Details",), "optimisation_words": "none"},
            False,
        ),
        (
            "SalesOrder",
            {
                "not_optimisable": ("SalesOrder.Details/Allocations",),
                "contract_version": 5,
                "optimised_alone": True,
            },
            True,
        ),
    ],
    ids=[
        "a detail and a field, named",
        "several, by views",
        "in combination",
        "alone they come",
        "in other words",
        "version 5, alone it comes",
    ],
)
def test_it_is_left_out_of_the_list_and_comes_all_the_same(
    pipeline: dlt.Pipeline, entity: str, options: dict[str, Any], alone: bool
) -> None:
    with Sandbox(SandboxOptions(records=FEW, **options)) as sandbox:
        equal = assert_equal if "contract_version" not in options else assert_equal_labels
        load = EntityOptions(entity, page_size=5)
        succeed(pipeline, sandbox, load)
        equal(pipeline, sandbox, entity)
        records = len(sandbox.control.rows(entity))
        lists, singles = asked(sandbox, entity)
        assert lists <= records / 5 * 3 + 30
        assert singles == 0 if alone else singles == records
        sandbox.control.advance(3_600)
        sandbox.control.mutate(6, [entity], ["update", "lines", "insert", "delete"], seed=2)
        sandbox.control.reset_counters()
        succeed(pipeline, sandbox, load)
        equal(pipeline, sandbox, entity)
        lists, singles = asked(sandbox, entity)
        assert lists <= 14, "what is refused is remembered"
        assert singles <= 6


def pending(pipeline: dlt.Pipeline, table: str) -> set[str]:
    """The ids of the rows that say that they lack something."""
    return {key[0] for key, row in loaded(pipeline, table).items() if "_pending" in row}


def newest(sandbox: Sandbox, entity: str, stamp: str) -> list[str]:
    """The ids of all records, the newest first."""
    rows = sorted(sandbox.control.rows(entity), key=lambda row: row[stamp], reverse=True)
    return [row["id"] for row in rows]


@pytest.mark.parametrize("destination", ["DuckDB", "Parquet"])
def test_a_run_reads_some_of_many_and_the_next_ones_go_on(
    pipeline: dlt.Pipeline, tmp_path: Path, destination: str
) -> None:
    into = pipeline if destination == "DuckDB" else lake(tmp_path)
    load = EntityOptions("Payment", page_size=10, single_reads=3)
    with Sandbox(SandboxOptions(records=FEW)) as sandbox:
        order = newest(sandbox, "Payment", "LastModifiedDateTime")
        assert len(order) > 6 + 3 * TO_END, "more than a run reads to come to an end"
        outcome = sync(into, sandbox, load)
        left = len(order) - 3
        assert f"{left} records of Payment lack ApplicationHistory yet" in str(outcome)
        assert f"about {left} requests, made by the next 4 runs" in str(outcome)
        if destination == "DuckDB":
            assert pending(pipeline, "payment") == set(order[3:])
        for gone in order[3:5]:
            sandbox.control.delete("Payment", gone)
        outcome = sync(into, sandbox, load)
        assert f"{left - 2 - 3} records of Payment" in str(outcome)
        if destination == "DuckDB":
            assert pending(pipeline, "payment") == set(order[8:])
        assert "made by the next 2 runs" in str(outcome)
        outcomes = [sync(into, sandbox, load) for _ in range(2)]
        assert [one.pending is None for one in outcomes] == [False, True]
        if destination == "DuckDB":
            assert not pending(pipeline, "payment")
            assert_equal(pipeline, sandbox, "Payment")


def test_a_row_keeps_what_it_had_until_it_is_read(pipeline: dlt.Pipeline) -> None:
    """Columns and details of a record that changed, or that is loaded anew, are not emptied."""
    refused = ("Customer.Attributes", "Customer.Contacts/Contact")
    lacking = "Attributes, Contacts/Contact, CreditVerificationRules"
    with Sandbox(SandboxOptions(records=FEW, not_optimisable=refused)) as sandbox:
        succeed(pipeline, sandbox, "Customer")
        details = "customer__contacts", "customer__attributes"
        before = {table: loaded(pipeline, table) for table in (*details, "customer")}
        sandbox.control.advance(3_600)
        row = sandbox.control.rows("Customer")[0]
        sandbox.control.put("Customer", {"CustomerID": row["CustomerID"], "Email": "a@b.c"})
        for full in (False, True):
            none = EntityOptions("Customer", single_reads=0, full=full)
            count = len(before["customer"]) if full else 1
            said = str(sync(pipeline, sandbox, none))
            assert f"{count} records of Customer lack {lacking} yet" in said
            assert "single_reads is 0" in said
            assert len(pending(pipeline, "customer")) == count
            for table in details:
                assert loaded(pipeline, table) == before[table]
            now = loaded(pipeline, "customer")
            assert now[row["id"],]["email"] == "a@b.c"
            for identity, was in before["customer"].items():
                rules = {name for name in was if name.startswith("credit_verification")}
                assert rules
                assert {n: now[identity].get(n) for n in rules} == {n: was[n] for n in rules}
        succeed(pipeline, sandbox, EntityOptions("Customer", single_reads="all"))
        assert_equal(pipeline, sandbox, "Customer")
        assert not pending(pipeline, "customer")


def test_what_lists_bring_after_an_upgrade_comes_from_them(pipeline: dlt.Pipeline) -> None:
    def upgraded(path: str, body: bytes) -> bytes:
        if not path.endswith("/entity"):
            return body
        answer = json.loads(body)
        answer["version"]["acumaticaBuildVersion"] = "99.100.0001"
        return json.dumps(answer).encode()

    options = SandboxOptions(records=FEW, not_optimisable=("SalesOrder.Totals",))
    with Sandbox(options) as sandbox, proxy(sandbox) as site:
        succeed(pipeline, site.credentials, EntityOptions("SalesOrder", single_reads=0))
        assert pending(pipeline, "sales_order")
        sandbox.control.set_options(not_optimisable=())
        site.rewrite = upgraded
        sandbox.control.reset_counters()
        succeed(pipeline, site.credentials, EntityOptions("SalesOrder", single_reads=0))
        assert asked(sandbox, "SalesOrder")[1] == 0
        assert not pending(pipeline, "sales_order")
        assert_equal(pipeline, sandbox, "SalesOrder")


def test_a_list_of_its_own_that_shows_nothing_is_not_believed(pipeline: dlt.Pipeline) -> None:
    def edit(path: str, query: Query, rows: list[Any]) -> list[Any]:
        if "Totals" not in query.get("$select", ""):
            return rows
        return [{name: value for name, value in row.items() if name != "Totals"} for row in rows]

    refused = ("SalesOrder.Totals+Details",)
    with Sandbox(SandboxOptions(records=FEW, not_optimisable=refused)) as sandbox:
        with proxy(sandbox) as site:
            site.edit = edit
            succeed(pipeline, site.credentials, EntityOptions("SalesOrder"))
        assert_equal(pipeline, sandbox, "SalesOrder")


def test_a_record_that_cannot_be_shown_is_not_taken_for_a_refusal(pipeline: dlt.Pipeline) -> None:
    """Not even where the server says the same of both, and the record is the first."""
    with Sandbox(SandboxOptions(records=100, optimisation_words="none")) as sandbox:
        rows = sandbox.control.rows("Payment")
        sandbox.control.make_unreadable("Payment", rows[0]["id"])
        (error,) = run(pipeline, sandbox, EntityOptions("Payment", page_size=5)).errors
        assert "1 of its records cannot be read" in error
        assert len(loaded(pipeline, "payment")) == len(rows) - 1
        sandbox.control.make_all_readable()
        succeed(pipeline, sandbox, "Payment")
        assert_equal(pipeline, sandbox, "Payment")
        assert not pending(pipeline, "payment")


def test_rows_without_a_stamp_take_turns(pipeline: dlt.Pipeline) -> None:
    """What is loaded whole in every run keeps what was read in earlier ones."""
    options = SandboxOptions(records=100, stamp_not_selectable=("Payment",))
    with Sandbox(options) as sandbox:
        known: set[tuple[Any, ...]] = set()
        for _ in range(3):
            outcome = sync(pipeline, sandbox, EntityOptions("Payment", single_reads=2))
            assert outcome.pending is not None
            details = loaded(pipeline, "payment__application_history")
            assert known <= set(details)
            known = set(details)
        assert len(known) > 2


def test_a_comparison_of_values_leaves_out_what_lists_do_not_bring(pipeline: dlt.Pipeline) -> None:
    with Sandbox(SandboxOptions(records=200)) as sandbox:
        succeed(pipeline, sandbox, "Payment")
        (found,) = reconcile(pipeline, instance_of(sandbox), ["Payment"], values=True)
        assert found.is_equal
        assert found.findings is not None
        assert "Lists do not bring ApplicationHistory" in " ".join(found.findings.remarks)


def test_what_is_excluded_is_neither_read_nor_missed(pipeline: dlt.Pipeline) -> None:
    with Sandbox(SandboxOptions(records=FEW)) as sandbox:
        load = EntityOptions("Customer", exclude=("CreditVerificationRules", "Contacts"))
        outcome = sync(pipeline, sandbox, load)
        assert outcome.pending is None
        assert asked(sandbox, "Customer")[1] == 0
        columns = set(pipeline.default_schema.tables["customer"]["columns"])
        assert not [name for name in columns if name.startswith("credit_verification_rules")]
        assert "customer__contacts" not in pipeline.default_schema.tables
        assert "customer__attributes" in pipeline.default_schema.tables
        sync(pipeline, sandbox, EntityOptions("Customer"))  # it is read after all
        assert_equal(pipeline, sandbox, "Customer")


def test_what_no_list_may_bring_is_read_where_no_column_can_say_so(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """A schema contract that lets no column in lets nothing be pending."""
    with Sandbox(SandboxOptions(records=FEW)) as sandbox:
        load = EntityOptions("SalesOrder", single_reads=0)
        pipeline.run(acumatica(credentials_of(sandbox), load=[load]))
        assert "lack" not in caplog.text
        sandbox.control.set_options(not_optimisable=("SalesOrder.Totals",))
        sandbox.control.advance(3_600)
        sandbox.control.mutate(6, ["SalesOrder"], ["update", "insert"], seed=2)
        source = acumatica(credentials_of(sandbox), load=[load])
        source.schema_contract = {"columns": "freeze"}
        pipeline.run(source)
        assert_equal(pipeline, sandbox, "SalesOrder")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"exclude": ("Nothing", "Details/Allocations")}, "nothing to exclude at Nothing"),
        ({"exclude": "Details"}, "must be a list"),
        ({"single_reads": -1}, "single_reads must be"),
        ({"single_reads": "some"}, "single_reads must be"),
    ],
)
def test_what_makes_no_sense_is_refused(
    sandbox: Sandbox, pipeline: dlt.Pipeline, options: dict[str, Any], words: str
) -> None:
    load = EntityOptions("SalesOrder", **options)
    (outcome,) = runner.sync(pipeline, instance_of(sandbox), [load], lambda one: None)
    assert words in (outcome.error or "")


def test_a_first_run_of_many_is_at_list_speed_unless_told_otherwise(
    pipeline: dlt.Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    with Sandbox(SandboxOptions(records=100)) as sandbox, caplog.at_level(logging.WARNING):
        sandbox.control.mutate(420, ["Payment"], ["insert"], seed=1)
        load = EntityOptions("Payment", page_size=200)
        pipeline.run(acumatica(credentials_of(sandbox), load=[load]))
        assert "records of Payment lack ApplicationHistory yet" in caplog.text
        assert asked(sandbox, "Payment")[1] == 50
        assert len(requests(sandbox, "/Payment")) <= 65
