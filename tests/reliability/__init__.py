"""Random faults against a real server: what is promised must hold whatever happens in between."""
