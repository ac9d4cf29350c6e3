"""The container image, built and run for real where buildah is there."""
