"""What descriptions are: of a Struct's fields, by their names on the wire."""

from typing import TypeAlias

import msgspec

Said: TypeAlias = dict[type[msgspec.Struct], dict[str, str]]

OBJECT = {
    "apiVersion": "The version of the schema that this object is written in.",
    "kind": "What this object is.",
}
METADATA = {"metadata": "Name, namespace, labels and what else Kubernetes keeps of any object."}
