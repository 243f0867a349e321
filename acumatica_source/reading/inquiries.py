"""Reads inquiry forms: parameters go up by PUT, all rows come back in one answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from acumatica_source.arrow.parse import ParsedPage, parse_page
from acumatica_source.arrow.shape import PageShape, shape_of
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.client.query import QueryOptions
from acumatica_source.client.records import InquiryBuilder
from acumatica_source.client.transport import Body
from acumatica_source.contract.model import Entity
from acumatica_source.reading.seats import Connection


@dataclass(frozen=True, slots=True)
class InquiryQuery:
    """Which inquiry form to ask, and for which of its details."""

    path: str
    """Path below the instance (`entity/Default/24.200.001/AccountSummaryInquiry`)."""
    entity: Entity
    detail: str
    """The detail that holds the rows (`Results`)."""

    @property
    def not_understood(self) -> tuple[str, ...]:
        """What the contract declares of the rows in a way unknown here."""
        rows = self.entity.shape.details[self.detail]
        return tuple(f"{self.detail}/{path}" for path in rows.gaps(()))


class InquiryReader:
    """Asks one inquiry form, as often as needed with other parameters.

    The form's rows cannot be paged (Integration Development Guide: Retrieval of Data from an
    Inquiry Form), so wide questions are better split by their parameters.
    """

    def __init__(self, connection: Connection, query: InquiryQuery) -> None:
        self._connection = connection
        self._query = query
        self.shape: PageShape = shape_of(query.entity, expand=(query.detail,))

    def ask(self, parameters: Mapping[str, object]) -> ParsedPage:
        """The answer to one question.

        Raises:
            ConfigurationError: the form has no such parameter.
            AcumaticaError: the request failed.
        """
        form = self._query.entity
        builder = InquiryBuilder().expand(self._query.detail)
        for name, value in parameters.items():
            declared = form.shape.field(name)
            if declared is None:
                known = ", ".join(field.name for field in form.shape.fields)
                raise ConfigurationError(f"{form.name} has no parameter {name!r}. It has: {known}.")
            builder.param(name, value if declared.selection is None else {"id": value})
        # nothing here keeps the answer while it is parsed: it may be large
        return parse_page(self._answer(builder).content, self.shape)

    def _answer(self, builder: InquiryBuilder) -> Body:
        options = QueryOptions(expand=[self._query.detail])
        return self._connection.pool.run(
            lambda session: session.put_bytes(
                self._query.path, builder.to_body(), params=options.to_params()
            )
        )


def detail_of(form: Entity, wanted: str | None) -> str:
    """The detail with the form's rows: the one asked for, or the only one.

    Raises:
        ConfigurationError: there is no such detail, or several to choose from.
    """
    known = list(form.shape.details)
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted in known:
        return str(wanted)
    raise ConfigurationError(
        f"Name the detail of {form.name} that holds its rows. It has: {', '.join(known) or 'none'}."
    )
