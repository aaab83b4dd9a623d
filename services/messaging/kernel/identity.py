"""Who asks: the dependency by which a route gets its `Caller`.

Dependencies are coroutines even where they wait for nothing: FastAPI runs plain functions in threads, one by one.
"""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from messaging.kernel.tokens import Caller, CallerVerifier, invalid_token

bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="An access token of POST /auth/login")


def bearer_token(request: Request) -> str | None:
    """Return the bearer token of a request, or None where it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def _caller(request: Request, _documented: Annotated[object, Depends(bearer)]) -> Caller:
    token = bearer_token(request)
    if token is None:
        raise invalid_token("an access token is needed in the header Authorization")
    verifier: CallerVerifier = request.app.state.verifier
    return verifier.caller(token)


CurrentCaller = Annotated[Caller, Depends(_caller)]
"""A route with a parameter of this type is open to people with a valid access token only."""
