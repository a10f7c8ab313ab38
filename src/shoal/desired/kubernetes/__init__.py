"""What Kubernetes objects a spec stands for."""
