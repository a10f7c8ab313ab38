"""A real Kubernetes on this machine, for the tests: ``python -m lab``. Standard library only."""
