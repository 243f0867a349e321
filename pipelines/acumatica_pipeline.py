"""Runnable examples: `python pipelines/acumatica_pipeline.py [full|incremental|parquet|inquiry]`.

The instance and its user come from `.dlt/secrets.toml` or from environment variables, as
`.dlt/secrets.example.toml` shows. Without an ERP at hand, run `acumatica sandbox` and use the
sign-in that it prints.
"""

import sys
from datetime import timedelta
from pathlib import Path

import dlt

from acumatica_source import EntityOptions, InquiryForm, LedgerTransactions, run


def load_full() -> None:
    """Load three entities and their details anew, whatever was loaded before."""
    pipeline = dlt.pipeline("acumatica", destination="duckdb", dataset_name="erp")
    names = ["Customer", "StockItem", "SalesOrder"]
    print(run(pipeline, [EntityOptions(name, full=True) for name in names]).raise_on_failure())


def load_incremental() -> None:
    """Load the core entities and the ledger; from the second run on, only what changed."""
    pipeline = dlt.pipeline("acumatica", destination="duckdb", dataset_name="erp")
    print(run(pipeline).raise_on_failure())
    print(pipeline.dataset().row_counts().df())


def load_parquet() -> None:
    """Write sales orders as Parquet files: changed records are added, see docs/parquet.md."""
    folder = Path("lake").resolve().as_uri()
    pipeline = dlt.pipeline(
        "acumatica_parquet", destination=dlt.destinations.filesystem(folder), dataset_name="erp"
    )
    orders = EntityOptions("SalesOrder", expand=["Details"], lag=timedelta(minutes=15))
    print(run(pipeline, [orders]).raise_on_failure())


def load_inquiry() -> None:
    """Ask an inquiry form about two items, and load the ledger from one period on."""
    pipeline = dlt.pipeline("acumatica", destination="duckdb", dataset_name="erp")
    items = [{"InventoryID": "BEARIN00001"}, {"InventoryID": "BEARIN00023"}]  # of the sandbox
    stock = InquiryForm("InventorySummaryInquiry", items)
    ledger = LedgerTransactions(from_period="01-2026")
    print(run(pipeline, [stock, ledger]).raise_on_failure())


EXAMPLES = {
    "full": load_full,
    "incremental": load_incremental,
    "parquet": load_parquet,
    "inquiry": load_inquiry,
}

if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else "incremental"
    if wanted not in EXAMPLES:
        sys.exit(f"No example {wanted!r}. There are: {', '.join(EXAMPLES)}.")
    EXAMPLES[wanted]()
