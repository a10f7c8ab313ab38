"""Log files of a pod: Ray's, read where they are, and what its container printed, which Kubernetes keeps."""

import io
import time
from collections.abc import Callable
from typing import Any

import msgspec

from shoal.backends.kubernetes.remote.head import RayPod
from shoal.backends.kubernetes.remote.helper import Helper
from shoal.backends.logs import LogFile, LogReplaced
from shoal.world.from_kubernetes import seconds

PRINTED, PRINTED_BEFORE = "start.log", "start.previous.log"
LOOK_AGAIN_S = 2.0


class PodFiles:
    """The log files of one pod, read through one Helper that goes on running. run: starts it."""

    def __init__(self, node: str, run: Callable[[], Helper]) -> None:
        self._node = node
        self._run = run
        self._helper: Helper | None = None

    def files(self) -> list[LogFile]:
        """Those that there are now."""
        answer = self.ask(do="list")
        folder = str(answer["folder"])
        return [
            LogFile(self._node, str(name), int(size), float(modified), f"{self._node}:{folder}/{name}", str(identity))
            for name, size, modified, identity in answer["files"]
        ]

    def open(self, file: LogFile) -> "RemoteLog":
        """Raises LogReplaced."""
        answer = self.ask(do="open", name=file.name, identity=file.identity)
        if answer["handle"] is None:
            step = "run the same command again"
            raise LogReplaced(f"{file.name} was renamed or deleted just now", where=file.node, next_step=step)
        return RemoteLog(self, int(answer["handle"]), int(answer["size"]))

    def read(self, handle: int, offset: int, count: int) -> tuple[bytes, int]:
        """Up to ``count`` bytes from ``offset``, and how many the file has by now."""
        answer = self.ask(do="read", handle=handle, offset=offset, count=count)
        helper = self._started()
        return helper.read(int(answer["count"])), int(answer["size"])

    def ask(self, **question: Any) -> dict[str, Any]:
        """One question, one answer."""
        helper = self._started()
        helper.write(msgspec.json.encode(question) + b"\n")
        return helper.line()

    def _started(self) -> Helper:
        if self._helper is None:
            self._helper = self._run()
        return self._helper


class RemoteLog(io.RawIOBase):
    """A file of a pod. Once read to its end, it gives what is added later."""

    def __init__(self, files: PodFiles, handle: int, size: int) -> None:
        self._files = files
        self._handle = handle
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """From the start, from here, or from the end as it was seen last."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """The next bytes, all that fit; 0 at the end."""
        data, self._size = self._files.read(self._handle, self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Let go of it there."""
        if not self.closed:
            self._files.ask(do="close", handle=self._handle)
        super().close()


class PrintedLog(io.BytesIO):
    """What a container printed. Once read to its end, it gives what was printed later. fetch: asks for all of it."""

    def __init__(self, fetch: Callable[[], bytes]) -> None:
        super().__init__(fetch())
        self._fetch = fetch
        self._looked = time.monotonic()

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        data = super().read(size)
        if data or time.monotonic() < self._looked + LOOK_AGAIN_S:
            return data
        self._looked = time.monotonic()
        at, whole = self.tell(), self._fetch()
        if len(whole) > at:
            self.seek(0)
            self.write(whole)
            self.seek(at)
        return super().read(size)


def printed(pod: RayPod) -> list[LogFile]:
    """What Kubernetes keeps of the output of a pod's Ray container: of this start, and of the one before it."""
    status = next((known for known in pod.status.container_statuses if known.name == pod.ray.name), None)
    if status is None or (status.state.waiting is not None and not status.restart_count):
        return []
    name, since = pod.metadata.name, seconds(pod.metadata.creation_timestamp)
    found = [LogFile(name, PRINTED, 0, since, f"{name}: container {pod.ray.name}", f"{PRINTED} {status.restart_count}")]
    if status.restart_count:
        place = f"{name}: container {pod.ray.name}, before its last restart"
        found.append(LogFile(name, PRINTED_BEFORE, 0, since, place, f"{PRINTED_BEFORE} {status.restart_count}"))
    return found
