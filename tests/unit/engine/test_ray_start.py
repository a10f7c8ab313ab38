"""The environment of a node."""

import pytest

from shoal.desired.cluster import DesiredNode, Role
from shoal.engine.ray_start import node_environment

FORK_SUPPORT = "GRPC_ENABLE_FORK_SUPPORT"


@pytest.mark.parametrize(
    ("role", "asked", "value"),
    [(Role.HEAD, {}, "0"), (Role.HEAD, {FORK_SUPPORT: "1"}, "1"), (Role.WORKER, {}, None)],
    ids=["on a head", "unless the manifest asks for them", "and left alone on a worker"],
)
def test_grpc_has_no_fork_handlers_where_ray_client_forks(role: Role, asked: dict[str, str], value: str | None) -> None:
    node = DesiredNode("node", role, "group", {}, env=asked)
    assert node_environment(node, "cluster", "launch", "token").get(FORK_SUPPORT) == value
