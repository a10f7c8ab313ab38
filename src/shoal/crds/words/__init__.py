"""The descriptions that `kubectl explain` shows."""

from shoal.crds.words import cluster, job, kubernetes, pod, service
from shoal.crds.words.said import Said

WORDS: Said = cluster.WORDS | job.WORDS | service.WORDS | kubernetes.WORDS
"""Of every field outside a pod template."""
POD_WORDS: Said = pod.WORDS
"""Of the upper levels of a pod template."""
