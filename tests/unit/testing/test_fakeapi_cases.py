"""The fake API server answers as the cases say, which the integration tests ask a real one too."""

from typing import Any

import pytest

from integration.fake_cases import CASES, play_case
from integration.fake_play import Player
from shoal.testing.clock import run_now
from shoal.testing.fakeapi import FakeApi


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_fake_says_what_the_case_says(case: dict[str, Any]) -> None:
    api = FakeApi(namespaces=["ns"])
    api.compact()
    assert run_now(play_case(Player(api, "ns"), case["steps"])) == []


def test_the_cases_have_names_of_their_own() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) > 30
