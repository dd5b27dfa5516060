"""Commitments for a team's usage: what runs, what is held already, what each purchase would save."""
