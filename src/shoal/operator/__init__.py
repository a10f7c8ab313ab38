"""The operator: wiring, the queue, the lease."""
