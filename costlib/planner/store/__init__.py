"""What the data costs: where it lies, in what form, how it reaches the accelerators."""
