"""What a user measured: the sheet it is written on, and a script that fills it."""
