"""Commitments: usage and rates joined, demand that may come, and the whole answer of what to commit to."""
