"""How the models fare against measured and published results: one file a topic."""
