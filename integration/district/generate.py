#!/usr/bin/python3
"""Makes a synthetic sub-district: each agency's files in their real formats, and the truth beside them.

  generate.py --seed 1 --people 10000 --out DIR [--as-of 2026-06-30]
  generate.py --observations 1000000 --out DIR      # as many people as have about so many records

Everybody in it is made up; every output says so. The same arguments give the same bytes. Nothing here calls code of the hub: the
truth is computed by its own reading of hub/doc/domain.md. People are made and written block by block, so that memory does not grow
with their number (plan.py).
"""

import argparse
import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import plan  # noqa: E402
from agency_files import WRITERS  # noqa: E402
from file_layouts import MADE_UP, Limits  # noqa: E402
from livelihoods import Counters, make_livelihoods  # noqa: E402
from population import Population  # noqa: E402
from register import make_register  # noqa: E402
from truth_files import TruthWriter  # noqa: E402

# What hub.yaml can allow at most; files below 64 KiB would be nothing but heads.
PAYLOAD_BYTES_MIN, PAYLOAD_BYTES_MAX = 64 << 10, 256 << 20
PAYLOAD_RECORDS_MAX = 10_000_000
HUB_DEFAULTS = Limits()


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--people", type=int, help=f"{plan.PEOPLE_MIN} to {plan.PEOPLE_MAX}, 10000 if not given")
    size.add_argument("--observations", type=int, help="records of people instead of people, met within some percent")
    parser.add_argument("--register", type=int, help="living people on the police register; 29.4 of 10,000 people, at least 417, "
                                                     "if not given")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write to; made if it is not there")
    parser.add_argument("--as-of", type=datetime.date.fromisoformat, default=datetime.date(2026, 6, 30))
    parser.add_argument("--payload-bytes-max", type=int, default=HUB_DEFAULTS.bytes_max,
                        help="the hub's setting: larger files are split, unless they are snapshots (default %(default)s)")
    parser.add_argument("--payload-records-max", type=int, default=HUB_DEFAULTS.records_max, help="the same for records")
    options = parser.parse_args(arguments)
    if options.people is None:
        options.people = 10_000 if options.observations is None else plan.people_for(options.observations, options.register)
    if options.register is None:
        options.register = plan.usual_register(options.people)
    for name, value, least, most in (
            ("--people" if options.observations is None else "the people for --observations", options.people,
             plan.PEOPLE_MIN, plan.PEOPLE_MAX),
            ("--register", options.register, plan.REGISTER_MIN, min(options.people // 4, plan.REGISTER_MAX)),
            ("--payload-bytes-max", options.payload_bytes_max, PAYLOAD_BYTES_MIN, PAYLOAD_BYTES_MAX),
            ("--payload-records-max", options.payload_records_max, 1, PAYLOAD_RECORDS_MAX)):
        if not least <= value <= most:
            parser.error(f"{name} must be {least} to {most}, got {value}")
    return options


def rounded_up(value, unit):
    return -(-value // unit) * unit


def hub_limits(largest, limits):
    """Lines for hub.yaml, by agency whose largest file is more than "limits" or the hub's defaults let pass."""
    lines = []
    for agency, found in largest.items():
        needed = {}
        if found.bytes_max > min(limits.bytes_max, HUB_DEFAULTS.bytes_max):
            needed["payload_bytes_max"] = rounded_up(found.bytes_max, 1 << 20)
        if found.records_max > min(limits.records_max, HUB_DEFAULTS.records_max):
            needed["payload_records_max"] = rounded_up(found.records_max, 100_000)
        if needed:
            lines += [f"  - id: {agency}", *(f"    {key}: {value}" for key, value in needed.items())]
    return lines


def write_limits(out, lines):
    """Writes down what the hub must be told, or takes away what an earlier district here needed."""
    path = out / "hub-limits.yaml"
    if not lines:
        path.unlink(missing_ok=True)
        return
    path.write_text(f"# {MADE_UP}\n# This district's largest files need these lines in hub.yaml beside the agency's others "
                    "(hub/doc/operating.md).\nagencies:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"not every file is within the hub's limits; {path} says what hub.yaml needs:")
    print("\n".join(lines))


def main(arguments=None):
    options = parse_arguments(arguments)
    district = plan.Plan(options.seed, options.people, options.register, options.as_of)
    limits = Limits(options.payload_bytes_max, options.payload_records_max)
    options.out.mkdir(parents=True, exist_ok=True)
    truth = TruthWriter(options.out, district)
    writers = [writer(options.out, options.as_of, limits, truth) for writer in WRITERS]
    counters = Counters()
    for block in district.blocks():
        population = Population(block)
        registered = make_register(population, block)
        employers = make_livelihoods(population, registered, counters)
        for writer in writers:
            writer.write(block, population.people, employers)
        truth.add(population.people, registered)
    largest = {writer.agency: writer.finish() for writer in writers}
    truth.finish()
    print(f"{truth.people} made-up people, {truth.records} records, {truth.held} of them mistyped, in {options.out}")
    print(f"register: {sum(truth.census.values()) - truth.census['deceased']} living {truth.census}")
    print("entitled: " + ", ".join(f"{policy} {len(people)}" for policy, people in truth.entitled.items()))
    print(f"observations: {truth.records / truth.people:.2f} records of each person, "
          f"largest file {max(found.bytes_max for found in largest.values())} bytes")
    if any(found.bytes_max > PAYLOAD_BYTES_MAX for found in largest.values()):
        sys.exit(f"a snapshot came out larger than the {PAYLOAD_BYTES_MAX} bytes that hub.yaml can allow")
    write_limits(options.out, hub_limits(largest, limits))


if __name__ == "__main__":
    main()
