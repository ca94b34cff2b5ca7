"""From an entry folder to an archive."""
