"""How objects are shown: in which version, whole or their metadata alone."""

from typing import Any

import msgspec

from shoal.testing.fakeapi.kinds import Kind
from shoal.testing.fakeapi.read import Page
from shoal.testing.fakeapi.store import Obj

_PARTIAL = "meta.k8s.io/v1"


class View(msgspec.Struct, frozen=True):
    """partial: metadata alone."""

    kind: Kind
    version: str
    partial: bool = False

    def one(self, item: Obj) -> Obj:
        """A single object."""
        if self.partial:
            return {"kind": "PartialObjectMetadata", "apiVersion": _PARTIAL, "metadata": item["metadata"]}
        return {**item, "kind": self.kind.kind, "apiVersion": self.kind.api_version(self.version)}

    def listed(self, page: Page) -> Obj:
        """A list. The items of built-in kinds don't say what they are."""
        meta: dict[str, Any] = {"resourceVersion": str(page.version)}
        if page.following or (self.kind.custom and not self.partial):
            meta["continue"] = page.following
        if page.remaining is not None:
            meta["remainingItemCount"] = page.remaining
        if self.partial:
            head = {"kind": "PartialObjectMetadataList", "apiVersion": _PARTIAL}
        else:
            head = {"kind": f"{self.kind.kind}List", "apiVersion": self.kind.api_version(self.version)}
        items = [self._item(item) for item in page.items]
        return {**head, "metadata": meta, "items": None if self.partial and not items else items}

    def _item(self, item: Obj) -> Obj:
        if self.partial or self.kind.custom:
            return self.one(item)
        return {name: value for name, value in item.items() if name not in ("kind", "apiVersion")}

    def bookmark(self, version: int, annotations: dict[str, str]) -> Obj:
        """The object of a bookmark."""
        meta: dict[str, Any] = {"resourceVersion": str(version)}
        if annotations:
            meta["annotations"] = annotations
        return self.one({"metadata": meta})


def view_of(kind: Kind, version: str, accept: str) -> View:
    """What the Accept header asks for."""
    return View(kind, version, "as=PartialObjectMetadata" in accept)
