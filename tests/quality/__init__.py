"""Quality tests."""
