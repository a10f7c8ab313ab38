"""A clock for tests: sleeping moves it on and takes no time."""


class VirtualClock:
    """Begins at 0 s.

    now: seconds, moved on by ``sleep``.
    """

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Seconds since it was made, as its sleepers believe."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move on by ``seconds`` at once."""
        self.now += seconds
