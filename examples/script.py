"""Asks a Ray cluster what it has, and runs twelve tasks on it.

The same file serves all three ways: "auto" is the cluster of the node it runs on, or the one that RAY_ADDRESS names.
"""

import ray

ray.init(address="auto")
print(ray.cluster_resources())


@ray.remote
def test():
    return 12


print(ray.get([test.remote() for _ in range(12)]))
