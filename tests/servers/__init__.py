"""Real servers and a fault proxy, started privately."""
