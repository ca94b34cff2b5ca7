"""Configuration of a project: `[tool.cdk-layers]` in pyproject.toml, and the layers.toml of a folder of layers."""
