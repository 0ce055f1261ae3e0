#!/usr/bin/python3
"""The demo behind demo.sh: starts hub and agencies on a made-up district and tells what happens."""

import argparse
import json
import pathlib
import shlex
import shutil
import signal
import sys
import time

import check_district
import hubkit

REFERRALS = (
    ("employment-assistance", "就业促进法 第五十二条", "employment"),
    ("tax-relief-self-employed", "财政部 税务总局 人力资源社会保障部 农业农村部公告2023年第15号 第一条", "tax"),
)
DIRECTORY = hubkit.ROOT / "hub" / "policies" / "directory" / "example.yaml"
ENDS = {"DECLINED", "FAILED", "CLOSED", "CANCELLED", "EXPIRED", "REVOKED", "VOID"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the truth and end; exit 0 only if all is equal")
    parser.add_argument("--keep", action="store_true", help="leave the data where they are")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=pathlib.Path, default=hubkit.ROOT / "build" / "demo")
    parser.add_argument("--arguments-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not 2_000 <= options.people <= 100_000:
        parser.error(f"--people must be 2000 to 100000, got {options.people}")
    return options


def say(text):
    print(f"\n==> {text}", flush=True)


def state_of(referral):
    return referral["state"].removeprefix("REFERRAL_STATE_")


def wait_for_agencies(hub, logs):
    """Prints each agency's lines as they come, until all have handed in everything."""
    printed = dict.fromkeys(logs, 0)
    waiting = set(logs)
    deadline = time.monotonic() + 300
    while waiting:
        for agency in sorted(waiting):
            lines = (hub.folder / "logs" / f"{agency}.out").read_text(encoding="utf-8", errors="replace").splitlines()
            for line in lines[printed[agency]:]:
                print("    " + line, flush=True)
            printed[agency] = len(lines)
            if logs[agency].exists() and '"submitted"' in logs[agency].read_text(encoding="utf-8"):
                waiting.discard(agency)
            elif hub.children[agency].poll() is not None:
                raise hubkit.ToolError(f"agency {agency} ended:\n" + hub.tail(f"{agency}.out"))
        if time.monotonic() > deadline:
            raise hubkit.ToolError(f"still waiting for {', '.join(sorted(waiting))} after 300 s")
        time.sleep(0.1)


def follow(hub, name, wanted, seconds=60):
    """Waits until the referral is in one of the states, printing each step once; returns it."""
    shown = 0
    deadline = time.monotonic() + seconds
    while True:
        referral = hub.ctl("referrals", "show", name)
        for step in referral.get("steps", [])[shown:]:
            reason = f" ({step['reason']})" if step.get("reason") else ""
            print(f"      {step['state'].removeprefix('REFERRAL_STATE_'):17} by {step['principal']}{reason}", flush=True)
        shown = len(referral.get("steps", []))
        if state_of(referral) in wanted or state_of(referral) in ENDS:
            return referral
        if time.monotonic() > deadline:
            raise hubkit.ToolError(f"{name} is still {state_of(referral)} after {seconds} s")
        time.sleep(0.2)


def outcome_words(outcome):
    words = [f"{outcome['code']} on {date_words(outcome['date'])}"]
    if outcome.get("employerCode"):
        words.append(f"by {outcome['employerCode']} for {outcome.get('contractMonths', 0)} months")
    if int(outcome.get("amountFen", 0)):
        words.append(f"{int(outcome['amountFen']) / 100:.2f} yuan")
    if outcome.get("validFromDate"):
        words.append(f"from {date_words(outcome['validFromDate'])} to {date_words(outcome['validToDate'])}")
    return ", ".join(words)


def date_words(date):
    return f"{date['year']}-{date.get('month', 0):02}-{date.get('day', 0):02}"


def refer(hub, check, policy, law, agency):
    """One referral from proposal to closing, for somebody on the register whom the policy entitles."""
    by_case = {case["name"]: case for case in check.cases}
    candidates = sorted((not by_case[case].get("registered", False), by_case[case].get("needsReview", False), case)
                        for case in check.eligible[policy] & set(check.linking.case_of.values()))
    refusal = "nobody is entitled"
    for _, _, case in candidates[:10]:
        print(f"\n    {policy}: {by_case[case]['displayName']} (made up), {case}")
        try:
            draft = hub.ctl("referrals", "create", "--case", case, "--policy", policy)
            print(f"      to {draft.get('provider', draft['agency'])}: {draft.get('route', {}).get('code', '-')}")
            hub.ctl("referrals", "send", draft["name"], "--basis", "STATUTORY_DUTY", "--reference", law, "--notice-given")
        except hubkit.ToolError as error:
            # The view needs something that no agency states of this person, or they live where nobody is asked; the next one may be complete.
            refusal = str(error)
            print("      cannot be sent: " + refusal.splitlines()[-1])
            continue
        referral = follow(hub, draft["name"], {"OUTCOME_REPORTED"})
        if state_of(referral) == "OUTCOME_REPORTED":
            hub.ctl("referrals", "move", draft["name"], "--action", "CLOSE")
            referral = hub.ctl("referrals", "show", draft["name"])
            print(f"      {state_of(referral):17} by {referral['steps'][-1]['principal']}")
        print(f"      outcome: {outcome_words(referral['outcome'])}" if referral.get("outcome") else "      no outcome")
        check.expect(state_of(referral) == "CLOSED" and referral.get("outcome"), f"{policy}: the referral ended as {state_of(referral)}")
        check.expect(referral.get("deliveredTime"), f"{policy}: the {agency} agency never acknowledged the request")
        return
    check.expect(False, f"{policy}: no referral could be sent: {refusal}")


def check_quarantine(hub, check, district):
    held = json.loads((district / "truth" / "held.json").read_text(encoding="utf-8"))["held"]
    payloads = hub.ctl("quarantine", "list", user="ops").get("payloads", [])
    waiting = sum(int(payload.get("recordCount", 0)) for payload in payloads)
    print(f"  Quarantine: {waiting} records wait with a place and a reason, {len(held)} were mistyped in the district")
    check.expect(waiting == len(held), f"quarantine: {waiting} records wait, the truth is {len(held)}")


def next_steps(hub, check):
    detox = hub.ctl("cases", "list", "--registered", "--phase", "COMMUNITY_DETOX").get("cases", [])
    entitled = set().union(*check.eligible.values())
    case = min((found["name"] for found in detox), key=lambda name: (name not in entitled, name), default=check.cases[0]["name"])
    told = hub.ctl("referrals", "list").get("referrals", [])
    told = told[0]["case"] if told else case
    known = check.eligible["startup-loan"] & set(check.linking.case_of.values())
    loan = min(known or check.eligible["startup-loan"] or {case})
    print(f"""
==> What to try next, in another terminal (everybody is made up)

    ctl() {{ {shlex.quote(str(hubkit.BUILD))}/bin/anqiaoctl --listeners-file {shlex.quote(str(hub.listeners_file))} --certs {shlex.quote(str(hub.certs))} "$@"; }}

    ctl --as wang.fang cases list --registered --phase COMMUNITY_DETOX
    ctl --as wang.fang cases show {case}                # one person: what each agency says, by date
    ctl --as wang.fang eligibility {case} --why         # every condition with its law
    ctl --as wang.fang entitlements --policy startup-loan
    ctl --as wang.fang providers list
    ctl --as wang.fang providers route --case {loan} --policy startup-loan    # where it would go, and why
    ctl --as wang.fang referrals create --case {loan} --policy startup-loan
    ctl --as wang.fang referrals list
    ctl --as zhao.min disclosures {told}                # who was told what, on which basis
    ctl --as ops agencies
    ctl --as ops quarantine list                                # what could not be used, and why
    ctl --as ops verify                                         # rebuild everything from the journal and compare

    What the agencies sent and received: {hub.folder}/logs/*.jsonl
""", flush=True)


def run(hub, options, district):
    say(f"Making a district of {options.people} people, all made up")
    hubkit.generate_district(district, options.people, options.seed)
    say("Starting the hub and four agencies")
    print(f"    ready after {hub.start():.1f} s: agencies {hub.address('agency_listener')}, caseworkers {hub.address('hub_listener')}")
    started = time.monotonic()
    logs = {agency: hub.start_agency(agency, district / agency) for agency in hubkit.AGENCIES}
    wait_for_agencies(hub, logs)
    print(f"    everything handed in after {time.monotonic() - started:.1f} s")
    say("What the hub says, against the truth")
    check = check_district.Check(hub, district)
    check_district.print_report(check)
    check_quarantine(hub, check, district)
    say("Two referrals, from proposal to outcome")
    for policy, law, agency in REFERRALS:
        refer(hub, check, policy, law, agency)
    say("Rebuilding everything from the journal and comparing")
    verified = hub.ctl("verify", user="ops")
    result = verified.get("result", verified)
    print(f"    {result.get('keyCount', 0)} keys, " + ("equal" if result.get("equal") else "NOT equal"))
    check.expect(result.get("equal"), "verify: the rebuilt projections differ from the live ones")
    return check


def main():
    options = parse_arguments()
    if options.arguments_only:
        return
    hubkit.end_cleanly_on_signals()
    folder = hubkit.fresh_folder(options.dir)
    hubkit.generate_stubs()
    failures = ["did not come to an end"]
    try:
        with hubkit.Installation(folder, settings={"provider_directory": DIRECTORY}) as hub:
            check = run(hub, options, folder / "district")
            failures = check.failures
            for failure in failures:
                print("FAILED " + failure)
            if not options.check:
                next_steps(hub, check)
                print("    Everything keeps running; Ctrl-C ends it.", flush=True)
                signal.pause()
    except hubkit.ToolError as error:
        failures = [str(error)]
        print(f"FAILED {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\n    ended")
    finally:
        if not options.keep and not failures:
            shutil.rmtree(folder, ignore_errors=True)
    if options.check:
        print("\ndemo: " + (f"{len(failures)} checks failed; see {folder}" if failures else "everything equals the truth"))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
