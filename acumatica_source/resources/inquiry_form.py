"""Inquiry forms as dlt resources: the rows that a form shows for given parameters."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from acumatica_source.reading.inquiries import InquiryQuery, InquiryReader, detail_of
from acumatica_source.reading.instance import Instance
from acumatica_source.resources.claim import enter
from acumatica_source.resources.loading.answers import AnswerOptions, load_answers
from acumatica_source.resources.plan import contract_with, entity_of
from acumatica_source.resources.resource import Rows


@dataclass(frozen=True, slots=True)
class InquiryForm:
    """An inquiry form and the questions to ask it."""

    name: str
    """Name in the contract (`InventorySummaryInquiry`)."""
    parameters: Sequence[Mapping[str, object]] = field(default=({},))
    """One mapping of parameter names to values per question. Rows do not repeat the parameters,
    so each question's are added to its rows, as columns named `parameter__<Name>`."""
    detail: str | None = None
    """The detail that holds the rows; needed only where there are several."""


def inquiry_form_rows(instance: Instance, inquiry: InquiryForm) -> Rows:
    """A resource that replaces its table with the answers to all questions."""

    def answers() -> Iterator[Any]:
        with instance.seats.opened() as connection:
            enter(instance, connection)
            endpoint, contract = contract_with(instance, inquiry.name)
            form = entity_of(contract, inquiry.name)
            detail = detail_of(form, inquiry.detail)
            query = InquiryQuery(f"{endpoint.path}/{form.name}", form, detail)
            instance.report.lacks(inquiry.name, query.not_understood)
            reader = InquiryReader(connection, query)
            asked = list(dict.fromkeys(name for one in inquiry.parameters for name in one))
            answers_name = f"{form.name}__{detail}"
            schema = next(t.schema for t in reader.shape.tables if t.name == answers_name)
            rows = _with_parameters(schema.empty_table(), asked, {})
            how = AnswerOptions(
                resource=inquiry.name,
                asked=[detail, *(_as_text(one) for one in inquiry.parameters)],
                schema=rows.schema,
                terms=instance.terms,
                tenant=instance.tenant,
            )
            answered = (
                _with_parameters(reader.ask(parameters).tables[answers_name], asked, parameters)
                for parameters in inquiry.parameters
            )
            yield from load_answers(answered, how, instance.report)

    return answers


def _as_text(parameters: Mapping[str, object]) -> str:
    return json.dumps(dict(parameters), default=str, sort_keys=True)


def _with_parameters(
    rows: pa.Table, names: Sequence[str], parameters: Mapping[str, object]
) -> pa.Table:
    for name in names:
        value = parameters.get(name)
        text = pa.scalar(None if value is None else str(value), pa.string())
        rows = rows.append_column(f"parameter__{name}", pa.repeat(text, rows.num_rows))
    if "_parent_id" in rows.column_names:
        rows = rows.drop_columns(["_parent_id"])
    return rows
