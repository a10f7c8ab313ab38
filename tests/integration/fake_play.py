"""Plays a sequence on an API server, and puts what came back into a form that can be compared."""

import copy
import re
from typing import Any

import msgspec

from integration.fake_sequences import Step
from shoal.backends.kubernetes.transport import Request, Response, Transport
from shoal.testing.fakeapi.patches import merge

Obj = dict[str, Any]
Answer = tuple[int | str, Any]
"""Status and body of an answer, or type and object of a watch event."""
_TIMES = ("creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime", "startTime")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Player:
    """One sequence on one server. answers: (status, body) of every step, as they came."""

    def __init__(self, transport: Transport, namespace: str) -> None:
        self.namespace = namespace
        self.answers: list[Answer] = []
        self.transport = transport
        self._known: dict[str, list[Obj]] = {}
        self._continue = ""

    def know(self, name: str, item: Obj) -> None:
        """An object that was there before."""
        self._known.setdefault(name, []).append(item)

    def names(self) -> dict[str, str]:
        """Every uid that was seen, with the object's RESOURCE/NAME."""
        return {item["metadata"]["uid"]: name for name, items in self._known.items() for item in items}

    async def play(self, steps: list[Step]) -> None:
        """All of them, one after the other."""
        for step in steps:
            await self.step(step)

    async def step(self, step: Step) -> None:
        """Send one and remember the answer."""
        response = await self.transport.send(self._request(step))
        body = self._read(response)
        self.answers.append((response.status, body))
        if not isinstance(body, dict):
            return
        if response.status < 300 and "uid" in body.get("metadata", {}) and step.object:
            self.know(step.object, body)
        if "continue" in body.get("metadata", {}):
            self._continue = body["metadata"]["continue"]

    @staticmethod
    def _read(response: Response) -> Any:
        try:
            return msgspec.json.decode(response.body)
        except msgspec.DecodeError:
            return response.body.decode()

    def _request(self, step: Step) -> Request:
        body = self._filled(step.body)
        if step.edit:
            known = self._known.get(step.object)
            body = merge(copy.deepcopy(known[-1]) if known else {}, body)
        return Request(
            step.method,
            self._placed(step.path),
            {name: self._filled(value) for name, value in step.query.items()},
            msgspec.json.encode(body) if body is not None else b"",
            step.content_type,
            step.accept,
        )

    def _placed(self, text: str) -> str:
        return text.replace("/NS-gone/", f"/{self.namespace}-gone/").replace("/NS/", f"/{self.namespace}/")

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        if value == "NS":
            return self.namespace
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        what, _, name = value[1:].partition(":")
        if what == "continue":
            return self._continue
        known = self._known.get(name)
        if not known:
            return {"uid": "0d8f5ad6-0000-4000-8000-000000000000"}.get(what, "1")
        meta = known[0 if what == "old" else -1]["metadata"]
        return meta["uid" if what == "uid" else "resourceVersion"]


class Normal:
    """Gives what differs by nature (uids, versions, times, addresses, made names) names by the order of appearance.

    versions: every resourceVersion of an object that was seen; their order is compared, not their size.
    """

    def __init__(self, namespace: str, answers: list[Answer]) -> None:
        self._namespace = namespace
        self._uids: dict[str, str] = {}
        self._made: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        versions: set[int] = set()
        for _, body in answers:
            self._gather(body, versions)
        self._versions = {str(version): f"v{i}" for i, version in enumerate(sorted(versions))}

    def _gather(self, value: Any, versions: set[int]) -> None:
        if isinstance(value, list):
            for inner in value:
                self._gather(inner, versions)
        elif isinstance(value, dict):
            if "uid" in value and "resourceVersion" in value:
                versions.add(int(value["resourceVersion"]))
            base, name = value.get("generateName"), value.get("name")
            if base and name and name not in self._made:
                self._made[name] = f"<{len(name)} made {len(self._made)}>"
            for _, inner in sorted(value.items()):
                self._gather(inner, versions)

    def of(self, value: Any, key: str = "") -> Any:
        """The comparable form."""
        if isinstance(value, dict):
            return {self._text(name): self._field(name, inner, value) for name, inner in sorted(value.items())}
        if isinstance(value, list):
            inner = [self.of(item) for item in value]
            return sorted(inner, key=_manager) if key == "managedFields" else inner
        return self._text(value) if isinstance(value, str) else value

    def _field(self, name: str, value: Any, parent: Obj) -> Any:
        if name in _TIMES and isinstance(value, str):
            return "<time>"
        if name == "resourceVersion":
            return self._versions.get(value, value) if "uid" in parent else "<list>"
        if name == "continue":
            return "<continue>" if value else ""
        if name in ("clusterIP", "clusterIPs") and value not in ("None", ["None"]):
            return "<address>" if name == "clusterIP" else ["<address>"]
        if name == "nodePort":
            return "<port>"
        if name == "ca.crt" and isinstance(value, str):
            return "<certificate>"
        return self.of(value, name)

    def _text(self, text: str) -> str:
        text = text.replace(self._namespace, "NS")
        text = re.sub(r"kube-api-access-\w{5}\b", "kube-api-access-<made>", text)
        text = _UID.sub(lambda found: self._uids.setdefault(found[0], f"<uid {len(self._uids)}>"), text)
        for name, spelled in self._made.items():
            text = text.replace(name, spelled)
        text = re.sub(r"g-x{40,}\w{5}\b", "<made>", text)
        if "ResourceVersion" in text:
            text = re.sub(r"\((\d+)\)", lambda found: f"({self._versions.get(found[1], found[1])})", text)
        return text


def _manager(entry: Obj) -> tuple[str, ...]:
    return tuple(entry.get(name, "") for name in ("operation", "manager", "apiVersion", "subresource"))


def normal(namespace: str, answers: list[Answer]) -> list[Answer]:
    """Every answer in comparable form."""
    form = Normal(namespace, answers)
    return [(status, _brief(form.of(body))) for status, body in answers]


def _brief(body: Any) -> Any:
    """Less the words of a refusal that say no more than that the request can't be read, or print an object."""
    if not isinstance(body, dict) or body.get("kind") != "Status":
        return body
    if body.get("reason") == "BadRequest":
        return {name: value for name, value in body.items() if name != "message"}
    parts = set(re.split(r"\n|\[|\]|, (?=\w+\.)", _plain(body.get("message", "")))) - {""}
    body = body | {"message": sorted(parts)}
    details = dict(body.get("details") or {})
    causes = [
        cause | {"message": _plain(cause["message"]), "field": _plain(cause.get("field", ""))}
        for cause in details.get("causes", ())
    ]
    unique = {str(cause): cause for cause in causes}
    return body | {"details": details | {"causes": [unique[said] for said in sorted(unique)]}}


def _plain(text: str) -> str:
    """Without printed objects, differences and storage keys."""
    text = re.sub(r"Invalid value: [{\[].*", "Invalid value: <object>", text, flags=re.DOTALL)
    text = re.sub(r"(no more than \d+) (bytes|characters)", r"\1", text)
    text = re.sub(r"finalizers\[\d+\]", "finalizers", text)
    return re.sub(r"Key: \S+,", "Key: <key>,", text.partition("\n@@")[0])
