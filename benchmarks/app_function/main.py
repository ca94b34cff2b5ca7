"""A function that does next to nothing."""


def handler(event, context):
    """Answer."""
    return event
