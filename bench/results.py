"""bench/RESULTS.md: a page of sections, each written by the bench that it is about."""

import datetime
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parent / "RESULTS.md"
HEAD = """# Figures

Each section is one run, both sides in turn. Ratios are what counts: seconds depend on the machine and on what else it
does.
"""


def write_section(title: str, text: str) -> None:
    """Put ``text`` under the heading ``title``: in the place of what was there, or at the end."""
    page = PAGE.read_text() if PAGE.exists() else HEAD
    sections = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    section = f"## {title}\n\n{text.strip()}\n"
    places = [number for number, each in enumerate(sections) if each.partition("\n")[0] == f"## {title}"]
    for number in places:
        sections[number] = section
    PAGE.write_text("\n".join(each.strip("\n") + "\n" for each in (sections if places else [*sections, section])))


def machine(command: str) -> str:
    """What a run is on: a line."""
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return (
        f"{day}, `{command}`, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it began, "
        f"Python {platform.python_version()}, Ray {version('ray')}, Shoal {version('shoal')}.\n"
    )
