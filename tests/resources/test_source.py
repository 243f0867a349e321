"""The source refuses what it could not keep apart, before anything is sent."""

import pytest

from acumatica_source import AcumaticaCredentials, EntityOptions, acumatica
from acumatica_source.client.errors import ConfigurationError

NOWHERE = AcumaticaCredentials(
    base_url="http://127.0.0.1:9/Site", username="u", password="p", tenant="T"
)


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (["ABTest", "AbTest"], "share the table 'ab_test'"),
        (["Account", EntityOptions("Account")], "more than once: Account"),
        ([], "at least one"),
        ([7], "cannot be loaded"),
    ],
    ids=["one table", "twice", "nothing", "nonsense"],
)
def test_nonsense_is_refused(load: list[object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        acumatica(NOWHERE, load=load)  # type: ignore[arg-type]


def test_nothing_is_sent_before_a_resource_is_read() -> None:
    source = acumatica(NOWHERE)
    assert "SalesOrder" in source.resources
    assert "ledger_transactions" in source.resources
