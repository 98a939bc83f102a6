"""Canonical bytes: RFC 8785 narrowed to integers (FORMAT section 2), digests with their tags, base64url.

`read` takes exactly the texts that `write` gives; everything else raises `NotCanonical`.
"""
import base64
import hashlib
import json
import re
from json.encoder import encode_basestring

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32
PAYLOAD_TAG = b"sigillo/v1/payload\n"
REQUEST_TAG = b"sigillo/v1/request\n"
STATE_TAG = b"sigillo/v1/state\n"
POSSESSION_TAG = b"sigillo/v1/key-possession\n"
ENDORSEMENT_TAG = b"sigillo/v1/key-endorsement\n"
HASH = re.compile("[0-9a-f]{64}")
BASE64URL = re.compile("[A-Za-z0-9_-]*")


class NotCanonical(ValueError):
    """The text or value has no canonical form, or is not in it."""


def _order(name):
    return name.encode("utf-16-be")  # a lone surrogate raises UnicodeEncodeError


def _write(value, depth):
    # bool is a kind of int in Python, so it is looked at first
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical("integer out of range")
        return str(value)
    if depth < 1:
        raise NotCanonical("nested too deeply")
    if isinstance(value, list):
        return "[" + ",".join([_write(item, depth - 1) for item in value]) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=_order)
        return "{" + ",".join([encode_basestring(n) + ":" + _write(value[n], depth - 1) for n in names]) + "}"
    raise NotCanonical("neither JSON nor an integer")


def write(value, depth=MAX_DEPTH):
    """The canonical UTF-8 bytes of a value with at most `depth` arrays and objects inside one another."""
    try:
        return _write(value, depth).encode("utf-8")
    except UnicodeEncodeError:
        raise NotCanonical("lone surrogate") from None


def _integer(text):
    if len(text) > 17:
        raise NotCanonical("integer out of range")
    return int(text)


def _refuse(text):
    raise NotCanonical("not an integer")


def parse(data):
    """The value of a JSON text whose numbers are integers; whether the text is canonical is for the caller to see."""
    try:
        text = data.decode("utf-8")
        return json.loads(text, parse_int=_integer, parse_float=_refuse, parse_constant=_refuse)
    except NotCanonical:
        raise
    except (ValueError, RecursionError) as error:
        raise NotCanonical(str(error)) from None


def read(data, depth=MAX_DEPTH):
    """The value of canonical bytes; raises NotCanonical for any other bytes."""
    value = parse(data)
    if write(value, depth) != data:
        raise NotCanonical("not what writing its value gives")
    return value


def digest(tag, data):
    """SHA-256 over a tag and the bytes behind it, in hex."""
    return hashlib.sha256(tag + data).hexdigest()


def is_hash(value):
    return isinstance(value, str) and HASH.fullmatch(value) is not None


def is_integer(value, least=0):
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def to_base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text):
    """The bytes of a base64url text without padding; None unless encoding them again gives the same text."""
    if not isinstance(text, str) or BASE64URL.fullmatch(text) is None or len(text) % 4 == 1:
        return None
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if to_base64url(data) == text else None
