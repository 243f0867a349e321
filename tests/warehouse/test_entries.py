"""The table that a dataset keeps about itself holds the same in every kind of destination."""

from pathlib import Path

import dlt
import pytest

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.warehouse.entries import Entry, Written, entries_of
from tests.postgres import Database
from tests.warehouse.conftest import PipelineMaker

ONE = Entry("instance", "1", "https://erp.example.com/Site", "Company", "MAIN", "process 1 on here")
OTHER = Entry("writer", "2", "https://erp.example.com/Site", "Łódź 'quoted'; --", "", "")


def read(pipeline: dlt.Pipeline) -> list[Written]:
    with entries_of(pipeline) as entries:
        assert entries is not None
        return sorted(entries.read(), key=lambda one: one.entry.id)


def test_rows_are_kept_until_they_are_taken_out(pipelines: PipelineMaker) -> None:
    first, second = pipelines("first"), pipelines("second")
    assert read(first) == [], "there is not even a dataset"
    with entries_of(first) as entries:
        assert entries is not None
        entries.remove(ONE)
        entries.add(ONE)
        entries.add(OTHER)
    assert [one.entry for one in read(second)] == [ONE, OTHER], "whichever pipeline asks"
    assert all(-1 < one.seconds < 30 for one in read(second))
    with entries_of(second) as entries:
        assert entries is not None
        entries.remove(ONE)
        entries.remove(ONE)
    assert [one.entry for one in read(first)] == [OTHER]


def test_a_row_that_is_touched_is_younger(pipelines: PipelineMaker) -> None:
    pipeline = pipelines("first")
    with entries_of(pipeline) as entries:
        assert entries is not None
        entries.add(ONE)
        entries.add(OTHER)
        entries.touch(ONE)
    one, other = read(pipeline)
    assert one.seconds <= other.seconds


def test_what_pipelines_load_stands_beside_it(pipelines: PipelineMaker) -> None:
    pipeline = pipelines("first")
    with entries_of(pipeline) as entries:
        assert entries is not None
        entries.add(ONE)
    pipeline.run([{"a": 1}], table_name="t", loader_file_format="parquet")
    assert [one.entry for one in read(pipeline)] == [ONE]
    pipeline.run(
        [{"a": 2}], table_name="t", write_disposition="replace", loader_file_format="parquet"
    )
    assert [one.entry for one in read(pipeline)] == [ONE]
    assert pipeline.dataset()["t"].fetchall()[0][0] == 2


@pytest.mark.parametrize("content", ["", "no json", '{"kind": "instance"}', '{"kind": 1}', "[]"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, content: str) -> None:
    pipeline = dlt.pipeline(
        "files",
        destination=dlt.destinations.filesystem((tmp_path / "lake").as_uri()),
        dataset_name="erp",
    )
    folder = tmp_path / "lake" / "erp" / "_acumatica"
    folder.mkdir(parents=True)
    (folder / "instance-1.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"_acumatica of dataset .*damaged.*--adopt"):
        read(pipeline)


def test_a_damaged_row_is_refused_by_name(postgres: Database) -> None:
    pipeline = dlt.pipeline("first", destination="postgres", dataset_name="erp")
    with entries_of(pipeline) as entries:
        assert entries is not None
        entries.add(ONE)
    postgres.execute("UPDATE erp._acumatica SET tenant = NULL")
    with pytest.raises(ConfigurationError, match=r"_acumatica of dataset erp.*damaged.*--adopt"):
        read(pipeline)
