"""Secrets on disk for as long as somebody needs them there."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from shoal.backends.state import make_private, state_home


@contextmanager
def private_files(contents: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Paths of files with these contents, by the same names, mode 0600, removed at the end. What is "" gets none."""
    folder = state_home() / "kubernetes" / "secrets"
    make_private(folder)
    with ExitStack() as stack:
        yield {name: stack.enter_context(_file(folder, content)) for name, content in contents.items() if content}


@contextmanager
def _file(folder: Path, content: str) -> Iterator[str]:
    descriptor, path = tempfile.mkstemp(dir=folder)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        yield path
    finally:
        Path(path).unlink(missing_ok=True)
