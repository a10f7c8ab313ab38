"""Ray clusters as pods: the API server's client, the informers, and the actions."""
