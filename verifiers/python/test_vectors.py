"""Runs all cases of vectors/core/ against these modules: `python3 verifiers/python/test_vectors.py`; exit 1 when one differs."""
import json
import pathlib
import sys

import canonical
import crypto
import note
import tree
import walk
from record import Line

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "vectors" / "core"


def load(name):
    return json.loads((FOLDER / (name + ".json")).read_text("utf-8"))


def accepted(action):
    try:
        return action()
    except canonical.NotCanonical:
        return None


def canonical_case(test):
    given = test["input"]
    if "read" in test["flags"]:
        data = bytes.fromhex(given["hex"]) if "hex" in given else given["text"].encode("utf-8", "surrogatepass")
        return (accepted(lambda: (canonical.read(data),)) is not None) == test["result"]["accepted"]
    text = accepted(lambda: canonical.write(canonical.parse(given["json"].encode("utf-8"))))
    if text is None:
        return not test["result"]["accepted"]
    return test["result"]["accepted"] and text.decode("utf-8") == test["result"]["canonical"]


def digest_case(test):
    value = canonical.digest(test["input"]["tag"].encode(), canonical.write(test["input"]["value"]))
    return value != test["input"]["digest"] if "digest" in test["input"] else value == test["result"]["digest"]


def key_case(test):
    key, wanted = crypto.key_of(test["input"]["jwk"]), test["result"]
    if key is None:
        return wanted.get("usable") is False
    return key.kid == wanted["kid"] and sorted(key.algorithms) == sorted(wanted["algs"])


def signature_case(test):
    given, body = test["input"], test["input"]["body"]
    header = canonical.write({"alg": body["alg"], "kid": body["kid"], "typ": "sigillo-record+jws"})
    message = canonical.to_base64url(header) + "." + canonical.to_base64url(canonical.write(body))
    key = crypto.key_of(given["jwk"])
    return (key is not None and key.verify(body["alg"], message.encode(), given["sig"])) == test["result"]["valid"]


def record_case(test):
    line = Line(test["result"]["line"].encode())
    right = line.fault is None and line.body == test["input"]["body"] and line.payload == test["input"]["payload"]
    return right and line.recomputed == test["result"]["hash"] == line.hash and line.payload_matches


def state_case(test):
    value = canonical.digest(canonical.STATE_TAG, canonical.write(test["input"]["state"]))
    return value != test["input"]["digest"] if "digest" in test["input"] else value == test["result"]["digest"]


def merkle_case(test):
    given = test["input"]
    names = ("leaf", "root") if "inclusion" in test["flags"] else ("firstRoot", "secondRoot")
    if not all(map(canonical.is_hash, [given[n] for n in names] + given["proof"])):
        return test["result"]["valid"] is False
    if "inclusion" in test["flags"]:
        valid = tree.verify_inclusion(given["leaf"], given["index"], given["size"], given["proof"], given["root"])
    else:
        ends = (given["first"], given["second"], given["firstRoot"], given["secondRoot"])
        valid = tree.verify_consistency(*ends, given["proof"])
    return valid == test["result"]["valid"]


def note_case(test):
    wanted, parsed = test["result"], note.parse_note(test["input"]["note"].encode("utf-8", "surrogatepass"))
    try:
        right = parsed is not None and note.VerifierKey(test["input"]["verifierKey"]).verifies(parsed)
    except ValueError:
        right = False
    if not right:
        return not wanted["accepted"]
    return wanted["accepted"] and (parsed.origin, parsed.size) == (wanted["origin"], wanted["size"]) and wanted["root"] == parsed.root


def journal_report(test, pool):
    given = test["input"]
    start = None
    if "start" in given:
        one = given["start"]
        start = walk.start_of_state(one["state"], one["genesis"], None, one["segBits"], one["profile"])
    if "purge" in given:
        start = walk.start_of_purge(given["purge"])
    options = walk.Options(
        keys=given.get("keys", ()),
        endorsers=given.get("endorsers", ()),
        start=start,
        witnesses=[given["witness"]] if "witness" in given else (),
        notes=given.get("notes", ()),
        continues=given.get("continues", False),
    )
    lines = [bytes.fromhex(pool[n]["hex"]) if isinstance(pool[n], dict) else pool[n].encode() for n in given["lines"]]
    return walk.verify(((line, (None, None)) for line in lines), options)


def journal_case(test, pool):
    report, wanted = journal_report(test, pool), test["result"]
    found = [{name: f[name] for name in ("seq", "code", "severity")} for f in report["findings"]]
    order = lambda f: (f["seq"], f["code"], f["severity"])
    right = sorted(found, key=order) == sorted(wanted["findings"], key=order)
    if not right:
        print(test["id"], test["comment"], "found", [tuple(f.values()) for f in found], file=sys.stderr)
    return right and report["sound"] == (wanted["verdict"] == "sound")


CASES = {
    "canonical": canonical_case,
    "digests": digest_case,
    "keys": key_case,
    "signatures": signature_case,
    "records": record_case,
    "state": state_case,
    "merkle": merkle_case,
    "note": note_case,
    "journals": journal_case,
}


def main():
    wrong = 0
    for name, case in CASES.items():
        file = load(name)
        more = (file["pool"],) if name == "journals" else ()
        failed = [test["id"] + " " + test["comment"] for test in file["tests"] if not case(test, *more)]
        print("%s: %d cases, %d wrong" % (name, len(file["tests"]), len(failed)), *failed, sep="\n  ")
        wrong += len(failed)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
