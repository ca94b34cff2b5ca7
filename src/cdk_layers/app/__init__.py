"""The model of an app that the rules judge."""
