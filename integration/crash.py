#!/usr/bin/python3
"""kill -9 of the hub, of agencies, or of both at random moments under load; afterwards nothing acknowledged is lost and nothing
happened twice. The oracle is outside the hub: the agencies' synced logs of every request sent and every answer received.

  crash.py [--cycles N] [--pause SECONDS] [--seed N] [--mutant outbox_not_from_journal] [--dir DIR]
"""

import argparse
import collections
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time
import uuid

import hubkit

hubkit.generate_stubs()

import exchange  # noqa: E402
from exchange import exchange_pb2  # noqa: E402

READY_SECONDS_MAX = 5.0
ROWS_A_PAYLOAD = 20
PEOPLE = 2_000
ON_FILE = (1, 2)  # accepted, unchanged
# Formats whose records are about no person: they are on no case.
WITHOUT_PERSON = ("employers", "vacancies", "replies")
# UNAVAILABLE, DEADLINE_EXCEEDED, or not even an address.
NO_HUB = ('"code": 14,', '"code": 4,', '"message": "cannot read ')
JOURNEY = ["DRAFT", "SENT", "ACCEPTED", "IN_PROGRESS", "OUTCOME_REPORTED"]
POLICIES = ("employment-assistance", "difficulty-recognition", "tax-relief-self-employed", "training-subsidy")
LAW = {"employment-assistance": "就业促进法 第五十二条", "difficulty-recognition": "就业促进法 第五十二条",
       "tax-relief-self-employed": "公告2023年第15号 第一条", "training-subsidy": "就业促进法 第四十九条"}


def load_payload(number):
    """The same rows for the same number: results of tests of made-up people."""
    lines = ["xdrybh|xm|sfzh|njrq|njjg|jcfs"]
    for row in range(ROWS_A_PAYLOAD):
        person = number % 500
        lines.append(f"R421299{700000 + person}|虚构{chr(0x4E00 + person)}||2026{1 + row % 6:02}{1 + number // 500 % 28:02}|阴性|"
                     + ("现场", "实验室", "复检", "毛发")[row // 6])
    return ("\n".join(lines) + "\n").encode("gb18030")


def load(options):
    """Submits payload after payload until stopped; goes on where its log ends."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *unused: stopping.set())
    log = exchange.Log(options.log)
    answered = sum(1 for line in exchange.read_log(options.log) if line["event"] == "receipt")
    hub = exchange.Hub(options.hub, options.ca, options.cert, options.key, log)
    number = answered
    while not stopping.is_set():
        header = exchange_pb2.PayloadHeader(request_id=exchange.derived_id("load", str(number)), format="tests")
        hub.submit(header, load_payload(number))
        number += 1


class Cluster:
    """Hub, four agencies and the load, each killed and started as told."""

    def __init__(self, hub, district):
        self.hub, self.district = hub, district
        self.names = [*hubkit.AGENCIES, "load"]

    def start(self, name):
        if name != "load":
            self.hub.start_agency(name, self.district / name)
            return
        arguments = self.hub.agency_arguments("police")
        with open(self.hub.folder / "logs" / "load.out", "ab") as output:
            self.hub.children["load"] = subprocess.Popen(
                [hubkit.PYTHON, __file__, "--load", *arguments, "--log", self.hub.folder / "logs" / "load.jsonl"], stdout=output,
                stderr=output, env={**os.environ, "ANQIAO_STUBS": str(hubkit.STUBS)}, start_new_session=True)

    def wait_submitted(self, seconds=120):
        deadline = time.monotonic() + seconds
        for name in hubkit.AGENCIES:
            path = self.hub.folder / "logs" / f"{name}.jsonl"
            while not (path.exists() and '"submitted"' in path.read_text(encoding="utf-8")):
                if time.monotonic() > deadline:
                    raise hubkit.ToolError(f"{name} has not submitted its files after {seconds} s:\n" + self.hub.tail(f"{name}.out"))
                time.sleep(0.1)


class Caseworker(threading.Thread):
    """Drafts and sends one referral after the other, repeating each command with its request id until it is answered."""

    def __init__(self, hub, candidates):
        super().__init__(daemon=True)
        self.hub, self.candidates = hub, candidates
        self.acknowledged = {}  # referral: policy
        self.refused = 0
        self.stopping = threading.Event()

    def until_answered(self, *arguments):
        request_id, text = str(uuid.uuid4()), ""
        for _ in range(300):
            try:
                return self.hub.ctl(*arguments, "--request-id", request_id)
            except hubkit.ToolError as error:
                text = str(error)
                # No hub just now: the same command with the same id will be answered as if for the first time, or as before.
                if not any(sign in text for sign in NO_HUB):
                    raise
            except FileNotFoundError:
                pass
            time.sleep(0.1)
        raise hubkit.ToolError(f"no answer to {' '.join(arguments)}, at last: {text}")

    def run(self):
        for policy, case in self.candidates:
            if self.stopping.is_set():
                return
            try:
                draft = self.until_answered("referrals", "create", "--case", case, "--policy", policy)
                self.until_answered("referrals", "send", draft["name"], "--etag", draft["etag"], "--basis", "STATUTORY_DUTY", "--reference",
                                    LAW[policy], "--notice-given")
                self.acknowledged[draft["name"]] = policy
            except hubkit.ToolError as error:
                if "VIEW_INCOMPLETE" not in str(error) and "NO_OUTWARD_IDENTITY" not in str(error):
                    print(f"    caseworker: {error}", flush=True)
                self.refused += 1
            time.sleep(0.1)


class Oracle:
    """What the agencies' logs say must be true."""

    def __init__(self, folder):
        self.logs = {path.stem: exchange.read_log(path) for path in sorted((folder / "logs").glob("*.jsonl"))}
        self.records = set()
        self.payloads = 0
        for name, lines in self.logs.items():
            formats = {line["request_id"]: line["format"] for line in lines if line["event"] == "submit"}
            agency = "police" if name == "load" else name
            for line in lines:
                if line["event"] == "receipt":
                    self.payloads += 1
                    form = formats[line["request_id"]]
                    self.records.update((agency, form, record[1]) for record in line["records"]
                                        if record[2] in ON_FILE and form not in WITHOUT_PERSON)

    def conflicts(self):
        """Payloads whose repeats were answered otherwise."""
        for name, lines in self.logs.items():
            first = {}
            for line in lines:
                if line["event"] == "receipt":
                    answer = [record[:3] for record in line["records"]]
                    if first.setdefault(line["request_id"], (line["status"], answer)) != (line["status"], answer):
                        yield f"{name}: payload {line['request_id']} was answered in two ways"
                    if line["status"]:
                        yield f"{name}: payload {line['request_id']} got {line['status']} {line['reason'] if 'reason' in line else ''}"

    def deliveries(self):
        """(agency, delivery, referral pseudonym, service), each delivery once an agency."""
        found = {}
        for name, lines in self.logs.items():
            for line in lines:
                if line["event"] == "delivery":
                    delivery = exchange_pb2.Delivery.FromString(bytes.fromhex(line["message"]))
                    found.setdefault((name, delivery.name), delivery)
        return found


def tell_who_waits(hub, referral):
    """What is known of a referral that went nowhere: its steps, its agency and what that one said last."""
    agency = referral["agency"].rsplit("/", 1)[-1]
    print(f"    {referral['name']} of {agency}: " + ", ".join(f"{step['state']} {step.get('time', '')}" for step in referral["steps"]))
    print("    " + hub.ctl_text("agencies", user="ops").strip().replace("\n", "\n    "))
    print(f"    the last lines of {agency}:")
    for log in (f"{agency}.out", f"{agency}.jsonl", "anqiaod.log"):
        print("        " + hub.tail(log, 6).replace("\n", "\n        "))


def settle(hub, caseworker, violations, seconds=60):
    """Waits until every referral that was sent has its outcome."""
    deadline = time.monotonic() + seconds
    while True:
        referrals = hub.ctl("referrals", "list", "--all").get("referrals", [])
        waiting = [r["name"] for r in referrals if r["name"] in caseworker.acknowledged
                   and r["state"] != "REFERRAL_STATE_OUTCOME_REPORTED"]
        if not waiting:
            return referrals
        if time.monotonic() > deadline:
            violations.append(f"{len(waiting)} referrals have no outcome after {seconds} s, such as {waiting[0]}")
            tell_who_waits(hub, next(r for r in referrals if r["name"] == waiting[0]))
            return referrals
        time.sleep(0.3)


def judge(hub, caseworker, referrals):
    violations = []
    oracle = Oracle(hub.folder)
    on_file = collections.Counter(
        (source["agency"].rsplit("/", 1)[-1], source["format"], source["recordKey"])
        for case in hub.ctl("cases", "list", "--all").get("cases", []) for source in case.get("sources", ()))
    lost = oracle.records - on_file.keys()
    extra = on_file.keys() - oracle.records
    twice = [key for key, count in on_file.items() if count > 1]
    if lost:
        violations.append(f"{len(lost)} acknowledged records are not on file, such as {min(lost)}")
    if extra:
        violations.append(f"{len(extra)} records are on file that nobody was told of, such as {min(extra)}")
    if twice:
        violations.append(f"{len(twice)} records are on file more than once")
    violations += oracle.conflicts()
    names = [referral["name"] for referral in referrals]
    if caseworker.acknowledged.keys() - set(names):
        violations.append("an acknowledged referral is lost")
    for referral in referrals:
        steps = [step["state"].removeprefix("REFERRAL_STATE_") for step in referral.get("steps", [])]
        if referral["name"] in caseworker.acknowledged and steps != JOURNEY:
            violations.append(f"{referral['name']} went {' '.join(steps)}")
    # The hub drafts others by itself, where it was first to the same case and policy too.
    pairs = collections.Counter((r["case"], r["policy"], r["steps"][0]["principal"] == "hub") for r in referrals)
    if any(count > 1 for count in pairs.values()):
        violations.append("a referral was created twice")
    pseudonyms = collections.defaultdict(set)
    for (agency, _), delivery in oracle.deliveries().items():
        pseudonyms[agency].add(delivery.referral)
        if delivery.WhichOneof("content") == "request" and delivery.request.service not in hubkit.AGENCIES[agency][2]:
            violations.append(f"{agency} got a request for {delivery.request.service}")
    delivered = sum(len(found) for found in pseudonyms.values())
    if delivered != len(caseworker.acknowledged):
        violations.append(f"{delivered} referrals were delivered, {len(caseworker.acknowledged)} were sent")
    verified = hub.ctl("verify", user="ops")
    if not verified.get("result", verified).get("equal"):
        violations.append("verify: rebuilt and live projections differ")
    print(f"    {oracle.payloads} payloads and {len(oracle.records)} records acknowledged, all on file: {not lost}; "
          f"{len(caseworker.acknowledged)} referrals from draft to outcome; verify equal")
    return violations


def cycles(cluster, rng, count, pause, violations):
    hub, slowest = cluster.hub, 0.0
    for cycle in range(count):
        time.sleep(rng.uniform(0.05, pause))
        for name, code in hub.ended_by_themselves():
            violations.append(f"cycle {cycle + 1}: {name} ended by itself with {code}, at last: {hub.tail(name + '.out', 3)}")
            cluster.start(name)
        victims = rng.choice((["hub"], ["hub"], [rng.choice(cluster.names)], ["hub", rng.choice(cluster.names)],
                              rng.sample(cluster.names, 2)))
        for victim in victims:
            if victim == "hub":
                hub.kill()
            else:
                hub.stop_agency(victim, signal.SIGKILL)
        time.sleep(rng.uniform(0, pause / 3))
        ready = hub.start() if "hub" in victims else 0.0
        slowest = max(slowest, ready)
        for victim in victims:
            if victim != "hub":
                cluster.start(victim)
        print(f"    cycle {cycle + 1} of {count}: kill -9 {' and '.join(victims)}" + (f", ready after {ready:.2f} s" if ready else ""),
              flush=True)
    return slowest


def run(options):
    rng, violations = random.Random(options.seed), []
    district = options.dir / "district"
    broken = {"program": "anqiaod_faulty", "environment": {"AQ_MUTANT": options.mutant}} if options.mutant else {}
    with hubkit.Installation(hubkit.fresh_folder(options.dir), **broken) as hub:
        hubkit.generate_district(district, PEOPLE)
        hub.start()
        cluster = Cluster(hub, district)
        for name in cluster.names:
            cluster.start(name)
        cluster.wait_submitted()
        candidates = [(policy, entitlement["case"]) for policy in POLICIES for entitlement in
                      hub.ctl("entitlements", "--policy", policy, "--result", "ELIGIBLE").get("entitlements", [])]
        rng.shuffle(candidates)
        caseworker = Caseworker(hub, candidates)
        caseworker.start()
        slowest = cycles(cluster, rng, options.cycles, options.pause, violations)
        caseworker.stopping.set()
        caseworker.join(120)
        referrals = settle(hub, caseworker, violations)
        hub.stop_agency("load")
        violations += judge(hub, caseworker, referrals)
        if slowest > READY_SECONDS_MAX:
            violations.append(f"the hub needed {slowest:.1f} s to be ready again, the bound is {READY_SECONDS_MAX} s")
    for violation in violations:
        print("FAILED " + violation)
    print(f"kill -9: {options.cycles} cycles, ready again in at most {slowest:.2f} s, seed {options.seed}: {len(violations)} violations")
    return 1 if violations else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--pause", type=float, default=1.2, help="seconds between two kills at most")
    parser.add_argument("--mutant", choices=["outbox_not_from_journal"], help="breaks a promise of the hub; the run must fail")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--dir", type=pathlib.Path, default=hubkit.ROOT / "build" / "crash")
    parser.add_argument("--load", action="store_true", help=argparse.SUPPRESS)
    for name in ("hub", "ca", "cert", "key", "log"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        load(options)
        return
    hubkit.end_cleanly_on_signals()
    sys.exit(run(options))


if __name__ == "__main__":
    hubkit.run_as_program(main)
