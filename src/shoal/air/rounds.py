"""A bar for one training: the worker tells its rounds to an actor, and who looks is shown them.

Nobody waits for it. It begins after a second, so that short trainings pay nothing, and only where somebody looks.
"""

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shoal.air.progress import is_watched

BEFORE_S = 1.0
LOOK_EVERY_S = 0.25


class Telling:
    """A `Watch` that tells the board of this name, if there is one by now, now and then."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.board: Any = None
        self.next = 0.0

    def __call__(self, rounds: int, metrics: Mapping[str, float]) -> bool:
        """After a round, in the worker. Learning always goes on."""
        import ray

        now = time.monotonic()
        if now < self.next:
            return True
        self.next = now + LOOK_EVERY_S
        try:
            self.board = self.board or ray.get_actor(self.name)
            self.board.tell.remote(rounds, dict(metrics))
        except ValueError:  # there is no board: nobody looks yet
            self.board = None
        return True


class Board:
    """The actor: the newest that a training told."""

    def __init__(self) -> None:
        self.newest: tuple[int, dict[str, float]] = (0, {})

    def tell(self, rounds: int, metrics: dict[str, float]) -> None:
        """Keep it."""
        self.newest = (rounds, metrics)

    def read(self) -> tuple[int, dict[str, float]]:
        """Rounds, and the newest value of each curve."""
        return self.newest


@contextmanager
def rounds_shown(total: int | None) -> Iterator[Telling | None]:
    """Show a bar while the block runs, where somebody looks. Yields what the framework is to call, or None.

    total: rounds there will be. None: nobody knows, and only the time is shown.
    """
    if not is_watched():
        yield None
        return
    name = f"air-rounds-{uuid.uuid4().hex}"
    over = threading.Event()
    shower = threading.Thread(target=_show, args=(name, total, over), daemon=True)
    shower.start()
    try:
        yield None if total is None else Telling(name)
    finally:
        over.set()
        shower.join()


def _show(name: str, total: int | None, over: threading.Event) -> None:
    from tqdm.auto import tqdm

    if over.wait(BEFORE_S):
        return
    shape = {"bar_format": "{desc}: {elapsed}"} if total is None else {}
    with tqdm(total=total, desc="air: training", leave=False, **shape) as bar:
        if total is None:
            while not over.wait(LOOK_EVERY_S):
                bar.refresh()
        else:
            _follow(name, bar, over)


def _follow(name: str, bar: Any, over: threading.Event) -> None:
    import ray

    board = ray.remote(num_cpus=0)(Board).options(name=name).remote()
    asked = board.read.remote()
    while not over.wait(LOOK_EVERY_S):
        if ray.wait([asked], timeout=0)[0]:
            bar.n, metrics = ray.get(asked)
            bar.set_postfix({metric: f"{value:.4g}" for metric, value in metrics.items()})
            asked = board.read.remote()
    ray.kill(board)
