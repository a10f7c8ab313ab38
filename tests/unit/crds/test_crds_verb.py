"""`shoal operator crds`."""

import json
import subprocess
import sys
from typing import Any

import pytest
import yaml

from shoal.cli.main import run
from shoal.install.manifests import definitions
from shoal.install.manifests import marked as definition
from shoal.spec.kinds import RAY_KINDS


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["operator", "crds", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_yaml_holds_every_definition_as_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys)
    assert list(yaml.load_all(out, Loader=yaml.CSafeLoader)) == definitions()
    assert "&id" not in out  # a YAML alias, which some tools don't follow


def test_json_of_one_kind_is_the_object_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, "-o", "json", "--kind", "RayJob")) == definition("RayJob")


def test_json_of_several_is_a_list_of_kubernetes(capsys: pytest.CaptureFixture[str]) -> None:
    whole: dict[str, Any] = json.loads(printed(capsys, "-o", "json", "--kind", "RayJob", "--kind", "RayCluster"))
    assert (whole["apiVersion"], whole["kind"]) == ("v1", "List")
    assert whole["items"] == [definition("RayCluster"), definition("RayJob")]


def test_every_kind_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for kind in RAY_KINDS:
        assert json.loads(printed(capsys, "-o", "json", "--kind", kind))["spec"]["names"]["kind"] == kind


def test_an_unknown_kind_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["operator", "crds", "--kind", "RayThing"]) == 2
    assert "RayThing" in capsys.readouterr().err


def test_neither_ray_nor_an_http_client_is_imported() -> None:
    code = "import sys; from shoal.cli.main import run; run(['operator', 'crds', '--kind', 'RayJob']); "
    code += "print({'ray', 'aiohttp', 'grpc', 'asyncio', 'http.client'} & set(sys.modules), file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr == "set()\n"
