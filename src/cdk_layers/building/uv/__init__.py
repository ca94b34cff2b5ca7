"""Running uv: resolving, installing, and explaining its errors."""
