"""All rules, one function each, by theme."""

from types import ModuleType
from typing import Any

from shoal.findings import Page
from shoal.lint.rule import ClusterRule, FileRule, Rule
from shoal.lint.rules import (
    clusterfile,
    clusterfile_access,
    contradictions,
    exposure,
    gpu,
    logs,
    params,
    pods,
    ports,
    reserved,
    resources,
    scaling,
    versions,
)

_BY_THEME = (resources, gpu, scaling, versions, exposure, ports, params, logs, pods, contradictions, reserved)


def _of(*modules: ModuleType) -> list[Any]:
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Rule)]
    return sorted(found, key=lambda rule: rule.code)


CLUSTER_RULES: tuple[ClusterRule, ...] = tuple(_of(*_BY_THEME))
FILE_RULES: tuple[FileRule, ...] = tuple(_of(clusterfile, clusterfile_access))
PAGES: tuple[Page, ...] = (*(rule.page for rule in CLUSTER_RULES), *(rule.page for rule in FILE_RULES))
