"""The tests' own order and end."""

import pytest

import schedule


class Marked:
    """A test, as far as its marks count."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self._names else None


@pytest.mark.parametrize(
    ("cheap", "dear"),
    [((), ("air",)), (("slow",), ("ray",)), (("ray",), ("kube",)), (("kwok",), ("node", "ray"))],
)
def test_the_cheap_comes_before_the_dear(cheap: tuple[str, ...], dear: tuple[str, ...]) -> None:
    assert schedule.cost(Marked(*cheap)) < schedule.cost(Marked(*dear))  # type: ignore[arg-type]


def test_a_test_is_skipped_when_the_time_is_up_and_runs_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "UNTIL", float("inf"))
    schedule.skip_when_time_is_up()
    monkeypatch.setattr(schedule, "UNTIL", 1.0)
    with pytest.raises(pytest.skip.Exception, match="SHOAL_TEST_UNTIL"):
        schedule.skip_when_time_is_up()
