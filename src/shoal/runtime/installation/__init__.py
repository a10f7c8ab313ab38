"""The operator put onto a cluster, looked at there, and taken off again."""
