"""The websocket that Ray sends a job's log through, and which part of the log has arrived."""

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import quote

from shoal.engine.http_json import Dashboard

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

CONNECT_TIMEOUT_S = 10.0
RECENT_CHARACTERS = 256
NORMAL_CLOSURE = 1000


class Tail:
    """The log of one job, read through one websocket after another.

    Ray's socket starts at the beginning of the log each time: what was seen before a drop is skipped after it.
    seen: characters given out so far. recent: the last few of them. finished: whether the last socket was closed in
    order after all of the log that was seen before, as Ray does some seconds after the job's end.
    """

    def __init__(self, dashboard: Dashboard, submission_id: str) -> None:
        self._url = f"ws{dashboard.address.removeprefix('http')}/api/jobs/{quote(submission_id, safe='')}/logs/tail"
        self._headers = dashboard.headers
        self._socket: ClientConnection | None = None
        self._open = ExitStack()
        self._to_skip = 0
        self.seen = 0
        self.recent = ""
        self.finished = False

    def receive(self, timeout_s: float) -> str | None:
        """The next piece of the log that is new, "" when none came in time, None when there is no socket.

        After None the caller waits a little and calls again, which connects anew.
        """
        from websockets.exceptions import ConnectionClosed

        self._socket = self._socket or self._connected()
        if self._socket is None:
            return None
        try:
            piece = self._socket.recv(timeout=timeout_s)
        except TimeoutError:
            return ""
        except ConnectionClosed as closed:
            in_order = closed.rcvd is not None and closed.rcvd.code == NORMAL_CLOSURE
            self.finished = in_order and self._to_skip == 0
            self.close()
            return None
        return self._new_part(piece if isinstance(piece, str) else piece.decode("utf-8", errors="replace"))

    def close(self) -> None:
        """Drop the socket, if any."""
        self._open.close()
        self._socket = None

    def _new_part(self, piece: str) -> str:
        skipped = min(self._to_skip, len(piece))
        self._to_skip -= skipped
        piece = piece[skipped:]
        self.seen += len(piece)
        self.recent = (self.recent + piece)[-RECENT_CHARACTERS:]
        return piece

    def _connected(self) -> "ClientConnection | None":
        from websockets.exceptions import InvalidHandshake
        from websockets.sync.client import connect

        # While it sends, Ray answers neither pings nor a closing handshake. Lines may be long. Proxies aren't for this.
        try:
            connection = connect(
                self._url,
                additional_headers=self._headers,
                open_timeout=CONNECT_TIMEOUT_S,
                close_timeout=0,
                ping_interval=None,
                max_size=None,
                compression=None,
                proxy=None,
                logger=_SILENT,
            )
            socket = self._open.enter_context(connection)
        except (OSError, InvalidHandshake):
            return None
        self._to_skip = self.seen
        self.finished = False
        return socket


_SILENT = logging.getLogger("shoal.engine.jobs_tail")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
