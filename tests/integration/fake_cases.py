"""The cases of tests/cases/fakeapi, played on any API server."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml

from integration.fake_play import Player
from integration.fake_sequences import JSON, Step
from shoal.testing.fakeapi.kinds import KINDS
from shoal.testing.fakeapi.patches import APPLY_PATCH, JSON_PATCH, MERGE_PATCH

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/fakeapi/answers.yaml").read_text())
PATCHES = {"merge": MERGE_PATCH, "json": JSON_PATCH, "apply": APPLY_PATCH}
KNOWN = {kind.plural: kind for kind in KINDS}
ABSENT: Any = object()


def step_of(case: dict[str, Any]) -> Step:
    """A step of a case as the player takes it."""
    method, _, target = case["do"].partition(" ")
    place, _, query = target.partition("?")
    plural, _, name = place.partition("/")
    if place.startswith("/"):
        path, remembered = place, ""
    else:
        version = KNOWN[plural].api_version(KNOWN[plural].versions[0])
        path = f"{'/apis' if '/' in version else '/api'}/{version}/namespaces/NS/{place}"
        named = name.partition("/")[0] or (case.get("body") or {}).get("metadata", {}).get("name", "")
        remembered = f"{plural}/{named}" if named else ""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if method in ("POST", "PUT", "PATCH"):
        asked = {"fieldManager": "case"} | asked
    content = PATCHES[case["patch"]] if "patch" in case else JSON
    return Step(method, path, remembered, case.get("body"), asked, content)


def field(body: Any, path: str) -> Any:
    """The field at the dotted path, ABSENT if there is none."""
    for name in path.split("."):
        if isinstance(body, list) and name.isdigit() and int(name) < len(body):
            body = body[int(name)]
        elif isinstance(body, dict) and name in body:
            body = body[name]
        else:
            return ABSENT
    return body


def wrong_with(case: dict[str, Any], status: int | str, body: Any) -> list[str]:
    """What the answer has otherwise than the case says."""
    wrong = [] if status == case["status"] else [f"{case['do']}: {status}, not {case['status']}: {body}"]
    for path, wanted in case.get("has", {}).items():
        found = field(body, path)
        fits = {"*": found not in (ABSENT, "", None), "absent": found is ABSENT}
        if not (fits[wanted] if wanted in ("*", "absent") else found == wanted):
            wrong.append(f"{case['do']}: {path} is {'absent' if found is ABSENT else found}, not {wanted}")
    return wrong


async def play_case(player: Player, steps: list[dict[str, Any]]) -> list[str]:
    """Take the steps; what was answered otherwise than the case says."""
    wrong: list[str] = []
    versions: dict[str, str] = {}
    for case in steps:
        step = step_of(case)
        await player.step(step)
        status, body = player.answers[-1]
        wrong += wrong_with(case, status, body)
        version = str(field(body, "metadata.resourceVersion"))
        if "version" in case and (versions.get(step.object) == version) != (case["version"] == "same"):
            wrong.append(f"{case['do']}: version {version} is not {case['version']}")
        if step.object and isinstance(status, int) and status < 300:
            versions[step.object] = version
    return wrong
