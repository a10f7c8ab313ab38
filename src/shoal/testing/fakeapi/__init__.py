"""A Kubernetes API server in this process, for tests: `FakeApi`, checked against the real one."""

from shoal.testing.fakeapi.api import FakeApi
from shoal.testing.fakeapi.faults import DONE_UNHEARD, NEVER_SENT, NOT_DONE, Fault, Seen, at

__all__ = ["DONE_UNHEARD", "NEVER_SENT", "NOT_DONE", "FakeApi", "Fault", "Seen", "at"]
