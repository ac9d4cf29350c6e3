"""Simulated owners: how fast the program learns what they mean."""
