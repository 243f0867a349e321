"""Gets records from lists, as whole as these show them, or one by one."""

import logging
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pyarrow as pa

from acumatica_source.arrow.parse import ParsedPage, parse_page
from acumatica_source.arrow.pick import joined, picked
from acumatica_source.client.errors import (
    AcumaticaError,
    InvalidQuery,
    OptimizationError,
    ServerError,
)
from acumatica_source.client.query import Filter
from acumatica_source.contract.custom_fields import DeclaredCustomField, custom_parameters
from acumatica_source.contract.kinds import ListAnswer, kind_by_evidence
from acumatica_source.contract.model import EntityKind
from acumatica_source.paging.errors import ConditionRefused, OrderNotTrusted
from acumatica_source.paging.model import Answer, PageRequest, RowKey
from acumatica_source.paging.named import NAMED_AT_ONCE
from acumatica_source.reading.custom import filled_custom, places_of, refused_among
from acumatica_source.reading.drift import undeclared
from acumatica_source.reading.errors import ContractOutdated, NotARecord, StampRefused
from acumatica_source.reading.filling import with_parts
from acumatica_source.reading.left_out import Brought, LeftOut, Shown
from acumatica_source.reading.light_records import LightRecords, both_of
from acumatica_source.reading.loaded_rows import LoadedRows
from acumatica_source.reading.record_keys import rows_of
from acumatica_source.reading.record_parts import PENDING, written
from acumatica_source.reading.record_query import RecordQuery, RecordRequests
from acumatica_source.reading.refusals import Refusals
from acumatica_source.reading.single_records import FAILURES, CustomRefused, SingleRecords

logger = logging.getLogger(__name__)

MOST_COMPLETED = NAMED_AT_ONCE
"""Records of a page that are asked for singly because a second request for it lacks them. Those
that are asked for by name are no more, so their pages are never refused for it."""

FEWEST_LISTED = 8
"""Records of a page that is not listed in still smaller parts, but one by one."""

Asks = Callable[[Sequence[str]], bool]
"""Tells whether the server answers a request with these custom fields, as parameters."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A page of records, and where in it those are that a list named."""

    parsed: ParsedPage
    listed: Sequence[RowKey]
    """The keys of the list, in its order."""
    places: Sequence[int] | None = None
    """Where in the list each record of the page is; None where it has all of them in order."""

    def at(self, places: Sequence[int]) -> "RecordPage":
        """The records at these places of the list."""
        keys = [self.listed[place] for place in places]
        if self.places is None:
            return RecordPage(picked(self.parsed, places), keys)
        rows = {place: row for row, place in enumerate(self.places)}
        kept = [at for at, place in enumerate(places) if place in rows]
        return RecordPage(picked(self.parsed, [rows[places[at]] for at in kept]), keys, kept)


class FullRecords:
    """Gets pages of records with their details."""

    def __init__(self, requests: RecordRequests, query: RecordQuery, light: LightRecords) -> None:
        self._requests = requests
        self._query = query
        self._light = light
        self._singles = SingleRecords(requests, query, light.labels)
        self._is_fresh = query.contract_is_fresh
        self._looked = False
        self._asked: tuple[DeclaredCustomField, ...] = query.custom
        self.undeclared = set(query.undeclared)
        """What does not fit the contract although that is of the present."""
        self.unreadable = self._singles.unreadable
        """The records that the server did not show."""
        self._left_out = LeftOut(query)
        self._leaving_out = self._left_out.lock
        self._refusals = Refusals(requests, query, self._left_out)

    @property
    def left_out(self) -> set[str]:
        """What lists were found not to bring, to be remembered."""
        return self._left_out.noted

    @property
    def lacking(self) -> frozenset[str]:
        """The parts that no list brings, by path."""
        return self._left_out.brought.lacking

    def page(
        self, request: PageRequest, condition: Filter | None, loaded: LoadedRows | None = None
    ) -> Answer[RecordPage]:
        """A page of the list; its rows say in the column `_pending` what they do not have.

        Args:
            request: The window, and a condition on the keys.
            condition: A further condition, on the stamp.
            loaded: Tells what need not be read where records are read one by one.

        Raises:
            ConditionRefused: the server does not take the condition on the keys.
            StampRefused: it does not take the one on the stamp.
            ContractOutdated: the records do not look like their contract.
            NotARecord: what is listed are no records.
        """
        asked, brought = self._asked, self._left_out.brought
        try:
            page = self._listed(request, condition, brought)
            self._left_out.compared(
                page,
                lambda places: self._at(page, places),
                lambda: self._listed(request, condition, self._left_out.brought),
            )
        except CustomRefused as refused:
            self._leaves_out_refused(asked, self._shows(refused))
            return self.page(request, condition, loaded)
        except OptimizationError as error:
            self._leave_out(brought, error, request, condition)
            return self.page(request, condition, loaded)
        except (InvalidQuery, *FAILURES) as error:
            try:
                left_out = self._leaves_out_refused(asked, self._lists(request, condition))
            except OptimizationError as refused:
                self._leave_out(brought, refused, request, condition)
                left_out = True
            if left_out:
                return self.page(request, condition, loaded)
            if self._refusals.are_behind(error, request, condition, fresh=self._is_fresh):
                self._leave_out(brought, error, request, condition)
                return self.page(request, condition, loaded)
            if isinstance(error, InvalidQuery):
                raise self._refusal(error, request, condition) from error
            logger.info("%s: %s Reading smaller parts.", self._query.entity.name, error)
            return self._in_parts(request, condition, loaded)
        if self._left_out.brought is not brought:  # it lacks what was found meanwhile
            return self.page(request, condition, loaded)
        return self._answer(page)

    def _leave_out(
        self,
        brought: Brought,
        error: AcumaticaError,
        request: PageRequest,
        condition: Filter | None,
    ) -> None:
        """Ask lists no more for what they refuse.

        Raises:
            NotARecord: they refuse everything, and what is listed are no records.
            AcumaticaError: they refuse everything, or only with a condition.
        """
        with self._leaving_out:
            if self._left_out.brought is not brought:
                return  # somebody else has found it meanwhile
            custom = [one.address for one in self._asked]
            if not self._refusals.leave_out(custom, error, request, condition):
                if isinstance(error, OptimizationError):
                    self._hold_to_kind(ListAnswer(refused=True))
                raise error

    def _at(self, page: ParsedPage, places: Sequence[int]) -> ParsedPage:
        """The records at some places of a page, by themselves."""
        keys, ids = rows_of(next(iter(page.tables.values())), self._query.key_columns)
        named = [keys[place] for place in places]
        return self.singly(named, None if ids is None else [ids[at] for at in places])[0]

    def _answer(self, page: ParsedPage) -> Answer[RecordPage]:
        rows = next(iter(page.tables.values()))
        self._light.labels.note(rows, self._query.shape.tables[0])
        keys, ids = rows_of(rows, self._query.key_columns)
        return Answer(RecordPage(page, keys), keys, ids)

    def _in_parts(
        self, request: PageRequest, condition: Filter | None, loaded: LoadedRows | None
    ) -> Answer[RecordPage]:
        """A page in smaller ones: a single record may stand in the way of all others."""
        if request.top is None or request.top <= FEWEST_LISTED:
            return self._one_by_one(self._light_page(request, condition), loaded)
        half = request.top // 2
        first = self.page(replace(request, top=half), condition, loaded)
        if len(first.keys) < half:
            return first
        rest = replace(request, top=request.top - half, skip=request.skip + half)
        return _joined(first, self.page(rest, condition, loaded))

    def _light_page(self, request: PageRequest, condition: Filter | None) -> Answer[pa.Table]:
        """Keys and stamps: where not even these are shown, no record stands in the way."""
        try:
            return self._light.page(request, condition)
        except InvalidQuery as error:
            raise self._refusal(error, request, condition) from error
        except ServerError as error:
            if request.condition is None:
                raise
            raise ConditionRefused(str(error)) from error

    def _one_by_one(self, light: Answer[pa.Table], loaded: LoadedRows | None) -> Answer[RecordPage]:
        keys, ids = light.keys, light.ids
        named = [*zip(keys, keys if ids is None else ids, strict=True)]
        first = {name: place for place, name in reversed([*enumerate(named)])}
        wanted = sorted(first.values())  # a list may name a record twice
        if loaded is not None and light.page.num_rows:
            held = loaded.holds(light.page).to_pylist()
            wanted = [place for place in wanted if not held[place]]
        page, found = self.singly(
            [keys[place] for place in wanted],
            None if ids is None else [ids[place] for place in wanted],
        )
        places = [wanted[place] for place in found]
        return Answer(RecordPage(page, keys, places), keys, ids)

    def _listed(
        self, request: PageRequest, condition: Filter | None, brought: Brought
    ) -> ParsedPage:
        """One page of records, put together from as many lists as it takes."""
        query, asked = self._query, self._left_out.shown(self._asked, brought)
        both, window = both_of(request, condition, query), (request.top, request.skip)

        def answer(shown: Shown) -> bytes:
            return self._requests.list(
                both, window, select=shown.select, expand=shown.expand, custom=shown.custom
            )

        body = answer(asked[0])
        page = parse_page(body, query.shape)
        if page.rows == 1 and both is None and query.entity.shape.details:
            self._hold_to_kind(ListAnswer(_records(body)))
        if not self._looked:
            self._hold_to_contract(body, page)
        for shown in asked[1:]:
            try:
                more = parse_page(answer(shown), query.shape)
            except OptimizationError:
                self._left_out.leave_out((), shown.parts)
                continue
            page = self._completed(page, more, shown)
        return _marked(page, brought.lacking)

    def _completed(self, page: ParsedPage, more: ParsedPage, shown: Shown) -> ParsedPage:
        """The page with what another list for the same window brought.

        Raises:
            OrderNotTrusted: it brought other records.
        """
        keys, ids = rows_of(next(iter(page.tables.values())), self._query.key_columns)
        there = set(rows_of(next(iter(more.tables.values())), self._query.key_columns)[0])
        page = self._with_parts(page, more, shown)
        places = [place for place, key in enumerate(keys) if key not in there]
        if len(places) > MOST_COMPLETED:
            raise OrderNotTrusted("Two requests for one page bring other records.")
        if places:
            names = [keys[place] for place in places]
            known = None if ids is None else [ids[place] for place in places]
            single = _list_of(self._singles.bodies(names, known, shown.custom))
            page = self._with_parts(page, parse_page(single, self._query.shape), shown)
        return page

    def _with_parts(self, page: ParsedPage, more: ParsedPage, shown: Shown) -> ParsedPage:
        return with_parts(page, more, shown.parts, self._query.shape, self._query.key_columns)

    def singly(
        self, keys: Sequence[RowKey], ids: Sequence[str] | None
    ) -> tuple[ParsedPage, list[int]]:
        """Single records, put together as a list would be; those that do not exist are left out.

        The second value tells at which places of `keys` the others are.

        Args:
            keys: Their keys, or `(id,)` where there are none.
            ids: Their ids; None where these are the keys.

        Raises:
            ContractOutdated: the server does not know what the contract declares.
        """
        asked = self._asked
        try:
            custom = custom_parameters(asked)
            bodies = self._singles.bodies(keys, ids, custom[:1])
            further = [self._singles.bodies(keys, ids, [one]) for one in custom[1:]]
        except CustomRefused as error:
            self._leaves_out_refused(asked, self._shows(error))
            return self.singly(keys, ids)
        except InvalidQuery as error:
            if self._is_fresh:
                raise
            raise ContractOutdated(f"{self._query.entity.name} has changed: {error}") from error
        lost = [key for key, one in zip(keys, bodies, strict=True) if one is None]
        self._singles.note_lost(lost, self._light)
        body = _list_of(bodies)
        page = parse_page(body, self._query.shape)
        if not self._looked:
            self._hold_to_contract(body, page)
        for more in further:
            extra = parse_page(_list_of(more), self._query.shape)
            page = filled_custom(page, extra, self._query.key_columns)
        return page, [place for place, one in enumerate(bodies) if one is not None]

    def _refusal(
        self, error: InvalidQuery, request: PageRequest, condition: Filter | None
    ) -> Exception:
        """What a refused list request means."""
        name = self._query.entity.name
        if request.condition is not None:
            return ConditionRefused(str(error))
        if not self._is_fresh:
            return ContractOutdated(f"{name} has changed: {error}")
        return error if condition is None else StampRefused(f"{name}: {error}")

    def _lists(self, request: PageRequest, condition: Filter | None) -> Asks:
        """Whether the server lists this page with some custom fields, and little else.

        Without any, it raises an OptimizationError where that is what stands in the way.
        """
        both = both_of(request, condition, self._query)
        window = (request.top, request.skip)
        whole, *_ = self._left_out.shown((), self._left_out.brought)

        def lists(custom: Sequence[str]) -> bool:
            try:
                if not custom:
                    self._requests.list(both, window, select=whole.select, expand=whole.expand)
                for one in custom:
                    self._requests.list(both, window, expand=places_of(one), custom=[one])
            except OptimizationError:
                if not custom:
                    raise
                return False
            except (InvalidQuery, *FAILURES):
                return False
            return True

        return lists

    def _shows(self, refused: CustomRefused) -> Asks:
        """Whether the server shows a single record with some custom fields."""

        def shows(custom: Sequence[str]) -> bool:
            several = [[one] for one in custom] or [[]]
            return all(self._singles.shows(refused.key, refused.identity, one) for one in several)

        return shows

    def _leaves_out_refused(self, asked: Sequence[DeclaredCustomField], answers: Asks) -> bool:
        """Ask no more for the custom fields that are refused; False if it is not for them.

        Args:
            asked: Those that the refused request asked for.
            answers: Whether the server answers it with only some of them.
        """
        with self._leaving_out:
            if self._asked != asked:
                return True  # somebody else has found them meanwhile
            if not asked or not answers(()):
                return False
            refused = refused_among(asked, lambda some: not answers(custom_parameters(some)))
            if not refused:  # several together: those of nested entities first
                refused = [one for one in asked if one.place] or [*asked]
            logger.warning(
                "%s: the server refuses the custom fields %s; they are left out.",
                self._query.entity.name,
                ", ".join(one.address for one in refused),
            )
            self._asked = tuple(one for one in asked if one not in refused)
            return True

    def _hold_to_contract(self, body: bytes, page: ParsedPage) -> None:
        """Look at the first page that has records."""
        found = undeclared(body, self._query.entity.shape).union(page.notes)
        if self._query.contract_is_fresh:
            self.undeclared |= found
        elif not found <= self.undeclared:
            what = ", ".join(sorted(found - self.undeclared))
            raise ContractOutdated(f"{self._query.entity.name} has changed: {what}")
        self._looked = page.rows > 0
        self._is_fresh = self._is_fresh or self._looked

    def _hold_to_kind(self, answer: ListAnswer) -> None:
        """Refuse what shows by its answer that it has no records."""
        name = self._query.entity.name
        if kind_by_evidence(self._query.entity, answer) is not EntityKind.RECORD:
            said = "refuses to be listed" if answer.refused else "lists one blank record"
            raise NotARecord(
                f"{name} {said}: it is a form that shows rows for parameters. "
                "Load it as an InquiryForm."
            )


def _joined(one: Answer[RecordPage], other: Answer[RecordPage]) -> Answer[RecordPage]:
    """Two answers as one."""
    parsed = joined([one.page.parsed, other.page.parsed])
    keys = [*one.keys, *other.keys]
    ids = None if one.ids is None or other.ids is None else [*one.ids, *other.ids]
    places = [
        before + place
        for before, page in ((0, one.page), (len(one.keys), other.page))
        for place in (range(len(page.listed)) if page.places is None else page.places)
    ]
    return Answer(RecordPage(parsed, keys, places), keys, ids)


def _marked(page: ParsedPage, lacking: Set[str]) -> ParsedPage:
    """The page with a column that says what its records lack, if they lack anything."""
    if not lacking:
        return page
    (name, rows), *others = page.tables.items()
    column = pa.repeat(pa.scalar(written(lacking), pa.string()), rows.num_rows)
    marked = rows.append_column(pa.field(PENDING, pa.string()), column)
    return replace(page, tables={name: marked, **dict(others)})


def _list_of(bodies: Sequence[bytes | None]) -> bytes:
    return b"[" + b",".join(body for body in bodies if body is not None) + b"]"


def _records(body: bytes) -> list[Any]:
    try:
        records = orjson.loads(body)
    except orjson.JSONDecodeError:  # what the tolerant path has read all the same
        return []
    return records if isinstance(records, list) else [records]
