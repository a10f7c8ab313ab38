"""Kubernetes' own types, in words, as far as they stand outside a pod template."""

from shoal.crds.words.said import METADATA, OBJECT, Said
from shoal.spec.kubernetes import container as c
from shoal.spec.kubernetes import meta as m
from shoal.spec.kubernetes import service as s

WORDS: Said = {
    m.ObjectMeta: {
        "name": "The name.",
        "namespace": "The namespace.",
        "labels": "Labels, by which others find it.",
        "annotations": "Annotations: notes for tools.",
        "finalizers": "What has to be done before it may go.",
    },
    m.Condition: {
        "type": "What it is about.",
        "status": "Whether that holds: True, False or Unknown.",
        "lastTransitionTime": "Since when.",
        "reason": "Why, in one word.",
        "message": "Why, in a sentence.",
        "observedGeneration": "The generation of the spec that it was seen at.",
    },
    m.LabelSelector: {
        "matchLabels": "Labels that have to be there with these values.",
        "matchExpressions": "Further conditions on labels. All have to hold.",
    },
    m.SelectorRequirement: {
        "key": "The label.",
        "operator": "In, NotIn, Exists or DoesNotExist.",
        "values": "The values for In and NotIn.",
    },
    m.IPBlock: {"cidr": "A range of addresses, as 10.0.0.0/8.", "except": "Ranges within it that are left out."},
    c.EnvVar: {
        "name": "The name of the variable.",
        "value": "Its value.",
        "valueFrom": "Where its value is, instead.",
    },
    c.EnvVarSource: {
        "configMapKeyRef": "A key of a ConfigMap.",
        "secretKeyRef": "A key of a Secret.",
        "fieldRef": "A field of the pod.",
        "resourceFieldRef": "A limit or request of a container.",
        "fileKeyRef": "A key in a file of a volume.",
    },
    c.KeySelector: {
        "key": "The key.",
        "name": "The ConfigMap or Secret.",
        "optional": "Go on when it isn't there.",
    },
    c.ObjectFieldSelector: {
        "fieldPath": "The field, as metadata.name.",
        "apiVersion": "The version of the schema that names it. v1 if there is no value.",
    },
    c.ResourceFieldSelector: {
        "resource": "The limit or request, as limits.cpu.",
        "containerName": "The container.",
        "divisor": "The unit it is counted in.",
    },
    c.FileKeySelector: {
        "key": "The key.",
        "path": "The file, from the root of the volume.",
        "volumeName": "The volume.",
        "optional": "Go on when it isn't there.",
    },
    c.EnvFromSource: {
        "prefix": "Put before each name.",
        "configMapRef": "A ConfigMap.",
        "secretRef": "A Secret.",
    },
    c.EnvSource: {"name": "Its name.", "optional": "Go on when it isn't there."},
    c.ResourceRequirements: {
        "limits": "At most so much, by resource: cpu, memory, nvidia.com/gpu...",
        "requests": "At least so much, by resource. The limits if there is no value.",
        "claims": "Resource claims of the pod that are used.",
    },
    c.ContainerClaim: {
        "name": "The claim, as the pod names it.",
        "request": "One request of it, or all.",
    },
    c.SecurityContext: {
        "privileged": "Run with all rights of the host.",
        "allowPrivilegeEscalation": "Let the process gain rights.",
        "readOnlyRootFilesystem": "Let it write to volumes only.",
        "runAsNonRoot": "Refuse to start as root.",
        "runAsUser": "The user's number.",
        "runAsGroup": "The group's number.",
        "capabilities": "Linux capabilities.",
        "procMount": "How /proc is mounted.",
        "appArmorProfile": "The AppArmor profile.",
        "seccompProfile": "The seccomp profile.",
        "seLinuxOptions": "The SELinux labels: level, role, type and user.",
        "windowsOptions": "Options for Windows.",
    },
    c.Capabilities: {"add": "Given.", "drop": "Taken away."},
    c.Profile: {
        "type": "RuntimeDefault, Localhost or Unconfined.",
        "localhostProfile": "The profile on the host, for Localhost.",
    },
    c.VolumeMount: {
        "name": "The volume, as the pod names it.",
        "mountPath": "Where it is seen.",
        "readOnly": "Let nothing be written.",
        "subPath": "The folder within the volume.",
        "subPathExpr": "The same, with $(VARIABLES).",
        "mountPropagation": "Whether mounts below it are shared with the host.",
        "recursiveReadOnly": "Whether mounts below it are read-only too.",
    },
    s.Service: OBJECT
    | METADATA
    | {
        "spec": "What the service does.",
        "status": "Kept, and not used.",
    },
    s.ServiceSpec: {
        "type": "ClusterIP, NodePort, LoadBalancer or ExternalName.",
        "ports": "The ports.",
        "selector": "Labels of the pods that it leads to.",
        "clusterIP": "Its address within the cluster; None for a headless service.",
        "clusterIPs": "The same, for each IP family.",
        "externalIPs": "Addresses from outside that it answers to.",
        "externalName": "The host name that it stands for, for ExternalName.",
        "externalTrafficPolicy": "Where traffic from outside goes: Cluster or Local.",
        "internalTrafficPolicy": "Where traffic from inside goes: Cluster or Local.",
        "trafficDistribution": "Which pods are preferred, as PreferClose.",
        "healthCheckNodePort": "The port on nodes that load balancers ask.",
        "ipFamilies": "IPv4, IPv6 or both.",
        "ipFamilyPolicy": "Whether one IP family is enough.",
        "loadBalancerClass": "Which load balancer.",
        "loadBalancerIP": "The address that is asked of the load balancer.",
        "loadBalancerSourceRanges": "Ranges of addresses that the load balancer lets in.",
        "allocateLoadBalancerNodePorts": "Whether a load balancer gets ports on nodes.",
        "publishNotReadyAddresses": "Lead to pods that are not ready too.",
        "sessionAffinity": "ClientIP keeps a client at one pod. None if there is no value.",
        "sessionAffinityConfig": "For how long.",
    },
    s.ServicePort: {
        "port": "The port of the service.",
        "name": "Its name.",
        "protocol": "TCP, UDP or SCTP.",
        "targetPort": "The port of the pod, by number or name.",
        "nodePort": "The port on every node.",
        "appProtocol": "What is spoken there, as http.",
    },
    s.SessionAffinityConfig: {"clientIP": "By the client's address."},
    s.ClientIPConfig: {"timeoutSeconds": "Seconds that a client is remembered."},
    s.ServiceStatus: {"conditions": "What holds of it.", "loadBalancer": "Its load balancer."},
    s.LoadBalancerStatus: {"ingress": "Where it takes traffic in."},
    s.LoadBalancerIngress: {
        "hostname": "The host name.",
        "ip": "The address.",
        "ipMode": "How the address is used: VIP or Proxy.",
        "ports": "The ports.",
    },
    s.PortStatus: {"port": "The port.", "protocol": "TCP, UDP or SCTP.", "error": "What is wrong with it."},
    s.IngressTLS: {"hosts": "Host names of the certificate.", "secretName": "The Secret that holds it."},
    s.EgressRule: {"ports": "To these ports. To all if there are none.", "to": "To these. To all if there are none."},
    s.IngressRule: {
        "ports": "At these ports. At all if there are none.",
        "from": "From these. From all if there are none.",
    },
    s.NetworkPolicyPort: {
        "port": "The port, by number or name.",
        "endPort": "The last port of a range.",
        "protocol": "TCP, UDP or SCTP.",
    },
    s.NetworkPolicyPeer: {
        "ipBlock": "A range of addresses.",
        "namespaceSelector": "The namespaces with these labels.",
        "podSelector": "The pods with these labels.",
    },
}
