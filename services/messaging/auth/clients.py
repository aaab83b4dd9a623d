"""Who is at the other end: the client's address, through trusted proxies only, and its user agent."""

import ipaddress
from dataclasses import dataclass

from starlette.requests import Request

MAX_USER_AGENT = 200
MAX_ADDRESS = 45
IPV6_PREFIX = 64


@dataclass(frozen=True)
class Client:
    """Where a request comes from, as far as it can be trusted."""

    address: str
    user_agent: str

    @property
    def network(self) -> str:
        """What counts as one client: an IPv4 address, or the /64 of an IPv6 one, as whole /64s are given out."""
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError:
            return self.address
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((address, IPV6_PREFIX), strict=False))


def client_of(request: Request, trusted_hops: int) -> Client:
    """Read the client of a request behind `trusted_hops` proxies.

    Each trusted proxy appends the address that it sees to `x-forwarded-for`; what stands left of theirs was written
    by the client itself and counts for nothing.
    """
    printable = "".join(character for character in request.headers.get("user-agent", "") if character.isprintable())
    return Client(address=_address(request, trusted_hops)[:MAX_ADDRESS], user_agent=printable[:MAX_USER_AGENT])


def _address(request: Request, trusted_hops: int) -> str:
    nearest = request.client.host if request.client is not None else ""
    forwarded = [part.strip() for header in request.headers.getlist("x-forwarded-for") for part in header.split(",")]
    if trusted_hops == 0 or len(forwarded) < trusted_hops:
        return nearest
    return forwarded[-trusted_hops] or nearest
