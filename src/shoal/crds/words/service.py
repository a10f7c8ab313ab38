"""RayService, in words."""

from shoal.crds.words.said import METADATA, OBJECT, Said
from shoal.spec import rayservice as s

_APPLICATION = {
    "status": "How it is, as Ray Serve says: RUNNING, DEPLOYING, UNHEALTHY...",
    "message": "Why, in a sentence.",
    "healthLastUpdateTime": "When it was last asked about.",
}

WORDS: Said = {
    s.RayService: OBJECT
    | METADATA
    | {
        "spec": "The Serve applications, and the cluster for them.",
        "status": "The service as it was last seen. Written by the operator.",
    },
    s.RayServiceSpec: {
        "rayClusterConfig": "The cluster that serves. A change makes a new one, to which the traffic then moves.",
        "serveConfigV2": "The Serve applications, as the YAML text of a Serve config file.",
        "serveService": "A service for the applications to start from. The port and the selector are added.",
        "upgradeStrategy": "How a change of the cluster reaches those who use it.",
        "excludeHeadPodFromServeSvc": "Send no requests to the head.",
        "rayClusterDeletionDelaySeconds": "Seconds that the old cluster stays after the traffic has moved. 60 if there "
        "is no value.",
        "serviceUnhealthySecondThreshold": "Without effect, kept for older objects.",
        "deploymentUnhealthySecondThreshold": "Without effect, kept for older objects.",
        "suspend": "True removes the clusters and keeps this object. False, or no value, brings them back.",
        "managedBy": "The controller of this object: ray.io/kuberay-operator, which no value means too, or "
        "kueue.x-k8s.io/multikueue. Can't change.",
    },
    s.RayServiceUpgradeStrategy: {
        "type": "NewCluster moves all traffic at once, NewClusterWithIncrementalUpgrade step by step. None changes "
        "nothing that runs.",
        "clusterUpgradeOptions": "The steps of an upgrade step by step.",
    },
    s.ClusterUpgradeOptions: {
        "gatewayClassName": "The GatewayClass whose gateway divides the traffic.",
        "intervalSeconds": "Seconds from one step to the next.",
        "stepSizePercent": "Percent of the traffic that moves at each step.",
        "maxSurgePercent": "Percent of the capacity that the new cluster may have beyond the old one at each step.",
    },
    s.RayServiceStatus: {
        "serviceStatus": "Running when the applications can be reached, else nothing. conditions tell more.",
        "activeServiceStatus": "The cluster that serves.",
        "pendingServiceStatus": "The cluster that is to take over.",
        "conditions": "What holds of the service, each with its reason.",
        "numServeEndpoints": "Pods that requests are sent to.",
        "lastUpdateTime": "When this status last changed.",
        "observedGeneration": "The generation of the spec that this status is about.",
    },
    s.ServiceClusterStatus: {
        "rayClusterName": "The cluster.",
        "rayClusterStatus": "The status of that cluster.",
        "applicationStatuses": "The Serve applications on it, by name.",
        "targetCapacity": "Percent of its capacity that it is to have.",
        "trafficRoutedPercent": "Percent of the traffic that it gets.",
        "lastTrafficMigratedTime": "When that last changed.",
    },
    s.ApplicationStatus: _APPLICATION | {"serveDeploymentStatuses": "The deployments of the application, by name."},
    s.ServeDeploymentStatus: _APPLICATION,
}
