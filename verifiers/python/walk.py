"""The procedure of FORMAT section 5: lines in, findings out. Method names carry the number of the part they follow.

`Options` is what goes in beside the lines (5.1), `verify` runs 5.2 to 5.7.
"""
import canonical
import crypto
import sysrecords
from record import Line, milliseconds
from rules import CONTENT_RULES
from tree import Tree

NO_HASH = "0" * 64
_verified = {}  # many journals of one batch share most lines


class Options:
    """What a verifier may be given beside the lines; see `start_of_state`, `start_of_purge` and `start_unknown`."""

    def __init__(self, keys=(), endorsers=(), start=None, witnesses=(), notes=(), continues=False, queue=None):
        self.keys, self.endorsers, self.start = keys, endorsers, start
        self.witnesses, self.notes, self.continues = witnesses, notes, continues
        self.queue = queue or {}  # of queue.json: queue, genesis, segBits


class Last:
    """The last believed record, or the head a start names (then `record` is None)."""

    def __init__(self, record=None, stated=None, recomputed=None):
        self.record, self.stated, self.recomputed = record, stated, recomputed
        self.settled = None if record is not None else stated

    def get(self, name):
        return None if self.record is None else self.record.body.get(name)


def finding(seq, code, where, message, severity="error", place=None):
    result = {"seq": seq, "code": code, "where": where, "message": message, "severity": severity}
    if place is not None and place[0] is not None:
        result["file"], result["offset"] = place
    return result


class Walk:
    """The state a verifier keeps (table of 5.1)."""

    def __init__(self, options):
        self.options = options
        self.findings, self.pending = [], []
        self.g, self.last = -1, None
        self.queue = options.queue.get("queue")
        self.genesis = options.queue.get("genesis")
        self.seg_bits, self.profile = options.queue.get("segBits"), None
        self.kid, self.key, self.former = None, None, {}
        self.offered = {}
        for jwk in options.keys:
            self._offer(jwk)
        self.endorsers = [key for key in map(crypto.key_of, options.endorsers) if key is not None]
        self.doubt, self.heads, self.losses = False, {}, 0
        self.epoch = self.high = self.high_text = None
        self.tree, self.state_known, self.totals = Tree(), True, {}
        self.gaps, self.refs, self.blanked, self.closed = [], set(), [], False
        self.warned, self.purges, self.count = set(), [], 0
        self.settled_hashes, self.roots = {}, {}
        self.wanted_seqs = {statement["seq"] for statement in options.witnesses}
        self.wanted_sizes = {note["size"] for note in options.notes}
        self.unchecked, self.on_record = set(), None
        self.started = options.start is not None
        if self.started:
            self._begin(options.start)
        self._note_root()

    def _begin(self, start):
        self.g = start["seq"]
        self.last = Last(None, start["hash"], start["hash"])
        for name in ("queue", "genesis", "profile"):
            if start.get(name) is not None:
                setattr(self, name, start[name])
        if start.get("segBits") is not None:
            self.seg_bits = start["segBits"]
        frontier = start.get("frontier")
        self.tree = None if frontier is None else Tree(self.g + 1, frontier)
        if start["partial"]:
            self.doubt, self.losses, self.state_known = True, 1, False
            self.unchecked.add("records and state before the start")
            return
        state = start["state"]
        self.kid = state["kid"]
        self.key = self.offered.get(self.kid)
        self.doubt = self.key is None
        self.heads = {name: [head["tseq"], head["hash"], 0] for name, head in state["types"].items()}
        self.epoch, self.high, self.high_text = state["epoch"], milliseconds(state["lastTs"]), state["lastTs"]
        self.totals = state.get("totals")
        if self.totals is None:
            self.totals = {}
            self.state_known = self.profile == "NONE"

    # ---- small helpers

    def report(self, seq, code, where, message, severity="error", place=None):
        self.findings.append(finding(seq, code, where, message, severity, place))

    def _offer(self, jwk):
        key = crypto.key_of(jwk)
        if key is not None:
            self.offered[key.kid] = key

    def offer_key_of(self, record):
        """5.3, last paragraph: the key in a payload not believed may only be used in doubt."""
        if record.readable and record.body["type"] in ("sys.genesis", "sys.key") and isinstance(record.payload, dict):
            self._offer(record.payload.get("key"))

    def _note_root(self):
        if self.tree is not None and self.tree.size in self.wanted_sizes:
            self.roots[self.tree.size] = self.tree.root()

    def grow(self, leaf):
        if self.tree is not None:
            self.tree.push(leaf)
            self._note_root()

    def settle(self, value):
        """The hash of `last` is settled (5.5, rule 1)."""
        last = self.last
        if last is None or last.record is None:
            return
        last.settled = value
        self.heads[last.get("type")][1] = value
        if self.g == 0:
            self.genesis = value
        if self.g in self.wanted_seqs:
            self.settled_hashes[self.g] = value
        self.grow(value)

    def state_digest(self):
        """The state after record g (section 12); its hash is settled and the tree holds it.

        The clock rule has taken in the present record's `ts` by then, hence `high_before`."""
        state = {
            "epoch": self.epoch,
            "frontier": self.tree.frontier,
            "head": {"hash": self.last.settled, "seq": self.g},
            "kid": self.kid,
            "lastTs": self.high_before,
            "totals": self.totals,
            "types": {name: {"hash": head[1], "tseq": head[0]} for name, head in self.heads.items()},
        }
        return canonical.digest(canonical.STATE_TAG, canonical.write(state))

    # ---- 5.2 to 5.6

    def line(self, data, place):
        record = Line(data)
        record.place = place
        if record.fault is not None:
            self._put_aside(record, *record.fault, "the line has not the form of section 3")
            return
        if not self._origin(record):
            return
        if record.body["seq"] <= self.g:
            self._out_of_place(record)
            return
        self._place(record)
        lost = record.body["seq"] - self.g - 1
        self.high_before = self.high_text
        for rule in CONTENT_RULES:
            rule(self, record, lost)
        self._take_in(record)

    def _put_aside(self, record, code, where, message):
        self.offer_key_of(record)
        self.pending.append((record, finding(-1, code, where, message, "error", record.place)))

    def _find_key(self, record):
        """5.3.1: a key, "unproven" or None."""
        body, payload = record.body, record.payload
        s, kid = body["seq"], body["kid"]
        in_doubt = self.doubt or bool(self.pending) or s > self.g + 1
        if body["type"] == "sys.genesis" and self.last is None and not self.started:
            key = crypto.key_of(payload.get("key")) if isinstance(payload, dict) else None
            return key if key is not None and key.kid == kid else None
        if body["type"] == "sys.key" and isinstance(payload, dict) and record.payload_matches:
            key = sysrecords.new_key(payload)
            if payload.get("mode") == "recovery" and key is not None and key.kid == kid and kid != self.kid:
                return key
        if kid == self.kid and self.key is not None:
            return self.key
        if s <= self.g and kid in self.former:
            return self.former[kid]
        if in_doubt:
            return self.offered.get(kid, "unproven")
        return None

    def _origin(self, record):
        """5.3: is the record believed?"""
        body = record.body
        if self.queue is not None and body["queue"] != self.queue:
            self._put_aside(record, "QUEUE_WRONG", "body.queue", "a record of queue " + body["queue"])
            return False
        key = self._find_key(record)
        if key is None:
            self._put_aside(record, "KEY_WRONG", "body.kid", "signed by another key than the one valid here")
            return False
        hash_right = record.recomputed == record.hash
        if key == "unproven":
            if not hash_right:
                self._put_aside(record, "HASH_WRONG", "hash", "the stated hash is not that of body and signature")
                return False
            if body["kid"] not in self.warned:
                self.warned.add(body["kid"])
                self.report(body["seq"], "KEY_WRONG", "body.kid", "the key cannot be known here", "warning", record.place)
            record.key = None
            record.unproven = True
            return True
        if body["alg"] not in key.algorithms:
            self._put_aside(record, "KEY_WRONG", "body.alg", "the key does not imply this algorithm")
            return False
        if not self._signed(key, record):
            self._put_aside(record, "SIGNATURE_WRONG", "sig", "body or signature is not what the key signed")
            return False
        if not hash_right:
            self.report(body["seq"], "HASH_WRONG", "hash", "the stated hash is not that of body and signature", place=record.place)
        record.key, record.unproven = key, False
        return True

    @staticmethod
    def _signed(key, record):
        asked = (key.kid, record.signing_input(), record.sig)
        if asked not in _verified:
            _verified[asked] = key.verify(record.body["alg"], asked[1], record.sig)
        return _verified[asked]

    def _out_of_place(self, record):
        """5.4.1"""
        s = record.body["seq"]
        self.offer_key_of(record)
        for i, (first, end) in enumerate(self.gaps):
            if first <= s <= end:
                self.gaps[i : i + 1] = [part for part in ((first, s - 1), (s + 1, end)) if part[0] <= part[1]]
                self.report(s, "SEQ_WRONG", "body.seq", "a record that was missing stands here", place=record.place)
                return
        self.report(s, "RECORD_REPEATED", "body.seq", "this place has its record already", place=record.place)

    def _place(self, record):
        """5.4.2 to 5.4.4"""
        s, g = record.body["seq"], self.g
        m, k = s - g - 1, len(self.pending)
        for i, (_, found) in enumerate(self.pending, 1):
            found["seq"] = min(g + i, max(g + 1, s - 1))
            self.findings.append(found)
        if k < m:
            first = g + k + 1
            self.report(first, "RECORD_MISSING", "line", "no line for %d … %d" % (first, s - 1), place=record.place)
            self.gaps.append((first, s - 1))
        if m >= 1:
            self.losses += 1
            self.state_known = False
            if m >= 2:
                self.tree = None

    def _take_in(self, record):
        """5.6"""
        body, payload = record.body, record.payload
        self.last, self.g = Last(record, record.hash, record.recomputed), body["seq"]
        self.count += 1
        if self.on_record is not None:
            self.on_record(record)
        self.pending = []
        self.heads[body["type"]] = [body["tseq"], None, self.losses]
        self.epoch = body["epoch"] if self.epoch is None else max(self.epoch, body["epoch"])
        self.doubt = record.unproven
        if not record.unproven:
            self._change_key(body["kid"], record.key)
        if self.queue is None:
            self.queue = body["queue"]
        matches = record.payload_matches
        if body["type"] == "sys.genesis" and matches and isinstance(payload, dict):
            if self.seg_bits is None and sysrecords.is_seg_bits(payload.get("segBits")):
                self.seg_bits = payload["segBits"]
            if self.profile is None and sysrecords.is_profile(payload.get("profile")):
                self.profile = payload["profile"]
        if body["type"] == "sys.key":
            key = sysrecords.new_key(payload) if matches else None
            if key is not None:
                self._change_key(key.kid, key)
                self.doubt = False
            else:
                self.doubt, self.state_known = True, False
        if body["type"] == "sys.purge" and matches:
            self.purges.append(payload)
        if body["type"] == "sys.close":
            self.closed = True

    def _change_key(self, kid, key):
        if self.key is not None and self.kid != kid:
            self.former[self.kid] = self.key
        self.kid, self.key = kid, key

    # ---- 5.7

    def end(self):
        for i, (_, found) in enumerate(self.pending, 1):
            found["seq"] = self.g + i
            self.findings.append(found)
        k = len(self.pending)
        if self.last is not None and self.last.record is not None:
            self.settle(self.last.recomputed)
            if k == 0 and self.last.get("more") is not None:
                self.report(self.g, "MORE_WRONG", "body.more", "the request is not complete", place=self.last.record.place)
        severity = "warning" if self.options.continues or self.losses else "error"
        for seq, _, _, place in self.blanked:
            self.report(seq, "REDACT_WRONG", "payload", "blanked, and no sys.redact names it", severity, place)
        self._purge_end()
        for statement in self.options.witnesses:
            self._witness(statement, k)
        for note in self.options.notes:
            self._note(note, k)
        self.findings.sort(key=lambda f: (f["seq"], f["code"]))

    def _purge_end(self):
        purge = (self.options.start or {}).get("purge")
        if purge is None:
            return
        names = ("floor", "last", "frontier")
        if not any(isinstance(p, dict) and all(p.get(n) == purge[n] for n in names) for p in self.purges):
            self.report(0, "RECORD_MISSING", "line", "no sys.purge says that what is missing was purged")

    def _witness(self, statement, k):
        seq = statement["seq"]
        if self.queue is not None and statement["queue"] != self.queue:
            self.report(-1, "QUEUE_WRONG", "witness", "the statement is about another queue")
        elif seq > self.g + k:
            if not self.options.continues:
                self.report(self.g + k + 1, "TAIL_MISSING", "witness", "record %d was known" % seq)
        elif seq in self.settled_hashes and self.settled_hashes[seq] != statement["hash"]:
            self.report(seq, "FORK", "witness", "another hash was known for this record")

    def _note(self, note, k):
        size = note["size"]
        if size > self.g + 1 + k:
            if not self.options.continues:
                self.report(self.g + k + 1, "TAIL_MISSING", "note", "size %d was known" % size)
        elif size in self.roots and self.roots[size] != note["root"]:
            self.report(size - 1, "FORK", "note", "another root was known for this size")


def start_of_state(state, genesis=None, queue=None, seg_bits=None, profile=None):
    """The start behind a state (sections 12 and 21)."""
    return {
        "partial": False,
        "seq": state["head"]["seq"],
        "hash": state["head"]["hash"],
        "frontier": state["frontier"],
        "state": state,
        "genesis": genesis,
        "queue": queue,
        "segBits": seg_bits,
        "profile": profile,
    }


def start_of_purge(purge):
    """The partial start that a `sys.purge` leaves (section 14): `floor`, `last`, `frontier`."""
    return {"partial": True, "seq": purge["floor"] - 1, "hash": purge["last"], "frontier": purge["frontier"], "purge": purge}


def start_unknown(seq):
    """The partial start at a seq of which nothing is known (section 21)."""
    return {"partial": True, "seq": seq, "hash": None, "frontier": None}


def verify(lines, options=None):
    """The report on `lines`, each (bytes, (file, offset)); see `Walk`."""
    walk = Walk(options or Options())
    run(walk, lines)
    return report_of(walk)


def run(walk, lines):
    """5.1 to 5.7 over all lines."""
    seen = False
    for data, place in lines:
        seen = True
        walk.line(data, place)
    if not seen:
        walk.report(walk.g + 1, "RECORD_MISSING", "line", "nothing there")
    walk.end()


def report_of(walk):
    head = None
    if walk.last is not None and walk.last.record is not None:
        head = {"seq": walk.g, "hash": walk.last.settled}
    if walk.profile != "NONE":
        walk.unchecked.add("state of checkpoints: the totals of profile %s are not known here" % (walk.profile or "?"))
    if not walk.state_known:
        walk.unchecked.add("state of checkpoints after a loss or an unknown start")
    if walk.tree is None:
        walk.unchecked.add("roots after the tree became unknown")
    return {
        "sound": all(f["severity"] != "error" for f in walk.findings),
        "records": walk.count,
        "head": head,
        "queue": walk.queue,
        "findings": walk.findings,
        "unchecked": sorted(walk.unchecked),
    }
