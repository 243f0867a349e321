"""Some records have another id in every session: their keys tell them, and nothing is deleted."""

import dlt
import pytest

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_source import EntityOptions
from tests.resources.proxy import proxy
from tests.resources.runs import succeed
from tests.resources.warehouse import assert_equal_by_key

pytestmark = pytest.mark.slow

KEYS = {"Customer": ["customer_id"], "Payment": ["type", "reference_nbr"]}
KEYS["SalesOrder"] = ["order_type", "order_nbr"]


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize(
    ("entity", "seats", "way"),
    [
        ("SalesOrder", 1, "command"),
        ("SalesOrder", 2, "lines"),
        ("Customer", 2, "command"),
        ("Payment", 1, "lines"),
        ("Payment", 2, "command"),
    ],
)
def test_no_record_is_lost_or_doubled(
    pipeline: dlt.Pipeline, entity: str, seats: int, way: str, share: float
) -> None:
    with Sandbox(SandboxOptions(records=400, session_ids=share)) as sandbox:
        load = EntityOptions(entity, page_size=10)
        for seed in range(4):
            succeed(pipeline, sandbox, load, way=way, sessions=seats)
            assert_equal_by_key(pipeline, sandbox, entity, KEYS[entity])
            sandbox.control.advance(3_600)
            sandbox.control.mutate(8, [entity], seed=seed)
            sandbox.control.mutate(2, [entity], ["delete"], seed=seed)


def test_not_found_by_the_id_of_another_session_is_not_deleted(pipeline: dlt.Pipeline) -> None:
    with Sandbox(SandboxOptions(records=400, session_ids=1.0)) as sandbox:
        payments = sandbox.control.rows("Payment")
        for payment in payments[60:]:
            sandbox.control.delete("Payment", payment["id"])
        for _ in range(3):
            succeed(pipeline, sandbox, "Payment", sessions=2)
            rows = pipeline.dataset()["payment"].select("reference_nbr").fetchall()
            assert len(rows) == len(set(rows)) == len(payments[:60])
            assert_equal_by_key(pipeline, sandbox, "Payment", KEYS["Payment"])


@pytest.mark.parametrize("status", [404, 500])
def test_addresses_show_labels_where_codes_are_refused(pipeline: dlt.Pipeline, status: int) -> None:
    """In version 5 nobody knows whether an address takes a code, and what it says if not."""
    options = SandboxOptions(records=60, contract_version=5, session_ids=1.0)
    with Sandbox(options) as sandbox, proxy(sandbox) as site:
        site.status = status
        site.refuse = lambda path, _: "/Payment/" in path and path.split("/")[-2].isupper()
        load = EntityOptions("Payment", expand=["ApplicationHistory"])
        succeed(pipeline, site.credentials, load, sessions=2)
        types = pipeline.dataset()["payment"].select("type__id").fetchall()
        assert len(types) == len(sandbox.control.rows("Payment"))
        assert {code for (code,) in types} & {"PMT", "CRM", "PPM"}
