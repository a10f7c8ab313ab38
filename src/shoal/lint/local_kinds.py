"""The kinds of things in a spec that processes on this machine can't honour, and the fields that they honour.

A pattern is a path whose ``*`` stands for any one step, and which covers all below it; the longest that matches counts.
``group`` stands for the head and every worker group, ``ray`` for the container that runs Ray.
"""

from typing import TypeAlias

import msgspec

Pattern: TypeAlias = tuple[str, ...]


class Kind(msgspec.Struct, frozen=True):
    """what: for the message, as "the image is not used". why: the rest of the page. patterns: the fields it covers."""

    code: str
    what: str
    why: str
    patterns: tuple[Pattern, ...] = ()


def _under(prefix: str, names: str) -> tuple[Pattern, ...]:
    start = tuple(prefix.split(".")) if prefix else ()
    return tuple((*start, *name.split(".")) for name in names.split())


_POD = "group.template.spec"
_RAY = "ray"

IMAGE = Kind(
    "L901",
    "images are not used: every node runs the Ray and the Python that are installed here",
    "A process needs no image. What only the image holds is missing here: install it in the environment that runs "
    "Shoal, or give it to the job as a runtime environment.",
    (*_under(_RAY, "image imagePullPolicy"), *_under(_POD, "imagePullSecrets")),
)
PLACEMENT = Kind(
    "L902",
    "nothing is placed: every node runs on this machine",
    "nodeSelector, affinity, tolerations, priorities and schedulers choose among machines. Here there is one.",
    _under(
        _POD,
        "nodeSelector affinity tolerations topologySpreadConstraints nodeName schedulerName priorityClassName priority "
        "preemptionPolicy runtimeClassName schedulingGates schedulingGroup overhead resourceClaims os",
    ),
)
LIMITS = Kind(
    "L903",
    "limits are told to Ray and not enforced: the nodes share this machine",
    "Ray schedules by the CPUs, memory and GPUs of the manifest, whether this machine has them or not. Nothing stops a "
    "node from using more than its limit, and several nodes may together promise more than there is. Requests, and "
    "resources other than those that Ray knows, have no effect.",
    (*_under(_RAY, "resources resizePolicy"), *_under(_POD, "resources")),
)
VOLUMES = Kind(
    "L904",
    "volumes are not mounted: nodes see this machine's own files",
    "What a ConfigMap, a Secret or a disk would bring is missing, and what jobs write to such a path lands on this "
    "machine's disk.",
    (*_under(_RAY, "volumeMounts volumeDevices"), *_under(_POD, "volumes")),
)
BESIDE_RAY = Kind(
    "L905",
    "containers beside Ray are not run",
    "Init containers, sidecars and ephemeral containers need a container runtime. Only the first container, the one "
    "that runs Ray, becomes a process.",
    _under(_POD, "initContainers ephemeralContainers containers"),
)
COMMANDS = Kind(
    "L906",
    "the container's own commands are not run: only `ray start` is",
    "command, args and lifecycle hooks are written for the container's file system, so they are left out. Run what "
    "they prepare by hand, or in the job.",
    _under(
        _RAY, "command args lifecycle workingDir stdin stdinOnce tty terminationMessagePath terminationMessagePolicy"
    ),
)
PROBES = Kind(
    "L907",
    "probes are not run: `shoal status` asks Ray itself",
    "Liveness and readiness probes are for the kubelet. Here a node counts as up when Ray sees it.",
    (*_under(_RAY, "livenessProbe readinessProbe startupProbe"), *_under(_POD, "readinessGates")),
)
RIGHTS = Kind(
    "L908",
    "security contexts and service accounts are not applied: nodes run as you",
    "Nodes on this machine are processes of the person who started them, with all that this person may do.",
    (
        *_under(_RAY, "securityContext"),
        *_under(
            _POD,
            "securityContext serviceAccountName serviceAccount automountServiceAccountToken hostNetwork hostPID "
            "hostIPC hostUsers shareProcessNamespace",
        ),
    ),
)
ENVIRONMENT = Kind(
    "L909",
    "variables from Secrets, ConfigMaps and pod fields are not set",
    "There is no API server to read them from. Set them in your job's runtime environment, or give them a value.",
    (*_under(_RAY, "envFrom env.*.valueFrom"),),
)
DECIDED = Kind(
    "L910",
    "addresses, ports and folders of Ray are chosen here, not taken from the manifest",
    "Several clusters live side by side on 127.0.0.1, so the options and variables that say where a node listens, what "
    "it joins, how it checks tokens and where it keeps its files are Shoal's to set. The head's own gcs, dashboard and "
    "client ports are honoured where they are free.",
)
NETWORK = Kind(
    "L911",
    "Services and Ingresses are not made: the head listens on 127.0.0.1",
    "`shoal env NAME` tells the address, and `ssh -L` brings it to another machine.",
    (
        *_under("group", "serviceType headService enableIngress ingressOptions"),
        *_under("spec", "headServiceAnnotations"),
        *_under(_RAY, "ports"),
        *_under(_POD, "dnsPolicy dnsConfig hostAliases hostname hostnameOverride subdomain setHostnameAsFQDN"),
        *_under(_POD, "enableServiceLinks"),
    ),
)
METADATA = Kind(
    "L912",
    "namespaces, labels and annotations of Kubernetes are not kept",
    "They belong to objects of the API server, and there are none here. Labels for Ray's own scheduling are the "
    "group's `labels:`, which are honoured.",
    (*_under("", "metadata status"), *_under("group", "template.metadata")),
)
AUTOSCALING = Kind(
    "L913",
    "nothing is scaled: every group runs its replicas",
    "On this machine the number of nodes changes only when you change it in the file and run `shoal up` again.",
    (
        *_under("spec", "enableInTreeAutoscaling autoscalerOptions idleTerminationOptions idleSuspend"),
        *_under("group", "idleTimeoutSeconds priority"),
    ),
)
HEAD_LOSS = Kind(
    "L914",
    "the GCS keeps its state in memory: what the head knows is lost with it",
    "gcsFaultToleranceOptions need a Redis or a volume that outlives the head. Here a head that dies takes its actors "
    "and jobs with it; `shoal up` brings up an empty one.",
    _under("spec", "gcsFaultToleranceOptions"),
)
SAFETY = Kind(
    "L915",
    "authentication and encryption are as Shoal sets them: a token always, on 127.0.0.1, without TLS",
    "Clusters on this machine ask for a token that only you can read, whatever authOptions say, and are not reachable "
    "from other machines, so networkPolicy has nothing to forbid.",
    _under("spec", "authOptions tlsOptions networkPolicy"),
)
HOSTS = Kind(
    "L916",
    "replicas of several hosts are so many separate nodes here",
    "numOfHosts makes one replica of several pods that share a TPU slice and live and die together. Here every host is "
    "a node of its own.",
    _under("group", "numOfHosts"),
)
OPERATION = Kind(
    "L917",
    "upgrades, history and other settings of an operator have no effect",
    "upgradeStrategy, managedBy, scaleStrategy, historyServerOptions and the life cycle of pods are for a controller "
    "that runs all the time. On this machine nothing runs between two commands. `shoal logs NAME --dead` has the logs.",
    (
        *_under("spec", "upgradeStrategy managedBy historyServerOptions"),
        *_under("group", "scaleStrategy"),
        *_under(_RAY, "restartPolicy restartPolicyRules"),
        *_under(_POD, "restartPolicy activeDeadlineSeconds terminationGracePeriodSeconds"),
    ),
)
OTHER_OBJECT = Kind(
    "L920",
    "is not made: only RayCluster and cluster.yaml run here",
    "Jobs, services and all other objects of the file are left alone. Submit a RayJob's entrypoint with `shoal "
    "submit`, deploy a RayService's configuration with `serve deploy`.",
)
CROWD = Kind(
    "L921",
    "there are far more nodes than this machine has CPUs",
    "Every node is a raylet with its agents, which take memory, and a CPU as they start. Many more of them than CPUs "
    "start slowly, may miss the timeout of `up`, and slow each other down ever after. To try the spec here, lower the "
    "replicas (min_workers in a cluster.yaml); one node with several CPUs does the work of many with one each.",
)
ANYTHING_ELSE = Kind(
    "L929",
    "has no effect on this machine",
    "The field is understood, but nothing here acts on it.",
)
HONOURED: tuple[Pattern, ...] = (
    *_under("", "apiVersion kind metadata.name spec.rayVersion spec.suspend"),
    *_under("group", "groupName replicas minReplicas maxReplicas suspend resources labels rayStartParams"),
    *_under(_RAY, "name env.*.name env.*.value"),
)
OF_RAYCLUSTER = (
    *(IMAGE, PLACEMENT, LIMITS, VOLUMES, BESIDE_RAY, COMMANDS, PROBES, RIGHTS, ENVIRONMENT, DECIDED, NETWORK),
    *(METADATA, AUTOSCALING, HEAD_LOSS, SAFETY, HOSTS, OPERATION),
)

FILE_COMMANDS = Kind(
    "L931",
    "commands of the file are not run: Ray is started from where it is installed here",
    "initialization, setup and start commands prepare a fresh machine. This one has Ray already; Shoal starts it with "
    "its own command, so that nothing else on the machine is stopped or overwritten.",
    _under(
        "",
        "initialization_commands setup_commands head_setup_commands worker_setup_commands head_start_ray_commands "
        "worker_start_ray_commands available_node_types.*.initialization_commands "
        "available_node_types.*.worker_setup_commands no_restart",
    ),
)
FILE_MOUNTS = Kind(
    "L932",
    "files are not copied: nodes see this machine's own",
    "file_mounts and rsync settings bring files to other machines. `shoal rsync-up` and a job's working directory do "
    "it where it is wanted.",
    _under("", "file_mounts cluster_synced_files file_mounts_sync_continuously rsync_exclude rsync_filter"),
)
FILE_DOCKER = Kind(
    "L933",
    "containers are not used: every node runs the Ray and the Python that are installed here",
    "The docker section needs a container runtime. What only the image holds is missing here.",
    _under("", "docker available_node_types.*.docker"),
)
FILE_SSH = Kind(
    "L934",
    "ssh is not used: every node runs on this machine",
    "The auth section says how to reach other machines.",
    _under("", "auth"),
)
FILE_HOSTS = Kind(
    "L935",
    "the provider's machines are not used: every node runs on this one",
    "Regions, zones, hosts and the like say where machines are made or found. `shoal up` refuses hosts other than this "
    "machine until it can reach them.",
    _under("", "provider available_node_types.*.node_config"),
)
FILE_SCALING = Kind(
    "L936",
    "nothing is scaled: every type runs its min_workers",
    "max_workers, idle timeouts, priorities and upscaling_speed are for an autoscaler, which clusters on this machine "
    "don't have yet.",
    _under(
        "",
        "max_workers upscaling_speed idle_timeout_minutes available_node_types.*.max_workers "
        "available_node_types.*.idle_timeout_s available_node_types.*.priority",
    ),
)
FILE_HONOURED: tuple[Pattern, ...] = _under(
    "",
    "cluster_name provider.type head_node_type min_workers available_node_types.*.resources "
    "available_node_types.*.min_workers available_node_types.*.labels",
)
OF_CLUSTERFILE = (FILE_COMMANDS, FILE_MOUNTS, FILE_DOCKER, FILE_SSH, FILE_HOSTS, FILE_SCALING)

NOT_CARRIED_OVER = Kind(
    "L950",
    "has no counterpart in the other format",
    "`shoal convert` writes what both formats can say, and lists the rest, each field with its line and the reason. "
    "The file it writes works without them; decide of each whether you need it.",
)
