"""What a server refuses to list is found with few requests, and no name of it is trusted."""

import random
from collections.abc import Collection, Sequence

import pytest

from acumatica_source.client.errors import AcumaticaError, OptimizationError, ServerError
from acumatica_source.contract.model import DeclaredField, Entity, FieldType, Shape
from acumatica_source.reading.refused_parts import refused_parts

FIELDS = ["CreditLimit", "Status", "Memo"]


def shape(name: str, *fields: str, details: dict[str, Shape] | None = None) -> Shape:
    return Shape(
        name, tuple(DeclaredField(one, FieldType.TEXT) for one in fields), details=details or {}
    )


ENTITY = Entity(
    "Customer",
    Shape(
        "Customer",
        shape("Customer", "CustomerID", *FIELDS).fields,
        linked={"Rules": shape("Rules", "CreditLimit", "DaysPastDue")},
        details={
            "Contacts": shape("Contacts", "Email", details={"Activities": shape("A", "Summary")}),
            **{f"Part{number}": shape("Part", "Qty") for number in range(20)},
        },
    ),
)
OTHERS = ["Rules", "Contacts", "Contacts/Activities", *(f"Part{number}" for number in range(20))]
CUSTOM = ["Document.UsrColor", "Contacts/Address.UsrFloor"]


class Server:
    """Refuses combinations of parts, and says why as it likes."""

    def __init__(
        self, *together: Collection[str], says: Sequence[str] = (), views: Sequence[str] = ()
    ) -> None:
        self.together = [set(one) for one in together]
        self.says, self.views = tuple(says), tuple(views)
        self.requests = 0

    def refusal(self, parts: Sequence[str]) -> AcumaticaError | None:
        self.requests += 1
        if not any(one <= set(parts) for one in self.together):
            return None
        return self.error()

    def error(self) -> AcumaticaError:
        error = OptimizationError("Optimization cannot be performed.")
        error.fields, error.views = self.says, self.views
        return error

    def refused(self, others: Sequence[str] = (*OTHERS, *CUSTOM)) -> list[str] | None:
        found = refused_parts(ENTITY, FIELDS, others, self.error(), self.refusal)
        if found is not None:
            left = [p for p in (*FIELDS, *others) if not any(_within(p, one) for one in found)]
            assert self.refusal(left) is None
            self.requests -= 1
        return found


def _within(part: str, other: str) -> bool:
    return part == other or part.startswith(f"{other}/")


@pytest.mark.parametrize(
    ("names", "views"),
    [
        (["Rules"], []),
        (["Customer.Rules"], []),
        (["Rules/CreditLimit"], []),
        (["Rules.DaysPastDue"], []),
        (["DaysPastDue"], []),
        ([], ["RULES"]),
    ],
)
def test_what_is_named_takes_a_request(names: list[str], views: list[str]) -> None:
    server = Server(["Rules"], says=names, views=views)
    assert server.refused() == ["Rules"]
    assert server.requests == 1


def test_a_name_that_two_have_blames_the_right_one() -> None:
    server = Server(["Rules"], says=["CreditLimit"])
    assert server.refused() == ["Rules"]
    server = Server(["CreditLimit"], says=["CreditLimit"])
    assert server.refused() == ["CreditLimit"]


def test_a_name_that_is_wrong_is_not_believed() -> None:
    assert Server(["Part7"], says=["Rules", "Nothing"]).refused() == ["Part7"]


def test_what_is_named_one_after_the_other_is_all_left_out() -> None:
    class OneByOne(Server):
        def refusal(self, parts: Sequence[str]) -> AcumaticaError | None:
            self.says = tuple(sorted(p for one in self.together for p in one & set(parts)))[:1]
            return super().refusal(parts)

    server = OneByOne(["Part3"], ["Rules"], ["Status"], says=["Part3"])
    assert sorted(server.refused() or ()) == ["Part3", "Rules", "Status"]


@pytest.mark.parametrize("part", [*FIELDS, *OTHERS, *CUSTOM])
def test_what_is_not_named_is_found_by_halves(part: str) -> None:
    server = Server([part])
    assert server.refused() == [part]
    assert server.requests <= 14


def test_any_combination_is_taken_apart_with_few_requests() -> None:
    chance = random.Random(5)
    every = [*FIELDS, *OTHERS, *CUSTOM]
    for _ in range(300):
        together = [chance.sample(every, chance.choice([1, 1, 2, 3])) for _ in range(2)]
        server = Server(*together, says=chance.sample(every, chance.choice([0, 0, 1, 2])))
        found = server.refused()
        assert found is not None
        assert len(found) <= 4
        assert server.requests <= 40, (together, server.says)


def test_where_even_the_keys_are_refused_nothing_can_be_left_out() -> None:
    server = Server([])
    assert server.refused() is None
    assert server.requests <= 4


def test_what_is_refused_for_its_size_comes_without_all_other_parts() -> None:
    server = Server()  # one record of it is answered
    assert server.refused() == [*(part for part in OTHERS if "/" not in part), CUSTOM[0]]
    assert server.refused(others=[]) is None


def test_words_that_do_not_tell_are_no_hindrance() -> None:
    server = Server(["Rules"])
    error = ServerError("Object reference not set to an instance of an object.")
    assert refused_parts(ENTITY, FIELDS, OTHERS, error, server.refusal) == ["Rules"]
