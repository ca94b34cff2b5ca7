"""Permissions for other accounts and organizations to use a layer version."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Stack, Token

from cdk_layers.app.model import Grant
from cdk_layers.errors import SharingError
from cdk_layers.findings import Where
from cdk_layers.project.settings import app_settings
from cdk_layers.rules.engine import refuse

if TYPE_CHECKING:
    from constructs import IConstruct

EVERYONE: Final = "*"
"""The principal for every AWS account, or for every account of an organization."""


@dataclass(frozen=True, slots=True)
class LayerGrant:
    """Permission for an account, an organization or everyone to use a layer version.

    Create one with `account`, `organization` or `public`. Equal grants become one permission.

    Examples:
        >>> LayerGrant.account("222222222222")
        LayerGrant(principal='222222222222', organization_id=None)
    """

    principal: str
    """An account id of 12 digits, or "*"."""

    organization_id: str | None = None
    """The organization that "*" is limited to; None for no limit."""

    @classmethod
    def account(cls, account_id: str) -> LayerGrant:
        """Let one account use the layer.

        Args:
            account_id: Its id of 12 digits, or a token.

        Raises:
            SharingError: The id is neither.
        """
        if account_id == EVERYONE:
            message = (
                "LayerGrant.account('*') would let every AWS account use the layer. "
                "Write LayerGrant.public() if that is meant."
            )
            raise SharingError(message)
        return cls._checked(f"LayerGrant.account({account_id!r})", account_id)

    @classmethod
    def organization(cls, organization_id: str) -> LayerGrant:
        """Let every account of an organization use the layer.

        Args:
            organization_id: Its id, such as "o-a1b2c3d4e5", or a token.

        Raises:
            SharingError: The id is neither.
        """
        if organization_id is None:
            message = (
                "LayerGrant.organization(None) would let every AWS account use the layer. "
                "Name the organization, such as 'o-a1b2c3d4e5', or write LayerGrant.public() if that is meant."
            )
            raise SharingError(message)
        return cls._checked(f"LayerGrant.organization({organization_id!r})", EVERYONE, organization_id)

    @classmethod
    def public(cls) -> LayerGrant:
        """Let every AWS account use and download the layer."""
        return cls(EVERYONE)

    @classmethod
    def _checked(cls, called: str, principal: str, organization_id: str | None = None) -> LayerGrant:
        refuse(grant_model(Where(called), principal, organization_id), app_settings())
        return cls(principal, organization_id)

    @property
    def is_public(self) -> bool:
        """Whether it lets every AWS account use the layer."""
        return self.principal == EVERYONE and self.organization_id is None

    def construct_id(self, scope: IConstruct) -> str:
        """Return the id of its permission below a layer, which does not depend on the order of grants."""
        if self.is_public:
            return "GrantPublic"
        kind, value = ("Organization", self.organization_id) if self.organization_id else ("Account", self.principal)
        if _is_token(value):
            resolved = json.dumps(Stack.of(scope).resolve(value), sort_keys=True)
            value = hashlib.sha256(resolved.encode()).hexdigest()[:8]
        return f"Grant{kind}{value}"


def grant_model(where: Where, principal: object, organization_id: object) -> Grant:
    """Return the model of a grant that is not in a template yet."""
    # The model has an empty string for an organization that is not a literal.
    organization = None if organization_id is None else _text(organization_id) or ""
    return Grant(where=where, layer=None, principal=_text(principal), organization=organization)


def _is_token(value: object) -> bool:
    """Return whether a value is known only at deploy. jsii sends no objects of Python to the CDK to find out."""
    return isinstance(value, (str, int, float, list)) and Token.is_unresolved(value)


def _text(value: object) -> str | None:
    if _is_token(value):
        return None
    if value == "":
        return "''"
    return value if isinstance(value, str) else f"{type(value).__name__} {value!r}"
