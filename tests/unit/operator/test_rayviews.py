"""When Ray is asked, and what is believed of its answers."""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from shoal.desired.cluster import DesiredCluster, DesiredNode, Role
from shoal.operator.rayviews import BROKEN, CALM_S, FIRST_WAIT_S, RayViews
from shoal.plan.left_behind import PATIENCE_S
from shoal.testing.clock import VirtualClock
from shoal.world.kubernetes import Meta, Observed, Pod, PodCondition, PodStatus, RayView, Resource

KEY = ("default", "demo")
DESIRED = DesiredCluster("demo", "", (DesiredNode("head", Role.HEAD, "headgroup", {}),))
SILENT = RayView(error="Ray's GCS does not answer")


def alive(*names: str) -> RayView:
    return RayView({name: f"id-of-{name}" for name in names})


def observed(*ready: str) -> Observed:
    status = PodStatus("Running", conditions=(PodCondition("Ready", "True"),))
    pods = tuple(Pod(Meta(name, "default", name, "1"), status=status) for name in ready)
    return Observed(Resource(Meta("demo", "default")), pods)


class Ray:
    """RayViews over answers that a test gives."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.answers: list[RayView] = []
        self.looks: list[float] = []
        self.asked = 0
        self.views = RayViews(self._ask, lambda key, seconds: self.looks.append(seconds), self.clock.monotonic)

    async def _ask(self, observed: Observed, desired: DesiredCluster) -> RayView:
        self.asked += 1
        await asyncio.sleep(0)
        return self.answers.pop(0)

    async def look(self, *ready: str, answer: RayView | None = None) -> float | None:
        """One step of the cluster, and the answer if there is one."""
        if answer is not None:
            self.answers.append(answer)
        wait = self.views.look(KEY, observed(*ready), DESIRED)
        for _ in range(4):
            await asyncio.sleep(0)
        return wait


def play(scenario: Callable[[Ray], Awaitable[None]]) -> None:
    async def whole() -> None:
        await scenario(Ray())

    asyncio.run(whole())


def test_nobody_is_asked_before_the_head_is_ready() -> None:
    async def scenario(ray: Ray) -> None:
        assert await ray.look("worker") is None
        assert ray.asked == 0
        assert ray.views.view(KEY) is None
        assert not ray.views.is_first_question_open(KEY)

    play(scenario)


def test_the_answer_comes_beside_and_wakes_the_cluster() -> None:
    async def scenario(ray: Ray) -> None:
        ray.answers.append(alive("head"))
        ray.views.look(KEY, observed("head"), DESIRED)
        assert ray.views.is_first_question_open(KEY)
        assert ray.views.view(KEY) is None
        for _ in range(4):
            await asyncio.sleep(0)
        assert ray.views.view(KEY) == alive("head")
        assert not ray.views.is_first_question_open(KEY)
        assert ray.looks == [0.0]

    play(scenario)


def test_while_ray_agrees_it_is_asked_seldom() -> None:
    async def scenario(ray: Ray) -> None:
        await ray.look("head", answer=alive("head"))
        assert await ray.look("head") == CALM_S
        ray.clock.now += CALM_S
        await ray.look("head", answer=alive("head"))
        assert ray.asked == 2
        assert ray.looks == [0.0, CALM_S]

    play(scenario)


def test_it_is_asked_at_once_when_the_ready_pods_change() -> None:
    async def scenario(ray: Ray) -> None:
        await ray.look("head", answer=alive("head"))
        await ray.look("head", "worker", answer=alive("head", "worker"))
        assert ray.asked == 2
        assert ray.views.view(KEY) == alive("head", "worker")

    play(scenario)


def test_while_it_does_not_see_a_ready_pod_it_is_asked_less_and_less_often() -> None:
    async def scenario(ray: Ray) -> None:
        await ray.look("head", "worker", answer=alive("head"))
        waits = []
        for _ in range(3):
            wait = await ray.look("head", "worker")
            assert wait is not None
            waits.append(wait)
            ray.clock.now += wait
            await ray.look("head", "worker", answer=alive("head"))
        assert waits == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S]

    play(scenario)


def test_one_lost_answer_is_no_news_and_several_are() -> None:
    async def scenario(ray: Ray) -> None:
        await ray.look("head", answer=alive("head"))
        ray.clock.now += CALM_S
        await ray.look("head", answer=SILENT)
        assert ray.views.view(KEY) == alive("head")
        for _ in range(2):
            ray.clock.now += 60
            await ray.look("head", answer=SILENT)
        silent = ray.views.view(KEY)
        assert silent == replace(SILENT, before=alive("head").alive)  # whom it had is not forgotten
        ray.clock.now += 60
        await ray.look("head", answer=SILENT)
        assert ray.views.view(KEY) == silent
        ray.clock.now += 60
        await ray.look("head", answer=alive("head", "worker"))
        assert ray.views.view(KEY) == alive("head", "worker")

    play(scenario)


def test_asking_that_breaks_is_told_and_tried_again() -> None:
    async def scenario(ray: Ray) -> None:
        await ray.look("head")  # there is no answer to give
        assert ray.views.view(KEY) == BROKEN
        assert ray.looks == [0.0]
        wait = await ray.look("head")
        assert wait is not None
        ray.clock.now += wait
        await ray.look("head", answer=alive("head"))
        assert ray.views.view(KEY) == alive("head")

    play(scenario)


def test_a_ray_that_has_never_answered_is_known_not_to() -> None:
    async def scenario(ray: Ray) -> None:
        await ray.look("head", answer=SILENT)
        assert ray.views.view(KEY) == SILENT

    play(scenario)


def outside(ray: Ray) -> frozenset[str]:
    view = ray.views.view(KEY)
    assert view is not None
    return view.outside


def test_who_is_in_no_answer_for_a_while_is_outside() -> None:
    async def scenario(ray: Ray) -> None:
        await ray.look("head", "worker", answer=alive("head"))
        assert not outside(ray)
        ray.clock.now += PATIENCE_S
        await ray.look("head", "worker", answer=alive("head"))
        assert outside(ray) == {"worker"}
        ray.clock.now += CALM_S
        await ray.look("head", "worker", answer=alive("head", "worker"))
        assert not outside(ray)

    play(scenario)


def test_who_was_in_an_answer_has_its_while_again() -> None:
    async def scenario(ray: Ray) -> None:
        for names in (("head",), ("head", "worker"), ("head",)):
            await ray.look("head", "worker", answer=alive(*names))
            ray.clock.now += PATIENCE_S
        assert not outside(ray)

    play(scenario)


def test_while_ray_is_silent_nobody_is_missing() -> None:
    async def scenario(ray: Ray) -> None:
        for answer in (alive("head"), SILENT, alive("head")):
            await ray.look("head", "worker", answer=answer)
            ray.clock.now += PATIENCE_S
        assert not outside(ray)

    play(scenario)


def test_what_an_earlier_head_said_is_forgotten() -> None:
    async def scenario(ray: Ray) -> None:
        await ray.look("head", answer=alive("head"))
        await ray.look("worker")
        assert ray.views.view(KEY) is None

    play(scenario)
