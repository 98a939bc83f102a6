"""Content rules of FORMAT 5.5, one function for each, in their order. `lost` is m, the number of places skipped."""
import canonical
import sysrecords
from record import milliseconds

NO_HASH = "0" * 64


def _near(walk, lost):
    return lost == 0 and walk.last is not None and walk.last.record is not None


def _prev(walk, record, lost):
    body, last = record.body, walk.last
    good = True
    if lost == 0:
        if last is None:
            good = body["prev"] == NO_HASH
        elif last.stated is not None:
            good = body["prev"] in (last.stated, last.recomputed)
    elif len(walk.pending) == lost and walk.pending[-1][0].readable:
        before = walk.pending[-1][0]
        good = body["prev"] in (before.hash, before.recomputed)
    if not good:
        _report(walk, record, "PREV_WRONG", "body.prev", "does not name the record before it")
    if last is not None and last.record is not None:
        walk.settle(body["prev"] if lost == 0 and good else last.recomputed)
    if lost == 1:
        walk.grow(body["prev"])


def _report(walk, record, code, where, message, severity="error"):
    walk.report(record.body["seq"], code, where, message, severity, record.place)


def _type_links(walk, record, lost):
    body, head = record.body, walk.heads.get(record.body["type"])
    if head is None:
        if walk.losses != 0:
            return
        tseq, tprev = 1, NO_HASH if body["seq"] == 0 else walk.genesis
    elif head[2] == walk.losses:
        tseq, tprev = head[0] + 1, head[1]
    else:
        return
    if tprev is not None and body["tprev"] != tprev:
        _report(walk, record, "TPREV_WRONG", "body.tprev", "does not name the newest record of its type")
    if body["tseq"] != tseq:
        _report(walk, record, "TSEQ_WRONG", "body.tseq", "is not %d" % tseq)


def _epoch(walk, record, lost):
    body, known = record.body, walk.epoch
    opening = body["type"] == "sys.open"
    wrong = body["seq"] == 0 and body["epoch"] != 1
    if known is not None:
        wrong = wrong or body["epoch"] < known
        wrong = wrong or (not opening and lost == 0 and body["epoch"] > known)
        wrong = wrong or (opening and body["epoch"] <= known)
    wrong = wrong or (opening and "more" in body)
    if wrong:
        _report(walk, record, "EPOCH_WRONG", "body.epoch", "a tenure starts with its sys.open and only there")
    elif opening and record.payload_matches and not _adopts(record, known if lost == 0 else None):
        _report(walk, record, "EPOCH_WRONG", "payload", "does not say rightly what it adopts")


def _adopts(record, known):
    payload = record.payload
    if not sysrecords.open_follows(payload):
        return False
    adopted = payload["adopted"]
    right = adopted["seq"] == record.body["seq"] - 1 and adopted["hash"] == record.body["prev"]
    return right and (known is None or adopted["epoch"] == known)


def _base(walk, record, lost):
    body, last = record.body, walk.last
    s, base = body["seq"], body["base"]
    right = base <= s and (walk.seg_bits is None or base >> walk.seg_bits == s >> walk.seg_bits)
    if right and base < s:
        if last is None:
            right = base > walk.g
        else:
            same = last.get("base") == base and last.get("epoch") == body["epoch"]
            if _near(walk, lost):
                right = same and last.get("type") not in ("sys.genesis", "sys.open")
            else:
                right = base > walk.g or last.record is None or same
    if not right:
        _report(walk, record, "BASE_WRONG", "body.base", "is not the first record of its batch")


def _more(walk, record, lost):
    body = record.body
    wrong = body.get("more", 0) > 199
    if _near(walk, lost) and walk.last.get("more") is not None:
        expected = walk.last.get("more") - 1
        wrong = wrong or body.get("more", 0) != expected or body["base"] != walk.last.get("base")
    if wrong:
        _report(walk, record, "MORE_WRONG", "body.more", "requests are whole and in one batch")


def _payload(walk, record, lost):
    if record.payload_matches:
        return
    body = record.body
    if record.payload is not None:
        walk.offer_key_of(record)
        _report(walk, record, "PAY_WRONG", "payload", "is not the payload that was signed")
    elif body["type"].startswith("sys."):
        _report(walk, record, "REDACT_WRONG", "payload", "records of the journal itself are never blanked")
    else:
        walk.blanked.append((body["seq"], body["type"], body["pay"], record.place))


def _reference(walk, record, lost):
    body = record.body
    if ("ref" in body) != ("req" in body):
        _report(walk, record, "REQ_WRONG", "body.req", "ref and req stand together or not at all")
    if "ref" in body:
        if body["ref"] in walk.refs:
            _report(walk, record, "REF_REPEATED", "body.ref", "this reference has a record already")
        walk.refs.add(body["ref"])


def _clock(walk, record, lost):
    body = record.body
    ts, stated = milliseconds(body["ts"]), body.get("tsBack", 0)
    back = 0 if walk.high is None else max(0, walk.high - ts)
    exact = lost == 0 and (walk.high is not None or body["seq"] == 0)
    right = stated == back if exact else stated >= back
    highest = ts if exact or not right else ts + stated
    if walk.high is None or highest > walk.high:
        # a text is only needed for a state, and there the highest time is always the `ts` of a record
        walk.high, walk.high_text = highest, body["ts"]
    if not right:
        _report(walk, record, "CLOCK_WRONG", "body.tsBack", "the clock is %d ms behind" % back)


def _end(walk, record, lost):
    if walk.closed:
        _report(walk, record, "CLOSE_WRONG", "line", "the queue was closed before this record")


def _genesis(walk, record, lost):
    body = record.body
    genesis = body["type"] == "sys.genesis"
    wrong = genesis != (body["seq"] == 0)
    if genesis and not wrong:
        wrong = "ref" in body or "more" in body
        wrong = wrong or (record.payload_matches and not sysrecords.genesis_follows(record.payload, body["kid"]))
    if wrong:
        _report(walk, record, "GENESIS_WRONG", "line", "record 0, and only it, is a right sys.genesis")


def _key_change(walk, record, lost):
    body, payload = record.body, record.payload
    if body["type"] != "sys.key" or not record.payload_matches:
        return
    recovery = isinstance(payload, dict) and payload.get("mode") == "recovery"
    old = walk.kid if recovery else body["kid"]
    right = sysrecords.key_follows(payload, old) and _vouched(record, "possession", old, [sysrecords.new_key(payload)])
    if not right:
        _report(walk, record, "KEY_CHANGE_WRONG", "payload", "the change of key lacks its proofs")
    if recovery:
        endorsed = _vouched(record, "endorsement", old, walk.endorsers)
        words = "the key changed without the old one"
        _report(walk, record, "KEY_RECOVERY", "payload.endorsement", words, "warning" if endorsed else "error")


def _vouched(record, member, old, keys):
    """Is the signature in `member` over the statement about the new key valid under one of `keys`?"""
    payload, body = record.payload, record.body
    signature = payload.get(member)
    if not isinstance(signature, str) or not isinstance(payload.get("kid"), str):
        return False
    tag = canonical.POSSESSION_TAG if member == "possession" else canonical.ENDORSEMENT_TAG
    statement = sysrecords.key_statement(payload, old, body["queue"], body["seq"])
    return any(key.verify_any(tag + statement, signature) for key in keys)


def _recovers(record):
    payload = record.payload
    matches = record.body["type"] == "sys.key" and record.payload_matches
    return matches and isinstance(payload, dict) and payload.get("mode") == "recovery"


def _checkpoint(walk, record, lost):
    body, payload, s = record.body, record.payload, record.body["seq"]
    kind, bits = body["type"], walk.seg_bits
    last_place = bits is not None and (s + 1) % (1 << bits) == 0
    wrong = last_place and kind not in ("sys.checkpoint", "sys.open") and not _recovers(record)
    if record.payload_matches and kind == "sys.checkpoint":
        wrong = wrong or not sysrecords.checkpoint_follows(payload) or payload["size"] != s or not _commits(walk, payload)
    if record.payload_matches and kind == "sys.purge":
        wrong = wrong or not sysrecords.purge_follows(payload, s, bits)
    if wrong:
        _report(walk, record, "CHECKPOINT_WRONG", "payload", "root, size, state or place of a checkpoint")


def _commits(walk, payload):
    if walk.tree is not None and payload["root"] != walk.tree.root():
        return False
    # without the tree the state cannot be known either; its totals are only known for profile NONE
    if walk.tree is None or not walk.state_known or walk.profile != "NONE" or walk.last is None:
        return True
    return payload["state"] == walk.state_digest()


def _close(walk, record, lost):
    payload = record.payload
    if record.body["type"] != "sys.close" or not record.payload_matches:
        return
    right = sysrecords.close_follows(payload) and payload["size"] == record.body["seq"]
    if not right or (walk.tree is not None and payload["root"] != walk.tree.root()):
        # rule 9 may have said so already, and a record causes one finding of a code
        if not walk.closed:
            _report(walk, record, "CLOSE_WRONG", "payload", "size, root or successor is wrong")


def _redact(walk, record, lost):
    payload, s = record.payload, record.body["seq"]
    if record.body["type"] != "sys.redact" or not record.payload_matches:
        return
    if not sysrecords.redact_follows(payload, s):
        _report(walk, record, "REDACT_WRONG", "payload", "names no earlier records")
        return
    if sysrecords.names_one(payload):
        named = lambda seq, kind, pay: (seq, pay) == (payload["seq"], payload["pay"])
    else:
        named = lambda seq, kind, pay: payload["from"] <= seq <= payload["to"] and kind in payload["types"]
    walk.blanked = [item for item in walk.blanked if not named(*item[:3])]


CONTENT_RULES = (
    _prev,
    _type_links,
    _epoch,
    _base,
    _more,
    _payload,
    _reference,
    _clock,
    _end,
    _genesis,
    _key_change,
    _checkpoint,
    _close,
    _redact,
)
