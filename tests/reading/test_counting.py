"""Rows are estimated to a tenth, with few looks."""

from hypothesis import given
from hypothesis import strategies as st

from acumatica_source.reading.counting import FIRST, PRECISION, estimated_rows


@given(st.integers(0, 50_000_000))
def test_estimates_are_near_and_cheap(rows: int) -> None:
    looks = 0

    def window(skip: int, top: int) -> int:
        nonlocal looks
        looks += 1
        return max(0, min(top, rows - skip))

    counted = estimated_rows(window)
    assert looks <= 25
    if rows < FIRST:
        assert (counted.rows, counted.exact) == (rows, True)
    else:
        assert counted.rows <= rows <= counted.rows * (1 + PRECISION) + 1
