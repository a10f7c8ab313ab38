"""The Kubernetes types that Ray's kinds are made of, one module a topic: meta, container, volumes, pod, service."""
