"""Keys and signatures of FORMAT 3.4: which JWK is usable, its thumbprint, the algorithms it implies, verification."""
import hashlib
from functools import lru_cache

import canonical
import ec
import ed25519
import rsa

EC_CURVES = {"P-256": (ec.P256, "ES256"), "P-384": (ec.P384, "ES384")}


class Key:
    """A usable public key."""

    def __init__(self, jwk, algorithms, verify):
        self.jwk = jwk
        self.algorithms = algorithms
        self.kid = canonical.to_base64url(hashlib.sha256(canonical.write(jwk)).digest())
        self._verify = verify

    def verify(self, algorithm, message, signature):
        """Is the base64url text `signature` valid over the bytes `message`?"""
        data = canonical.from_base64url(signature)
        if data is None or algorithm not in self.algorithms:
            return False
        return self._verify(algorithm, message, data)

    def verify_any(self, message, signature):
        """The same with whichever algorithm the key implies."""
        return any(self.verify(algorithm, message, signature) for algorithm in self.algorithms)


def key_of(jwk):
    """The Key of a JWK, or None when it is unusable."""
    if not isinstance(jwk, dict) or not all(isinstance(value, str) for value in jwk.values()):
        return None
    try:
        return _key_of(canonical.write(jwk))
    except canonical.NotCanonical:
        return None


@lru_cache(maxsize=256)
def _key_of(text):
    jwk = canonical.read(text)
    makers = {"EC": _ec_key, "OKP": _okp_key, "RSA": _rsa_key}
    maker = makers.get(jwk.get("kty"))
    return None if maker is None else maker(jwk)


def _ec_key(jwk):
    curve, algorithm = EC_CURVES.get(jwk.get("crv"), (None, None))
    if curve is None or set(jwk) != {"crv", "kty", "x", "y"}:
        return None
    x, y = canonical.from_base64url(jwk["x"]), canonical.from_base64url(jwk["y"])
    if x is None or y is None or len(x) != curve.size or len(y) != curve.size:
        return None
    px, py = int.from_bytes(x, "big"), int.from_bytes(y, "big")
    if not curve.holds(px, py):
        return None
    return Key(jwk, [algorithm], lambda _, message, signature: ec.verify(curve, px, py, message, signature))


def _okp_key(jwk):
    if set(jwk) != {"crv", "kty", "x"} or jwk["crv"] != "Ed25519":
        return None
    x = canonical.from_base64url(jwk["x"])
    if x is None or ed25519.decode(x) is None:
        return None
    return Key(jwk, ["EdDSA"], lambda _, message, signature: ed25519.verify(x, message, signature))


def _rsa_key(jwk):
    if set(jwk) != {"e", "kty", "n"}:
        return None
    n_bytes, e_bytes = canonical.from_base64url(jwk["n"]), canonical.from_base64url(jwk["e"])
    if not n_bytes or not e_bytes or n_bytes[0] == 0 or e_bytes[0] == 0:
        return None
    n, e = int.from_bytes(n_bytes, "big"), int.from_bytes(e_bytes, "big")
    if n.bit_length() < 2048 or n % 2 == 0 or e < 3 or e % 2 == 0 or e >= n:
        return None
    kinds = {"PS256": rsa.verify_pss, "RS256": rsa.verify_pkcs1}
    return Key(jwk, ["PS256", "RS256"], lambda alg, message, signature: kinds[alg](n, e, message, signature))
