"""What a lead says: a message read into the facts of an opportunity. Pure: no socket, clock, disk or log."""
