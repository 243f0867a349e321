"""A DuckDB file takes any dataset, or is refused at once with words about names."""

from pathlib import Path

import duckdb
import pytest
from dlt.destinations import duckdb as duckdb_destination

from acumatica_sandbox import Sandbox
from acumatica_source.cli.destination import check_name, opened, opened_file
from acumatica_source.client.errors import ConfigurationError
from tests.cli.test_failures import acumatica, assert_refused, settings

CLASHES = [
    ("erp.duckdb", "erp"),
    ("ERP.duckdb", "erp"),
    ("erp.duckdb", "ERP"),
    ("erp.2026.duckdb", "erp"),
    ("erp", "erp"),
    ("sales.prod.db", "sales"),
    ("my_erp.duckdb", "My-Erp"),
    ("my_erp.duckdb", "MyErp"),
    ("erp_staging.duckdb", "erp"),
    ("Erp_Staging.2.duckdb", "ERP"),
    ("other.duckdb", "temp"),
    ("other.duckdb", "System"),
]
GOOD = [
    ("erp.duckdb", "erp2026"),
    ("my-erp.duckdb", "my_erp"),
    ("2026.erp.duckdb", "erp"),
    ("main.duckdb", "erp"),
    ("warehouse.duckdb", "main"),
    ("a b.duckdb", "erp"),
]


def works(file: Path, dataset: str) -> bool:
    """Whether dlt can load into it twice, whatever we think of it."""
    import dlt

    try:
        for _ in range(2):
            with duckdb.connect(str(file)) as database:
                pipeline = dlt.pipeline(
                    "names",
                    destination=duckdb_destination(database),
                    dataset_name=dataset,
                    pipelines_dir=str(file.parent / "pipelines"),
                )
                pipeline.run(
                    [{"id": 1}],
                    table_name="rows",
                    write_disposition="merge",
                    primary_key="id",
                )
    except Exception:
        return False
    return True


@pytest.mark.parametrize(("name", "dataset"), CLASHES)
def test_a_file_with_the_name_of_its_dataset_is_refused(
    tmp_path: Path, name: str, dataset: str
) -> None:
    file = tmp_path / name
    with (
        pytest.raises(ConfigurationError, match="Give another --dataset"),
        opened_file(file, dataset),
    ):
        pass
    assert not list(tmp_path.iterdir()), "a file was left behind"
    duckdb.connect(str(file)).close()
    before = file.read_bytes()
    with (
        pytest.raises(ConfigurationError, match="Give another --dataset"),
        opened(str(file), None, None, dataset),
    ):
        pass
    assert file.read_bytes() == before, "a file that was there is not touched"


@pytest.mark.parametrize(("name", "dataset"), GOOD)
def test_other_names_are_none_of_our_business(tmp_path: Path, name: str, dataset: str) -> None:
    with opened_file(tmp_path / name, dataset):
        pass
    assert (tmp_path / name).exists()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset"), [*CLASHES, *GOOD])
def test_what_is_refused_would_not_work_and_all_else_does(
    tmp_path: Path, name: str, dataset: str
) -> None:
    assert works(tmp_path / name, dataset) == ((name, dataset) in GOOD)


def test_the_staging_dataset_is_the_one_that_dlt_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__STAGING_DATASET_NAME_LAYOUT", "stage_of_%s")
    with duckdb.connect(str(tmp_path / "erp_staging.duckdb")) as database:
        check_name(database, "erp")
    with (
        duckdb.connect(str(tmp_path / "stage_of_erp.duckdb")) as database,
        pytest.raises(ConfigurationError, match="stage_of_erp"),
    ):
        check_name(database, "erp")


def test_names_may_be_left_as_they_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__ENABLE_DATASET_NAME_NORMALIZATION", "false")
    with duckdb.connect(str(tmp_path / "my_erp.duckdb")) as database:
        check_name(database, "My-Erp")
    with (
        duckdb.connect(str(tmp_path / "my-erp.duckdb")) as database,
        pytest.raises(ConfigurationError, match="My-Erp"),
    ):
        check_name(database, "My-Erp")


@pytest.mark.slow
def test_the_command_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    run = acumatica(
        *("sync", "Account", "--duckdb", "Sales.2026.db", "--dataset", "sales"),
        cwd=tmp_path,
        env=settings(sandbox),
    )
    assert_refused(run, "'Sales'", "'sales'", "Give another --dataset")
    assert not (tmp_path / "Sales.2026.db").exists()
