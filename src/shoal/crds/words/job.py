"""RayJob and RayCronJob, in words."""

from shoal.crds.words.said import METADATA, OBJECT, Said
from shoal.spec import rayjob as j

WORDS: Said = {
    j.RayJob: OBJECT
    | METADATA
    | {
        "spec": "The command to run once, and the cluster for it.",
        "status": "The job as it was last seen. Written by the operator.",
    },
    j.RayJobSpec: {
        "entrypoint": "The command, as a shell would read it.",
        "rayClusterSpec": "A cluster of its own, made for this job.",
        "clusterSelector": "A cluster that exists, instead: its name under the key ray.io/cluster.",
        "submissionMode": "Who submits: K8sJobMode a Kubernetes Job, HTTPMode the operator, SidecarMode a container "
        "beside the head, InteractiveMode you.",
        "runtimeEnvYAML": "The runtime environment of the job, as YAML text.",
        "metadata": "Key and value pairs that Ray keeps with the job.",
        "jobId": "The submission id of the job at Ray. One is made if there is no value.",
        "entrypointNumCpus": "CPUs kept for the command itself.",
        "entrypointNumGpus": "GPUs kept for the command itself.",
        "entrypointResources": "Other resources kept for the command itself, as JSON text.",
        "submitterPodTemplate": "The pod that submits, in K8sJobMode.",
        "submitterConfig": "How submitting is tried.",
        "backoffLimit": "How often a failed job is tried again, each time on a new cluster.",
        "activeDeadlineSeconds": "Seconds after which a job that hasn't ended has failed.",
        "preRunningDeadlineSeconds": "Seconds within which the job has to be running.",
        "shutdownAfterJobFinishes": "Remove the cluster when the job has ended.",
        "ttlSecondsAfterFinished": "Seconds from the end of the job until the cluster is removed.",
        "deletionStrategy": "What is removed after the end, and when.",
        "suspend": "True stops the job and removes its cluster. False, or no value, starts it anew.",
        "managedBy": "The controller of this object: ray.io/kuberay-operator, which no value means too, or "
        "kueue.x-k8s.io/multikueue. Can't change.",
    },
    j.SubmitterConfig: {"backoffLimit": "How often the submitter is tried again. 2 if there is no value."},
    j.DeletionStrategy: {
        "deletionRules": "What to remove in which case, each after its own time.",
        "onSuccess": "What to remove after a success. Older; deletionRules say more.",
        "onFailure": "What to remove after a failure. Older; deletionRules say more.",
    },
    j.DeletionRule: {
        "condition": "When it applies.",
        "policy": "What is removed: the cluster, its workers, this object with everything of it, or nothing.",
    },
    j.DeletionCondition: {
        "jobStatus": "How the job ended, as Ray says.",
        "jobDeploymentStatus": "Or how it ended, as this object's status says.",
        "ttlSeconds": "Seconds from that end until the removal.",
    },
    j.DeletionPolicy: {
        "policy": "What is removed: the cluster, its workers, this object with everything of it, or nothing.",
    },
    j.RayJobStatus: {
        "jobId": "The submission id of the job at Ray.",
        "jobStatus": "How the job is, as Ray says: PENDING, RUNNING, STOPPED, SUCCEEDED or FAILED.",
        "jobDeploymentStatus": "How far this object is, from Initializing to Complete or Failed.",
        "reason": "Why it failed, in one word.",
        "message": "Why, in a sentence.",
        "rayClusterName": "The cluster that the job runs on.",
        "rayClusterStatus": "The status of that cluster.",
        "rayJobInfo": "When the command itself ran.",
        "dashboardURL": "Host and port of the cluster's dashboard.",
        "startTime": "When work on this object began.",
        "endTime": "When it ended.",
        "jobStatusCheckFailureStartTime": "Since when Ray couldn't be asked about the job.",
        "succeeded": "How many tries succeeded.",
        "failed": "How many tries failed.",
        "observedGeneration": "The generation of the spec that this status is about.",
    },
    j.RayJobInfo: {"startTime": "When the command began.", "endTime": "When the command ended."},
    j.RayCronJob: OBJECT
    | METADATA
    | {
        "spec": "The job to run again and again, and when.",
        "status": "What was last done. Written by the operator.",
    },
    j.RayCronJobSpec: {
        "schedule": "When: minute, hour, day of the month, month and day of the week, as in a crontab.",
        "jobTemplate": "The job that is made each time.",
        "suspend": "True makes no new jobs. Those that run go on.",
        "timeZone": "The time zone of the schedule, as Europe/Berlin. That of the operator if there is no value.",
    },
    j.RayCronJobStatus: {"lastScheduleTime": "When a job was last made."},
}
