"""How the fields of each kind are merged: which lists are keyed, which are sets, what is replaced as a whole.

Only what differs from the rule is written down. The rule for a built-in kind: objects are merged field by field,
lists are replaced whole. For custom resources without a schema it is the same, but names are data.
"""

import msgspec


class Type(msgspec.Struct, frozen=True):
    """How one value is merged.

    atomic: as a whole. fields: those whose types are not the rule. rest: the type of the others, None for the rule.
    is_map: the names are data, not fields of a struct. keys: of the items of a list, whose ``defaults`` fill in for
    those an item lacks. is_set: a list of scalars without order. items: the type of items.
    """

    atomic: bool = False
    fields: dict[str, "Type"] = {}
    rest: "Type | None" = None
    is_map: bool = False
    keys: tuple[str, ...] = ()
    defaults: dict[str, str] = {}
    is_set: bool = False
    items: "Type | None" = None

    def of(self, name: str) -> "Type":
        """The type of the field of that name."""
        return self.fields.get(name) or self.rest or (UNTYPED if self.is_map else PLAIN)

    def names(self, name: str) -> bool:
        """Whether the name is one of a struct's, so that the field is there even when only its inside is owned."""
        return name in self.fields or not self.is_map


PLAIN = Type()
ATOMIC = Type(atomic=True)
UNTYPED = Type(is_map=True)
SCALARS = Type(is_map=True, rest=PLAIN)
SET = Type(is_set=True)


def keyed(*keys: str, items: Type = PLAIN, **defaults: str) -> Type:
    """A list whose items have keys."""
    return Type(keys=keys, items=items, defaults=defaults)


def struct(**fields: Type) -> Type:
    """An object of which some fields are merged in their own way."""
    return Type(fields={name.rstrip("_"): inner for name, inner in fields.items()})


META = struct(
    labels=SCALARS,
    annotations=SCALARS,
    finalizers=SET,
    ownerReferences=keyed("uid", items=ATOMIC),
    managedFields=ATOMIC,
)
_RESOURCES = struct(limits=SCALARS, requests=SCALARS, claims=keyed("name"))
_SECURITY = struct()
_REF = struct(secretKeyRef=ATOMIC, configMapKeyRef=ATOMIC, fieldRef=ATOMIC, resourceFieldRef=ATOMIC)
_CONTAINER = struct(
    env=keyed("name", items=struct(valueFrom=_REF)),
    ports=keyed("containerPort", "protocol", protocol="TCP"),
    volumeMounts=keyed("mountPath"),
    volumeDevices=keyed("devicePath"),
    resources=_RESOURCES,
)
_VOLUME = struct(
    csi=struct(nodePublishSecretRef=ATOMIC, volumeAttributes=SCALARS),
    ephemeral=struct(volumeClaimTemplate=struct(spec=struct(resources=_RESOURCES, selector=ATOMIC))),
)
_CONDITIONS = keyed("type")
_POD_SPEC = struct(
    containers=keyed("name", items=_CONTAINER),
    initContainers=keyed("name", items=_CONTAINER),
    ephemeralContainers=keyed("name", items=_CONTAINER),
    volumes=keyed("name", items=_VOLUME),
    imagePullSecrets=keyed("name", items=ATOMIC),
    hostAliases=keyed("ip"),
    topologySpreadConstraints=keyed("topologyKey", "whenUnsatisfiable", items=struct(labelSelector=ATOMIC)),
    schedulingGates=keyed("name"),
    resourceClaims=keyed("name"),
    nodeSelector=Type(atomic=True),
    overhead=SCALARS,
    affinity=struct(
        nodeAffinity=struct(requiredDuringSchedulingIgnoredDuringExecution=ATOMIC),
    ),
)
_POD_STATUS = struct(
    conditions=_CONDITIONS, podIPs=keyed("ip"), hostIPs=Type(atomic=True), resourceClaimStatuses=keyed("name")
)
_TEMPLATE = struct(metadata=META, spec=_POD_SPEC)
_SPECS: dict[str, dict[str, Type]] = {
    "pods": {"spec": _POD_SPEC, "status": _POD_STATUS},
    "services": {
        "spec": struct(ports=keyed("port", "protocol", protocol="TCP"), selector=Type(atomic=True, is_map=True)),
        "status": struct(conditions=_CONDITIONS),
    },
    "secrets": {"data": SCALARS, "stringData": SCALARS},
    "configmaps": {"data": SCALARS, "binaryData": SCALARS},
    "serviceaccounts": {"secrets": keyed("name", items=ATOMIC)},
    "namespaces": {"status": struct(conditions=_CONDITIONS)},
    "persistentvolumeclaims": {
        "spec": struct(resources=_RESOURCES, selector=ATOMIC, dataSource=ATOMIC),
        "status": struct(conditions=_CONDITIONS, capacity=SCALARS, allocatedResources=SCALARS),
    },
    "events": {"involvedObject": ATOMIC, "related": ATOMIC},
    "rolebindings.rbac.authorization.k8s.io": {"roleRef": ATOMIC},
    "networkpolicies.networking.k8s.io": {"spec": struct(podSelector=ATOMIC)},
    "ingresses.networking.k8s.io": {"spec": struct(defaultBackend=struct(resource=ATOMIC))},
    "jobs.batch": {
        "spec": struct(template=_TEMPLATE, selector=ATOMIC),
        "status": struct(conditions=Type(atomic=True)),
    },
    "endpointslices.discovery.k8s.io": {},
    "customresourcedefinitions.apiextensions.k8s.io": {"status": struct(conditions=_CONDITIONS)},
}


TYPES: dict[str, Type] = {resource: Type(fields={"metadata": META, **specs}) for resource, specs in _SPECS.items()}
"""How objects of each built-in resource (PLURAL.GROUP) are merged."""
for _resource in ("roles.rbac.authorization.k8s.io", "leases.coordination.k8s.io"):
    TYPES[_resource] = Type(fields={"metadata": META})
