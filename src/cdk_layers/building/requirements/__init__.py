"""From manifests and lock files to pins for a target."""
