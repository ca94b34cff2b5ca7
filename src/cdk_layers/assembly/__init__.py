"""Reader of cloud assemblies and templates: `reader.read` returns the model that the rules judge."""
