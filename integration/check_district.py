#!/usr/bin/python3
"""Compares what the hub says with the truth of the district, through anqiaoctl's JSON alone.

  check_district.py INSTALLATION DISTRICT    # of a hub that is running, such as build/demo build/demo/district
"""

import collections
import json
import pathlib
import sys

import hubkit

PARTS = (("registered", "registeredCount"), ("compulsory_isolation", "compulsoryIsolationCount"),
         ("community_detox", "communityDetoxCount"), ("community_rehabilitation", "communityRehabilitationCount"),
         ("in_society", "inSocietyCount"), ("clean_three_years", "cleanThreeYearsCount"), ("current", "currentCount"),
         ("deceased", "deceasedCount"))
# The first method links by number, or by name with birth date and one more agreement. It must miss a record without an identity
# number whose agency states no birth date (tax, civil affairs), a former name that only the police know of, and some records that
# came before the one that would have joined them: with the district's error rates 1 to 3 % of pairs, depending on which agency is
# first. (When tests come before the roster that names and dates their people, 8 %.)
RECALL_FLOOR = 0.95


def last_part(name):
    return name.rsplit("/", 1)[-1]


def load_truth(district):
    truth = pathlib.Path(district) / "truth"
    with open(truth / "people.jsonl", encoding="utf-8") as lines:
        next(lines)
        people = [json.loads(line) for line in lines]
    return people, json.loads((truth / "census.json").read_text(encoding="utf-8"))


def cross_pairs(agencies):
    """Pairs of records of different agencies, from the number of records by agency."""
    total = sum(agencies.values())
    return (total * total - sum(count * count for count in agencies.values())) // 2


class Linking:
    """Who the hub says is who, against who they are."""

    def __init__(self, cases, people):
        owner = {tuple(record): person["person"] for person in people for record in person["records"]}
        self.case_of = {}  # true person who is linked wholly: their case
        self.unknown_records = 0
        found = correct = 0
        for case in cases:
            by_agency, by_person = collections.Counter(), collections.defaultdict(collections.Counter)
            keys = []
            for source in case.get("sources", ()):
                key = (last_part(source["agency"]), source["format"], source["recordKey"])
                if key not in owner:
                    self.unknown_records += 1
                    continue
                keys.append(key)
                by_agency[key[0]] += 1
                by_person[owner[key]][key[0]] += 1
            found += cross_pairs(by_agency)
            correct += sum(cross_pairs(agencies) for agencies in by_person.values())
            if len(by_person) == 1:
                self.case_of.setdefault(next(iter(by_person)), []).append((case["name"], len(keys)))
        expected = sum(cross_pairs(collections.Counter(agency for agency, _, _ in person["records"])) for person in people)
        self.precision = correct / found if found else 1.0
        self.recall = correct / expected if expected else 1.0
        self.pairs = expected
        whole = {}
        for person in people:
            cases_of = self.case_of.get(person["person"], [])
            if len(cases_of) == 1 and cases_of[0][1] == len(person["records"]) and not person["held"]:
                whole[person["person"]] = cases_of[0][0]
        self.case_of = whole


class Check:
    def __init__(self, hub, district):
        self.people, self.true_census = load_truth(district)
        self.failures = []
        self.census = hub.ctl("census")
        self.cases = hub.ctl("cases", "list", "--all").get("cases", [])
        self.linking = Linking(self.cases, self.people)
        self.eligible = {}
        for policy in self.people[0]["entitlements"]:
            answers = hub.ctl("entitlements", "--policy", policy, "--result", "ELIGIBLE").get("entitlements", [])
            self.eligible[policy] = {answer["case"] for answer in answers}

    def expect(self, holds, message):
        if not holds:
            self.failures.append(message)

    def compare_census(self):
        for name, field in PARTS:
            got, wanted = int(self.census.get(field, 0)), self.true_census[name]
            self.expect(got == wanted, f"census: {name} is {got}, the truth is {wanted}")

    def compare_linking(self):
        linking = self.linking
        self.expect(linking.unknown_records == 0, f"linking: {linking.unknown_records} records on file are nobody's in the truth")
        self.expect(linking.precision == 1.0, f"linking: precision is {linking.precision:.6f}, must be 1.0")
        self.expect(linking.recall >= RECALL_FLOOR, f"linking: recall is {linking.recall:.4f}, the floor is {RECALL_FLOOR}")

    def compare_entitlements(self):
        """Returns rows of (policy, people entitled by the hub, by the truth, compared, differing)."""
        rows = []
        for policy, cases in sorted(self.eligible.items()):
            wanted = {person["person"] for person in self.people if person["entitlements"][policy] == "ELIGIBLE"}
            differing = [person for person, case in self.linking.case_of.items() if (case in cases) != (person in wanted)]
            rows.append((policy, len(cases), len(wanted), len(wanted & self.linking.case_of.keys()), len(differing)))
            self.expect(not differing, f"entitlements: {policy} differs from the truth for {len(differing)} people linked wholly, "
                                       f"such as {', '.join(sorted(differing)[:3])}")
        return rows


def print_report(check):
    census = {name: int(check.census.get(field, 0)) for name, field in PARTS}
    print(f"""
  Census of the register as of 2026-06-30 (永安街道 421202003)
    强制戒毒        compulsory isolation      {census['compulsory_isolation']:4}
    社区戒毒        community detox           {census['community_detox']:4}
    社区康复        community rehabilitation  {census['community_rehabilitation']:4}
    社会面有吸毒史  in society                {census['in_society']:4}
    现有            all of the above          {census['current']:4}
    三年以上未复吸  three years clean         {census['clean_three_years']:4}
    合计            on the register           {census['registered']:4}   (and {census['deceased']} deceased)
""")
    linking = check.linking
    print(f"""  Who is who: {len(check.people)} people, {len(check.cases)} cases, {linking.pairs} pairs of records of different agencies
    precision {linking.precision:.4f}   recall {linking.recall:.4f} (floor {RECALL_FLOOR})   linked wholly {len(linking.case_of)}
""")
    print("  Entitled to something            hub  truth  compared  differing")
    for policy, hub_count, true_count, compared, differing in check.compare_entitlements():
        print(f"    {policy:28} {hub_count:5} {true_count:6} {compared:9} {differing:10}")
    print("    (the rest of the truth is people with a mistyped number in quarantine, or in more than one case)\n")
    check.compare_census()
    check.compare_linking()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    hub = hubkit.Installation(sys.argv[1])
    check = Check(hub, sys.argv[2])
    print_report(check)
    for failure in check.failures:
        print("FAILED " + failure)
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()
