"""One line of JSON for each thing worth telling, with the reconcile and the cluster that it belongs to.

Nothing that came from a Secret is ever given to a logger: no request, no body and no manifest is.
"""

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

import msgspec


class Context(msgspec.Struct, frozen=True):
    """What is worked on. id: of this reconcile, so that its lines can be found together."""

    id: str = ""
    namespace: str = ""
    cluster: str = ""


CONTEXT: ContextVar[Context] = ContextVar("CONTEXT", default=Context())  # noqa: B039 - it is frozen


class JsonLines(logging.Formatter):
    """Formats a record as one line: time, level, message, the context and what ``extra={"fields": ...}`` gave."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        context = CONTEXT.get()
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if context.id:
            line |= {"reconcile": context.id, "namespace": context.namespace, "cluster": context.cluster}
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def log_to_stderr(level: str) -> None:
    """Send everything from ``level`` (as ``INFO``) on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
