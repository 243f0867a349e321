"""Real contracts, rewritten as servers of 2026 R2 write them, and into contract version 5.

    make contracts

For every contract at hand and both versions: every entity is found with all its parts, and loading
all of them ends with what the emulated ERP holds. It takes some minutes.
"""

import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb
import orjson

from acumatica_sandbox import Sandbox, SandboxOptions
from acumatica_sandbox.records.contract_style import properties_of, rewritten
from acumatica_source import EntityOptions
from acumatica_source.cli.choosing import all_of
from acumatica_source.contract.model import Contract, Shape
from acumatica_source.contract.openapi import parse_contract
from acumatica_source.source import connect, source_of
from tests.conftest import credentials_of, pipeline_in
from tests.contract.documents import REAL_CONTRACTS
from tests.resources.warehouse import NAMING, Row, identified, truth

RECORDS = 300


def main() -> None:
    documents = sorted(REAL_CONTRACTS.glob("*.json"))
    if not documents:
        sys.exit(f"There are no contracts in {REAL_CONTRACTS}.")
    faults = 0
    for document in documents:
        for version in (4, 5):
            begun = monotonic()
            found = [*_faults(document, version)]
            faults += len(found)
            for fault in found:
                print(f"  {fault}")
            seconds = monotonic() - begun
            print(f"{document.stem}, version {version}: {len(found)} faults, {seconds:.0f} s")
    sys.exit(1 if faults else 0)


def _faults(document: Path, version: int) -> Iterator[str]:
    written = rewritten(orjson.loads(document.read_bytes()), "26R2", version)
    plain, changed = parse_contract(document.read_bytes()), parse_contract(written)
    declared = {
        name: {field for properties in properties_of(schema) for field in properties}
        for name, schema in written["components"]["schemas"].items()
    }
    gone: set[str] = set()
    """Fields that the version does not have any more, and those that it has for them."""
    for name, entity in plain.entities.items():
        there = changed.entities.get(name)
        if there is None:
            yield f"{name} is not found"
            continue
        if [key.name for key in there.keys] != [key.name for key in entity.keys]:
            yield f"{name} has other keys"
        for path, schema in _paths(entity.shape).items():
            if path in _paths(there.shape):
                continue
            field = path.rpartition("/")[2]
            if field in declared[schema]:
                yield f"{name} lacks {path}"
            gone.add(NAMING.normalize_path(field))
        new = _paths(there.shape).keys() - _paths(entity.shape).keys()
        gone.update(NAMING.normalize_path(path.rpartition("/")[2]) for path in new)
        for path in there.shape.gaps():
            yield f"{name}: {path} is not understood"
    yield from _wrong_rows(document, version, gone)


def _paths(shape: Shape) -> dict[str, str]:
    """Everything in a shape and below by its path, with the name of the schema it is of."""
    below = {**shape.linked, **shape.details}
    paths = dict.fromkeys([*(one.name for one in shape.fields), *below], shape.name)
    for name, child in below.items():
        paths |= {f"{name}/{path}": schema for path, schema in _paths(child).items()}
    return paths


def _wrong_rows(document: Path, version: int, gone: set[str]) -> Iterator[str]:
    options = SandboxOptions(
        records=RECORDS, contract=document, build="26R2", contract_version=version
    )
    with Sandbox(options) as sandbox, tempfile.TemporaryDirectory() as folder:
        pipeline = pipeline_in(Path(folder))
        instance = connect(credentials_of(sandbox), "Default", None, 2, None)
        loads, skipped = all_of(instance, full=False)
        pipeline.run(source_of(instance, loads), loader_file_format="parquet")
        _, contract = instance.contracts.in_use()
        if contract.spoken != version:
            yield f"version {contract.spoken} is spoken"
        for outcome in skipped:
            if "form" not in str(outcome.skipped):
                yield f"{outcome.resource} is skipped: {outcome.skipped}"
        with duckdb.connect(str(Path(folder) / "test.duckdb")) as warehouse:
            for load in loads:
                if isinstance(load, EntityOptions):
                    yield from _differences(warehouse, sandbox, contract, load.name, gone)


def _differences(
    warehouse: duckdb.DuckDBPyConnection,
    sandbox: Sandbox,
    contract: Contract,
    name: str,
    gone: set[str],
) -> Iterator[str]:
    tables = {
        NAMING.normalize_tables_path(f"{name}__{detail}")
        for detail in contract.entities[name].shape.details
    } | {NAMING.normalize_tables_path(name)}
    for table, rows in truth(sandbox, name).items():
        if table not in tables:
            continue  # details of linked entities are in the tables of these
        found = identified(table, warehouse.table(f'erp."{table}"').to_arrow_table())
        known = {column for row in found.values() for column in row}
        if found.keys() != rows.keys():
            yield f"{table}: {len(found)} rows, not {len(rows)}"
            continue
        for identity, row in rows.items():
            expected = _comparable(row, known, gone)
            shown = _comparable(found[identity], known, gone)
            if expected != shown:
                wrong = {n for n in {*expected, *shown} if expected.get(n) != shown.get(n)}
                yield f"{table}: {sorted(wrong)[:5]} of {identity}"
                break


def _comparable(row: Row, known: set[str], gone: set[str]) -> Row:
    """What both versions tell: no codes, and numbers as drop-downs show them."""
    return {
        name: str(value) if f"{name}__id" in known else _plain(value)
        for name, value in row.items()
        if not name.endswith(("__id", "__v_text")) and name.rpartition("__")[2] not in gone
    }


def _plain(value: Any) -> Any:
    """An instant at midnight as the day that the emulated ERP means by it."""
    if isinstance(value, datetime) and value.time() == time(0):
        return value.date()
    return value


if __name__ == "__main__":
    main()
