"""How the operator gets onto a cluster: its manifests, its permissions, and what is checked before. Pure."""
