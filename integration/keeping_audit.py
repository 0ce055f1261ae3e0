"""Part "audit" of keeping.py: the exported log of a real directory is accepted by the verifier that shares no code with the hub, and
every kind of change is found by it or by the hub."""

import copy
import json
import shutil

import audit_verifier
import hubkit
import keeping_kit as kit
from keeping_forgery import change_entry

TESTS = "xdrybh|xm|sfzh|njrq|njjg|jcfs\nR421299{0:06d}|虚构{1}||20260115|阴性|现场\n"


def message_of(errors):
    """What anqiaoctl says."""
    try:
        return json.loads(errors)["message"]
    except (KeyError, ValueError):
        return errors.strip()[:150]


def one_test(number):
    return TESTS.format(700000 + number, chr(0x4E00 + number)).encode("gb18030")


def export(hub, data, out, *heads):
    code, _, errors = hub.tool("audit", "export", "--data", data, "--out", out, *(part for head in heads for part in ("--head", head)))
    if code:
        raise hubkit.ToolError(f"audit export: exit {code} {errors}")
    return json.loads(out.read_text(encoding="utf-8"))


def changed(exported, change):
    """The verifier's reason after "change" of a copy of the export."""
    edited = copy.deepcopy(exported)
    change(edited)
    return audit_verifier.verdict([edited])[0]


def edit_entry(exported):
    leaf = exported["leaves"]["hub"][7]
    leaf["commitment"] = "1" + leaf["commitment"][1:] if leaf["commitment"][0] != "1" else "2" + leaf["commitment"][1:]


def edit_ciphertext(exported):
    leaf = next(leaf for leaf in exported["leaves"]["hub"] if "ciphertext" in leaf)
    leaf["ciphertext"] = f"{int(leaf['ciphertext'][:2], 16) ^ 1:02x}" + leaf["ciphertext"][2:]


def remove_entry(exported):
    del exported["leaves"]["hub"][len(exported["leaves"]["hub"]) // 2]


def cut_off(exported):
    """Of the newest head: what came after it, nobody has signed yet."""
    signed = max(head["size"] for head in exported["heads"] if head["log"] == "hub")
    del exported["leaves"]["hub"][signed - 1:]


def swap_ciphertexts(exported):
    first, second = [leaf for leaf in exported["leaves"]["hub"] if "ciphertext" in leaf][:2]
    first["ciphertext"], second["ciphertext"] = second["ciphertext"], first["ciphertext"]


def swap_whole_entries(exported):
    leaves = exported["leaves"]["hub"]
    leaves[3], leaves[4] = leaves[4], leaves[3]


def change_exports(run, exported):
    run.expect(audit_verifier.verdict([exported])[0] is None, f"the export is rejected: {audit_verifier.verdict([exported])[0]}")
    for change in (edit_entry, edit_ciphertext, remove_entry, cut_off, swap_ciphertexts, swap_whole_entries):
        reason = changed(exported, change)
        run.expect(reason is not None and not reason.startswith("malformed"), f"{change.__name__}: {reason or 'accepted'}")
        run.say(f"{change.__name__.replace('_', ' ')}: {reason}")


def edited_directory(run, hub, exported):
    """A byte of an entry is changed in the files of a copy of the directory."""
    stored = [bytes.fromhex(leaf["ciphertext"]) for leaf in exported["leaves"]["hub"] if len(leaf.get("ciphertext", "")) > 400]
    target = run.rng.choice(stored)
    copied = hub.folder / "data.edited"
    shutil.copytree(hub.data, copied)
    changed_files = []
    for path in sorted((copied / "journal").iterdir()):
        data = path.read_bytes()
        # A compressed block shows only a part of it.
        place = data.find(target[16:80])
        if place >= 0:
            path.write_bytes(data[:place + 20] + bytes([data[place + 20] ^ 1]) + data[place + 21:])
            changed_files.append(path.name)
    run.expect(changed_files, "the entry's bytes are in no file of the journal")
    code, _, errors = hub.tool("audit", "verify", "--data", copied, "--against", hub.folder / "kept.json")
    run.expect(code != 0, f"audit verify accepts a directory with an edited byte in {changed_files}")
    opened = hub.start_without(data_directory="data.edited")
    if opened is None:  # Then whoever reads the entry must be told.
        hub.stop()
    hub.configure(data_directory="data")
    run.say(f"edited byte in {', '.join(changed_files)}: audit verify says {message_of(errors)!r}; the hub "
            + ("opens, and audit verify finds it" if opened is None else "refuses to open it"))


def forged_directory(run, hub, exported):
    """The same with every checksum made right again: the store opens, and only the log of hashes tells."""
    copied = hub.folder / "data.forged"
    shutil.copytree(hub.data, copied)
    logs = sorted((copied / "journal").glob("*.log"))
    numbered = [(place + 1, bytes.fromhex(leaf["ciphertext"])) for place, leaf in enumerate(exported["leaves"]["hub"])
                if 100 < len(leaf.get("ciphertext", "")) < 4000]
    run.rng.shuffle(numbered)
    sequence = next((sequence for sequence, ciphertext in numbered[:200]
                     if any(change_entry(path, sequence, ciphertext) for path in logs)), None)
    run.expect(sequence is not None, "no entry lies whole in a part of the journal's log")
    if sequence is None:
        return
    code, _, errors = hub.tool("audit", "verify", "--data", copied, "--against", hub.folder / "kept.json")
    run.expect(code == 1 and "LOG_EDITED" in errors, f"audit verify of a forged entry: exit {code} {errors[:300]}")
    run.say(f"entry {sequence} changed and every checksum made right: {message_of(errors)}")


def own_records(run, hub, cases):
    """An agency recomputes a leaf of its log from the proof's salt and its own record."""
    found = {}
    for case in cases:
        for key in kit.record_keys(case):
            found.setdefault(key[0], key)
    for agency, form, key in sorted(found.values()):
        path = hub.folder / f"own_{agency}.json"
        code, _, errors = hub.as_agency(agency, "proof", "--format", form, "--record-key", key, "--save", path)
        run.expect(code == 0, f"proof of {agency}: {errors[:200]}")
        if code:
            continue
        saved = json.loads(path.read_text(encoding="utf-8"))
        record, head = saved["records"][0], saved["heads"][0]
        content = bytes.fromhex(record["content"])
        commitment = audit_verifier.sha256(bytes.fromhex(record["salt"]), content)
        leaf_hash = audit_verifier.sha256(b"\0", audit_verifier.leaf_bytes({**record["leaf"], "commitment": commitment.hex()}))
        run.expect(audit_verifier.included(leaf_hash, record["index"], record["tree_size"],
                                           [bytes.fromhex(one) for one in record["hashes"]],
                                           bytes.fromhex(head["root"])), f"{agency}: the leaf recomputed from its record is not in its log")
        run.expect(key.split("/")[0].encode() in content, f"{agency}: the content of the proof does not name its own record")
        other = audit_verifier.sha256(bytes.fromhex(record["salt"]), content + b" ").hex()
        run.expect(kit.judged(path) is None and other != record["leaf"]["commitment"], f"{agency}: the verifier rejects its proof")
        record["content"] = record["content"][:-2] + f"{int(record['content'][-2:], 16) ^ 1:02x}"
        run.expect(kit.judged(kit.write_json(hub.folder / "own_changed.json", saved)) is not None,
                   f"{agency}: a changed record is accepted")
    run.say(f"{len(found)} agencies recomputed a leaf of their logs from their own record and the salt; a changed byte is rejected")


def branch(hub, data, ring, first):
    """Serves one of two copies for a while; returns the heads it signed, by size, as files."""
    hub.configure(data_directory=data, ring=ring)
    hub.start()
    heads = {}
    for step in range(6):
        hub.sender("police").send("tests", one_test(first + step))
        path = hub.folder / f"head_{data}_{step}.json"
        hub.ctl("audit", "head", "--save", path, user="ops")
        heads[max(head["size"] for head in json.loads(path.read_text(encoding="utf-8"))["heads"])] = path
    return heads


def forked(run, hub):
    """Two copies of a stopped hub go on differently, each with the real signing key."""
    shutil.copytree(hub.data, hub.folder / "data.fork")
    shutil.copy(hub.folder / "keys" / "ring", hub.folder / "keys" / "ring_fork")
    ours = branch(hub, "data", "keys/ring", 100)
    hub.stop()
    theirs = branch(hub, "data.fork", "keys/ring_fork", 200)
    same = sorted(ours.keys() & theirs.keys())
    run.expect(same, f"the copies signed no heads of the same size: {sorted(ours)} and {sorted(theirs)}")
    if same:
        reason = kit.judged(ours[same[0]], theirs[same[0]])
        run.expect(reason is not None and reason.startswith("fork"), f"the verifier says {reason} to two forked heads")
        run.say(f"two heads of size {same[0]} signed by the copies: {reason}")
    smallest = min(ours)
    code, _, errors = hub.as_user("ops", "audit", "head", "--since", ours[smallest])
    run.expect(code == 1 and "fork" in errors.lower(), f"audit head --since on the fork: exit {code} {errors[:200]}")
    run.say(f"anqiaoctl audit head --since on the fork: {message_of(errors)}")
    hub.stop()
    # Without a head that both have signed a fork cannot be told from an edited log.
    code, _, errors = hub.tool("audit", "verify", "--data", hub.folder / "data.fork", "--against", ours[smallest])
    run.expect(code == 1 and ("LOG_FORKED" in errors or "LOG_EDITED" in errors),
               f"audit verify of the fork against our head: exit {code} {errors[:200]}")
    hub.configure(data_directory="data", ring="keys/ring")


def run_part(run):
    with kit.Hub(run.folder / "audit") as hub:
        hub.start()
        hub.submit_district(run.district)
        hub.ctl("audit", "head", "--save", hub.folder / "early.json", user="ops")
        own_records(run, hub, kit.cases_of(hub))
        for log in ("hub", *(f"agencies/{agency}" for agency in hubkit.AGENCIES)):
            hub.ctl("audit", "head", log, "--save", hub.folder / f"head_{log.replace('/', '_')}.json", user="zhao.min")
        hub.ctl("audit", "head", "--since", hub.folder / "early.json", "--save", hub.folder / "kept.json", user="ops")
        hub.stop()
        heads = sorted(hub.folder.glob("head_*.json"))
        exported = export(hub, hub.data, hub.folder / "export.json", *heads, hub.folder / "kept.json")
        run.say(f"exported {len(exported['leaves']['hub'])} entries, {len(exported['heads'])} heads: accepted by audit_verifier.py")
        change_exports(run, exported)
        edited_directory(run, hub, exported)
        forged_directory(run, hub, exported)
        forked(run, hub)
