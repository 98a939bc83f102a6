"""The Merkle tree of FORMAT section 6, kept as its frontier; proofs of RFC 9162, sections 2.1.3 and 2.1.4."""
import hashlib

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()


def node(left, right):
    """The hash of an inner node; all in hex."""
    return hashlib.sha256(b"\1" + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()


def root_of(frontier):
    """The root folded from a frontier, largest subtree first."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for left in reversed(frontier[:-1]):
        root = node(left, root)
    return root


class Tree:
    """A growing tree."""

    def __init__(self, size=0, frontier=()):
        self.size, self.frontier = size, list(frontier)

    def push(self, leaf):
        n = self.size
        while n % 2:
            leaf = node(self.frontier.pop(), leaf)
            n //= 2
        self.frontier.append(leaf)
        self.size += 1

    def root(self):
        return root_of(self.frontier)


def verify_inclusion(leaf, index, size, proof, root):
    """Does `proof` show that `leaf` stands at `index` in the tree of `size` leaves with this root?"""
    if not 0 <= index < size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn % 2 or fn == sn:
            r = node(p, r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def verify_consistency(first, second, first_root, second_root, proof):
    """Does `proof` show that the tree of `second` leaves continues that of `first`?"""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn % 2:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn % 2 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root
