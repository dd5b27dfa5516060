"""Which region, once data gravity is paid for: ranking, constraints, break-even, stability, following prices."""
