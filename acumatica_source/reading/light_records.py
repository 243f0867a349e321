"""Lists keys and modification stamps of records: the cheapest that a list can show."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from acumatica_source.arrow.parse import parse_page
from acumatica_source.arrow.shape import shape_of
from acumatica_source.client.conditions import filter_of
from acumatica_source.client.errors import (
    AcumaticaError,
    ConfigurationError,
    InvalidQuery,
    OptimizationError,
    ServerError,
)
from acumatica_source.client.query import Filter
from acumatica_source.paging.model import Answer, PageRequest, RowKey
from acumatica_source.paging.named import named
from acumatica_source.reading.record_keys import KeyLabels, comparable, rows_of
from acumatica_source.reading.record_query import RecordQuery, RecordRequests

STAMP = "stamp"
"""What the column of the modification stamp is called here, whatever its name elsewhere."""

_REFUSALS = (InvalidQuery, OptimizationError, ServerError)


class LightRecords:
    """Lists `id`, key fields and stamp."""

    def __init__(self, requests: RecordRequests, query: RecordQuery) -> None:
        self._requests = requests
        self._query = query
        entity = query.entity
        self._keys = [key.name for key in entity.keys]
        self._stamp = entity.watermark
        self._takes_select = True
        fields = [*self._keys, *([] if self._stamp is None else [self._stamp])]
        self._shape = shape_of(entity, expand=(), select=fields or self._first_field())
        self.labels = KeyLabels(entity)
        """The labels of the codes in the keys that came so far."""
        self.stamp_refused = False
        """Whether the server shows keys, but not together with the stamp."""

    def page(self, request: PageRequest, condition: Filter | None) -> Answer[pa.Table]:
        """Columns `id`, those of the keys by their names in the first table, and `stamp`.

        Args:
            request: The window, and a condition on the keys.
            condition: A further condition.
        """
        both = both_of(request, condition, self._query)
        window = (request.top, request.skip)
        return self._answer(parse_page(self._body(both, window), self._shape).tables)

    def existing(self, keys: Sequence[RowKey]) -> set[RowKey] | None:
        """Which keys are listed now; None if that cannot be asked."""
        found: set[RowKey] = set()
        try:
            for answer in named(
                self._query.entity.keys,
                keys,
                lambda condition: len(filter_of(condition).build(self._query.dialect)),
                lambda condition: self.page(PageRequest(condition, None), None),
            ):
                found.update(answer.keys)
        except (ConfigurationError, *_REFUSALS):
            return None
        return found.intersection(keys)

    def _body(self, condition: Filter | None, window: tuple[int | None, int]) -> bytes:
        if not self._takes_select:
            return self._requests.list(condition, window)
        try:
            return self._requests.list(condition, window, select=self._fields())
        except _REFUSALS as refused:
            # some servers refuse the stamp, and some forms refuse to select at all
            named = isinstance(refused, InvalidQuery | OptimizationError)
            if named and self._stamp is not None and self._keys and not self.stamp_refused:
                try:
                    body = self._requests.list(condition, window, select=self._keys)
                except _REFUSALS:
                    pass
                else:
                    self.stamp_refused = True
                    return body
            try:
                body = self._requests.list(condition, window)
            except AcumaticaError:
                raise refused from None
            self._takes_select = False
            return body

    def _fields(self) -> list[str]:
        stamp = [] if self._stamp is None or self.stamp_refused else [self._stamp]
        return [*self._keys, *stamp] or self._first_field()

    def _first_field(self) -> list[str]:
        return [field.name for field in self._query.entity.shape.fields][:1]

    def _answer(self, tables: Mapping[str, pa.Table]) -> Answer[pa.Table]:
        rows = next(iter(tables.values()))
        columns = {"id": rows.column("id")}
        shown = self._shape.tables[0]
        self.labels.note(rows, shown)
        for name, column in zip(self._keys, self._query.key_columns, strict=True):
            columns[column] = rows.column(shown.column_of(name))
        if self._stamp is not None:
            columns[STAMP] = rows.column(self._stamp)
        table = pa.table(columns)
        return Answer(table, *rows_of(table, self._query.key_columns))


def both_of(request: PageRequest, condition: Filter | None, query: RecordQuery) -> Filter | None:
    """The condition of a page request and a further one."""
    if request.condition is None:
        return condition
    own = filter_of(request.condition, comparable(query.entity))
    return own if condition is None else condition & own
