"""How long a node that dies again and again stays dead before the next one takes its seat."""

from shoal.world.snapshot import ObservedNode, Phase, World

FIRST_PAUSE_S = 10
LONGEST_PAUSE_S = 300


def paused(world: World, now: float) -> dict[tuple[str, str], str]:
    """Dead nodes whose seat stays empty for now: (group, seat number) -> node."""
    return {
        (node.group, str(node.seat.number)): node.name
        for node in world.nodes
        if node.phase is Phase.DEAD and now < pause_end(node)
    }


def pause_end(node: ObservedNode) -> float:
    """When a dead node may be replaced, seconds since 1970: at once the first time, then after twice the time each."""
    if node.seat.life == 0:
        return 0
    return node.created + min(FIRST_PAUSE_S * 2.0 ** (node.seat.life - 1), LONGEST_PAUSE_S)
