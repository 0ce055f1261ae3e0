"""Part "erase" of keeping.py: a person is erased, and is in nothing that the hub shows, delivers, answers or restores."""

import collections
import hashlib
import json
import shutil
import subprocess
import time

import exchange
import hubkit
import keeping_kit as kit
from bad_input import id_number
from check_district import load_truth
from exchange import exchange_pb2
from keeping_canaries import Search, of_people

EMPLOYMENT_POLICIES = ("employment-assistance", "difficulty-recognition", "training-subsidy")
TAX_POLICIES = ("tax-relief-self-employed", "tax-relief-employer")
POLICIES = EMPLOYMENT_POLICIES + TAX_POLICIES
REASON = ["--reason", "REQUEST_OF_PERSON", "--basis", "个人信息保护法 第四十七条", "--yes"]


class Erased:
    """A person that is to be erased, and what tells of them."""

    def __init__(self, case, person, referrals=()):
        self.case, self.keys = case["name"], set(kit.record_keys(case))
        self.referrals = list(referrals)
        self.search = Search({**of_people([person]), "case": case["name"], **{name: name for name in self.referrals}})

    def leftovers(self, hub, briefly=False):
        """Where the hub still tells of them."""
        found = [f"listings show {name}" for name in self.search.in_text(kit.everything_shown(hub))]
        if not briefly:
            found += [f"deliveries show {name}" for name in self.search.in_text(kit.everything_delivered(hub, 0.3))]
        for arguments in (["cases", "show", self.case], ["disclosures", self.case], ["eligibility", self.case],
                          *(["referrals", "show", name] for name in self.referrals)):
            if not hub.refused("wang.fang", *arguments):
                found.append(f"{' '.join(arguments)} is not NOT_FOUND")
        for agency, form, key in {key[:2]: key for key in sorted(self.keys)}.values() if not briefly else sorted(self.keys)[:1]:
            code, _, errors = hub.as_agency(agency, "proof", "--format", form, "--record-key", key)
            if code in hubkit.ANSWERED or kit.NOT_FOUND not in errors:
                found.append(f"{agency} gets a proof of {form} {key}")
        return found


def people_by_case(cases, people):
    """The true person of each case that has records of that person alone, all of them."""
    owner = {tuple(record): person for person in people for record in person["records"]}
    names = collections.Counter(person["name"] for person in people)
    for case in cases:
        keys = kit.record_keys(case)
        owners = {owner[key]["person"] if key in owner else "" for key in keys}
        if len(owners) == 1 and "" not in owners:
            person = owner[keys[0]]
            if len(keys) == len(person["records"]) and not person["held"] and names[person["name"]] == 1 and len(person["name"]) > 2:
                yield case, person


def choose(run, hub, district):
    """A person known to three agencies, one of them the police, with a referral that was answered and one that waits to be fetched."""
    people, _ = load_truth(district)
    wanted = [(case, person) for case, person in people_by_case(kit.cases_of(hub), people)
              if len({agency for agency, _, _ in kit.record_keys(case)}) >= 3 and any(key[1] == "tests" for key in kit.record_keys(case))]
    run.rng.shuffle(wanted)
    entitled = {policy: kit.eligible(hub, policy) for policy in POLICIES}
    wanted.sort(key=lambda pair: -sum(pair[0]["name"] in cases for cases in entitled.values()))
    for case, person in wanted[:20]:
        referrals = []
        for policy in (policy for policy in POLICIES if case["name"] in entitled[policy]):
            name = kit.refer(hub, case["name"], policy)
            if name and not referrals:
                kit.await_state(hub, name, "OUTCOME_REPORTED")
                hub.stop_agency("employment")  # The next one stays where it is.
            referrals += [name] if name else []
            if len(referrals) == 2:
                break
        if referrals:
            return case, person, referrals
    raise hubkit.ToolError("nobody in the district has records of three agencies and a referral")


def quarantine_with(hub, case, name):
    """Two payloads that wait in quarantine for others' rows and have rows of this person, too: of one the bytes can be told apart, in
    the other they cannot. In the first a row of theirs is held, as well. Returns the first's name and how the rows were taken."""
    number, day, kind = next(key for _, form, key in kit.record_keys(case) if form == "tests").split("/")
    row = "{0}|{1}|{2}|{3}|阴性|{4}\n".format
    right = id_number(17)
    wrong = right[:17] + ("1" if right[17] != "1" else "2")
    head, sender = "xdrybh|xm|sfzh|njrq|njjg|jcfs\n", hub.sender("police")
    data = (head + row(number, name, "", "20260131", "现场") + row(number, name, wrong, day.replace("-", ""), kind)
            + row("R421299990001", "虚构乙", wrong, "20260131", "现场") + row("R421299990002", "虚构丙", "", "20260131", "现场"))
    apart, _ = sender.send("tests", data.encode("gb18030"), file_name="apart.txt")
    data = head + row(number, name, "", "20260201", "现场") + row("R421299990003", "虚构丁", "", "20269999", "现场")
    together, _ = sender.send("tests", data.encode("gb18030"), file_name="together.txt")
    payload = next(one["name"] for one in hub.ctl("quarantine", "list", user="ops")["payloads"] if one.get("fileName") == "apart.txt")
    return payload, (apart.accepted_count, apart.held_count, together.accepted_count, together.held_count)


def others_rows_stay(run, hub, payload, rows):
    """Replaying what is left of a payload tries the others' rows, with the numbers that they had."""
    left = held_rows(hub, payload)
    run.expect(set(rows) <= set(left), f"of the payload rows {left} wait, expected {rows}")
    done = hub.ctl("quarantine", "replay", payload, user="ops")
    run.expect(int(done.get("heldCount", 0)) == len(rows) and held_rows(hub, payload) == rows,
               f"a replay of rows {rows} says {done}, then {held_rows(hub, payload)} wait")
    run.say(f"of a payload with rows cut out the others' held rows {rows} still wait after a replay, under their numbers")


def held_rows(hub, payload):
    try:
        return [int(record["row"]) for record in hub.ctl("quarantine", "show", payload, user="ops").get("records", [])]
    except hubkit.ToolError:
        return []


def resubmit(hub, district, erased):
    """Every file again with its request id: what was answered for others is answered as before, theirs is ERASED."""
    faults, told = [], 0
    for agency in hubkit.AGENCIES:
        first = {line["request_id"]: line for line in exchange.read_log(hub.folder / "logs" / f"{agency}.jsonl")
                 if line["event"] == "receipt" and not line["repeated"]}
        sender = hub.sender(agency)
        manifest = json.loads((district / agency / "manifest.json").read_text(encoding="utf-8"))
        for entry in manifest["files"]:
            data = (district / agency / entry["file"]).read_bytes()
            request_id = exchange.derived_id(agency, entry["format"], hashlib.sha256(data).hexdigest())
            header = exchange_pb2.PayloadHeader(request_id=request_id, format=entry["format"], file_name=entry["file"])
            header.extract_time.FromJsonString(manifest["extract_time"])
            summary, receipts = sender.hub.submit(header, data)
            before = {row: (key, disposition) for row, key, disposition, _ in first[request_id]["records"]}
            after = kit.row_answers(receipts)
            theirs = {row for row, (key, _) in before.items() if (agency, entry["format"], key) in erased.keys}
            wanted = {row: ("", kit.ERASED) if row in theirs else answer for row, answer in before.items()}
            if after != wanted:
                row = next(row for row in wanted.keys() | after.keys() if wanted.get(row) != after.get(row))
                faults.append(f"{agency} {entry['format']} row {row}: {after.get(row)}, expected {wanted.get(row)}")
            if not summary.repeated or summary.erased_count != len(theirs):
                faults.append(f"{agency} {entry['format']}: {summary.erased_count} erased, expected {len(theirs)}")
            told += len(theirs)
    return faults, told


def kill_while_erasing(run, hub, victims, seconds):
    """kill -9 at random moments of an erasure and what follows it; then the person is gone or wholly there."""
    count = collections.Counter()
    for case, person in victims:
        erased, before = Erased(case, person), hub.ctl("cases", "show", case["name"])
        command = [hubkit.BUILD / "bin" / "anqiaoctl", "--listeners-file", hub.listeners_file, "--certs", hub.certs, "--as", "li.na",
                   "--timeout", "60", "--output", "json", "erase", case["name"], *REASON]
        # Half of them early, before it is committed.
        pause = run.rng.uniform(0.0, seconds * run.rng.choice((0.25, 1.1)))
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(pause)
            hub.kill()
            answered = process.wait(60) == 0
        hub.start()
        gone = hub.refused("wang.fang", "cases", "show", case["name"])
        run.expect(gone or not answered, f"an erasure was answered and {case['name']} is there after kill -9")
        run.expect(hub.verify(), f"verify differs after kill -9 {pause:.3f} s into an erasure")
        if gone:
            left = erased.leftovers(hub, briefly=True)
            run.expect(not left, f"after kill -9 {pause:.3f} s into an erasure: {left[:3]}")
        else:
            run.expect(hub.ctl("cases", "show", case["name"]) == before, "a person is there in part after kill -9 during an erasure")
        count["answered" if answered else "gone" if gone else "wholly there"] += 1
    run.say(f"kill -9 within {len(victims)} erasures and their rebuilds: {count['answered']} were answered and gone, {count['gone']} gone "
            f"without an answer, {count['wholly there']} wholly there; verify equal each time")


def restored(run, hub, erased, backup, old_ring):
    """Yesterday's backup with today's ring does not show them; with a ring from before it does."""
    report = kit.restore(hub, backup, "data.restored", head=hub.folder / "before.json")
    run.expect(report["erased"] >= len(erased.keys), f"the restored journal has {report['erased']} erased entries")
    hub.configure(data_directory="data.restored")
    hub.start()
    left = erased.leftovers(hub)
    run.expect(not left, f"restored with today's ring: {left[:3]}")
    run.expect(hub.verify(), "verify differs on the restored backup")
    hub.stop()
    kit.restore(hub, backup, "data.attacker", ring=old_ring)
    hub.configure(data_directory="data.attacker", ring=old_ring)
    hub.start()
    shown = erased.search.in_text(kit.everything_shown(hub))
    run.expect("case" in shown, "a ring from before the erasure does not show the person: then it was not the key")
    hub.stop()
    hub.configure(data_directory="data", ring="keys/ring")
    run.say(f"backup of before, today's ring: {report['erased']} entries erased, nothing of the person, verify equal")
    run.say(f"stated limit: with a copy of the ring from before the erasure the same backup shows {len(shown)} of "
            f"{len(erased.search.values)} values of the person: it is the keys that were destroyed, so copies of the ring must be too")


def others(erased, cases):
    """A record of each agency that is none of theirs."""
    found = {}
    for case in cases:
        for key in kit.record_keys(case):
            if key not in erased.keys:
                found.setdefault(key[0], key)
    return sorted(found.values())


def prove(run, hub, keys, when):
    for agency, form, key in keys:
        path = hub.folder / f"proof_{agency}_{when}.json"
        code, _, errors = hub.as_agency(agency, "proof", "--format", form, "--record-key", key, "--save", path)
        run.expect(code == 0, f"proof of a record of {agency} {when}: {errors[:200]}")
        run.expect(code != 0 or kit.judged(path) is None, f"the verifier rejects the proof of {agency} {when}")


def erase_one(run, hub, erased, proved, district):
    """The erasure itself and what must hold at once; returns how long it took."""
    started = time.monotonic()
    done = hub.ctl("erase", erased.case, *REASON, "--certificate", hub.folder / "erasure.json", user="li.na")
    took = time.monotonic() - started
    run.expect(int(done.get("recordCount", 0)) >= len(erased.keys) and int(done.get("referralCount", 0)) >= len(erased.referrals),
               f"erased {done.get('recordCount')} records and {done.get('referralCount')} referrals")
    run.expect(kit.judged(hub.folder / "erasure.json") is None, "the verifier rejects the certificate of the erasure")
    left = erased.leftovers(hub)
    run.expect(not left, f"after erasing: {left[:3]}")
    faults, told = resubmit(hub, district, erased)
    run.expect(not faults, f"repeated payloads: {faults[:2]}")
    left = erased.leftovers(hub, briefly=True)
    run.expect(not left, f"after repeating the old payloads: {left[:3]}")
    run.expect(hub.verify(), "verify differs after erasing")
    code, _, errors = hub.as_user("zhao.min", "audit", "head", "--since", hub.folder / "before.json", "--save", hub.folder / "after.json")
    run.expect(code == 0, f"the log did not grow from the head of before: {errors[:200]}")
    hub.ctl("backup", hub.folder / "backup_2", user="ops")
    code, _, errors = hub.tool("audit", "verify", "--data", hub.folder / "backup_2", "--against", hub.folder / "before.json")
    run.expect(code == 0, f"audit verify against the head of before: {errors[:200]}")
    prove(run, hub, proved, "after")
    run.say(f"erased in {took:.2f} s: {done['recordCount']} records, {done.get('referralCount', 0)} referrals, "
            f"{done.get('payloadCount', 0)} payloads, {done['keyCount']} keys; cases, referrals, disclosures, entitlements, quarantine, "
            f"deliveries and proofs tell nothing; {told} rows of repeated payloads are ERASED, all others as before; audit verify "
            "accepts the head of before; verify equal")
    return took


def before_erasing(run, hub, erased):
    """What is there to be erased, and what is kept from before."""
    shown = erased.search.in_text(kit.everything_shown(hub) + kit.everything_delivered(hub, 0.3))
    run.expect("case" in shown and len(shown) >= 6, f"the person is not shown before the erasure either: {shown}")
    hub.ctl("audit", "head", "--save", hub.folder / "before.json", user="ops")
    hub.ctl("backup", hub.folder / "backup_1", user="ops")
    shutil.copy(hub.folder / "keys" / "ring", hub.folder / "keys" / "ring_of_before")


def run_part(run):
    district = run.district
    with kit.Hub(run.folder / "erase") as hub:
        hub.start()
        hub.submit_district(district)
        hub.start_agency("employment", district / "employment")
        case, person, referrals = choose(run, hub, district)
        payload, counts = quarantine_with(hub, case, person["name"])
        run.expect(counts == (2, 2, 1, 1), f"the payloads for quarantine were taken as {counts}")
        case = hub.ctl("cases", "show", case["name"])
        erased = Erased(case, person, referrals)
        run.say(f"{case['name']}: {len(erased.keys)} records of {len({key[0] for key in erased.keys})} agencies, "
                f"{len(referrals)} referrals, rows in two payloads that wait in quarantine")
        proved = others(erased, kit.cases_of(hub))
        prove(run, hub, proved, "before")
        before_erasing(run, hub, erased)
        took = erase_one(run, hub, erased, proved, district)
        others_rows_stay(run, hub, payload, [4])
        hub.stop()
        restored(run, hub, erased, hub.folder / "backup_1", "keys/ring_of_before")
        hub.start()
        people, _ = load_truth(district)
        victims = [pair for pair in people_by_case(kit.cases_of(hub), people) if len({key[0] for key in kit.record_keys(pair[0])}) >= 2]
        kill_while_erasing(run, hub, run.rng.sample(victims, 60 if run.long else 6), took)
        left = erased.leftovers(hub)
        run.expect(not left, f"at the end: {left[:3]}")
