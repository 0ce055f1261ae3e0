#!/usr/bin/python3
"""A seeded 1,000 poison rows among good ones: each is quarantined with its place and reason, its neighbours are taken, and another
agency's records are taken and can be read within a second all the while.

  poison.py [--rows N] [--seed N] [--mutant NAME] [--dir DIR]
"""

import random
import statistics
import threading
import time

import faultkit
import hubkit
from faultkit import operations_pb2

MOVES_ON_SECONDS_MAX = 1.0
POISON_A_PAYLOAD = 5
GOOD_A_PAYLOAD = 5
PAUSE_SECONDS = 0.02


def poison_rows(rng, serial):
    """A row that must be held: (line, reasons that may be given, column)."""
    fields = faultkit.test_row(serial, 0).split("|")
    column, value, reasons = rng.choice((
        (1, "", ("MISSING_VALUE",)),
        (4, "", ("MISSING_VALUE",)),
        (4, "20260231", ("DATE_IMPOSSIBLE", "VALUE_INVALID")),
        (4, "2026-13-01", ("DATE_IMPOSSIBLE", "VALUE_INVALID")),
        (4, "someday", ("DATE_IMPOSSIBLE", "VALUE_INVALID")),
        (5, "阴阳", ("VALUE_INVALID",)),
        (5, "", ("MISSING_VALUE",)),
        (6, "嗅", ("VALUE_INVALID",)),
        (3, "421299199001011234", ("CHECK_DIGIT_WRONG", "VALUE_INVALID"))))
    fields[column - 1] = value
    return "|".join(fields), reasons, column


class Good(threading.Thread):
    """Another agency: submits a record, waits until an operator can read it, again and again."""

    def __init__(self, clients, rng):
        super().__init__(daemon=True)
        self.clients, self.rng, self.stopping = clients, rng, threading.Event()
        self.latencies, self.violations, self.number = [], [], 0

    def run(self):
        while not self.stopping.is_set():
            self.number += 1
            data = ('{"note": "made-up", "sheet": "单位信息", "rows": [{"aab998": "91421299MA4ABCDEF3", "aab004": "虚构公司%d"}]}' % self.number)
            started = time.monotonic()
            answer = self.clients.submit("employment", "employers", data.encode(), faultkit.new_id(self.rng))
            # Reads see what was acknowledged before they began.
            held = self.clients.agencies()["employment"].quarantined_payload_count
            self.latencies.append(time.monotonic() - started)
            if answer.code or answer.summary.accepted_count != 1 or held:
                self.violations.append(f"the good agency got {answer.code} {answer.reason}, {answer.summary.accepted_count} accepted")
            time.sleep(PAUSE_SECONDS)


def submit_poison(clients, rng, count, violations):
    """What was sent, by payload: row, key and what must be said of it."""
    held, sent = [], 0
    while sent < count:
        lines, expected = [], {}
        kinds = [True] * min(POISON_A_PAYLOAD, count - sent) + [False] * GOOD_A_PAYLOAD
        rng.shuffle(kinds)
        for is_poison in kinds:
            serial = 1_000_000 + len(held) * 20 + len(lines)
            if is_poison:
                line, reasons, column = poison_rows(rng, serial)
                expected[len(lines) + 2] = (reasons, column)  # Row 1 has the columns' names.
                sent += 1
            else:
                line = faultkit.test_row(serial, 0)
            lines.append(line)
        answer = clients.submit("police", "tests", faultkit.tests_file(lines), faultkit.new_id(rng))
        if answer.code:
            violations.append(f"a payload with poison rows got {answer.code} {answer.reason}")
        check_receipts(answer, expected, violations)
        held.append(expected)
    return held


def named(problems, row, reasons, column):
    return any(problem.reason in reasons and problem.row == row and problem.column == column and problem.message for problem in problems)


def check_receipts(answer, expected, violations):
    for record in answer.records:
        if record.row not in expected:
            if record.disposition != faultkit.ACCEPTED:
                violations.append(f"the neighbour of a poison row was not taken but got {record.disposition}")
            continue
        reasons, column = expected[record.row]
        if record.disposition != faultkit.HELD or not named(record.problems, record.row, reasons, column):
            given = [(problem.reason, problem.row, problem.column) for problem in record.problems]
            violations.append(f"a poison row {record.row} got {record.disposition} {given}, expected {reasons} in column {column}")
    if len(answer.records) != 2 * len(expected) and len(expected) == POISON_A_PAYLOAD:
        violations.append(f"{len(answer.records)} receipts for {2 * len(expected)} rows")


def check_quarantine(clients, held, violations):
    """In the quarantine too each row has its place and reason; payloads are listed in the order in which they came."""
    listed = list(clients.pages(clients.operations.ListQuarantinedPayloads, operations_pb2.ListQuarantinedPayloadsRequest(), "payloads"))
    listed.sort(key=lambda payload: (payload.create_time.ToNanoseconds(), payload.name))
    if len(listed) != len(held):
        violations.append(f"{len(held)} payloads had poison rows, {len(listed)} are in quarantine")
        return 0
    rows = 0
    for payload, expected in zip(listed, held):
        shown = clients.operations.GetQuarantinedPayload(operations_pb2.GetQuarantinedPayloadRequest(name=payload.name), timeout=30)
        if {record.row for record in shown.records} != set(expected):
            violations.append(f"rows {sorted(expected)} are held, the quarantine shows {sorted(record.row for record in shown.records)}")
            continue
        for record in shown.records:
            rows += named(record.problems, record.row, *expected[record.row])
    if rows != sum(map(len, held)):
        violations.append(f"{sum(map(len, held))} rows are held, the quarantine shows {rows} with place and reason")
    return rows


def main():
    parser = faultkit.arguments(__doc__, "poison", ("held_rows_misplaced", "held_rows_stall"))
    parser.add_argument("--rows", type=int, default=1000)
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    rng, violations = random.Random(options.seed), []
    with faultkit.installation(options, hubkit.fresh_folder(options.dir)) as hub:
        hub.start()
        with faultkit.Clients(hub) as clients, faultkit.Clients(hub) as others:
            good = Good(others, random.Random(options.seed + 1))
            good.start()
            started = time.monotonic()
            held = submit_poison(clients, rng, 20 if options.mutant else options.rows, violations)
            seconds = time.monotonic() - started
            time.sleep(0.5)
            good.stopping.set()
            good.join(30)
            rows = check_quarantine(clients, held, violations)
            faultkit.Invariants().check(clients, violations, "in the end")
    violations += good.violations
    slowest = max(good.latencies)
    if slowest > MOVES_ON_SECONDS_MAX:
        violations.append(f"the good agency waited {slowest:.2f} s until its record could be read, at most {MOVES_ON_SECONDS_MAX} s is allowed")
    print(f"    {rows} rows held with place and reason in {len(held)} payloads in {seconds:.1f} s; the good agency had "
          f"{len(good.latencies)} records taken and read, {1000 * statistics.median(good.latencies):.0f} ms at the median, {1000 * slowest:.0f} ms "
          "at most")
    faultkit.finish(f"poison: {sum(map(len, held))} rows", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
