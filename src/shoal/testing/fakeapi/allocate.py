"""The addresses of Services."""

from typing import Any

from shoal.testing.fakeapi import refusals
from shoal.testing.fakeapi.kinds import SERVICES, Kind
from shoal.testing.fakeapi.state import State
from shoal.testing.fakeapi.store import Obj

_FIRST_NODE_PORT = 30000
_TWO_FAMILIES = [
    refusals.Fault(
        "spec.ipFamilyPolicy", "Invalid value", '"RequireDualStack"',
        "this cluster is not configured for dual-stack services",
    ),
    refusals.Fault("spec.ipFamilies[1]", "Invalid value", '"IPv6"', "not configured on this cluster"),
]  # fmt: skip
"""What is wrong with a Service that had no address, so that both families would do, and shall have one."""


def allocated(state: State, kind: Kind, item: Obj, old: Obj | None = None) -> Obj:
    """A Service with its addresses and node ports, those of ``old`` where it has none; other kinds as they are."""
    if kind is not SERVICES:
        return item
    spec: dict[str, Any] = dict(item["spec"])
    before: dict[str, Any] = old["spec"] if old else {}
    if spec["type"] == "ExternalName":
        return {
            **item,
            "spec": {name: value for name, value in spec.items() if name not in ("clusterIP", "clusterIPs")},
        }
    address = spec.get("clusterIP") or (spec.get("clusterIPs") or [""])[0] or before.get("clusterIP")
    if not address:
        address = _free_address(state)
    elif not old and address != "None":
        _check_address(state, item, address)
    if old and address != "None" and "IPv6" in spec.get("ipFamilies", ()):
        raise refusals.invalid("", "Service", item["metadata"]["name"], _TWO_FAMILIES)
    spec |= {"clusterIP": address, "clusterIPs": [address]}
    both = address == "None" and not spec.get("selector")
    spec.setdefault("ipFamilies", ["IPv4", "IPv6"] if both else ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "RequireDualStack" if both else "SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec["ports"] = _with_node_ports(state, spec.get("ports", []), before.get("ports", []))
    return {**item, "spec": spec}


def _check_address(state: State, item: Obj, address: str) -> None:
    why = ""
    if not address.startswith("10.96."):
        why = f"the provided IP ({address}) is not in the valid range. The range of valid IPs is 10.96.0.0/16"
    elif address in _addresses(state):
        why = "provided IP is already allocated"
    if why:
        detail = f"failed to allocate IP {address}: {why}"
        fault = refusals.Fault("spec.clusterIPs", "Invalid value", f'["{address}"]', detail)
        raise refusals.invalid("", "Service", item["metadata"]["name"], [fault])


def _services(state: State) -> list[Obj]:
    return list(state.store.all(SERVICES.resource).values())


def _addresses(state: State) -> set[str]:
    return {service["spec"].get("clusterIP", "") for service in _services(state)}


def _free_address(state: State) -> str:
    taken = _addresses(state)
    return next(address for n in range(2, 65_000) if (address := f"10.96.{n // 250}.{n % 250 + 1}") not in taken)


def _with_node_ports(state: State, ports: list[Any], before: list[Any]) -> list[Any]:
    known = {(port["port"], port["protocol"]): port.get("nodePort") for port in before}
    taken = {port.get("nodePort") for service in _services(state) for port in service["spec"].get("ports", ())}
    free = (port for port in range(_FIRST_NODE_PORT, _FIRST_NODE_PORT + 2768) if port not in taken)
    return [
        port
        if port.get("nodePort")
        else {**port, "nodePort": known.get((port["port"], port["protocol"])) or next(free)}
        for port in ports
    ]
