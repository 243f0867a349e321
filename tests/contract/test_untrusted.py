"""Documents come from outside: whatever is in them, they parse or are refused as what they are."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acumatica_source.contract.custom_fields import parse_ad_hoc_schema
from acumatica_source.contract.edmx import parse_edmx
from acumatica_source.contract.errors import ContractError
from acumatica_source.contract.openapi import parse_contract
from tests.contract.documents import contract_document
from tests.contract.test_edmx import V4

DOCUMENT = contract_document(
    {
        "Order": {"Nbr": "StringValue", "ShipTo": "Address", "Details": ["Line"]},
        "Address": {"City": "StringValue"},
        "Line": {"Qty": "DecimalValue", "Order": "Order"},
    },
    actions={"Order": ["Release"]},
)

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 9)
    | st.text(max_size=5)
    | st.just("#/definitions/Line"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["$ref", "type", "items", "allOf", "value"]), inner)
    ),
    max_leaves=4,
)


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, below in children:
        yield (*way, key)
        if isinstance(below, dict | list):
            yield from places(below, (*way, key))


PLACES = list(places(DOCUMENT))


@pytest.mark.slow
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), junk), min_size=1, max_size=3))
def test_a_contract_with_anything_anywhere_parses_or_is_refused(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    document = copy.deepcopy(DOCUMENT)
    for way, value in changes:
        node: Any = document
        try:
            for key in way[:-1]:
                node = node[key]
            node[way[-1]] = value
        except (KeyError, TypeError, IndexError):
            continue
    try:
        contract = parse_contract(json.dumps(document).encode())
    except ContractError:
        return
    for name, entity in contract.entities.items():
        assert entity.name == name
        assert all(isinstance(path, str) for path in entity.shape.expand_paths())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=50) | st.text(max_size=50).map(str.encode))
def test_bytes_that_are_no_document_are_refused(body: bytes) -> None:
    for parse in (parse_contract, parse_edmx):
        with pytest.raises(ContractError):
            parse(body)
    with suppress(ContractError):
        assert parse_ad_hoc_schema(body) == ()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_metadata_with_a_piece_missing_parses_or_is_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(V4)))
    stop = data.draw(st.integers(start, min(len(V4), start + 200)))
    try:
        feeds = parse_edmx(V4[:start] + V4[stop:])
    except ContractError:
        return
    assert all(feed.name == name for name, feed in feeds.sets.items())


def test_a_chain_of_entities_without_end_is_refused() -> None:
    chain: dict[str, Any] = {f"E{i}": {"Next": f"E{i + 1}"} for i in range(5_000)}
    chain["E5000"] = {"X": "StringValue"}
    with pytest.raises(ContractError, match="too deep"):
        parse_contract(contract_document(chain, ["E0"]))


@pytest.mark.parametrize("depth", [100_000])
def test_a_document_nested_too_deeply_is_refused(depth: int) -> None:
    for parse in (parse_contract, parse_ad_hoc_schema):
        with pytest.raises(ContractError):
            parse(b'{"a":' * depth)
