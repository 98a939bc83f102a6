"""ECDSA over P-256 and P-384 in plain integers (FIPS 186-4, FORMAT 3.4).

Verification only, so nothing here is secret and nothing needs constant time.
"""
import hashlib
from functools import lru_cache

WINDOW = 4


class Curve:
    """y² = x³ − 3x + b over GF(p), base point of prime order n."""

    def __init__(self, size, p, b, n, gx, gy, algorithm):
        self.size, self.p, self.b, self.n, self.base, self.hash = size, p, b, n, (gx, gy), algorithm

    def holds(self, x, y):
        """Is (x, y) a point of the curve?"""
        p = self.p
        return 0 <= x < p and 0 <= y < p and (y * y - (x * x - 3) * x - self.b) % p == 0


P256 = Curve(
    32,
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    hashlib.sha256,
)
P384 = Curve(
    48,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    hashlib.sha384,
)
INFINITY = (1, 1, 0)


def _double(point, p):
    x, y, z = point
    if z == 0 or y == 0:
        return INFINITY
    delta, gamma = z * z % p, y * y % p
    beta = x * gamma % p
    alpha = 3 * (x - delta) * (x + delta) % p
    x3 = (alpha * alpha - 8 * beta) % p
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % p, 2 * y * z % p


def _add(point, affine, p):
    """Jacobian plus affine point."""
    x1, y1, z1 = point
    x2, y2 = affine
    if z1 == 0:
        return x2, y2, 1
    zz = z1 * z1 % p
    h = (x2 * zz - x1) % p
    r = (y2 * zz * z1 - y1) % p
    if h == 0:
        return _double(point, p) if r == 0 else INFINITY
    hh = h * h % p
    hhh, v = h * hh % p, x1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - y1 * hhh) % p, z1 * h % p


def _affine(point, p):
    x, y, z = point
    inverse = pow(z, -1, p)
    square = inverse * inverse % p
    return x * square % p, y * square * inverse % p


@lru_cache(maxsize=64)
def _table(curve, x, y):
    """Multiples 1 … 15 of 16^i times the point, so that a product needs additions only."""
    p, rows, start = curve.p, [], (x, y)
    for _ in range(curve.size * 8 // WINDOW):
        row, point = [], INFINITY
        for _ in range(2**WINDOW - 1):
            point = _add(point, start, p)
            row.append(_affine(point, p))
        rows.append(row)
        start = _affine(_add(point, start, p), p)
    return rows


def _sum(curve, terms):
    point = INFINITY
    for scalar, (x, y) in terms:
        for row in _table(curve, x, y):
            digit = scalar & 15
            if digit:
                point = _add(point, row[digit - 1], curve.p)
            scalar >>= WINDOW
    return point


def verify(curve, x, y, message, signature):
    """Is `signature` (r‖s) valid over `message` under the public point (x, y)?"""
    if len(signature) != 2 * curve.size:
        return False
    r = int.from_bytes(signature[: curve.size], "big")
    s = int.from_bytes(signature[curve.size :], "big")
    if not (0 < r < curve.n and 0 < s < curve.n):
        return False
    # both curves have as many bits as the hash they go with, so nothing of it is cut off
    e = int.from_bytes(curve.hash(message).digest(), "big")
    w = pow(s, -1, curve.n)
    point = _sum(curve, [(e * w % curve.n, curve.base), (r * w % curve.n, (x, y))])
    return point[2] != 0 and _affine(point, curve.p)[0] % curve.n == r
