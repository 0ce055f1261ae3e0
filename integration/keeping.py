#!/usr/bin/python3
"""What the hub keeps is sealed, can be erased, is backed up and cannot be changed unseen: shown on the real binaries with a small
made-up district.

  keeping.py [--only PART]... [--long] [--seed N] [--dir DIR]

Parts: canaries (no file has a value in any encoding; a hub that seals nothing is the mutant), erase, backup, rotation, audit, retention.
"""

import argparse
import base64
import collections
import datetime
import json
import pathlib
import random
import shutil
import sys
import time

import hubkit

hubkit.generate_stubs()

import crash  # noqa: E402
import keeping_audit  # noqa: E402
import keeping_erasure  # noqa: E402
import keeping_kit as kit  # noqa: E402
from bad_input import roster, roster_row  # noqa: E402
from check_district import load_truth  # noqa: E402
from keeping_canaries import DISTRICT_PEOPLE, Search, occurring, of_people, plant  # noqa: E402

PEOPLE = 2_000
UNSEALED = {"cipher_suite": "none", "hide_keys": "off"}


class Run:
    """What the parts get: where, how, and whom to tell."""

    def __init__(self, options, district):
        self.folder, self.long, self.district = options.dir, options.long, district
        self.rng = random.Random(options.seed)
        self.checks, self.failures = 0, []

    def expect(self, holds, message):
        self.checks += 1
        if not holds:
            self.failures.append(message)
            print("    FAILED " + message, flush=True)

    @staticmethod
    def say(text):
        print("    " + text, flush=True)


# --- Canaries.


def canary_people(people):
    """People of at least two agencies whose names nobody shares and who may be referred."""
    names = collections.Counter(person["name"] for person in people)
    wanted = [person for person in people if names[person["name"]] == 1 and len(person["name"]) > 2 and not person["held"]
              and len({record[0] for record in person["records"]}) >= 2 and "ELIGIBLE" in person["entitlements"].values()]
    return wanted[:DISTRICT_PEOPLE]


def refer_canaries(run, hub, people):
    """Referrals about canaries: those to the employment service are answered, those to the tax bureau wait."""
    owner = {tuple(record): person["person"] for person in people for record in person["records"]}
    sent = collections.Counter()
    last = None
    for case in kit.cases_of(hub):
        if not any(key in owner for key in kit.record_keys(case)):
            continue
        for policy in keeping_erasure.EMPLOYMENT_POLICIES + keeping_erasure.TAX_POLICIES:
            kind = "tax" if policy in keeping_erasure.TAX_POLICIES else "employment"
            if sent[kind] < 2:
                name = kit.refer(hub, case["name"], policy)
                sent[kind] += name is not None
                last = name if name and kind == "employment" else last
    run.expect(sent["employment"], f"no referral about a canary could be sent: {dict(sent)}")
    if last:
        kit.await_state(hub, last, "OUTCOME_REPORTED")
    return sum(sent.values())


def canary_stages(run, keys, title, district, people, search):
    """What is found, by name, over a hub that serves, its backup, after kill -9 and after a stop."""
    total = {}
    with kit.Hub(run.folder / title, keys=keys) as hub:
        hub.start()
        hub.submit_district(district)
        hub.start_agency("employment", district / "employment")
        referrals = refer_canaries(run, hub, people)
        waiting = hub.ctl("quarantine", "list", user="ops").get("payloads", [])
        run.expect(len(waiting) >= 8, f"only {len(waiting)} payloads wait in quarantine")
        master = (hub.folder / "keys" / "master.key").read_text(encoding="ascii").strip()
        raw = bytes.fromhex(master)
        search.also("master key", (raw, master.encode(), master.upper().encode(), base64.b64encode(raw)[:-2]))
        places = [hub.data, hub.folder / "logs" / "anqiaod.log", hub.folder / "keys" / "ring"]

        def look(when, *where):
            found, files, size = search.look(*where)
            run.say(f"{title}, {when}: {files} files, {size >> 10} KiB, {len(search.patterns)} patterns: {len(found)} of "
                    f"{len(search.values) + 1} found")
            for name, places_of in found.items():
                total.setdefault(name, set()).update(places_of)

        look("serving", *places)
        hub.ctl("backup", hub.folder / "backup", user="ops")
        look("backup", hub.folder / "backup")
        hub.kill()
        look("after kill -9", *places)
        hub.start()
        run.expect(hub.verify(), "verify differs after kill -9")
        hub.stop()
        look("stopped", *places)
    run.say(f"{title}: {len(waiting)} payloads in quarantine, {referrals} referrals")
    return total


def canaries(run):
    district = run.folder / "planted"
    shutil.copytree(run.district, district)
    planter = plant(district, run.rng.randrange(10**9))
    people = canary_people(load_truth(district)[0])
    chosen = of_people(people)
    values = {**occurring(planter.values, district), **{name: value for name, value in chosen.items() if "/" in value},
              **occurring(chosen, district)}
    search = Search(values)
    missed = search.self_test(run.folder / "search_self_test", run.rng)
    run.expect(not missed, f"the search does not find what it should: {missed[:3]}")
    run.say(f"{len(values)} canaries: {len(occurring(planter.values, district))} values planted, and {len(people)} people "
            f"of the district; {len(search.patterns)} patterns, each found where it was put")
    found = canary_stages(run, None, "sealed", district, people, search)
    run.expect(not found, f"{len(found)} canaries are in files of the sealed hub: "
               f"{sorted((name, *sorted(places)[:1]) for name, places in found.items())[:3]}")
    found = canary_stages(run, UNSEALED, "unsealed", district, people, search)
    missing = values.keys() - found.keys()
    run.expect(not missing, f"the search misses {len(missing)} canaries in the hub that seals nothing: {sorted(missing)[:5]}")
    run.expect("master key" not in found, "the master key is in a file of the hub that seals nothing")
    folders = collections.Counter(folder for places in found.values() for folder in {path.split("/unsealed/")[1].rsplit("/", 1)[0]
                                                                                      for _, path in places})
    run.say(f"the mutant, a hub that seals nothing: {len(values) - len(missing)} of {len(values)} canaries found, "
            f"by folder {dict(folders)}")


# --- Backups.


def back_up_under_load(run, hub, caseworker, count):
    """Backups with what had been acknowledged before each began."""
    made = []
    for number in range(count):
        time.sleep(run.rng.uniform(0.1, 0.5))
        sent = set(caseworker.acknowledged)
        records = set(crash.Oracle(hub.folder).records)
        path = hub.folder / f"backup_{number}"
        started = time.monotonic()
        hub.ctl("backup", path, "--head", hub.folder / f"backup_{number}.json", user="ops")
        made.append((path, records, sent, time.monotonic() - started))
    return made


def compare_restored(run, hub, number, made, finally_sent):
    path, records, sent, _ = made
    heads = [json.loads((hub.folder / name).read_text(encoding="utf-8")) for name in ("early.json", "newest.json")]
    both = kit.write_json(hub.folder / "both.json", {"public_key": heads[0]["public_key"],
                                                     "heads": [head for one in heads for head in one["heads"]]})
    report = kit.restore(hub, path, f"data.{number}", head=both)
    relations = [head["relation"] for head in sorted(report["heads"], key=lambda head: int(head["size"]))]
    run.expect(relations[0] in ("EARLIER", "EQUAL") and relations[-1] in ("LATER", "EQUAL"), f"backup {number} against heads: {relations}")
    hub.configure(data_directory=f"data.{number}")
    hub.start()
    found = kit.on_file(hub)
    run.expect(not records - found.keys(), f"backup {number} lacks {len(records - found.keys())} records acknowledged before it")
    run.expect(not found.keys() - finally_sent, f"backup {number} has {len(found.keys() - finally_sent)} records that nobody sent")
    run.expect(all(times == 1 for times in found.values()), f"backup {number} has records twice")
    there = {referral["name"] for referral in hub.ctl("referrals", "list", "--all").get("referrals", [])
             if referral["state"] != "REFERRAL_STATE_DRAFT"}
    run.expect(not sent - there, f"backup {number} lacks {len(sent - there)} referrals sent before it")
    run.expect(hub.verify(), f"verify differs on backup {number}")
    hub.stop()
    return len(records), found.keys()


def backups(run):
    with kit.Hub(run.folder / "backup") as hub:
        hub.start()
        cluster = crash.Cluster(hub, run.district)
        for name in cluster.names:
            cluster.start(name)
        hub.ctl("audit", "head", "--save", hub.folder / "early.json", user="ops")
        cluster.wait_submitted()
        candidates = [(policy, case) for policy in crash.POLICIES for case in sorted(kit.eligible(hub, policy))]
        run.rng.shuffle(candidates)
        caseworker = crash.Caseworker(hub, candidates)
        caseworker.start()
        made = back_up_under_load(run, hub, caseworker, 60 if run.long else 20)
        caseworker.stopping.set()
        caseworker.join(120)
        for name in cluster.names:
            hub.stop_agency(name)
        hub.ctl("audit", "head", "--save", hub.folder / "newest.json", user="ops")
        # What the load had sent when it was stopped was answered, or is answered now.
        acknowledged = crash.Oracle(hub.folder).records
        finally_sent = acknowledged | set(kit.on_file(hub))
        run.expect(finally_sent == acknowledged, f"{len(finally_sent - acknowledged)} records are on file that nobody was told of")
        hub.stop()
        sizes = [compare_restored(run, hub, number, one, finally_sent) for number, one in enumerate(made)]
        # The comparison is worth something only if it tells an older backup from a newer one.
        missed = len(made[-1][1] - sizes[0][1])
        run.expect(missed > 0, "the first backup, taken for the last, would not have been noticed")
        run.say(f"the mutant, the first backup taken for the last: {missed} records acknowledged before it are missing")
        run.say(f"{len(made)} backups under load, each in at most {max(one[3] for one in made):.2f} s, restored: records acknowledged "
                f"before it / found in it {', '.join(f'{before}/{len(found)}' for before, found in sizes)}, of {len(finally_sent)} at the end; "
                f"referrals sent before it {', '.join(str(len(one[2])) for one in made)}; between the early and the newest head; "
                "verify equal")
        hub.configure(data_directory="data")


# --- Rotation.


def rotation(run):
    def test(number):
        lines = [f"R421299{600000 + number}|虚构{chr(0x4E00 + number % 5000)}||20260115|阴性|现场\n"]
        return ("xdrybh|xm|sfzh|njrq|njjg|jcfs\n" + "".join(lines)).encode("gb18030")

    def employer(number):
        return f'{{"note": "made-up", "sheet": "单位信息", "rows": [{{"aab998": "91421299MA4ABCDEF3", "aab004": "虚构公司{number}"}}]}}'.encode()

    with kit.Hub(run.folder / "rotation") as hub:
        hub.start()
        hub.submit_district(run.district)
        loads = [kit.StrictLoad(hub, "police", "tests", test), kit.StrictLoad(hub, "employment", "employers", employer)]
        for load in loads:
            load.start()
        took = []
        for number in (2, 3):
            time.sleep(0.5)
            code, _, errors = hub.tool("keys", "init", hub.folder / "keys", "--name", f"master_{number}.key")
            run.expect(code == 0, f"keys init: {errors[:200]}")
            started = time.monotonic()
            hub.ctl("keys", "rotate", "--to", hub.folder / "keys" / f"master_{number}.key", user="ops")
            took.append(time.monotonic() - started)
        time.sleep(0.5)
        for load in loads:
            load.finish()
        failures = [failure for load in loads for failure in load.failures]
        run.expect(not failures, f"{len(failures)} calls failed during rotation: {failures[:2]}")
        census, people = hub.ctl("census"), len(kit.cases_of(hub))
        hub.stop()
        refusals = []
        for old in ("master.key", "master_2.key"):
            reason = hub.start_without(master_key=f"keys/{old}")
            run.expect(reason is not None and "is wrapped under the master key" in reason,
                       f"with {old} of before: {(reason or 'it serves')[-300:]}")
            refusals.append((reason or "").splitlines()[-1])
            hub.stop()
        hub.configure(master_key="keys/master_3.key")
        hub.start()
        run.expect(hub.verify() and hub.ctl("census") == census and len(kit.cases_of(hub)) == people,
                   "something is missing after the rotations")
        run.say(f"2 rotations in {took[0]:.2f} and {took[1]:.2f} s while {sum(load.answered for load in loads)} payloads were answered, "
                f"{len(failures)} failed; with the new master key {people} cases and verify equal")
        run.say(f"with the old ones: {' / '.join(refusals)}")


# --- Retention.


def newest_payload_time(hub):
    """Just after the newest payload came into quarantine, by the hub's clock."""
    times = [payload["createTime"] for payload in hub.ctl("quarantine", "list", user="ops").get("payloads", [])]
    newest = max(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")[:19] + "+00:00") for text in times)
    return (newest + datetime.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def retention(run):
    with kit.Hub(run.folder / "retention") as hub:
        hub.start()
        hub.submit_district(run.district)
        sender = hub.sender("police")
        rows = [roster_row(serial) for serial in range(1, 4)]
        sender.send("roster", roster(rows))  # Held as a whole: it would end nearly everybody.
        waiting = [payload["name"] for payload in hub.ctl("quarantine", "list", user="ops").get("payloads", [])]
        before, census, cases = newest_payload_time(hub), hub.ctl("census"), kit.cases_of(hub)
        hub.ctl("backup", hub.folder / "backup", user="ops")
        time.sleep(1.1)
        # What comes after that instant stays.
        sender.send("tests", "xdrybh|xm|sfzh|njrq|njjg|jcfs\nR421299900001|虚构甲||20261399|阴性|现场\n".encode("gb18030"))
        done = hub.ctl("purge", "--class", "payloads", "--before", before, "--certificate", hub.folder / "purge.json", user="ops")
        run.expect(int(done.get("payloadCount", 0)) == len(waiting), f"purged {done.get('payloadCount', 0)} of {len(waiting)} payloads")
        run.expect(kit.judged(hub.folder / "purge.json") is None, f"the certificate is rejected: {kit.judged(hub.folder / 'purge.json')}")
        left = {payload["name"] for payload in hub.ctl("quarantine", "list", user="ops").get("payloads", [])}
        run.expect(len(left) == 1 and not left & set(waiting), f"{len(left)} payloads are left, expected the newest alone")
        run.expect(hub.ctl("census") == census and len(kit.cases_of(hub)) == len(cases), "something else than payloads is gone")
        for name in waiting:
            run.expect(hub.refused("ops", "quarantine", "replay", name), f"{name} can be replayed after the purge")
        run.expect(hub.verify(), "verify differs after the purge")
        hub.stop()
        kit.restore(hub, hub.folder / "backup", "data.restored")
        hub.configure(data_directory="data.restored")
        hub.start()
        replayed = [name for name in waiting if not hub.refused("ops", "quarantine", "replay", name)]
        run.expect(not replayed, f"{len(replayed)} purged payloads can be replayed from the backup")
        run.expect(hub.verify() and hub.ctl("census") == census, "the backup of before the purge differs in something else")
        run.say(f"{len(waiting)} payloads purged, {done['keyCount']} keys destroyed, certificate accepted; none can be read from the "
                f"backup of before either; the newer payload, the census and {len(cases)} cases stand; verify equal")


PARTS = {"canaries": canaries, "erase": keeping_erasure.run_part, "backup": backups, "rotation": rotation, "audit": keeping_audit.run_part,
         "retention": retention}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0].replace("\n", " "))
    parser.add_argument("--only", action="append", choices=sorted(PARTS), metavar="PART", help="one of: " + " ".join(PARTS))
    parser.add_argument("--long", action="store_true", help="20 backups, 60 erasures with kill -9")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--dir", type=pathlib.Path, default=hubkit.ROOT / "build" / "keeping")
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    options.dir = hubkit.fresh_folder(options.dir)
    hubkit.generate_district(options.dir / "district", PEOPLE)
    run = Run(options, options.dir / "district")
    started = time.monotonic()
    for name, part in PARTS.items():
        if not options.only or name in options.only:
            begun, failed = time.monotonic(), len(run.failures)
            print(f"==> {name}", flush=True)
            part(run)
            print(f"    {name}: {'FAILED' if len(run.failures) > failed else 'passed'} in {time.monotonic() - begun:.1f} s", flush=True)
    for failure in run.failures:
        print("FAILED " + failure)
    print(f"keeping, seed {options.seed}: {run.checks} checks, {len(run.failures)} failed, {time.monotonic() - started:.0f} s")
    sys.exit(1 if run.failures else 0)


if __name__ == "__main__":
    hubkit.run_as_program(main)
