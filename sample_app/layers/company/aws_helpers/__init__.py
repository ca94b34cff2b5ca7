"""What every team of the company needs of AWS: today, a session in a spoke account."""

from aws_helpers.sessions import create_spoke_account_session

__all__ = ["create_spoke_account_session"]
