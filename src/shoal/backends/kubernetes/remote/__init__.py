"""A cluster on Kubernetes as the command line reaches it: through the API server alone, without kubectl."""
