"""The values of the Helm chart: each explained, each checked, and the defaults those of install."""

import json
from pathlib import Path
from typing import Any

import yaml

import shoal
from shoal.install.options import IMAGE, Options
from shoal.install.workload import RESOURCES

CHART = Path(__file__).parents[3] / "charts/shoal-operator"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())


def test_the_schema_knows_exactly_the_values_there_are() -> None:
    assert set(SCHEMA["properties"]) - {"global"} == set(VALUES)
    assert set(SCHEMA["properties"]["image"]["properties"]) == set(VALUES["image"])
    assert SCHEMA["additionalProperties"] is False


def test_every_value_is_explained() -> None:
    readme = (CHART / "README.md").read_text()
    assert [name for name in VALUES if f"`{name}" not in readme] == []


def test_the_defaults_are_those_of_install() -> None:
    options = Options()
    assert f"{VALUES['image']['repository']}:{shoal.__version__}" == IMAGE
    assert (VALUES["profile"], VALUES["watchNamespaces"], VALUES["replicas"]) == (options.profile, [], options.replicas)
    assert VALUES["resources"] == RESOURCES


def test_the_chart_has_the_version_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (shoal.__version__, shoal.__version__)
