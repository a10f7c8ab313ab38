"""Random sequences of requests, as data that can be played on any API server."""

from random import Random
from typing import Any

import msgspec

from integration.fake_shapes import SHAPES, Obj, Shape, one
from shoal.testing.fakeapi.patches import APPLY_PATCH, JSON_PATCH, MERGE_PATCH

JSON = "application/json"
NAMES = ("a", "b", "c")
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Step(msgspec.Struct, frozen=True):
    """One request.

    path: with NS for the namespace. object: RESOURCE/NAME whose answer is remembered. body: sent as it is, unless
    ``edit`` is true: then it is a merge patch of the object as this server showed it last. Strings that begin with "$"
    stand for what this server said before: ``$uid:OBJECT``, ``$version:OBJECT``, ``$old:OBJECT`` (its first version),
    ``$continue``, ``$name:OBJECT`` (where the server made the name).
    """

    method: str
    path: str
    object: str = ""
    body: Any = None
    query: dict[str, str] = {}
    content_type: str = JSON
    accept: str = JSON
    edit: bool = False


class Writer:
    """Draws one sequence."""

    def __init__(self, seed: str) -> None:
        self.rng = Random(seed)
        self.shapes = self.rng.sample(SHAPES, k=one(self.rng, 1, 1, 2))
        if any(shape.kind == "PersistentVolumeClaim" for shape in self.shapes):  # a controller writes Events of them
            self.shapes = [shape for shape in self.shapes if shape.kind != "Event"]
        self.made = 0

    def steps(self, length: int) -> list[Step]:
        """So many requests; the first makes something."""
        return [self._create(), *(self._any() for _ in range(length - 1))]

    def _any(self) -> Step:
        kinds = (
            (4, self._create), (2, self._put), (4, self._update), (4, self._merge), (2, self._json), (6, self._apply),
            (3, self._status), (2, self._get), (3, self._list), (1, self._next), (5, self._delete),
            (1, self._delete_all), (2, self._unfinalize), (2, self._wrong),
        )  # fmt: skip
        chosen: Step = self.rng.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()
        return chosen

    def _shape(self) -> Shape:
        return self.rng.choice(self.shapes)

    def _on(self, shape: Shape, method: str, name: str, **rest: Any) -> Step:
        path = f"{shape.path}/{name}" if name else shape.path
        subresource = rest.pop("subresource", "")
        path += f"/{subresource}" if subresource else ""
        remembered = f"{shape.resource}/{name}" if name else ""
        query = {"fieldManager": one(self.rng, "m", "m", "n")} if method in ("POST", "PUT", "PATCH") else {}
        return Step(method, path, rest.pop("object", remembered), query=query | rest.pop("query", {}), **rest)

    def _meta(self, name: str) -> Obj:
        rng = self.rng
        meta: Obj = {"name": name} if name else {}
        for field, chance, value in (
            ("labels", 0.5, {"x": one(rng, "1", "2"), **({"y": "1"} if rng.random() < 0.3 else {})}),
            ("annotations", 0.2, {"n": "1"}),
            ("finalizers", 0.2, [one(rng, "example.com/f", "example.com/g")]),
            ("ownerReferences", 0.1, [self._owner()]),
            ("labels", 0.05, {}),
            ("annotations", 0.05, None),
        ):
            if rng.random() < chance:
                meta[field] = value
        return meta

    def _owner(self) -> Obj:
        owner = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "default", "uid": "$uid:serviceaccounts/default"}
        return owner | one(self.rng, {}, {"controller": True}, {"blockOwnerDeletion": True})

    def _body(self, shape: Shape, name: str, fields: Obj) -> Obj:
        return {"apiVersion": shape.version, "kind": shape.kind, "metadata": self._meta(name), **fields}

    def _name(self) -> str:
        return self.rng.choice(NAMES)

    def _create(self) -> Step:
        shape = self._shape()
        if self.rng.random() < 0.1:
            self.made += 1
            body = self._body(shape, "", shape.make(self.rng))
            body["metadata"]["generateName"] = one(self.rng, "g-", "g-" + "x" * 70)
            return self._on(shape, "POST", "", body=body, object=f"{shape.resource}/$made{self.made}")
        name = self._name()
        body = self._body(shape, name, shape.make(self.rng))
        return self._on(shape, "POST", "", body=body, object=f"{shape.resource}/{name}")

    def _put(self) -> Step:
        shape, name = self._shape(), self._name()
        if shape.kept:
            return self._get()
        return self._on(shape, "PUT", name, body=self._body(shape, name, shape.make(self.rng)))

    def _update(self) -> Step:
        shape, name = self._shape(), self._name()
        meta: Obj = one(self.rng, {}, {}, {"labels": {"x": "3"}}, {"labels": None}, {"resourceVersion": None})
        if self.rng.random() < 0.2:
            meta = meta | {"resourceVersion": f"$old:{shape.resource}/{name}"}
        body = one(self.rng, {}, shape.edit(self.rng)) | {"metadata": {"name": name} | meta}
        return self._on(shape, "PUT", name, body=body, edit=True)

    def _merge(self) -> Step:
        shape, name = self._shape(), self._name()
        body = one(self.rng, {}, shape.edit(self.rng), shape.edit(self.rng))
        meta: Obj = one(
            self.rng, {}, {}, {"labels": {"x": None}}, {"labels": {"z": "1"}}, {"annotations": {"q": "r"}},
            {"annotations": None}, {"finalizers": ["example.com/g"]}, {"ownerReferences": [self._owner()]},
        )  # fmt: skip
        if shape.kept:
            meta = {name: value for name, value in meta.items() if name != "finalizers"}
        if self.rng.random() < 0.2:
            what = one(self.rng, "$version", "$old")
            meta = meta | {"resourceVersion": f"{what}:{shape.resource}/{name}"}
        body = body | ({"metadata": meta} if meta else {})
        return self._on(shape, "PATCH", name, body=body, content_type=MERGE_PATCH)

    def _json(self) -> Step:
        shape, name = self._shape(), self._name()
        if shape.kept:
            return self._get()
        body = one(
            self.rng,
            [{"op": "add", "path": "/metadata/labels", "value": {"j": "1"}}],
            [{"op": "remove", "path": "/metadata/labels"}],
            [{"op": "replace", "path": "/metadata/labels/x", "value": "9"}],
            [
                {"op": "test", "path": "/metadata/name", "value": name},
                {"op": "remove", "path": "/metadata/finalizers/0"},
            ],
            [{"op": "test", "path": "/metadata/name", "value": "other"}],
            [{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/h"}],
            [{"op": "add", "path": "/metadata/annotations", "value": {}}],
        )
        return self._on(shape, "PATCH", name, body=body, content_type=JSON_PATCH)

    def _apply(self) -> Step:
        shape, name = self._shape(), self._name()
        fields = one(self.rng, shape.make(self.rng), shape.part(self.rng), shape.part(self.rng))
        query = {"fieldManager": one(self.rng, "m", "n"), **({"force": "true"} if self.rng.random() < 0.5 else {})}
        body = self._body(shape, name, fields)
        if shape.kept:  # what one apply adds the next may take away
            body["metadata"].pop("finalizers", None)
        return self._on(shape, "PATCH", name, body=body, query=query, content_type=APPLY_PATCH)

    def _status(self) -> Step:
        shape, name = self._shape(), self._name()
        if shape.status is None:
            return self._merge()
        patch: Obj = {"status": shape.status(self.rng)}
        way = one(self.rng, "put", "merge", "apply")
        if way == "put":
            patch["metadata"] = {"name": name} | one(self.rng, {}, {"labels": {"s": "1"}}, {"finalizers": None})
            return self._on(shape, "PUT", name, body=patch, edit=True, subresource="status")
        if way == "merge":
            patch |= one(self.rng, {}, {"metadata": {"annotations": {"s": "1"}}}, shape.edit(self.rng))
            return self._on(shape, "PATCH", name, body=patch, content_type=MERGE_PATCH, subresource="status")
        body = {"apiVersion": shape.version, "kind": shape.kind, "metadata": {"name": name}, **patch}
        query = {"fieldManager": one(self.rng, "m", "n"), **({"force": "true"} if self.rng.random() < 0.5 else {})}
        return self._on(shape, "PATCH", name, body=body, query=query, content_type=APPLY_PATCH, subresource="status")

    def _get(self) -> Step:
        return self._on(self._shape(), "GET", self._name(), accept=one(self.rng, JSON, JSON, PARTIAL))

    def _list(self) -> Step:
        query: dict[str, str] = one(
            self.rng, {}, {"labelSelector": "x"}, {"labelSelector": "x=1"}, {"labelSelector": "x!=1,!y"},
            {"labelSelector": "x in (1,2),y"}, {"labelSelector": "x notin (1)"}, {"fieldSelector": "metadata.name=a"},
            {"fieldSelector": "metadata.name!=a"}, {"fieldSelector": "metadata.nope=a"}, {"limit": "1"}, {"limit": "2"},
            {"labelSelector": "x in"}, {"fieldSelector": "status.phase=Running"},
            {"limit": "1", "labelSelector": "x"},
        )  # fmt: skip
        return self._on(self._shape(), "GET", "", query=query, accept=one(self.rng, JSON, JSON, PARTIAL_LIST))

    def _next(self) -> Step:
        return self._on(self._shape(), "GET", "", query={"limit": "1", "continue": "$continue"})

    def _delete(self) -> Step:
        shape, name = self._shape(), self._name()
        if shape.kept:
            return self._list()
        known = f"{shape.resource}/{name}"
        options: Obj = one(
            self.rng, {}, {}, {"gracePeriodSeconds": 0}, {"gracePeriodSeconds": 5}, {"propagationPolicy": "Background"},
            {"preconditions": {"uid": f"$uid:{known}"}}, {"preconditions": {"uid": "other"}},
            {"preconditions": {"resourceVersion": f"$version:{known}"}},
            {"preconditions": {"resourceVersion": f"$old:{known}"}}, {"propagationPolicy": "Nope"},
            {"gracePeriodSeconds": -1},
        )  # fmt: skip
        body = {"kind": "DeleteOptions", "apiVersion": "v1", **options} if options else None
        return self._on(shape, "DELETE", name, body=body)

    def _delete_all(self) -> Step:
        shape = self._shape()
        if shape.kept:
            return self._list()
        query = one(self.rng, {"labelSelector": "x=1"}, {"labelSelector": "x"}, {"fieldSelector": "metadata.name=b"})
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        return self._on(shape, "DELETE", "", body=body, query=query)

    def _unfinalize(self) -> Step:
        shape, name = self._shape(), self._name()
        if shape.kept:
            return self._get()
        body = {"metadata": {"finalizers": one(self.rng, None, [], ["example.com/f"])}}
        return self._on(shape, "PATCH", name, body=body, content_type=MERGE_PATCH)

    def _wrong(self) -> Step:
        shape, name = self._shape(), self._name()
        body = self._body(shape, name, shape.make(self.rng))
        make = one(self.rng, self._wrong_name, self._wrong_meta, self._wrong_place, self._no_version, self._other_name)
        made: Step = make(shape, name, body)
        return made

    def _wrong_name(self, shape: Shape, name: str, body: Obj) -> Step:
        # A Service without a name keeps a real server busy until it gives up.
        body["metadata"]["name"] = one(self.rng, "A_", "-a" if shape.kind == "Service" else "", "x" * 300, "-a")
        return self._on(shape, "POST", "", body=body)

    def _wrong_meta(self, shape: Shape, name: str, body: Obj) -> Step:
        owner = {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": ""}
        body["metadata"] |= one(
            self.rng,
            {"labels": {"x": "a b"}},
            {"finalizers": ["nope"]},
            {"ownerReferences": [owner]},
            {"resourceVersion": "1"},
            {"uid": "mine"},
        )
        return self._on(shape, "POST", "", body=body, object=f"{shape.resource}/{name}")

    def _wrong_place(self, shape: Shape, name: str, body: Obj) -> Step:
        if self.rng.random() < 0.5:
            body["metadata"]["namespace"] = "elsewhere"
            return self._on(shape, "POST", "", body=body, object=f"{shape.resource}/{name}")
        step = self._on(shape, "POST", "", body=body)
        return msgspec.structs.replace(step, path=step.path.replace("/NS/", "/NS-gone/"))

    def _no_version(self, shape: Shape, name: str, body: Obj) -> Step:
        body |= one(self.rng, {"apiVersion": "v9"}, {"kind": "Nope"})
        return self._on(shape, "POST", "", body=body, object=f"{shape.resource}/{name}")

    def _other_name(self, shape: Shape, name: str, body: Obj) -> Step:
        body["metadata"]["name"] = "other"
        return self._on(shape, one(self.rng, "PUT", "PUT"), name, body=body)
