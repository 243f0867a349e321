"""What a dataset holds already, and what it means if that cannot be loaded any more.

What was never loaded may be passed over. A table that was loaded and is not any more would get old
without a word.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dlt
from dlt.common.schema import Schema

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.instance import Instance
from acumatica_source.resources.entity import ENTITIES
from acumatica_source.resources.inquiry_form import InquiryForm
from acumatica_source.resources.plan import contract_with, entity_of
from acumatica_source.running.outcome import Outcome
from acumatica_source.source import SOURCE, Load, name_of

ADVICE = (
    "It was loaded into this dataset before, and its tables get old now; they were left as they "
    "are. Give the user back what it takes to read it. If it is not to be loaded any more, name "
    "what is to be loaded instead, or load into another dataset."
)


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is loaded, as the state and the schema say that the destination keeps."""

    schema: Schema
    endpoints: Mapping[str, str]
    """The web service endpoint that each entity was loaded from last; by names of entities."""

    def has(self, load: Load) -> bool:
        """Whether that was loaded before.

        What forms answer is kept without keys. So a name of both a form and an entity tells which.
        """
        name = self.schema.naming.normalize_tables_path(name_of(load))
        if name not in self.schema.tables:
            return False
        columns = self.schema.tables[name].get("columns", {}).values()
        keyed = any(one.get("primary_key") or one.get("merge_key") for one in columns)
        return keyed or isinstance(load, InquiryForm)

    def passed_over(self, load: Load, outcome: Outcome, reason: str) -> Outcome:
        """The outcome of what cannot be loaded: skipped, or failed if it was loaded before."""
        if not self.has(load):
            return outcome.skipping(reason)
        return outcome.failing(f"{reason.rstrip('.')}. {ADVICE}")

    def vanished(self, instance: Instance) -> Iterator[Outcome]:
        """The entities that were loaded from the endpoint in use, which has them no more."""
        for entity, endpoint in self.endpoints.items():
            if endpoint != instance.contracts.in_use()[1].endpoint:
                continue
            reason = absence(instance, entity)
            if reason and self.has(entity):
                yield self.passed_over(entity, Outcome(entity), reason)


def dataset_of(pipeline: dlt.Pipeline) -> Dataset:
    """The dataset of a pipeline whose state was restored from the destination."""
    known = SOURCE in pipeline.schema_names
    sources: Mapping[str, Any] = pipeline.state.get("sources", {})
    return Dataset(
        pipeline.schemas[SOURCE] if known else Schema(SOURCE),
        sources.get(SOURCE, {}).get(ENTITIES, {}),
    )


def absence(instance: Instance, entity: str) -> str | None:
    """That the endpoint in use has no such entity, in words; None if it has."""
    try:
        entity_of(contract_with(instance, entity)[1], entity)
    except ConfigurationError as error:
        return str(error)
    return None
