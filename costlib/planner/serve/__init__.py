"""What serving a model needs and costs: traffic, load tests, fleets, autoscaling, modes, shared models, review."""
