"""A served model's address is one at which Ray Serve listens."""

import pytest

from shoal.air.address import Address, wanted
from shoal.air.errors import SettingInvalid

pytestmark = [pytest.mark.air]

HERE, ANYWHERE = Address("127.0.0.1", 8000), Address("0.0.0.0", 8000)


@pytest.mark.parametrize(
    ("host", "port", "up", "gives"),
    [
        (None, None, None, HERE),
        ("10.0.0.1", 9000, None, Address("10.0.0.1", 9000)),
        (None, None, Address("10.0.0.1", 9000), Address("10.0.0.1", 9000)),
        (None, 8000, HERE, HERE),
        (None, None, ANYWHERE, HERE),
        ("10.0.0.1", None, ANYWHERE, Address("10.0.0.1", 8000)),
    ],
)
def test_it_is_what_is_asked_for_or_where_serve_is(
    host: str | None, port: int | None, up: Address | None, gives: Address
) -> None:
    assert wanted(host, port, up) == gives


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        (None, 9000, "port=9000: Ray Serve is up at 127.0.0.1:8000, .*say port=8000 or leave it out"),
        ("0.0.0.0", 8000, "host='0.0.0.0': Ray Serve is up at 127.0.0.1:8000, .*say host='127.0.0.1'"),
    ],
)
def test_another_than_that_of_serve_is_refused_with_both(host: str | None, port: int, says: str) -> None:
    with pytest.raises(SettingInvalid, match=says):
        wanted(host, port, HERE)
