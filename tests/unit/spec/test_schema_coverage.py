"""Every field that KubeRay's custom resource definitions accept can be read, with a type that fits."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.spec.kinds import RAY_KINDS
from shoal.spec.kubernetes.meta import ObjectMeta
from shoal.spec.parse import parse
from shoal.spec.shapes import Shape, fields_of, shape_of

FOLDER = os.environ.get("SHOAL_KUBERAY_DIR")
REQUIRED_HERE = {"rayClusterConfig"}  # v1alpha1 lets a RayService without a cluster through; nothing could run it
pytestmark = pytest.mark.skipif(not FOLDER, reason="SHOAL_KUBERAY_DIR is not set to a folder with crds/ and samples/")
CRDS = {"RayCluster": "rayclusters", "RayJob": "rayjobs", "RayService": "rayservices", "RayCronJob": "raycronjobs"}
FITTING = {
    "string": {"str", "literal"},
    "integer": {"int"},
    "number": {"float"},
    "boolean": {"bool"},
    "array": {"tuple"},
    "object": {"struct", "dict", "any"},
}


def misfits(schema: dict[str, Any], shape: Shape, path: str) -> Iterator[str]:
    """The paths below ``path`` that the schema allows and the shape does not read."""
    if schema.get("x-kubernetes-int-or-string"):
        if shape.kind != ("quantity" if "pattern" in schema else "int_or_str"):
            yield f"{path}: {shape.kind} for an int or string"
        return
    if shape.kind not in FITTING[schema["type"]]:
        yield f"{path}: {shape.kind} for {schema['type']}"
    elif shape.kind == "literal" and not set(schema.get("enum", ())) <= set(shape.of):
        yield f"{path}: allows {shape.of}, not {schema['enum']}"
    elif shape.kind == "tuple":
        yield from misfits(schema["items"], shape.of, f"{path}[]")
    elif shape.kind == "dict":
        yield from misfits(schema["additionalProperties"], shape.of, f"{path}{{}}")
    elif shape.kind == "struct":
        yield from struct_misfits(schema, shape.of, path)


def struct_misfits(schema: dict[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[str]:
    fields = fields_of(struct)
    for name, inner in schema.get("properties", {}).items():
        if name not in fields:
            yield f"{path}.{name}: missing in {struct.__name__}"
        else:
            yield from misfits(inner, fields[name].shape, f"{path}.{name}")
    required = (
        {name for name, field in fields.items() if field.required}
        - {"apiVersion", "kind", "metadata", "spec"}
        - REQUIRED_HERE
    )
    if struct is not ObjectMeta and schema.get("properties"):
        yield from (f"{path}.{name}: required here only" for name in required - set(schema.get("required", ())))


@pytest.mark.parametrize("kind", RAY_KINDS)
def test_every_field_of_the_definitions_can_be_read(kind: str) -> None:
    definition = yaml.load((Path(FOLDER or "") / f"crds/ray.io_{CRDS[kind]}.yaml").read_text(), Loader=yaml.CSafeLoader)
    versions = definition["spec"]["versions"]
    assert {version["name"] for version in versions} <= {"v1", "v1alpha1"}
    for version in versions:
        schema = version["schema"]["openAPIV3Schema"]
        assert list(misfits(schema, shape_of(RAY_KINDS[kind]), f"{version['name']} {kind}")) == []


def test_the_walk_sees_a_missing_field_and_a_wrong_type() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "integer"}, "colour": {"type": "string"}}}
    assert list(misfits(schema, shape_of(ObjectMeta), "meta")) == [
        "meta.name: str for integer",
        "meta.colour: missing in ObjectMeta",
    ]


SAMPLES = sorted((Path(FOLDER) / "samples").glob("*.yaml")) if FOLDER else []


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_parses_without_an_error(sample: Path) -> None:
    parsed = parse(sample.read_bytes(), sample.name)
    assert parsed.findings == ()
    assert parsed.documents


@pytest.mark.skipif(not FOLDER, reason="no samples")
def test_no_sample_is_left_out() -> None:
    assert len(SAMPLES) == 47
