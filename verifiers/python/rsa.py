"""RSA signatures: PKCS#1 v1.5 and PSS with SHA-256 (RFC 8017, FORMAT 3.4)."""
import hashlib

DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SALT = 32


def _open(n, e, signature):
    """The encoded message of as many bytes as n, or None."""
    size = (n.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= n:
        return None
    return pow(number, e, n).to_bytes(size, "big")


def verify_pkcs1(n, e, message, signature):
    """RS256."""
    encoded = _open(n, e, signature)
    tail = b"\0" + DIGEST_INFO + hashlib.sha256(message).digest()
    return encoded is not None and encoded == b"\0\1" + b"\xff" * (len(encoded) - len(tail) - 2) + tail


def _mask(seed, length):
    blocks = [hashlib.sha256(seed + i.to_bytes(4, "big")).digest() for i in range((length + 31) // 32)]
    return b"".join(blocks)[:length]


def verify_pss(n, e, message, signature):
    """PS256: MGF1 with SHA-256, salt of 32 bytes."""
    encoded = _open(n, e, signature)
    if encoded is None:
        return False
    bits = n.bit_length() - 1
    size = (bits + 7) // 8
    if any(encoded[: len(encoded) - size]):
        return False
    encoded = encoded[len(encoded) - size :]
    masked, h = encoded[: size - 33], encoded[size - 33 : -1]
    unused = 8 * size - bits
    if encoded[-1] != 0xBC or masked[0] >> (8 - unused):
        return False
    block = bytearray(a ^ b for a, b in zip(masked, _mask(h, len(masked))))
    block[0] &= 0xFF >> unused
    padding = len(block) - SALT - 1
    if any(block[:padding]) or block[padding] != 1:
        return False
    digest = hashlib.sha256(message).digest()
    return hashlib.sha256(b"\0" * 8 + digest + bytes(block[padding + 1 :])).digest() == h
