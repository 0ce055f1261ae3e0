#!/usr/bin/python3
"""Floods of connections against the real binary while a good client goes on: slow clients, streams opened and left, resets, and
file descriptors running out. The good client's p99 at most doubles, and new connections work again within 5 s of a flood's end.

  floods.py [--only RUN]... [--long] [--mutant no-watch] [--check-mutants] [--dir DIR]

Quiet and flooded windows alternate, and medians over the windows are compared: this machine is never quite quiet, and the flood itself
takes part of its processors. A p99 of up to FLOOR_MS is always allowed. The mutant runs the hub with "listener_watch: off", under which
the run with descriptors must fail; --check-mutants does that, and succeeds only if it does.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import hubkit

hubkit.generate_stubs()

import grpc  # noqa: E402

import crash  # noqa: E402
import exchange  # noqa: E402
from anqiao.exchange.v1 import exchange_pb2_grpc  # noqa: E402
from anqiao.hub.v1 import operations_pb2, operations_pb2_grpc  # noqa: E402
from exchange import exchange_pb2  # noqa: E402

RECOVERY_SECONDS_MAX = 5.0
P99_FACTOR_MAX = 2.0
FLOOR_MS = 20.0
WINDOW_SECONDS = 2.0
OPEN_FILES = 256
CALL_SECONDS_MAX = 10.0
PAUSE_SECONDS = 0.002
HANDSHAKE_SECONDS = 10.0
# Connections that the descriptor run opens on top of what the hub can hold.
OVERFLOW = 100


def many_records(name):
    """Results of tests of made-up people, other ones for each name."""
    first = int.from_bytes(name.encode(), "big") % 900 * 100_000
    lines = ["xdrybh|xm|sfzh|njrq|njjg|jcfs"]
    lines += [f"R4212{first + row:08}|虚构{chr(0x4E00 + row)}||20260{1 + row % 6}{1 + row // 6 % 28:02}|阴性|现场" for row in range(15_000)]
    return ("\n".join(lines) + "\n").encode("gb18030")


def p99(latencies):
    return sorted(latencies)[min(len(latencies) - 1, int(len(latencies) * 0.99))] if latencies else float("inf")


class Refused(Exception):
    """The hub answered that it does not take a payload."""


class GoodClient:
    """An agency that submits one record at a time and an operator who asks for the status, in turn, over connections that stay."""

    def __init__(self, hub):
        self.hub = hub
        self.credentials = {"agency_listener": self.material("agencies/police"), "hub_listener": self.material("users/ops")}
        self.channels = {name: self.connect(name) for name in self.credentials}
        self.number = 0
        self.failed_attempts = 0
        self.refused = 0
        self.sent = []  # header and data of each payload that was answered
        self.small = None  # one of one record

    def material(self, identity):
        return grpc.ssl_channel_credentials((self.hub.certs / "ca.crt").read_bytes(), (self.hub.certs / f"{identity}.key").read_bytes(),
                                            (self.hub.certs / f"{identity}.crt").read_bytes())

    def connect(self, listener):
        """A connection of its own: gRPC would share one among channels."""
        return grpc.secure_channel(self.hub.address(listener), self.credentials[listener], options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)])

    def submit(self, channel, header, data, timeout):
        request = exchange_pb2.SubmitRequest(header=header, data=data, last=True)
        answers = list(exchange_pb2_grpc.ExchangeServiceStub(channel).Submit(iter([request]), timeout=timeout))
        summary = next(answer.summary for answer in answers if answer.HasField("summary"))
        if summary.status.code:
            raise Refused(summary.status.message)
        return summary

    def status(self, channel, timeout):
        return operations_pb2_grpc.OperationsServiceStub(channel).GetHubStatus(operations_pb2.GetHubStatusRequest(), timeout=timeout)

    def call(self):
        """One call on a connection that stays, made again until it is answered as an agency would; how long that took, in ms."""
        self.number += 1
        started = time.monotonic()
        header = exchange_pb2.PayloadHeader(request_id=exchange.derived_id("floods", str(self.number)), format="tests")
        data = b"\n".join(crash.load_payload(self.number).split(b"\n")[:2]) + b"\n"
        while True:
            try:
                if self.number % 2:
                    self.submit(self.channels["agency_listener"], header, data, CALL_SECONDS_MAX)
                    self.sent.append((header, data))
                    self.small = self.sent[-1]
                else:
                    self.status(self.channels["hub_listener"], CALL_SECONDS_MAX)
                return 1000 * (time.monotonic() - started)
            except Refused:
                self.refused += 1
                return 1000 * (time.monotonic() - started)
            except grpc.RpcError as error:
                self.failed_attempts += 1
                if error.code() not in exchange.PASSING or time.monotonic() - started > CALL_SECONDS_MAX:
                    raise hubkit.ToolError(f"the good client got {error.code().name}: {error.details()}") from error
            time.sleep(0.02)

    def submit_much(self, name):
        """So many records that the store has to begin new files."""
        header = exchange_pb2.PayloadHeader(request_id=exchange.derived_id("floods", name), format="tests")
        data = many_records(name)
        for attempt in range(20):
            try:
                summary = self.submit(self.channels["agency_listener"], header, data, 60)
                self.sent.append((header, data))
                return summary
            except grpc.RpcError as error:
                if error.code() not in exchange.PASSING:
                    raise
                time.sleep(0.1 * attempt)
        raise hubkit.ToolError(f"payload {name} was not answered")

    def window(self, seconds):
        """Latencies of the calls of a window."""
        latencies, deadline = [], time.monotonic() + seconds
        while time.monotonic() < deadline:
            latencies.append(self.call())
            time.sleep(PAUSE_SECONDS)
        return latencies

    def call_anew(self, listener, timeout=1.0):
        """A call on a new connection: how long it took in ms, or None if there was no answer."""
        started = time.monotonic()
        channel = self.connect(listener)
        try:
            if listener == "hub_listener":
                self.status(channel, timeout)
            else:
                self.submit(channel, *self.small, timeout)
            return 1000 * (time.monotonic() - started)
        except Refused:
            return 1000 * (time.monotonic() - started)
        except grpc.RpcError:
            return None
        finally:
            channel.close()


class Flood:
    """The flood's process."""

    def __init__(self, hub, kind, connections=400):
        command = [hubkit.PYTHON, pathlib.Path(__file__).with_name("flood_client.py"), kind, "--agency-listener",
                   hub.address("agency_listener"), "--hub-listener", hub.address("hub_listener"), "--certs", hub.certs,
                   "--connections", str(connections)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        hubkit.end(self.process)

    def tell(self, command):
        """"on" or "off"; what the flood has done so far."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise hubkit.ToolError("the flood's process has ended by itself (above: why)")
        return json.loads(answer)


def counted(counts):
    return ", ".join(f"{number:,} {what.replace('_', ' ')}" for what, number in counts.items())


def compare(name, quiet, flooded, violations):
    """Medians of the windows' p99; "quiet" may be several groups of windows, of which the least quiet counts."""
    groups = quiet if isinstance(quiet[0][0], list) else [quiet]
    calm = max(statistics.median(map(p99, group)) for group in groups)
    rough, limit = statistics.median(map(p99, flooded)), max(P99_FACTOR_MAX * calm, FLOOR_MS)
    windows = [window for group in groups for window in group]
    print(f"    {name}: p99 {calm:.1f} ms quiet ({sum(map(len, windows))} calls in {len(windows)} windows), {rough:.1f} ms flooded "
          f"({sum(map(len, flooded))} calls in {len(flooded)} windows), at most {limit:.1f} ms", flush=True)
    if rough <= limit:
        return True
    violations.append(f"{name}: the good client's p99 went from {calm:.1f} ms to {rough:.1f} ms; at most {limit:.1f} ms is allowed")
    return False


def logged(hub, event):
    lines = (hub.folder / "logs" / "anqiaod.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return [json.loads(line) for line in lines if f'"event":"{event}"' in line]


def alternate(hub, kind, pairs, violations):
    """Windows without and with the flood in turn; the good client never fails, and new connections work all the time."""
    client = GoodClient(hub)
    client.window(1.0)  # Warms up.
    quiet, flooded, anew = [], [], []
    with Flood(hub, kind) as flood:
        # Once more if the medians of the first round are too far apart; then all windows count.
        for _ in range(2):
            for _ in range(pairs):
                quiet.append(client.window(WINDOW_SECONDS))
                flood.tell("on")
                flooded.append(client.window(WINDOW_SECONDS))
                anew += [client.call_anew(listener) for listener in client.channels]
                counts = flood.tell("off")
                time.sleep(0.2)
            found = []
            if compare(kind, quiet, flooded, found):
                break
    violations += found
    print(f"    {kind}: {counted(counts)}")
    if None in anew:
        violations.append(f"{kind}: {anew.count(None)} of {len(anew)} new connections during the flood got no answer within 1 s")
    if client.failed_attempts or client.refused:
        violations.append(f"{kind}: {client.failed_attempts} calls of the good client failed, {client.refused} payloads were refused")
    recovered(client, kind, time.monotonic(), violations)


def recovered(client, kind, released, violations):
    """How long after the end of the flood new connections are answered on both listeners."""
    waiting = set(client.channels)
    while waiting and time.monotonic() - released <= RECOVERY_SECONDS_MAX:
        waiting -= {listener for listener in sorted(waiting) if client.call_anew(listener, timeout=0.5) is not None}
        if waiting:
            time.sleep(0.1)
    seconds = time.monotonic() - released
    if waiting:
        violations.append(f"{kind}: {' and '.join(sorted(waiting))} took no new connections within {RECOVERY_SECONDS_MAX:.0f} s of the end")
    else:
        print(f"    {kind}: new connections were answered on both listeners {seconds:.2f} s after the end")


def slow(options, hub, violations):
    with Flood(hub, "held", 200) as held:
        begun = time.monotonic()
        held.tell("on")
        alternate(hub, "slow", options.pairs, violations)
        time.sleep(max(0.0, begun + HANDSHAKE_SECONDS + 2 - time.monotonic()))
        counts = held.tell("off")
    print(f"    slow: of connections without a handshake, after {time.monotonic() - begun:.0f} s: {counted(counts)}")
    if counts.get("still_open"):
        violations.append(f"slow: {counts['still_open']} connections without a handshake were never ended by the hub")


def streams(options, hub, violations):
    alternate(hub, "streams", options.pairs, violations)


def resets(options, hub, violations):
    alternate(hub, "resets", options.pairs, violations)


def nothing_lost(hub, client, violations):
    """After a restart, every payload that was answered is known when it comes again, and the projections are those of the journal."""
    hub.stop()
    hub.start(open_files=OPEN_FILES)
    channel = GoodClient(hub).channels["agency_listener"]
    unknown = sum(not client.submit(channel, header, data, 30).repeated for header, data in client.sent[::20])
    if unknown:
        violations.append(f"descriptors: {unknown} acknowledged payloads were forgotten")
    verified = hub.ctl("verify", user="ops")
    if not verified.get("result", verified).get("equal"):
        violations.append("descriptors: rebuilt and live projections differ")
    print(f"    descriptors: {len(client.sent)} payloads acknowledged; after a restart every twentieth was sent again and is known; verify equal")


def store_goes_on(client, violations):
    """A store that cannot open a file takes nothing more until the hub is started again."""
    try:
        rows = sum(client.submit_much(f"short{number}").accepted_count for number in range(3))
        print(f"    descriptors: {rows:,} records were taken while descriptors were short")
    except Refused as error:
        violations.append(f"descriptors: a payload was refused while they were short: {error}")


def sustained(options, client):
    """The flood goes on for longer than handshakes live: whoever is ended connects again. Calls may have to be made again, but all are
    answered (or GoodClient.call raises)."""
    if not options.sustained_windows:
        return
    before = client.failed_attempts
    windows = [client.window(WINDOW_SECONDS) for _ in range(options.sustained_windows)]
    print(f"    descriptors: the flood went on for {options.sustained_windows * WINDOW_SECONDS:.0f} s: {sum(map(len, windows))} calls answered, "
          f"{client.failed_attempts - before} attempts made again, the longest took {max(map(max, windows)):.0f} ms")


def descriptors(options, hub, violations):
    """The hub runs out of descriptors: connections that stay are served all along, new ones again after the end."""
    client = GoodClient(hub)
    for number in range(2):
        client.submit_much(f"before{number}")
    client.window(1.0)
    quiet = [client.window(WINDOW_SECONDS) for _ in range(3)]
    with Flood(hub, "descriptors", OPEN_FILES + OVERFLOW) as flood:
        flood.tell("on")
        time.sleep(0.5)
        open_files = len(os.listdir(f"/proc/{hub.hub.pid}/fd"))
        shut_out = sum(client.call_anew(listener, timeout=0.5) is None for listener in client.channels)
        # Shorter than a handshake may take: from then on the hub helps itself.
        flooded = [client.window(WINDOW_SECONDS) for _ in range(2)]
        failed = client.failed_attempts
        store_goes_on(client, violations)
        sustained(options, client)
        counts = flood.tell("off")
        released = time.monotonic()
    print(f"    descriptors: {counted(counts)}; the hub had {open_files} of {OPEN_FILES} descriptors open and took no new connections on "
          f"{shut_out} of 2 listeners")
    if not shut_out:
        violations.append("descriptors: the flood did not shut anybody out, so that the run shows nothing")
    if failed:
        violations.append(f"descriptors: {failed} calls on connections from before failed while descriptors were short")
    failed = client.failed_attempts
    recovered(client, "descriptors", released, violations)
    after = [client.window(WINDOW_SECONDS) for _ in range(3)]
    compare("descriptors", [quiet, after], flooded, violations)
    longest = max(map(max, after)) / 1000
    print(f"    descriptors: {len(logged(hub, 'listener_rebuilt'))} rebuilds; afterwards {client.failed_attempts - failed} attempts of the good "
          f"client had to be made again, its longest call took {longest:.2f} s, its p99 at last {p99(after[-1]):.1f} ms")
    if longest > RECOVERY_SECONDS_MAX:
        violations.append(f"descriptors: a call on a connection from before took {longest:.1f} s after the end")
    if client.refused:
        violations.append(f"descriptors: {client.refused} payloads of the good client were refused")
    nothing_lost(hub, client, violations)


RUNS = {"slow": slow, "streams": streams, "resets": resets, "descriptors": descriptors}


def run(options, names, mutant):
    """The violations of the runs, each on a hub of its own."""
    violations = []
    for name in names:
        folder = hubkit.fresh_folder(options.dir / name)
        with hubkit.Installation(folder, settings={"listener_watch": "off"} if mutant == "no-watch" else None) as hub:
            hub.start(open_files=OPEN_FILES if name == "descriptors" else None)
            RUNS[name](options, hub, violations)
            needless = logged(hub, "listener_rebuilt") if name != "descriptors" else []
            if needless:
                violations.append(f"{name}: {len(needless)} listeners were rebuilt that did answer")
            if hub.hub.poll() is not None:
                violations.append(f"{name}: the hub ended with {hub.hub.returncode}")
    return violations


def check_mutants(options):
    """Without the watch the run with descriptors must fail, and for that reason."""
    found = run(options, ["descriptors"], "no-watch")
    for violation in found:
        print("    found, as it must be: " + violation)
    caught = any("took no new connections" in violation for violation in found)
    print("floods: without the listener watch the run with descriptors " + ("fails, as it must" if caught else "PASSES: it shows nothing"))
    return 0 if caught else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=RUNS)
    parser.add_argument("--long", action="store_true", help="five times as many windows, and a flood of descriptors that goes on for 40 s")
    parser.add_argument("--mutant", choices=["no-watch"])
    parser.add_argument("--check-mutants", action="store_true")
    parser.add_argument("--dir", type=pathlib.Path, default=hubkit.ROOT / "build" / "floods")
    options = parser.parse_args()
    options.pairs, options.sustained_windows = (15, 20) if options.long else (3, 0)
    hubkit.end_cleanly_on_signals()
    if options.check_mutants:
        sys.exit(check_mutants(options))
    names = options.only or list(RUNS)
    violations = run(options, names, options.mutant)
    for violation in violations:
        print("FAILED " + violation)
    print(f"floods: {', '.join(names)}: {len(violations)} violations")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    hubkit.run_as_program(main)
