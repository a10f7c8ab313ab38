"""The river for one RayCluster on Kubernetes, without any I/O: what is known -> what is done and what is said."""
