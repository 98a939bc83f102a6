"""One line of a journal: its form (FORMAT 3.1, 3.3, 5.2) and what is computed from it (3.4)."""
import hashlib
import re

import canonical
from canonical import is_hash, is_integer

MAX_LINE = 1048576
MAX_BODY = 8192
MAX_X = 2048
ALGORITHMS = ("ES256", "ES384", "EdDSA", "PS256", "RS256")
SYSTEM_TYPES = tuple("sys." + n for n in "genesis open key checkpoint purge redact incident close".split())
OPTIONAL = {"more", "ref", "req", "tsBack", "x"}
LINE_MEMBERS = {"body", "hash", "payload", "sig"}
KID = re.compile("[A-Za-z0-9_-]{43}")
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
REF = re.compile("[\x21-\x7e]{1,128}")
TYPE = re.compile("[a-z][a-z0-9._-]{0,63}")
X_NAME = re.compile("[a-z][A-Za-z0-9]{0,15}")
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z")


def matches(pattern, value):
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _days(year, month, day):
    """Days since 0000-03-01 of the proleptic Gregorian calendar (years from 0)."""
    shifted = (month + 9) % 12
    y = year - (month <= 2)
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * shifted + 2) // 5 + day - 1


def _month_length(year, month):
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def milliseconds(ts):
    """A `ts` as a number that grows by one each millisecond; None when it is no existing time."""
    found = TIME.fullmatch(ts) if isinstance(ts, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second, milli = map(int, found.groups())
    if not (1 <= month <= 12 and 1 <= day <= _month_length(year, month)):
        return None
    if hour > 23 or minute > 59 or second > 59:
        return None
    return (((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli


def is_type(value):
    return matches(TYPE, value) and (not value.startswith("sys.") or value in SYSTEM_TYPES)


def _is_x(value):
    if not isinstance(value, dict) or len(canonical.write(value)) > MAX_X:
        return False
    return all(
        matches(X_NAME, name) and name not in ("hash", "sig") and (isinstance(item, str) or is_integer(item, -canonical.MAX_INTEGER))
        for name, item in value.items()
    )


FORMS = {
    "alg": lambda value: value in ALGORITHMS,
    "base": is_integer,
    "epoch": lambda value: is_integer(value, 1),
    "kid": lambda value: matches(KID, value),
    "more": lambda value: is_integer(value, 1),
    "pay": is_hash,
    "prev": is_hash,
    "queue": lambda value: matches(UUID, value),
    "ref": lambda value: matches(REF, value),
    "req": is_hash,
    "seq": is_integer,
    "tprev": is_hash,
    "ts": lambda value: milliseconds(value) is not None,
    "tsBack": lambda value: is_integer(value, 1),
    "tseq": lambda value: is_integer(value, 1),
    "type": is_type,
    "v": lambda value: is_integer(value) and value == 1,
    "x": _is_x,
}


class Line:
    """What 5.2 finds out about the bytes between two line feeds.

    `fault` is None or the pair (code, where); a line with LINE_MALFORMED is not readable and has nothing else.
    """

    def __init__(self, data):
        self.body = self.payload = self.hash = self.sig = None
        self.readable = False
        self.fault = self._read(data)

    def _read(self, data):
        malformed = ("LINE_MALFORMED", "line")
        if len(data) > MAX_LINE:
            return malformed
        try:
            value = canonical.parse(data)
            if not isinstance(value, dict) or set(value) != LINE_MEMBERS or not isinstance(value["body"], dict):
                return malformed
            body, payload = canonical.write(value["body"]), canonical.write(value["payload"])
        except canonical.NotCanonical:
            return malformed
        if not is_hash(value["hash"]) or not matches(canonical.BASE64URL, value["sig"]):
            return malformed
        stated, sig = value["hash"].encode(), value["sig"].encode()
        if data != b'{"body":' + body + b',"hash":"' + stated + b'","payload":' + payload + b',"sig":"' + sig + b'"}':
            return malformed
        names = set(value["body"])
        if len(body) > MAX_BODY or not names <= set(FORMS) or not set(FORMS) - OPTIONAL <= names:
            return malformed
        self.body, self.payload, self.hash, self.sig = value["body"], value["payload"], value["hash"], value["sig"]
        self.readable = True
        self._body_bytes, self._payload_bytes = body, payload
        self.recomputed = hashlib.sha256(b'\0{"body":' + body + b',"sig":"' + sig + b'"}').hexdigest()
        for name in sorted(names):
            if not FORMS[name](self.body[name]):
                return ("RECORD_MALFORMED", "body." + name)
        return None

    @property
    def payload_matches(self):
        """Is the payload the one whose digest is `pay`?"""
        return canonical.digest(canonical.PAYLOAD_TAG, self._payload_bytes) == self.body["pay"]

    def signing_input(self):
        header = canonical.write({"alg": self.body["alg"], "kid": self.body["kid"], "typ": "sigillo-record+jws"})
        return (canonical.to_base64url(header) + "." + canonical.to_base64url(self._body_bytes)).encode()


def split_lines(data):
    """The (offset, bytes) of all lines; bytes after the last line feed are a line too."""
    lines, start = [], 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        lines.append((start, data[start:end]))
        start = end + 1
    return lines
