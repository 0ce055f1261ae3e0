#!/usr/bin/python3
"""An adapter that crashes, hangs, fills memory and floods, 100 times each: only the guilty record waits in quarantine, with row, column,
byte offset and what happened, its neighbours are on file, and another agency is served meanwhile.

  adapter_faults.py [--faults N] [--check-latency] [--seed N] [--mutant NAME] [--dir DIR]

Quiet and hostile phases alternate, and the other agency's p99 over all phases of each sort are printed; with --check-latency the run fails
if the hostile one is more than twice the quiet one (on a machine that does nothing else).
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import time

import faultkit
import hubkit
from faultkit import operations_pb2

LIBRARY = hubkit.BUILD / "tests" / "hub" / "adapter" / "libhostile_NONE.so"
HOSTILE, OTHER = "civil_affairs", "police"
HEADER = "number,name,date,result,kind"
# What the adapter does in a column that says so, and what that is to be called.
KINDS = {"crash": ("ADAPTER_CRASHED", ("segfault", "thread_segfault", "abort", "exit", "fatal", "overflow")),
         "hang": ("ADAPTER_HUNG", ("spin", "sleep")),
         "memory": ("ADAPTER_OUT_OF_MEMORY", ("fill_new", "fill_malloc")),
         "flood": ("ADAPTER_FLOODED", ("flood",))}
HANG_MILLISECONDS = 250
MEMORY_BYTES_MAX = 32 << 20
ROWS_MAX = 40
PHASES = 10
QUIET_SECONDS = 3
PAUSE_SECONDS = 0.004
RATIO_MAX = 2
UNCHANGED_BATCH = 2_000


class Case:
    """A payload with one guilty row, and what must be said of it."""

    def __init__(self, rng, kind, serial):
        self.reason, deeds = KINDS[kind]
        self.kind, count = kind, rng.randint(2, ROWS_MAX)
        rows = [[f"H{serial + i}", f"虚构{chr(0x4E00 + i)}", f"2004-{1 + i % 12:02}-{1 + i % 28:02}", "NEGATIVE", "ON_SITE"] for i in range(count)]
        guilty = rng.randrange(count)
        self.column = rng.randint(1, 5)
        rows[guilty][self.column - 1] = rng.choice(deeds)
        lines = [HEADER, *(",".join(row) for row in rows)]
        self.row = guilty + 2
        self.byte_offset = len("\n".join(lines[:guilty + 1]).encode()) + 1
        self.data = ("\n".join(lines) + "\n").encode()
        self.neighbours = [line for number, line in enumerate(lines, 1) if number not in (1, self.row)]

    def named(self, records):
        """These are exactly the guilty record, reported for what it was and where."""
        return len(records) == 1 and records[0].row == self.row and any(
            (problem.reason, problem.row, problem.column, problem.byte_offset) == (self.reason, self.row, self.column, self.byte_offset)
            for problem in records[0].problems)

    def __str__(self):
        return f"{self.kind} in row {self.row}, column {self.column}, byte {self.byte_offset} of {len(self.neighbours) + 1} records"


def told(records):
    return [(record.row, [(problem.reason, problem.row, problem.column, problem.byte_offset) for problem in record.problems])
            for record in records][:3]


def submit(clients, rng, case, violations):
    answer = clients.submit(HOSTILE, "tests", case.data, faultkit.new_id(rng), timeout=60)
    held = [record for record in answer.records if record.disposition != faultkit.ACCEPTED]
    if answer.code or answer.summary.accepted_count != len(case.neighbours):
        violations.append(f"{case}: answered {answer.code} {answer.reason}, {answer.summary.accepted_count} accepted")
    elif not case.named(held) or held[0].disposition != faultkit.HELD:
        violations.append(f"{case}: not accepted are {told(held)}")


def check_quarantine(clients, cases, violations):
    """In the quarantine lie the guilty records and no others; payloads are listed in the order in which they came."""
    listed = list(clients.pages(clients.operations.ListQuarantinedPayloads, operations_pb2.ListQuarantinedPayloadsRequest(), "payloads"))
    listed.sort(key=lambda payload: (payload.create_time.ToNanoseconds(), payload.name))
    if len(listed) != len(cases):
        violations.append(f"{len(cases)} payloads had a guilty record, {len(listed)} are in quarantine")
        return
    for payload, case in zip(listed, cases):
        shown = clients.operations.GetQuarantinedPayload(operations_pb2.GetQuarantinedPayloadRequest(name=payload.name), timeout=30)
        if not case.named(shown.records):
            violations.append(f"{case}: the quarantine shows {told(shown.records)}")


def check_on_file(clients, rng, cases, violations):
    """What is on file is unchanged if it comes again."""
    lines = [line for case in cases for line in case.neighbours]
    for begin in range(0, len(lines), UNCHANGED_BATCH):
        batch = lines[begin:begin + UNCHANGED_BATCH]
        answer = clients.submit(HOSTILE, "tests", ("\n".join([HEADER, *batch]) + "\n").encode(), faultkit.new_id(rng), timeout=60)
        if answer.code or answer.summary.unchanged_count != len(batch):
            violations.append(f"of {len(batch)} neighbours of guilty records only {answer.summary.unchanged_count} are on file")
    return len(lines)


def serve_other(folder):
    """A process of its own: another agency hands in a record at a time until stdin ends; prints when each was, and how long it took."""
    rng, samples, bad = random.Random(str(folder)), [], 0
    with faultkit.Clients(hubkit.Installation(folder)) as clients:
        clients.submit(OTHER, "tests", faultkit.tests_file([faultkit.test_row(1, 0)]), faultkit.new_id(rng))
        print("ready", flush=True)
        stopping = subprocess.Popen(["cat"], stdin=sys.stdin, stdout=subprocess.DEVNULL)
        while stopping.poll() is None:
            serial = 10 + len(samples)
            data = faultkit.tests_file([faultkit.test_row(2 + serial // 1000, serial % 1000)])
            started = time.monotonic()
            answer = clients.submit(OTHER, "tests", data, faultkit.new_id(rng))
            samples.append((started, time.monotonic() - started))
            bad += answer.code != 0 or answer.summary.accepted_count != 1
            time.sleep(PAUSE_SECONDS)
    print(json.dumps({"samples": samples, "bad": bad}))


class Other:
    """The other agency's process and what it measured, quiet and during each kind of fault."""

    def __init__(self, folder):
        self.process = subprocess.Popen([hubkit.PYTHON, __file__, "--serve-other", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.phases = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        hubkit.end(self.process)

    def phase(self, sort, work):
        started = time.monotonic()
        work()
        self.phases.append((sort, started, time.monotonic()))

    def end(self, violations):
        output, _ = self.process.communicate(timeout=60)
        told_last = json.loads(output)
        if told_last["bad"]:
            violations.append(f"{told_last['bad']} of {len(told_last['samples'])} records of the other agency were not accepted")
        pooled = {sort: [] for sort in ("quiet", *KINDS)}
        at = 0
        for began, seconds in told_last["samples"]:
            while at < len(self.phases) and self.phases[at][2] <= began:
                at += 1
            if at < len(self.phases) and self.phases[at][1] <= began:
                pooled[self.phases[at][0]].append(seconds)
        return pooled


def percentile(samples, share):
    return sorted(samples)[min(int(len(samples) * share), len(samples) - 1)] if samples else float("nan")


def compare(pooled, options, violations):
    hostile = [seconds for kind in KINDS for seconds in pooled[kind]]
    for sort, samples in (*pooled.items(), ("all but quiet", hostile)):
        print(f"    the other agency, {sort}: {len(samples)} records, p50 {1000 * percentile(samples, 0.5):.1f} ms, "
              f"p99 {1000 * percentile(samples, 0.99):.1f} ms, slowest {1000 * max(samples, default=0):.0f} ms")
    ratio = percentile(hostile, 0.99) / percentile(pooled["quiet"], 0.99)
    print(f"    p99 hostile to quiet: {ratio:.2f}")
    if options.check_latency and not ratio <= RATIO_MAX:
        violations.append(f"the other agency's p99 is {ratio:.2f} times what it is without the hostile one, at most {RATIO_MAX} is allowed")


def run(options, hub, violations):
    rng = random.Random(options.seed)
    each = 3 if options.mutant else options.faults
    cases = [Case(rng, kind, 1_000_000 + 100 * (each * k + i)) for k, kind in enumerate(KINDS) for i in range(each)]
    rng.shuffle(cases)
    phases = 1 if options.mutant else PHASES
    hub.start()
    with faultkit.Clients(hub) as clients, Other(hub.folder) as other:
        for phase in range(phases):
            other.phase("quiet", lambda: time.sleep(0 if options.mutant else QUIET_SECONDS))
            part = cases[phase * len(cases) // phases:(phase + 1) * len(cases) // phases]
            for case in part:
                other.phase(case.kind, lambda case=case: submit(clients, rng, case, violations))
        pooled = other.end(violations)
        check_quarantine(clients, cases, violations)
        neighbours = check_on_file(clients, rng, cases, violations)
        faultkit.Invariants().check(clients, violations, "in the end")
    if hub.hub.poll() is not None:
        violations.append(f"the hub ended with {hub.hub.returncode}")
    print(f"    {each} each of {', '.join(KINDS)}; {neighbours} neighbours on file")
    if not options.mutant:
        compare(pooled, options, violations)
    return len(cases)


def main():
    parser = faultkit.arguments(__doc__, "adapter_faults", ("fault_costs_payload", "fault_loses_next_row", "held_rows_misplaced"))
    parser.add_argument("--faults", type=int, default=100, help="of each kind")
    parser.add_argument("--check-latency", action="store_true", help=f"fail if the other agency's p99 is more than {RATIO_MAX} times that without")
    parser.add_argument("--serve-other", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_other:
        serve_other(options.serve_other)
        return
    hubkit.end_cleanly_on_signals()
    if not LIBRARY.exists():
        raise hubkit.ToolError(f"{LIBRARY} is not there; build hostile_NONE first")
    adapter = f"{{library: {LIBRARY}, memory_bytes_max: {MEMORY_BYTES_MAX}, hang_ms: {HANG_MILLISECONDS}}}"
    violations = []
    with faultkit.installation(options, hubkit.fresh_folder(options.dir),
                               agency_settings={HOSTILE: {"adapter": adapter, "formats": "[tests]"}}) as hub:
        count = run(options, hub, violations)
    faultkit.finish(f"adapter_faults: {count} faults", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
