"""RayClusters as a person writes them, of nodes that are as small as real Ray allows."""


def raycluster(name: str, workers: int, memory: str) -> str:
    """A head and a group of workers, one CPU and so much memory each."""
    resources = f'resources: {{limits: {{cpu: "1", memory: {memory}}}}}'
    return f"""
apiVersion: ray.io/v1
kind: RayCluster
metadata: {{name: {name}}}
spec:
  rayVersion: "2.60.0"
  headGroupSpec:
    rayStartParams: {{}}
    template: {{spec: {{containers: [{{name: ray-head, {resources}}}]}}}}
  workerGroupSpecs:
  - groupName: small
    replicas: {workers}
    rayStartParams: {{}}
    template: {{spec: {{containers: [{{name: ray-worker, {resources}}}]}}}}
"""
