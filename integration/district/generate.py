#!/usr/bin/python3
"""Makes a synthetic sub-district: each agency's files in their real formats, and the truth beside them.

  generate.py --seed 1 --people 10000 --out DIR [--as-of 2026-06-30]

Everybody in it is made up; every output says so. The same seed gives the same bytes. Nothing here calls code of the hub: the
truth is computed by its own reading of hub/doc/domain.md.
"""

import argparse
import datetime
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import truth  # noqa: E402
from agency_files import MADE_UP, write_agencies  # noqa: E402
from livelihoods import make_livelihoods  # noqa: E402
from population import Population  # noqa: E402
from register import PARTS, make_register  # noqa: E402

PEOPLE_MIN, PEOPLE_MAX = 2_000, 100_000


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=10_000, help=f"{PEOPLE_MIN} to {PEOPLE_MAX}")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write to; made if it is not there")
    parser.add_argument("--as-of", type=datetime.date.fromisoformat, default=datetime.date(2026, 6, 30))
    options = parser.parse_args(arguments)
    if not PEOPLE_MIN <= options.people <= PEOPLE_MAX:
        parser.error(f"--people must be {PEOPLE_MIN} to {PEOPLE_MAX}, got {options.people}")
    return options


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def write_truth(out, population, registered, held, as_of):
    folder = out / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    planned = {person.serial: part for person, part in registered}
    census = dict.fromkeys([*PARTS, "deceased"], 0)
    entitled = {policy: [] for policy in truth.POLICIES}
    with open(folder / "people.jsonl", "w", encoding="utf-8") as lines:
        lines.write(json.dumps({"note": MADE_UP, "as_of": as_of.isoformat()}, ensure_ascii=False) + "\n")
        for person in population.people:
            part = truth.part(person, as_of)
            if part != planned.get(person.serial, ""):
                raise AssertionError(f"{person.truth_id} was planned for {planned.get(person.serial)} and came out as {part}")
            if part:
                census[part] += 1
            answers = truth.entitlements(person, as_of)
            for policy, answer in answers.items():
                if answer:
                    entitled[policy].append(person.truth_id)
            words = {True: "ELIGIBLE", False: "NOT_ELIGIBLE", None: "UNKNOWN"}
            lines.write(json.dumps({
                "person": person.truth_id, "name": person.name, "sex": person.sex, "birth_date": person.birth.isoformat(),
                "id_number": person.id_number, "register_number": person.register_number, "part": part,
                "phase": truth.phase(person, as_of) if person.register_number else "",
                "records": person.records, "held": person.held,
                "entitlements": {policy: words[answer] for policy, answer in answers.items()}}, ensure_ascii=False) + "\n")
    living = sum(census[part] for part in PARTS)
    write_json(folder / "census.json", {"note": MADE_UP, "as_of": as_of.isoformat(), "registered": living,
                                        "current": living - census["clean_three_years"], **census})
    write_json(folder / "entitlements.json", {"note": MADE_UP, "as_of": as_of.isoformat(), "eligible": entitled})
    write_json(folder / "held.json", {"note": MADE_UP, "held": held})
    (folder / "README").write_text(
        f"{MADE_UP}\nThe truth of this district: who is who, and who is entitled to what as of {as_of}. For checking only; "
        "no hub reads it.\n", encoding="utf-8")
    return census, entitled


def main(arguments=None):
    options = parse_arguments(arguments)

    def rng(part):
        return random.Random(f"{options.seed}/{part}")

    population = Population(rng("people"), options.as_of)
    registered = make_register(population, rng("register"))
    maker = make_livelihoods(population, registered, rng("livelihoods"), options.people)
    options.out.mkdir(parents=True, exist_ok=True)
    held = write_agencies(options.out, population, maker.employers, rng)
    census, entitled = write_truth(options.out, population, registered, held, options.as_of)
    print(f"{len(population.people)} made-up people, {sum(len(p.records) + len(p.held) for p in population.people)} records, "
          f"{len(held)} of them mistyped, in {options.out}")
    print(f"register: {sum(census.values()) - census['deceased']} living {census}")
    print("entitled: " + ", ".join(f"{policy} {len(people)}" for policy, people in entitled.items()))


if __name__ == "__main__":
    main()
