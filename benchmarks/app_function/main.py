"""A function that does next to nothing."""


def handler(event: object, context: object) -> object:
    """Answer."""
    return event
