"""All parts are compared in rounds, which may take several runs."""

from datetime import UTC, datetime, timedelta

from acumatica_source.reading.rhythm import Rhythm
from acumatica_source.resources.loading.parts_due import Round

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=2)


def test_a_round_goes_on_where_it_stopped_and_is_over_in_the_end() -> None:
    this, asked = Round(NOON, tuple("abcde")), []
    while this.left:
        assert not this.is_due(Rhythm(), LATER), "one at a time"
        share, this = this.after((), 2)
        asked.append("".join(share))
    assert asked == ["ab", "cd", "e"]
    assert this.is_due(Rhythm(), LATER)
    assert not this.is_due(Rhythm(), NOON)
    assert not this.is_due(Rhythm.of("never"), LATER)


def test_what_is_asked_for_anyway_is_compared_by_that_and_counts() -> None:
    assert Round(NOON, tuple("abcde")).after({"b", "x"}, 3) == (["a"], Round(NOON, tuple("cde")))


def test_a_table_that_never_rests_is_compared_all_the_same() -> None:
    assert Round(NOON, tuple("abc")).after(set("defgh"), 3) == (["a"], Round(NOON, tuple("bc")))
