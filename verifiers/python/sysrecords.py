"""Payloads of the journal's own records: their form (FORMAT section 4). Members beside the required ones mean nothing."""
import re

import canonical
import crypto
import tree
from canonical import is_hash, is_integer
from record import UUID, matches, TYPE

HEX32 = re.compile("[0-9a-f]{32}")
PROFILE = re.compile("[A-Z][A-Z0-9]{1,15}")
OPEN_REASONS = ("start", "takeover", "write-error", "restore", "moved")
CHECKPOINT_REASONS = ("segment", "closing", "manual")


def is_text(value):
    return isinstance(value, str)


def _has(value, **forms):
    """Is `value` an object whose members have these forms?"""
    return isinstance(value, dict) and all(name in value and form(value[name]) for name, form in forms.items())


def _may_have(value, **forms):
    return all(name not in value or form(value[name]) for name, form in forms.items())


def _is_certificates(value):
    return isinstance(value, list) and all(map(is_text, value))


def _is_hashes(value):
    return isinstance(value, list) and all(is_hash(item) for item in value)


def _one_of(*words):
    return lambda value: isinstance(value, str) and value in words


def _nullable(form):
    return lambda value: value is None or form(value)


def is_seg_bits(value):
    return is_integer(value, 6) and value <= 16


def is_profile(value):
    return matches(PROFILE, value)


def _is_predecessor(value):
    required = _has(value, queue=lambda v: matches(UUID, v), size=is_integer, root=is_hash, hash=is_hash)
    return required and _may_have(value, reason=is_text)


def genesis_follows(payload, kid):
    """`sys.genesis`; `kid` is that of the body."""
    return _has(
        payload,
        digest=_one_of("SHA-256"),
        key=lambda jwk: (key := crypto.key_of(jwk)) is not None and key.kid == kid,
        nonce=lambda v: matches(HEX32, v),
        predecessor=_nullable(_is_predecessor),
        profile=is_profile,
        segBits=is_seg_bits,
        software=is_text,
    ) and _may_have(payload, name=is_text, x5c=_is_certificates)


def open_follows(payload):
    """`sys.open`, as far as its payload alone tells."""
    return _has(
        payload,
        adopted=lambda v: _has(v, epoch=is_integer, seq=is_integer, hash=is_hash),
        dead=_nullable(lambda v: _has(v, bytes=is_integer, sha256=is_hash)),
        host=is_text,
        nonce=lambda v: matches(HEX32, v),
        reason=_one_of(*OPEN_REASONS),
        software=is_text,
    )


def new_key(payload):
    """The key a `sys.key` brings, when it is usable and `kid` is its thumbprint; else None."""
    if not isinstance(payload, dict):
        return None
    key = crypto.key_of(payload.get("key"))
    return key if key is not None and payload.get("kid") == key.kid else None


def key_follows(payload, old_kid):
    """`sys.key`; `old_kid` is `prevKid`, or None when no key is valid so far."""
    if new_key(payload) is None or payload["kid"] == old_kid:
        return False
    recovery = payload.get("mode") == "recovery"
    return (
        _has(payload, mode=_one_of("rollover", "recovery"), possession=is_text, reason=is_text)
        and (not recovery or _has(payload, endorsement=is_text))
        and _may_have(payload, x5c=_is_certificates)
    )


def key_statement(payload, prev_kid, queue, seq):
    """U of section 4: what possession and endorsement are signed over."""
    return canonical.write({"kid": payload["kid"], "prevKid": prev_kid, "queue": queue, "seq": seq})


def checkpoint_follows(payload):
    return _has(payload, reason=_one_of(*CHECKPOINT_REASONS), size=is_integer, root=is_hash, state=is_hash)


def purge_follows(payload, seq, seg_bits):
    """`sys.purge` with rule 12 of 5.5: floor, root and frontier fit together."""
    formed = _has(
        payload,
        floor=is_integer,
        last=is_hash,
        root=is_hash,
        frontier=_is_hashes,
        archive=lambda v: _has(v, name=is_text, sha256=is_hash),
    )
    if not formed or payload["floor"] > seq:
        return False
    if seg_bits is not None and payload["floor"] % (1 << seg_bits):
        return False
    ones = bin(payload["floor"]).count("1")
    return len(payload["frontier"]) == ones and tree.root_of(payload["frontier"]) == payload["root"]


def names_one(payload):
    """Is a `sys.redact` of the form that names one record?"""
    return "seq" in payload


def names_range(payload):
    """Does a `sys.redact` rightly name records by range and type?"""
    types = lambda v: isinstance(v, list) and v != [] and all(matches(TYPE, t) for t in v)
    return _has(payload, **{"from": is_integer}, to=is_integer, types=types, archive=is_text)


def redact_follows(payload, seq):
    """`sys.redact` with rule 14 of 5.5."""
    if not _has(payload, reason=is_text):
        return False
    if names_one(payload):
        return _has(payload, seq=is_integer, pay=is_hash) and payload["seq"] < seq
    return names_range(payload) and payload["from"] <= payload["to"] < seq


def close_follows(payload):
    return _has(payload, successor=_nullable(lambda v: matches(UUID, v)), size=is_integer, root=is_hash)
