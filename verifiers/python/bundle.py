"""Export bundles (FORMAT section 21), in a ZIP file or unpacked into a folder."""
import hashlib
import os
import re
import struct
import zipfile
import zlib

import canonical
import note
import walk
from canonical import is_hash, is_integer
from record import KID, UUID, is_type, matches, milliseconds, split_lines
from sysrecords import is_profile, is_seg_bits

SEGMENT = re.compile(r"s-[0-9]{12}\.jsonl")
ANCHOR = re.compile(r"anchors/[^/]+")
STATE = {"epoch", "frontier", "head", "kid", "lastTs", "types"}


def read_folder(path):
    """Name → bytes of every file below a folder; names with `/`, whatever the system."""
    entries = {}
    for place, _, names in os.walk(path):
        for name in names:
            full = os.path.join(place, name)
            with open(full, "rb") as file:
                entries[os.path.relpath(full, path).replace(os.sep, "/")] = file.read()
    return entries


def _is_accounted(path, archive):
    """True when the directory lists what stands in the file, entry after entry, and nothing follows its end."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    for info in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        if info.header_offset != at or data[at : at + 4] != b"PK\x03\x04":
            return False
        at += 30 + sum(struct.unpack("<HH", data[at + 26 : at + 30])) + info.compress_size
        if info.flag_bits & 8:
            if data[at : at + 4] != b"PK\x07\x08":
                return False
            at += 16
    end = len(data) - 22 - len(archive.comment)
    size = struct.unpack("<L", data[end + 12 : end + 16])[0]
    return archive.start_dir == at and at + size == end and data[end : end + 4] == b"PK\x05\x06"


def read_zip(path):
    """Name → bytes of every entry that can be unpacked; None when the file as a whole cannot."""
    entries = {}
    try:
        with zipfile.ZipFile(path) as archive:
            if not _is_accounted(path, archive):
                return None
            names = archive.namelist()
            if len(set(names)) != len(names) or any(name.endswith("/") or not name.isascii() for name in names):
                return None
            for name in names:
                try:
                    entries[name] = archive.read(name)
                except (zipfile.BadZipFile, zlib.error, EOFError):
                    continue  # rule 2 then misses the file by its name
    except (zipfile.BadZipFile, struct.error, NotImplementedError, RuntimeError, ValueError, OSError):
        return None
    return entries


def _list_of(form):
    return lambda value: isinstance(value, list) and all(map(form, value))


def _exactly(value, **forms):
    return isinstance(value, dict) and set(value) == set(forms) and all(form(value[n]) for n, form in forms.items())


def _is_text(value):
    return isinstance(value, str)


def _is_head(value):
    return _exactly(value, hash=is_hash, seq=is_integer)


def _is_key(value):
    if not isinstance(value, dict) or not set(value) <= {"fromSeq", "jwk", "kid", "x5c"}:
        return False
    right = is_integer(value.get("fromSeq")) and isinstance(value.get("jwk"), dict) and _is_text(value.get("kid"))
    return right and ("x5c" not in value or _list_of(_is_text)(value["x5c"]))


def _is_type_head(value):
    return _exactly(value, hash=is_hash, tseq=lambda v: is_integer(v, 1))


def _is_state(value):
    if not isinstance(value, dict) or set(value) - {"totals"} != STATE:
        return False
    right = is_integer(value["epoch"], 1) and _list_of(is_hash)(value["frontier"]) and _is_head(value["head"])
    right = right and matches(KID, value["kid"]) and milliseconds(value["lastTs"]) is not None
    types = value["types"]
    right = right and isinstance(types, dict) and all(is_type(n) and _is_type_head(h) for n, h in types.items())
    right = right and isinstance(value.get("totals", {}), dict)
    return right and len(value["frontier"]) == bin(value["head"]["seq"] + 1).count("1")


def _is_start(value):
    return _exactly(value, genesis=is_hash, state=_is_state)


def _is_file(value):
    return _exactly(value, bytes=is_integer, name=_is_text, sha256=is_hash)


REQUIRED = {
    "format": lambda value: value == "sigillo-bundle/1",
    "queue": lambda value: matches(UUID, value),
    "profile": is_profile,
    "segBits": is_seg_bits,
    "from": is_integer,
    "to": is_integer,
    "count": is_integer,
    "head": _is_head,
    "keys": _list_of(_is_key),
    "files": _list_of(_is_file),
    "created": lambda value: milliseconds(value) is not None,
    "software": _is_text,
}
OPTIONAL = {"continues": lambda value: value is True, "start": _is_start, "notes": _list_of(_is_text)}


def manifest_of(data):
    """The content of `bundle.json`, or None when it has not the form of section 21."""
    try:
        value = canonical.read(data)
    except canonical.NotCanonical:
        return None
    if not isinstance(value, dict) or not set(REQUIRED) <= set(value) <= set(REQUIRED) | set(OPTIONAL):
        return None
    forms = {**REQUIRED, **OPTIONAL}
    if not all(forms[name](item) for name, item in value.items()):
        return None
    start = value.get("start")
    if start is not None and (value["from"] == 0 or start["state"]["head"]["seq"] != value["from"] - 1):
        return None
    return value


def witness_of(data):
    """The statement in a witness's file, or None."""
    try:
        value = canonical.read(data)
    except canonical.NotCanonical:
        return None
    formed = isinstance(value, dict) and matches(UUID, value.get("queue"))
    return value if formed and is_integer(value.get("seq")) and is_hash(value.get("hash")) else None


def blobs_in(value):
    """Every file named in a payload, at any depth."""
    if isinstance(value, dict):
        if is_hash(value.get("blob")):
            yield value["blob"]
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from blobs_in(item)


def wrong_blobs(record, read):
    """Findings for the files a record names: missing, or other bytes. `read` gives the bytes of a digest, or None."""
    if not record.payload_matches:
        return
    for digest in sorted(set(blobs_in(record.payload))):
        data = read(digest)
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            where = "blobs/" + digest
            yield walk.finding(record.body["seq"], "BLOB_WRONG", where, "missing, or other bytes", "error", record.place)


class Bundle:
    """One bundle under judgement; `findings` are those of section 21, the others are the walk's."""

    def __init__(self, entries, verifier_keys=()):
        self.entries, self.verifier_keys = entries, verifier_keys
        self.findings, self.named, self.count = [], set(), 0
        self.manifest = manifest_of(entries.get("bundle.json", b""))

    def wrong(self, where, message):
        if where not in self.named:
            self.named.add(where)
            self.findings.append(walk.finding(-1, "BUNDLE_WRONG", where, message))

    def check_files(self):
        """Rule 2: the names of the files that are not what `bundle.json` says."""
        listed = {file["name"]: file for file in self.manifest["files"]}
        for name, file in listed.items():
            data = self.entries.get(name)
            if data is None or len(data) != file["bytes"] or hashlib.sha256(data).hexdigest() != file["sha256"]:
                self.wrong(name, "not the file that bundle.json lists")
        for name in self.entries:
            if name not in listed and name != "bundle.json":
                self.wrong(name, "not listed in bundle.json")

    def lines(self):
        for name in sorted(filter(SEGMENT.fullmatch, self.entries)):
            for offset, data in split_lines(self.entries[name]):
                self.count += 1
                yield data, (name, offset)

    def options(self, more):
        """Rule 3; `more` are options given from outside."""
        said = self.manifest
        if said is None:
            return more
        more.keys = list(more.keys) + [key["jwk"] for key in said["keys"]]
        more.continues = said.get("continues", False)
        more.witnesses = list(more.witnesses) + [{**said["head"], "queue": said["queue"]}] + self._witness()
        more.notes = list(more.notes) + self._notes()
        if said["from"] > 0:
            more.start = self._start()
        return more

    def _start(self):
        said = self.manifest
        if "start" not in said:
            start = walk.start_unknown(said["from"] - 1)
            return {**start, "segBits": said["segBits"], "profile": said["profile"]}
        return walk.start_of_state(said["start"]["state"], said["start"]["genesis"], None, said["segBits"], said["profile"])

    def _witness(self):
        if "witness.json" not in self.entries or "witness.json" in self.named:
            return []
        statement = witness_of(self.entries["witness.json"])
        if statement is None:
            self.wrong("witness.json", "not the statement of a witness")
            return []
        return [statement]

    def _notes(self):
        """Rule 6."""
        notes = []
        for name in sorted(filter(ANCHOR.fullmatch, self.entries)):
            parsed = note.parse_note(self.entries[name])
            if parsed is None or name in self.named or parsed.queue != self.manifest["queue"]:
                continue
            if any(key.bears(parsed) and not key.verifies(parsed) for key in self.verifier_keys):
                self.findings.append(walk.finding(-1, "ANCHOR_WRONG", name, "the signature is wrong under the key given"))
            else:
                notes.append({"size": parsed.size, "root": parsed.root})
        return notes

    def check_blobs(self, record):
        """Rule 5."""
        self.findings += wrong_blobs(record, lambda digest: self.entries.get("blobs/" + digest))

    def check_agreement(self, judged):
        """Rule 4, after the walk."""
        said = self.manifest
        wanted = {"format": 1, "queue": judged.queue or said["queue"], "segBits": judged.seg_bits or said["segBits"]}
        if judged.genesis is not None:
            wanted["genesis"] = judged.genesis
        try:
            queue = canonical.read(self.entries.get("queue.json", b""))
        except canonical.NotCanonical:
            queue = None
        right = isinstance(queue, dict) and "genesis" in queue and all(queue.get(n) == v for n, v in wanted.items())
        if not right:
            self.wrong("queue.json", "does not agree with genesis")
        counted = said["count"] == said["to"] - said["from"] + 1 == self.count
        if not counted or said["head"]["seq"] != said["to"] or said["queue"] != (judged.queue or said["queue"]):
            self.wrong("bundle.json", "from, to, count, queue or head are not those of the lines")


def verify_bundle(entries, options, verifier_keys=()):
    """The report on a bundle, given as name → bytes; None stands for a ZIP that cannot be unpacked."""
    if entries is None:
        found = walk.finding(-1, "BUNDLE_WRONG", "zip", "cannot be unpacked")
        return {"sound": False, "records": 0, "head": None, "queue": None, "findings": [found], "unchecked": []}
    bundle = Bundle(entries, verifier_keys)
    if bundle.manifest is None:
        bundle.wrong("bundle.json", "missing, or not of the form of section 21")
    else:
        bundle.check_files()
    judged = walk.Walk(bundle.options(options))
    judged.on_record = bundle.check_blobs
    walk.run(judged, bundle.lines())
    if bundle.manifest is not None:
        bundle.check_agreement(judged)
    judged.findings = sorted(judged.findings + bundle.findings, key=lambda f: (f["seq"], f["code"]))
    return walk.report_of(judged)
