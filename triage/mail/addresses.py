"""Address headers to `Address` records; never fails, never invents."""

import re
from email.utils import getaddresses

from triage.records import Address

_ADDR_SPEC = re.compile(r"[^\s<>,;:\"()\[\]]{1,64}@[^\s<>,;:\"()\[\]@]{1,255}")
_SIMPLE = re.compile(r'^\s*"?([^"<>,;@]{0,200}?)"?\s*<([^\s<>,;@"]{1,64}@[^\s<>,;@"]{1,255})>\s*$')
_BARE = re.compile(r'^\s*([^\s<>,;@"()\[\]:\\]{1,64}@[A-Za-z0-9.-]{1,255})\s*$')
# A header with more is a mass mailing; the rest tells nothing new.
_MAX_ADDRESSES = 50
_MAX_HEADER_CHARACTERS = 8192
_MAX_COMMENTS = 20
_MAX_GROUPS = 20


def parse_addresses(value: str) -> tuple[Address, ...]:
    """Return the mailboxes of a decoded address header (RFC 5322 section 3.4).

    Args:
        value: the field's value with encoded words already decoded.

    Returns:
        The mailboxes with an at sign; empty when none can be read.
    """
    value = value.strip()  # each pattern would try every way to part white space at the beginning
    if not value:
        return ()
    if match := _SIMPLE.match(value):  # the usual form, without the general parser
        return (Address(match[1].strip(), match[2].lower()),)
    if match := _BARE.match(value):
        return (Address("", match[1].lower()),)
    # Comments and groups may nest, and the library recurses into each (RFC 5322 sections 3.2.2 and 3.4).
    value = value[:_MAX_HEADER_CHARACTERS]
    if value.count("(") > _MAX_COMMENTS:
        value = value.replace("(", " ").replace(")", " ")
    if value.count(":") > _MAX_GROUPS:
        value = value.replace(":", " ")
    found = [
        Address(" ".join(name.split()), addr_spec.lower())
        for name, addr_spec in getaddresses([value])[:_MAX_ADDRESSES]
        if _ADDR_SPEC.fullmatch(addr_spec)
    ]
    if not found:  # "From: )+0000;,": take whatever looks like an address
        found = [Address("", match.lower()) for match in _ADDR_SPEC.findall(value)[:_MAX_ADDRESSES]]
    return tuple(found)
