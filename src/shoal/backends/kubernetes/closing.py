"""What is to be closed, and is so at the end of an ``async with``."""

from types import TracebackType
from typing import Protocol, Self


class Closing(Protocol):
    """To be derived from; what is derived says in ``close`` how."""

    async def close(self) -> None:
        """Let go of what it holds."""
        ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
