"""The lines of a queue in a folder, as FORMAT section 13 takes them: the plan of 10.1, then everything that follows it."""
import json
import os
import re

import canonical
from record import Line, UUID, matches, split_lines
from sysrecords import is_seg_bits, purge_follows
from walk import start_of_purge

SEALED = re.compile(r"s-([0-9]{12})\.jsonl")
LIVE = re.compile(r"j-([0-9]{12})-([0-9]{8})\.jsonl")


class Unreadable(Exception):
    """There is nothing here that could be judged."""


class LiveFile:
    """A `j-` file: its lines with their places."""

    def __init__(self, path, name, first, epoch):
        self.name, self.first, self.epoch = name, first, epoch
        with open(path, "rb") as file:
            self.data = file.read()
        self.lines = [(data, (name, offset)) for offset, data in split_lines(self.data)]

    def opener(self):
        return Line(self.lines[0][0]) if self.lines else None


def queue_json(path):
    """What `queue.json` says, as far as it has the right form; an empty dict when there is none."""
    try:
        with open(path, "rb") as file:
            said = canonical.read(file.read())
    except (OSError, canonical.NotCanonical):
        return {}
    if not isinstance(said, dict):
        return {}
    forms = {"queue": lambda v: matches(UUID, v), "genesis": canonical.is_hash, "segBits": is_seg_bits}
    return {name: said[name] for name, form in forms.items() if name in said and form(said[name])}


def _listed(folder):
    sealed, live = [], []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if found := SEALED.fullmatch(name):
            sealed.append((int(found.group(1)), name, path))
        elif found := LIVE.fullmatch(name):
            live.append(LiveFile(path, name, int(found.group(1)), int(found.group(2))))
    return sealed, live


def _sealed_lines(path, name):
    with open(path, "rb") as file:
        return [(data, (name, offset)) for offset, data in split_lines(file.read())]


def _is_opener(line, epoch):
    """An intact first line of an epoch (10.2)."""
    if line is None or line.fault is not None or line.body["epoch"] != epoch:
        return False
    if line.recomputed != line.hash or not line.payload_matches:
        return False
    return line.body["type"] == ("sys.genesis" if epoch == 1 else "sys.open")


def _adopted(line):
    """(epoch, seq, hash) that an opener adopts, or None."""
    said = line.payload.get("adopted") if line is not None and line.readable and isinstance(line.payload, dict) else None
    if not isinstance(said, dict) or not canonical.is_integer(said.get("epoch"), 1) or not canonical.is_integer(said.get("seq")):
        return None
    return said["epoch"], said["seq"], said.get("hash")


def _openers(sealed, live):
    """Epoch → its opener, from the sealed lines and the first live file of each epoch."""
    openers = {}
    for data, _ in sealed:
        # most sealed lines open nothing, so only those that may are looked at closely
        if b'"type":"sys.open"' in data or b'"type":"sys.genesis"' in data:
            line = Line(data)
            if line.fault is None and _is_opener(line, line.body["epoch"]):
                openers[line.body["epoch"]] = line
    for file in sorted(live, key=lambda f: (f.epoch, f.first)):
        if file.epoch not in openers and file.lines:
            openers[file.epoch] = file.opener()
    return openers


def _plan(openers, live):
    """[(epoch, limit or None, hash or None)] in order; the newest epoch has no limit."""
    intact = [epoch for epoch, line in openers.items() if _is_opener(line, epoch)]
    newest = max(intact) if intact else min((f.epoch for f in live), default=0)
    plan = [(newest, None, None)]
    while plan[0][0] > 1:
        epoch = plan[0][0]
        said = _adopted(openers.get(epoch))
        if said is None or said[0] >= epoch:
            # the opener cannot be read: what lies before the place its file is named after
            first = min((f.first for f in live if f.epoch == epoch), default=0)
            before = [f.epoch for f in live if f.epoch < epoch and f.first < first]
            if not before:
                break
            said = (max(before), first - 1, None)
        plan.insert(0, said)
    return plan, newest


def _upto(lines, limit, digest):
    """The lines of an adopted epoch up to the record `limit`; what lies behind it is dead."""
    read = [Line(data) for data, _ in lines]
    seqs = [line.body["seq"] if line.readable and canonical.is_integer(line.body["seq"]) else None for line in read]
    at = [i for i, seq in enumerate(seqs) if seq == limit]
    exact = [i for i in at if digest in (read[i].hash, read[i].recomputed)]
    if exact or at:
        return lines[: (exact or at)[0] + 1]
    within = [i for i, seq in enumerate(seqs) if seq is not None and seq < limit]
    end, known = (within[-1] + 1, seqs[within[-1]]) if within else (0, None)
    # the record itself cannot be read: so many unreadable lines as places are left belong to it
    places = 1 if known is None else limit - known
    while end < len(lines) and seqs[end] is None and places > 0:
        end, places = end + 1, places - 1
    return lines[:end]


def _seg_bits_of(pieces, live):
    """The segment size when `queue.json` does not tell: that of genesis, else the usual one."""
    first = [lines[0][0] for at, lines in pieces if at == 0 and lines] + [f.lines[0][0] for f in live if f.first == 0 and f.lines]
    for line in map(Line, first):
        if isinstance(line.payload, dict) and is_seg_bits(line.payload.get("segBits")):
            return line.payload["segBits"]
    return 12


def _without_unfinished(lines, finished):
    """Section 13, beside a writer: without the unfinished line at the very end, and what follows the last whole request."""
    lines = lines[: len(lines) if finished else -1]
    while lines:
        line = Line(lines[-1][0])
        if line.fault is not None or "more" not in line.body:
            break
        lines = lines[:-1]
    return lines


def folder_lines(folder, writing=False):
    """All lines a verifier judges, each (bytes, (file, offset)), and what `queue.json` says."""
    sealed, live = _listed(folder)
    said = queue_json(os.path.join(folder, "queue.json"))
    if not sealed and not live:
        if not os.path.exists(os.path.join(folder, "queue.json")):
            raise Unreadable("neither queue.json nor lines in this folder")
        return [], said
    pieces = [(first, _sealed_lines(path, name)) for first, name, path in sealed]
    width = 1 << said.get("segBits", _seg_bits_of(pieces, live))
    covered = {first // width for first, _ in pieces}
    live = [file for file in live if file.first // width not in covered]
    plan, newest = _plan(_openers([line for _, lines in pieces for line in lines], live), live)
    for epoch, limit, digest in plan:
        files = sorted((f for f in live if f.epoch == epoch), key=lambda f: f.first)
        lines = [line for f in files for line in f.lines]
        if files and (limit is None or limit >= files[0].first):
            pieces.append((files[0].first, lines if limit is None else _upto(lines, limit, digest)))
    pieces.sort(key=lambda piece: piece[0])
    result = [line for _, lines in pieces for line in lines]
    for file in sorted((f for f in live if f.epoch > newest), key=lambda f: (f.epoch, f.first)):
        result += file.lines
    if writing and result:
        # only a live file can be under way, and the last one is the writer's
        last = [file for file in live if file.name == result[-1][1][0]]
        result = _without_unfinished(result, not last or last[0].data.endswith(b"\n"))
    return result, said


def kept_keys(folder):
    """Section 14: the keys of the lines a purge has left in `kept.jsonl`; believed only as far as 5.3 goes."""
    try:
        with open(os.path.join(folder, "kept.jsonl"), "rb") as file:
            lines = [Line(data) for _, data in split_lines(file.read())]
    except OSError:
        return []
    payloads = [line.payload for line in lines if line.fault is None and line.body["type"] in ("sys.genesis", "sys.key")]
    return [payload["key"] for payload in payloads if isinstance(payload, dict) and isinstance(payload.get("key"), dict)]


def purged_start(lines):
    """Section 14: the partial start of a purged queue, from a `sys.purge` whose floor is the seq of the first line; else None."""
    first = next((line.body["seq"] for line in (Line(data) for data, _ in lines) if line.fault is None), 0)
    if first == 0:
        return None
    for data, _ in lines:
        if b'"type":"sys.purge"' not in data:
            continue
        line = Line(data)
        if line.fault is None and line.payload_matches and purge_follows(line.payload, line.body["seq"], None):
            if line.payload["floor"] == first:
                return start_of_purge(line.payload)
    return None
