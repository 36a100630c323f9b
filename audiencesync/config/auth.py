"""The ways to log in to Salesforce."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from audiencesync.config.base import Secret, Strict, Text, Url
from audiencesync.config.mistakes import nearest

CONSUMER_KEY = "Consumer key of the connected app or external client app, by reference."
CLIENT_SECRET = "Consumer secret of the app, by reference."  # noqa: S105 - a description


class JwtBearer(Strict):
    """OAuth JWT bearer flow: a key pair instead of a password. Best for a machine."""

    method: Literal["jwt_bearer"] = Field(description="How to log in.")
    consumer_key: Secret = Field(description=CONSUMER_KEY)
    username: Text = Field(description="Salesforce user that the app acts as, approved for it.")
    private_key: Secret = Field(description="RSA private key in PEM form, by reference.")
    audience: Text | None = Field(
        default=None,
        description="The token's `aud`; by default the production or sandbox host that `login_url` implies.",
    )


class RefreshToken(Strict):
    """OAuth refresh token, as a browser login leaves it."""

    method: Literal["refresh_token"] = Field(description="How to log in.")
    consumer_key: Secret = Field(description=CONSUMER_KEY)
    client_secret: Secret | None = Field(
        default=None, description=f"{CLIENT_SECRET} Only if the app wants it."
    )
    refresh_token: Secret = Field(description="The refresh token, by reference.")


class ClientCredentials(Strict):
    """OAuth client credentials flow: the app acts as its own integration user."""

    method: Literal["client_credentials"] = Field(description="How to log in.")
    consumer_key: Secret = Field(description=CONSUMER_KEY)
    client_secret: Secret = Field(description=CLIENT_SECRET)


class AccessToken(Strict):
    """A token made elsewhere; it cannot be renewed."""

    method: Literal["access_token"] = Field(description="How to log in.")
    access_token: Secret = Field(description="The access token, by reference.")
    instance_url: Url = Field(
        description="The org that the token is for, such as https://x.my.salesforce.com."
    )


class Password(Strict):
    """OAuth user name and password flow, which most orgs block."""

    method: Literal["password"] = Field(description="How to log in.")
    consumer_key: Secret = Field(description=CONSUMER_KEY)
    client_secret: Secret | None = Field(
        default=None, description=f"{CLIENT_SECRET} Only if the app wants it."
    )
    username: Text = Field(description="Salesforce user name.")
    password: Secret = Field(
        description="Password by reference, with the security token appended where the org asks for one."
    )


METHODS = ("jwt_bearer", "refresh_token", "client_credentials", "access_token", "password")


def method_meant(value: object) -> str:
    """The method that the keys are checked against; a misspelt one is reported by its own field."""
    method = value.get("method") if isinstance(value, Mapping) else getattr(value, "method", None)
    if not isinstance(method, str):
        return METHODS[0]
    return method if method in METHODS else nearest(method, METHODS) or METHODS[0]


Auth: TypeAlias = Annotated[
    Annotated[JwtBearer, Tag("jwt_bearer")]
    | Annotated[RefreshToken, Tag("refresh_token")]
    | Annotated[ClientCredentials, Tag("client_credentials")]
    | Annotated[AccessToken, Tag("access_token")]
    | Annotated[Password, Tag("password")],
    Discriminator(method_meant),
]
"""One of the ways to log in."""
