"""One run on spot, looked at closely: interruptions, checkpoints, deadlines, pools, mixes, waiting, drills."""
