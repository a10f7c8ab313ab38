"""Files of the repository that the program writes: written, or held against what it would write."""

import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


def write_or_check(texts: Mapping[Path, str], target: str) -> int:
    """Write the texts, or with ``--check`` on the command line only compare them; 1 when one is out of date.

    target: of make, writes them.
    """
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        if stale:
            names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
            print(f"out of date: {names}. Run `make {target}` and commit it.", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path])
    return 0
