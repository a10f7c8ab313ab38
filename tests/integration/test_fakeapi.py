"""`FakeApi` against a real API server: the same requests, the same answers, the same events.

SHOAL_FAKE_SEQUENCES: how many random sequences (`make verify-fake` plays 1,200); SHOAL_FAKE_SEED: which ones.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from integration.fake_batch import clean, in_turns, new_namespaces, play
from integration.fake_cases import CASES, play_case
from integration.fake_garbage import Family, comes_to, family, left, make
from integration.fake_play import Answer, Player, normal
from integration.fake_scenarios import SCENARIOS, Place
from integration.fake_sequences import Writer
from kube import OUTSIDE, Cluster
from shoal.backends.kubernetes.direct import DirectTransport
from shoal.backends.kubernetes.kubeconfig import access
from shoal.backends.kubernetes.transport import Request
from shoal.spec.kinds import RAY_KINDS
from shoal.testing.fakeapi import FakeApi

pytestmark = pytest.mark.kube

SEQUENCES = int(OUTSIDE.get("SHOAL_FAKE_SEQUENCES", "50"))
SEED = OUTSIDE.get("SHOAL_FAKE_SEED", "shoal")
LENGTH = 12
BATCH = 50
CONTROLLERS = "kube-controller-manager"
"""Every twenty seconds it ends pods that are to go and have no machine: nothing that the server itself does."""
T = TypeVar("T")


def on(cluster: Cluster, work: Callable[[DirectTransport], Awaitable[T]]) -> T:
    """What the work, done with a transport to the real server, gives."""

    async def run() -> T:
        async with DirectTransport(access(str(cluster.kubeconfig), environ={})) as transport:
            return await work(transport)

    return asyncio.run(run())


def differences(real: Any, fake: Any, path: str = "") -> list[str]:
    """Where two bodies differ, and how."""
    if isinstance(real, dict) and isinstance(fake, dict):
        names = sorted(real.keys() | fake.keys())
        return [line for name in names for line in differences(real.get(name), fake.get(name), f"{path}.{name}")]
    if isinstance(real, list) and isinstance(fake, list) and len(real) == len(fake):
        return [line for i, one in enumerate(real) for line in differences(one, fake[i], f"{path}[{i}]")]
    return [] if real == fake else [f"{path}: really {real!r}, the fake {fake!r}"]


def compared(namespace: str, real: list[Answer], fake: list[Answer], steps: list[Any]) -> list[str]:
    """What the first answer that differs says, and what was asked; nothing when none does."""
    pairs = zip(normal(namespace, real), normal(namespace, fake), strict=False)
    for i, (one, other) in enumerate(pairs):
        if one != other:
            asked = str(steps[i]) if i < len(steps) else "a watch"
            said = [f"answer {i} is really {one[0]}, of the fake {other[0]}", *differences(one[1], other[1])[:8]]
            return [f"after {len(steps)} steps: {asked}", *said]
    return [] if len(real) == len(fake) else [f"{len(real)} answers and events, of the fake {len(fake)}"]


@pytest.fixture(scope="module")
def server(kube: Cluster) -> Cluster:
    """The real one, with our definitions."""
    kube.define_kinds()
    # A watch can't begin before the server has begun to keep the kind, which it does at the first request.
    for kind in RAY_KINDS:
        kube.kubectl("get", f"{kind.lower()}s.ray.io", "--all-namespaces")
    return kube


def play_on_both(server: Cluster, seeds: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """What differs, by seed; and the seeds that say nothing, because a controller took part in the real one."""
    mark = uuid.uuid4().hex[:6]
    names = {seed: f"fake-{mark}-{i}" for i, seed in enumerate(seeds)}

    async def really(transport: DirectTransport) -> dict[str, list[Answer]]:
        await new_namespaces(transport, list(names.values()))
        try:
            return await play(transport, {name: Writer(seed) for seed, name in names.items()}, LENGTH)
        finally:
            await clean(transport, list(names.values()))

    real = on(server, really)
    api = FakeApi(time.time, namespaces=list(names.values()))
    fake = asyncio.run(play(api, {name: Writer(seed) for seed, name in names.items()}, LENGTH))
    wrong = {
        seed: said
        for seed, name in names.items()
        if (said := compared(name, real[name], fake[name], Writer(seed).steps(LENGTH)))
    }
    disturbed = [seed for seed in wrong if CONTROLLERS in str(real[names[seed]])]
    return {seed: said for seed, said in wrong.items() if seed not in disturbed}, disturbed


@pytest.mark.parametrize("first", range(0, SEQUENCES, BATCH))
def test_random_sequences_get_the_same_answers_and_events(server: Cluster, first: int) -> None:
    seeds = [f"{SEED}-{i}" for i in range(first, min(first + BATCH, SEQUENCES))]
    wrong, disturbed = play_on_both(server, seeds)
    if disturbed:
        again, still = play_on_both(server, disturbed)
        wrong |= again | {seed: ["a controller took part in it twice"] for seed in still}
    assert not wrong, "\n".join(f"\n{seed}: " + "\n    ".join(said) for seed, said in wrong.items())


@pytest.fixture(scope="module")
def spaces(server: Cluster) -> Iterator[dict[str, str]]:
    """A namespace for each case and each scenario, all made at once."""
    titles = [case["name"] for case in CASES] + [scenario.__name__ for scenario in SCENARIOS]
    found = {title: f"fake-{uuid.uuid4().hex[:6]}" for title in titles}
    on(server, lambda transport: new_namespaces(transport, list(found.values())))
    yield found
    on(server, lambda transport: clean(transport, list(found.values())))


@pytest.fixture
def forgetful(server: Cluster, request: pytest.FixtureRequest) -> None:
    """Skips what needs a server that has forgotten its first versions, as it does every five minutes."""
    if "forgotten" not in request.node.name:
        return
    asked = Request(
        "GET", "/api/v1/configmaps", {"resourceVersion": "1", "resourceVersionMatch": "Exact", "limit": "1"}
    )
    if on(server, lambda transport: transport.send(asked)).status != 410:
        pytest.skip("this API server has forgotten no version yet; it does after five minutes")


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_real_server_says_what_the_case_says(server: Cluster, spaces: dict[str, str], case: dict[str, Any]) -> None:
    name = spaces[case["name"]]
    assert on(server, lambda transport: play_case(Player(transport, name), case["steps"])) == []


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_a_real_server_plays(
    server: Cluster, spaces: dict[str, str], scenario: Callable[[Place], Awaitable[None]]
) -> None:
    name = spaces[scenario.__name__]
    on(server, lambda transport: scenario(Place(transport, name, lambda: asyncio.sleep(0.5))))


FAMILIES = max(SEQUENCES // 5, 10)


def test_families_of_objects_are_collected_alike(server: Cluster) -> None:
    """One namespace each, step by step: after each one the real controllers get the time to do what the fake's did."""
    mark = uuid.uuid4().hex[:6]
    seeds = {f"fake-{mark}-{i}": f"{SEED}-{i}" for i in range(FAMILIES)}
    families = {name: family(seed) for name, seed in seeds.items()}
    wanted = asyncio.run(rounds_on_fake(families))

    async def really(transport: DirectTransport) -> dict[str, str]:
        await new_namespaces(transport, list(seeds))
        try:
            players = await make(transport, families)
            wrong: dict[str, str] = {}
            for number, state in enumerate(wanted):
                if number:
                    await break_all(players, families, number - 1)
                found = await comes_to(transport, players, state)
                wrong |= {name: f"round {number}: {there}, of the fake {state[name]}" for name, there in found.items()}
                players = {name: player for name, player in players.items() if name not in wrong}
            return wrong
        finally:
            await clean(transport, list(seeds))

    wrong = on(server, really)
    assert not wrong, "\n".join(f"{seeds[name]}: {said}" for name, said in wrong.items())


async def rounds_on_fake(families: dict[str, Family]) -> list[dict[str, Any]]:
    """What is left of every family after it was made, and after each step that breaks it."""
    api = FakeApi(time.time, namespaces=list(families))
    players = await make(api, families)
    states = []
    for number in range(max(len(one.breaking) for one in families.values()) + 1):
        if number:
            await break_all(players, families, number - 1)
        api.controllers.act()
        states.append({name: await left(api, name, players) for name in families})
    return states


async def break_all(players: dict[str, Player], families: dict[str, Family], number: int) -> None:
    """Take that step of every family that has it."""
    steps = {name: families[name].breaking[number : number + 1] for name in players}
    await in_turns(player.play(steps[name]) for name, player in players.items())
