"""The upper levels of a pod template, in words; the rest is Kubernetes' own reference."""

from shoal.crds.words.said import Said
from shoal.spec.kubernetes.pod import PodSpec, PodTemplateSpec

WORDS: Said = {
    PodTemplateSpec: {
        "metadata": "Labels and annotations of the pod.",
        "spec": "The pod, as in any manifest of Kubernetes: see `kubectl explain pod.spec`.",
    },
    PodSpec: {
        "containers": "The containers. The first one is Ray's.",
        "initContainers": "Containers that run to their end before the others start.",
        "volumes": "Storage that containers can mount.",
        "nodeSelector": "Labels that the node has to have.",
        "tolerations": "Taints of nodes that are accepted.",
        "affinity": "Which nodes, or pods nearby, are wanted or avoided.",
        "serviceAccountName": "The ServiceAccount that the pod acts as.",
        "imagePullSecrets": "Secrets for pulling the images.",
        "securityContext": "What the processes of the pod may do.",
    },
}
