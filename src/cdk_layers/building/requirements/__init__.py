"""Manifests and lock files, and the pins for a target that follow from them."""
