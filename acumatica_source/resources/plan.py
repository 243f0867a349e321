"""From a user's options to what exactly is read of an entity, and into which tables."""

import difflib
import logging
from collections.abc import Sequence
from dataclasses import replace

from dlt.common.schema import Schema

from acumatica_source.arrow.collisions import with_distinct_names
from acumatica_source.arrow.shape import shape_of
from acumatica_source.client.dialects import dialect_of
from acumatica_source.client.errors import ConfigurationError
from acumatica_source.contract.custom_fields import DeclaredCustomField, with_custom_fields
from acumatica_source.contract.keys import are_documented, keys_from, keys_of
from acumatica_source.contract.model import Contract, Entity, EntityKind, Key
from acumatica_source.contract.names import watermark_of
from acumatica_source.reading.contracts import EndpointVersion
from acumatica_source.reading.expansion import default_expand
from acumatica_source.reading.instance import Instance
from acumatica_source.reading.record_parts import without
from acumatica_source.reading.record_query import RecordQuery
from acumatica_source.reading.seats import Connection
from acumatica_source.resources.loading.evolution import fitted
from acumatica_source.resources.options import CustomFields, EntityOptions, check_decimals

logger = logging.getLogger(__name__)

FILES = "files"
"""What `$expand` calls the attached files of a record or row."""


def query_of(
    instance: Instance,
    connection: Connection,
    options: EntityOptions,
    schema: Schema,
) -> RecordQuery:
    """What to read for these options.

    Args:
        instance: The instance, for its contract.
        connection: Its seats, for what the contract does not tell.
        options: What the user asks for.
        schema: What is known of the destination: its naming convention, by which names that would
            become one are numbered, and the types of columns that are loaded already.

    Raises:
        ConfigurationError: the instance has no such entity, or the entity no such part, or columns
            were loaded with another number of decimals.
        ContractError: the entity has no field that is named as its key.
    """
    check_decimals(options.name, options.decimals)
    endpoint, contract = contract_with(instance, options.name)
    entity = as_record(entity_of(contract, options.name))
    entity = replace(entity, keys=keys_in_use(instance, entity, options.keys))
    path = f"{endpoint.path}/{entity.name}"
    expand = _expand_paths(entity, contract, options)
    custom = _custom_fields(instance, connection, options, expand)
    entity = with_custom_fields(entity, custom)
    plain = shape_of(
        entity,
        expand,
        keep_placeholders=options.keep_placeholders,
        decimals=options.decimals,
    )
    shape, notes = with_distinct_names(plain, schema.naming.normalize_path)
    for note in notes:
        logger.warning("%s: %s", entity.name, note)
    return RecordQuery(
        path=path,
        entity=entity,
        expand=expand,
        shape=fitted(shape, schema),
        page_size=options.page_size,
        custom=custom,
        contract_is_fresh=instance.contracts.is_fresh,
        build=instance.contracts.address_of(endpoint).build,
        archived=options.archived,
        dialect=dialect_of(contract.spoken),
    )


def keys_in_use(
    instance: Instance, entity: Entity, hint: Sequence[str] | None = None
) -> tuple[Key, ...]:
    """The key fields of an entity.

    The metadata of all data access classes are large, so they are only looked into where neither
    the user nor the documentation names keys.
    """
    needed = hint is None and not are_documented(entity)
    return keys_from(entity, hint, instance.classes.if_readable() if needed else None)


def as_record(entity: Entity) -> Entity:
    """The entity as one that has records, whatever its name and shape suggest."""
    if entity.kind is EntityKind.RECORD:
        return entity
    return replace(
        entity,
        kind=EntityKind.RECORD,
        keys=keys_of(entity.name, entity.shape),
        watermark=watermark_of(entity.shape.fields),
    )


def contract_with(instance: Instance, name: str) -> tuple[EndpointVersion, Contract]:
    """The endpoint and its contract; one from disk that lacks the entity is fetched anew."""
    endpoint, contract = instance.contracts.in_use()
    if name not in contract.entities and not instance.contracts.is_fresh:
        instance.contracts.forget()
        endpoint, contract = instance.contracts.in_use()
    return endpoint, contract


def entity_of(contract: Contract, name: str) -> Entity:
    """The entity of that name.

    Raises:
        ConfigurationError: there is none; the message names near ones.
    """
    try:
        return contract.entities[name]
    except KeyError:
        near = difflib.get_close_matches(name, contract.entities, n=3, cutoff=0.5)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise ConfigurationError(
            f"{contract.endpoint}/{contract.version} has no entity {name!r}.{hint}"
        ) from None


def _which_custom(options: EntityOptions) -> CustomFields:
    try:
        return CustomFields(options.custom_fields)
    except ValueError:
        known = ", ".join(CustomFields)
        raise ConfigurationError(
            f"custom_fields of {options.name} must be one of {known}, not "
            f"{options.custom_fields!r}."
        ) from None


def _custom_fields(
    instance: Instance, connection: Connection, options: EntityOptions, expand: Sequence[str]
) -> tuple[DeclaredCustomField, ...]:
    """The custom fields to load: of the record, and of what is expanded."""
    which = _which_custom(options)
    if which is CustomFields.NONE:
        return ()
    return tuple(
        one
        for one in instance.contracts.custom_fields(connection, options.name, anew=options.full)
        if (which is CustomFields.ALL or one.is_user_defined)
        and (not one.place or "/".join(one.place) in expand)
    )


def _expand_paths(entity: Entity, contract: Contract, options: EntityOptions) -> tuple[str, ...]:
    if options.expand is None:
        wanted = default_expand(entity, contract)
    else:
        wanted = tuple(options.expand)
        _check_places(entity, wanted, "expand")
    _check_places(entity, options.exclude, "exclude")
    if options.files and FILES not in wanted:
        wanted = (*wanted, FILES)
    return tuple(without(wanted, options.exclude))


def _check_places(entity: Entity, paths: Sequence[str], what: str) -> None:
    """Refuse paths that lead nowhere.

    Raises:
        ConfigurationError: there are such.
    """
    if isinstance(paths, str):
        raise ConfigurationError(f"{what} of {entity.name} must be a list of paths, not {paths!r}.")
    places = list(entity.shape.expand_paths())
    known = {*places, FILES, *(f"{place}/{FILES}" for place in places)}
    unknown = [path for path in paths if path not in known]
    if unknown:
        raise ConfigurationError(
            f"{entity.name} has nothing to {what} at {', '.join(unknown)}. "
            f"It has: {', '.join(places) or 'nothing at all'}."
        )
