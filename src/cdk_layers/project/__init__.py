"""What a project configures: `[tool.cdk-layers]` in its pyproject.toml, and the layers.toml of a folder of layers."""
