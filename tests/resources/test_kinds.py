"""What a contract makes look like a form may have records, and the other way round."""

import json
from pathlib import Path

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions
from acumatica_source.cli.choosing import all_of
from acumatica_source.running import runner
from acumatica_source.source import connect, name_of
from tests.conftest import credentials_of
from tests.contract.documents import contract_document
from tests.resources.warehouse import assert_equal

ROW = {"LineNbr": "IntValue", "Amount": "DecimalValue"}
DOCUMENT = contract_document(
    {
        # a few fields and a detail: a form by its shape, but it lists records
        "Rates": {"Code": "StringValue", "Entries": ["Row"]},
        # a stamp and a description: a record by its shape, but it is a form that refuses lists
        "ContractUsage": {
            "Description": "StringValue",
            "LastModifiedDateTime": "DateTimeValue",
            "BilledTransactions": ["Row"],
        },
        # a form by name and answer
        "StockInquiry": {"Warehouse": "StringValue", "Results": ["Row"]},
        "Row": ROW,
    },
    ["Rates", "ContractUsage", "StockInquiry"],
    title="Default/24.200.001",
)


@pytest.mark.parametrize("blank", [False, True], ids=["forms refuse", "forms show a blank"])
def test_what_lists_records_is_loaded_and_what_is_a_form_is_skipped_with_its_reason(
    tmp_path: Path, pipeline: dlt.Pipeline, blank: bool
) -> None:
    file = tmp_path / "contract.json"
    file.write_text(json.dumps(DOCUMENT))
    with Sandbox(SandboxOptions(records=40, contract=file, blank_forms=blank)) as sandbox:
        instance = connect(credentials_of(sandbox), "Default", None, 2, None)
        loads, skipped = all_of(instance, full=False)
        probes = [
            one for one in sandbox.control.requests() if one["path"].endswith(("Rates", "Inquiry"))
        ]
        assert [one["query"] for one in probes] == [{"$top": "2"}] * 2
        skipped += runner.sync(pipeline, instance, loads, lambda one: None, skip_unreadable=True)
        assert not [outcome.error for outcome in skipped if outcome.error]
        reasons = {one.resource: one.skipped for one in skipped if one.skipped}
        assert {name_of(load) for load in loads} == {"Rates", "ContractUsage"}
        assert reasons.keys() == {"ContractUsage", "StockInquiry"}
        assert "parameters" in str(reasons["StockInquiry"])
        assert "ContractUsage" in str(reasons["ContractUsage"])
        assert_equal(pipeline, sandbox, "Rates")


def test_a_form_that_is_asked_for_by_name_says_what_it_is(
    sandbox: Sandbox, pipeline: dlt.Pipeline
) -> None:
    instance = connect(credentials_of(sandbox), "Default", None, 2, None)
    load = [EntityOptions("InventorySummaryInquiry")]
    (outcome,) = runner.sync(pipeline, instance, load, lambda one: None)
    assert outcome.error is not None
    assert "InventorySummaryInquiry" in outcome.error
    assert "form" in outcome.error or "delegate" in outcome.error.lower()
