"""Signed tree heads in C2SP form (FORMAT 6.1)."""
import base64
import binascii
import hashlib
import re

import canonical
import ed25519

ORIGIN = re.compile("[^ +\x00-\x1f\x7f]+/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
SIZE = re.compile("0|[1-9][0-9]{0,15}")
SIGNATURE = re.compile("— ([^ +]+) ([A-Za-z0-9+/]+={0,2})")
VERIFIER = re.compile(r"([^ +]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class Note:
    """What a note says: `origin`, `queue`, `size`, `root` (hex); `signatures` are (name, key id, bytes)."""

    def __init__(self, origin, queue, size, root, signed, signatures):
        self.origin, self.queue, self.size, self.root = origin, queue, size, root
        self.signed, self.signatures = signed, signatures


def _from_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def parse_note(data):
    """The Note in these bytes, or None when they have not the form of 6.1."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    head, separator, tail = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or len(lines) != 3 or not tail.endswith("\n"):
        return None
    origin, root = ORIGIN.fullmatch(lines[0]), _from_base64(lines[2])
    if origin is None or SIZE.fullmatch(lines[1]) is None or root is None or len(root) != 32:
        return None
    size = int(lines[1])
    if size > canonical.MAX_INTEGER:
        return None
    signatures = []
    for line in tail[:-1].split("\n"):
        found = SIGNATURE.fullmatch(line)
        value = None if found is None else _from_base64(found.group(2))
        if value is None or len(value) < 5:
            return None
        signatures.append((found.group(1), value[:4], value[4:]))
    return Note(lines[0], origin.group(1), size, root.hex(), (head + "\n").encode(), signatures)


class VerifierKey:
    """`<name>+<key id>+<base64(0x01 ‖ public key)>`; raises ValueError for any other text."""

    def __init__(self, text):
        found = VERIFIER.fullmatch(text)
        value = None if found is None else _from_base64(found.group(3))
        if value is None or len(value) != 33 or value[0] != 1:
            raise ValueError("not a verifier key")
        self.name, self.key = found.group(1), value[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n\1" + self.key).digest()[:4]
        if self.id.hex() != found.group(2) or ed25519.decode(self.key) is None:
            raise ValueError("the key id is not that of name and key")

    def bears(self, note):
        """The signatures of a note that bear this name and key id."""
        return [value for name, key_id, value in note.signatures if (name, key_id) == (self.name, self.id)]

    def verifies(self, note):
        """Does the note bear this key's signature, and are all it bears valid?"""
        values = self.bears(note)
        return values != [] and all(ed25519.verify(self.key, note.signed, value) for value in values)
