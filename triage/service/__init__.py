"""One pass over mail, undoing one, and the daemon that repeats passes."""
