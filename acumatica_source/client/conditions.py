"""Conditions that paging puts on keys, as filters."""

from collections.abc import Callable
from functools import reduce
from operator import and_, or_

from acumatica_source.client.filters import F, Filter
from acumatica_source.paging.model import AllOf, AnyOf, Condition


def filter_of(
    condition: Condition, value_of: Callable[[str, object], object] = lambda name, value: value
) -> Filter:
    """The filter that lets the same rows through.

    Args:
        condition: On key fields.
        value_of: What to compare a field with, for a value as it was read.
    """
    match condition:
        case AllOf(parts):
            return reduce(and_, [filter_of(one, value_of) for one in parts])
        case AnyOf(parts):
            return reduce(or_, [filter_of(one, value_of) for one in parts])
    field, value = F[condition.field], value_of(condition.field, condition.value)
    match condition.operator:
        case "eq":
            return field == value
        case "ne":
            return field != value
        case "gt":
            return field > value
        case "lt":
            return field < value
        case "le":
            return field <= value
