"""Between the two formats of a cluster: RayCluster and Ray's cluster.yaml. Pure."""
