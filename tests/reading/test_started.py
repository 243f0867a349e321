"""A run began with its first answer, however long its pages take."""

from collections.abc import Callable

import dlt
import pytest

from acumatica_sandbox import Sandbox
from acumatica_source import EntityOptions
from acumatica_source.reading.feed_requests import FeedQuery
from acumatica_source.reading.feeds import FeedReader
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.odata import classes_path
from acumatica_source.reading.records import RecordReader
from acumatica_source.reading.seats import Connection
from acumatica_source.resources.dac import class_named
from acumatica_source.resources.feed_plan import FeedTable, feed_shape
from acumatica_source.resources.plan import query_of
from acumatica_source.source import connect
from tests.conftest import credentials_of

Reader = RecordReader | FeedReader


def records(instance: Instance, connection: Connection) -> Reader:
    options = EntityOptions("Customer", page_size=5)
    return RecordReader(connection, query_of(instance, connection, options, dlt.Schema("erp")))


def rows_of_a_class(instance: Instance, connection: Connection) -> Reader:
    feed = class_named(instance, "PX_Objects_AR_Customer")
    keys = feed.keys
    table = FeedTable("customers", [field.name for field in feed.fields], keys, 10)
    path = f"{classes_path(instance.tenant)}/{feed.name}"
    shape = feed_shape(feed, table, dlt.Schema("erp"))
    query = FeedQuery(path=path, feed=feed, shape=shape, keys=keys, page_size=5, stored=True)
    return FeedReader(connection, query, feed.stamp)


@pytest.mark.parametrize("made", [records, rows_of_a_class])
def test_the_clock_of_the_first_answer_counts(
    sandbox: Sandbox, made: Callable[[Instance, Connection], Reader]
) -> None:
    instance = connect(credentials_of(sandbox), "Default", None, 1, None)
    with instance.seats.opened() as connection:
        reader = made(instance, connection)
        pages = reader.pages()
        assert next(pages).rows
        first = sandbox.control.now()
        sandbox.control.advance(3_600)
        assert sum(page.rows for page in pages) > 5
        assert reader.started is not None
        assert reader.started <= first
