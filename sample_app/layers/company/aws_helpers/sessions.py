"""Sessions in the company's accounts."""

from __future__ import annotations

import boto3


def create_spoke_account_session(
    account: str, *, role: str = "SpokeReader", session_name: str = "hub", partition: str = "aws"
) -> boto3.session.Session:
    """Return a session with the temporary credentials of a role in a spoke account.

    Args:
        account: The spoke's account id, 12 digits.
        role: The name of the role to assume there.
        session_name: What the spoke's CloudTrail calls the session.
        partition: The partition that both accounts are in.

    Raises:
        botocore.exceptions.ClientError: The role does not exist or does not trust the caller.
    """
    answer = boto3.client("sts").assume_role(
        RoleArn=f"arn:{partition}:iam::{account}:role/{role}", RoleSessionName=session_name
    )
    credentials = answer["Credentials"]
    return boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
