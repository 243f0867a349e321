"""How many rows may vanish before somebody has to allow it."""

from typing import Any

import pytest

from acumatica_source.client.errors import ConfigurationError
from acumatica_source.reading.deletion_limit import DeletionLimit, TooManyDeletions


@pytest.mark.parametrize(
    ("gone", "loaded", "fits"),
    [
        (0, 0, True),
        (0, 5, True),
        (-3, 5, True),
        (4, 5, True),
        (5, 5, False),  # a list that turns empty
        (20, 21, True),
        (21, 100, False),
        (100, 1_000, True),
        (101, 1_000, False),
    ],
)
def test_how_many_may_vanish(gone: int, loaded: int, fits: bool) -> None:
    DeletionLimit(allowed=True).check("Vendor", gone, loaded)
    if fits:
        DeletionLimit().check("Vendor", gone, loaded)
        return
    with pytest.raises(TooManyDeletions, match=r"Vendor: .* --allow-deletes"):
        DeletionLimit().check("Vendor", gone, loaded)


@pytest.mark.parametrize("share", [-0.1, 1.1, True])
def test_what_is_no_share_is_refused(share: Any) -> None:
    with pytest.raises(ConfigurationError, match="from 0 to 1"):
        DeletionLimit(share)


def test_rows_none_of_which_is_known_are_refused_however_few() -> None:
    with pytest.raises(TooManyDeletions, match=r"Vendor: of its 3 loaded rows none has an id"):
        DeletionLimit(share=1.0).check_common("Vendor", 3)
    DeletionLimit(allowed=True).check_common("Vendor", 3)
