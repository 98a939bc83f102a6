#!/usr/bin/env python3
"""Verifies a fiscal journal by FORMAT.md alone: a queue folder, a file of lines, or an export bundle (ZIP or unpacked).

Standard library only, Python 3.9 or newer. Reads, writes nothing. Exit 0: sound; 1: findings; 2: nothing that could be judged.
"""
import argparse
import base64
import json
import os
import sys

import bundle
import canonical
import folder
import note
import walk
from record import split_lines


def _json_file(path):
    with open(path, "rb") as file:
        return json.loads(file.read())


def _options(args):
    witnesses = []
    if args.witness is not None:
        with open(args.witness, "rb") as file:
            statement = bundle.witness_of(file.read().rstrip(b"\n"))
        if statement is None:
            raise folder.Unreadable("%s is not the statement of a witness" % args.witness)
        witnesses.append(statement)
    return walk.Options(
        keys=[_json_file(path) for path in args.key],
        endorsers=[_json_file(path) for path in args.endorser],
        witnesses=witnesses,
        continues=args.continues,
    )


def _jsonl(path, options):
    with open(path, "rb") as file:
        lines = split_lines(file.read())
    return walk.verify(((data, (path, offset)) for offset, data in lines), options)


def _verify_folder(path, lines, options):
    """Lines of a folder, and the files their records name (13)."""
    judged = walk.Walk(options)

    def read(digest):
        try:
            with open(os.path.join(path, "blobs", digest), "rb") as file:
                return file.read()
        except OSError:
            return None

    judged.on_record = lambda record: judged.findings.extend(bundle.wrong_blobs(record, read))
    walk.run(judged, lines)
    judged.findings.sort(key=lambda found: (found["seq"], found["code"]))
    return walk.report_of(judged)


def verify_path(path, options, verifier_keys=(), writing=False):
    """The report on whatever lies at `path`; raises Unreadable or OSError."""
    if os.path.isdir(path):
        if os.path.exists(os.path.join(path, "bundle.json")):
            return bundle.verify_bundle(bundle.read_folder(path), options, verifier_keys)
        lines, options.queue = folder.folder_lines(path, writing)
        options.start = folder.purged_start(lines)
        if options.start is not None:
            options.keys = [*options.keys, *folder.kept_keys(path)]
        return _verify_folder(path, lines, options)
    with open(path, "rb") as file:
        zipped = file.read(4) in (b"PK\3\4", b"PK\5\6") or path.endswith(".zip")
    if zipped:
        return bundle.verify_bundle(bundle.read_zip(path), options, verifier_keys)
    return _jsonl(path, options)


def _print(report, path):
    for found in report["findings"]:
        place = "%s:%d " % (found["file"], found["offset"]) if "file" in found else ""
        print("%s%d %s %s (%s): %s" % (place, found["seq"], found["severity"], found["code"], found["where"], found["message"]))
    for words in report["unchecked"]:
        print("not checked: " + words)
    print("%s: %s, %d records" % (path, "sound" if report["sound"] else "UNSOUND", report["records"]))


def _batch_options(case):
    start = None
    if "start" in case:
        given = case["start"]
        start = walk.start_of_state(given["state"], given["genesis"], None, given["segBits"], given["profile"])
    if "purge" in case:
        start = walk.start_of_purge(case["purge"])
    return walk.Options(
        keys=case.get("keys", ()),
        endorsers=case.get("endorsers", ()),
        start=start,
        witnesses=[case["witness"]] if "witness" in case else (),
        notes=case.get("notes", ()),
        continues=case.get("continues", False),
    )


def batch(source, sink):
    """Many journals at once. First line `{"pool": [base64, …]}`; then one case a line: `chunks` are places in the pool or
    base64, joined they are the journal; options as in vectors/core/journals.json. Answers one line each: `sound`, `findings`."""
    pool = [base64.b64decode(item) for item in json.loads(source.readline())["pool"]]
    for text in source:
        case = json.loads(text)
        data = b"".join(pool[c] if isinstance(c, int) else base64.b64decode(c) for c in case["chunks"])
        lines = ((line, (None, None)) for _, line in split_lines(data))
        report = walk.verify(lines, _batch_options(case))
        found = [[f["seq"], f["code"], f["severity"]] for f in report["findings"]]
        answer = {"id": case.get("id"), "sound": report["sound"], "records": report["records"], "findings": found}
        sink.write(json.dumps(answer) + "\n")


def main(argv=None):
    parser = argparse.ArgumentParser(prog="sigillo_verify.py", description=__doc__.splitlines()[0])
    parser.add_argument("path", nargs="?", help="queue folder, .jsonl file, bundle ZIP or unpacked bundle")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--witness", metavar="FILE", help="statement of a witness: the last head known elsewhere")
    parser.add_argument("--endorser", metavar="FILE", action="append", default=[], help="JWK trusted to endorse a recovery of keys")
    parser.add_argument("--key", metavar="FILE", action="append", default=[], help="JWK offered for records whose key change is lost")
    parser.add_argument("--verifier-key", metavar="TEXT", action="append", default=[], help="key of a signer of notes")
    parser.add_argument("--continues", action="store_true", help="the journal goes on behind the last line")
    parser.add_argument("--writing", action="store_true", help="a writer is at work in the folder: leave its unfinished end out")
    parser.add_argument("--batch", action="store_true", help="judge many journals given on standard input")
    args = parser.parse_args(argv)
    if args.batch:
        batch(sys.stdin, sys.stdout)
        return 0
    if args.path is None:
        parser.error("a path is needed")
    try:
        keys = [note.VerifierKey(text) for text in args.verifier_key]
        report = verify_path(args.path, _options(args), keys, args.writing)
    except (OSError, ValueError, folder.Unreadable) as error:
        print("cannot be judged: %s" % error, file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _print(report, args.path)
    return 0 if report["sound"] else 1


if __name__ == "__main__":
    sys.exit(main())
