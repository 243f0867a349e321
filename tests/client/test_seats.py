import pytest

from benchmarks.seat_kills import run


@pytest.mark.slow
def test_no_program_leaves_a_seat_taken() -> None:
    result = run(programs=12, seed=7)
    assert result.left == []
    assert result.logins > 6
