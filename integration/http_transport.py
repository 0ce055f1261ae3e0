#!/usr/bin/python3
"""HTTP push and poll under kill -9 and broken connections: nothing acknowledged is lost, nothing is taken twice.

  http_transport.py [--seed N] [--dir DIR] [--kills N] [--pushes N] [--versions N] [--mutant NAME]

An agency pushes payloads until each is answered, breaks some off, sends some again, and serves another file that the hub polls; its next
version is there once the receipt of the last one came. Its server answers now and then with errors, redirects, half a body, nothing or
garbage. Meanwhile the hub is killed again and again. At the end each row is on file or held exactly once, each receipt accounts for its
rows, what came again was answered as before, and what is rebuilt from the journal is what is live.
"""

import http.client
import http.server
import json
import pathlib
import random
import socket
import ssl
import threading
import time
import uuid

import drop_folder
import faultkit
import hubkit

AGENCY, FORMAT, ROWS = drop_folder.AGENCY, drop_folder.FORMAT, drop_folder.ROWS
FAULTS = ("cut", "longer", "error", "redirect", "garbage", "stall")


def essence(responses):
    """What a repeated answer must say again."""
    return [(record["row"], record["record_key"], record["disposition"]) for response in responses for record in response.get("records", [])]


class AgencyServer:
    """Serves one version after the other, each until its receipt came."""

    def __init__(self, versions, seed):
        self.versions, self.at, self.receipts, self.refused = versions, 0, {}, 0
        self.rng, self.lock, self.faults = random.Random(seed), threading.Lock(), 0
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self):
                owner.serve(self)

            def do_POST(self):
                owner.take_receipt(self)

            def log_message(self, *unused):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *unused):
                """Handshakes and connections that the hub's end cut off."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"

    def start(self, certs):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs / "servers" / "hub.crt", certs / "servers" / "hub.key")
        context.load_verify_locations(certs / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def done(self):
        with self.lock:
            return self.at == len(self.versions)

    def serve(self, handler):
        with self.lock:
            number = min(self.at, len(self.versions) - 1)
            fault = self.rng.choice(FAULTS) if self.rng.random() < 0.3 else None
            self.faults += fault is not None
        body, etag = self.versions[number], f'"{number}"'
        handler.close_connection = True
        if fault == "error":
            handler.send_error(500)
        elif fault == "redirect":
            handler.send_response(302)
            handler.send_header("Location", "/tests")
            handler.end_headers()
        elif fault == "garbage":
            handler.wfile.write(b"\x00\x01garbage\r\n")
        elif fault is None and handler.headers.get("If-None-Match") == etag:
            handler.send_response(304)
            handler.end_headers()
        else:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body) + (100 if fault == "longer" else 0)))
            handler.send_header("ETag", etag)
            handler.end_headers()
            handler.wfile.write(body if fault in (None, "longer") else body[:len(body) // 2])
            if fault == "stall":
                time.sleep(0.5)

    def take_receipt(self, handler):
        responses = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        handler.close_connection = True
        with self.lock:
            # Always the first: what was handed in comes again.
            refuse = self.refused == 0 or self.rng.random() < 0.2
            self.refused += refuse
        if refuse:
            handler.send_error(503)
            return
        # The hub sends the receipt of what it fetched, before it fetches anything else; the next version is there only then.
        with self.lock:
            if self.at < len(self.versions):
                self.receipts[self.at] = responses
                self.at += 1
        handler.send_response(204)
        handler.end_headers()


class Pusher(threading.Thread):
    """Pushes each payload until it is answered; breaks some off first, sends some again afterwards."""

    def __init__(self, hub, port, contents, seed):
        super().__init__(daemon=True)
        self.hub, self.contents, self.rng = hub, contents, random.Random(seed)
        self.answers, self.violations, self.repeats, self.attempts = {}, [], 0, 0
        self.first_id = None
        self.context = ssl.create_default_context(cafile=hub.certs / "ca.crt")
        self.context.load_cert_chain(hub.certs / "agencies" / f"{AGENCY}.crt", hub.certs / "agencies" / f"{AGENCY}.key")
        self.port = port

    def once(self, content, request_id):
        """Code and answer; None: the connection broke."""
        self.attempts += 1
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=30)
        try:
            chunked = self.rng.random() < 0.3
            connection.request("POST", f"/v1/payloads/{FORMAT}", iter([content[:99], content[99:]]) if chunked else content,
                               {"Idempotency-Key": request_id}, encode_chunked=chunked)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def break_off(self, content, request_id):
        try:
            with self.context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 30), server_hostname="127.0.0.1") as connection:
                head = f"POST /v1/payloads/{FORMAT} HTTP/1.1\r\nIdempotency-Key: {request_id}\r\nContent-Length: {len(content)}\r\n\r\n"
                connection.sendall((head.encode() + content)[:-self.rng.randrange(1, len(content))])
        except OSError:
            pass

    def push(self, content, request_id):
        while True:
            answered = self.once(content, request_id)
            if answered and answered[0] == 200:
                return answered[1]
            if answered and answered[0] not in (429, 503):
                self.violations.append(f"a good payload was answered {answered[0]}: {str(answered[1])[:300]}")
                return []
            time.sleep(0.1)

    def run(self):
        for number, content in enumerate(self.contents):
            request_id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
            self.first_id = self.first_id or request_id
            if self.rng.random() < 0.3:
                self.break_off(content, request_id)
            first = self.push(content, request_id)
            self.answers[number] = first
            # Always the first: so that it is tried at all.
            if number == 0 or self.rng.random() < 0.2:
                self.repeats += 1
                again = self.push(content, request_id)
                if not again or not again[-1]["summary"]["repeated"]:
                    self.violations.append(f"payload {number} came again and was not answered as a repeat")
                if essence(again) != essence(first):
                    self.violations.append(f"payload {number} came again and was answered otherwise")


def flood(port, violations, pusher, content, request_id):
    """Strangers who say nothing take all connections; a payload, sent before, gets through and is answered as before."""
    silent = []
    for _ in range(100):
        try:
            silent.append(socket.create_connection(("127.0.0.1", port), 5))
        except OSError:
            break
    answered = None
    for _ in range(20):
        answered = answered or pusher.once(content, request_id)
    if not answered or answered[0] != 200 or not answered[1][-1]["summary"]["repeated"]:
        violations.append(f"while {len(silent)} silent connections were open a payload was answered {answered}")
    for connection in silent:
        connection.close()


def check(hub, pusher, server, options, violations):
    for number in range(options.pushes):
        if len(essence(pusher.answers.get(number, []))) != ROWS:
            violations.append(f"pushed payload {number} was answered with {len(essence(pusher.answers.get(number, [])))} of {ROWS} receipts")
    for number in range(options.versions):
        if len(essence(server.receipts.get(number, []))) != ROWS:
            violations.append(f"version {number} has a receipt of {len(essence(server.receipts.get(number, [])))} of {ROWS} rows")
    rows = (options.pushes + options.versions) * ROWS
    # A row that is held has no key here.
    keys = {key for responses in [*pusher.answers.values(), *server.receipts.values()] for _, key, _ in essence(responses) if key}
    if len(keys) != rows - rows // ROWS:
        violations.append(f"the receipts are of {len(keys)} records, expected {rows - rows // ROWS}")
    agencies = hub.ctl("agencies", user="ops")["agencies"]
    on_file = next(int(agency.get("recordCount", 0)) for agency in agencies if agency["name"] == f"agencies/{AGENCY}")
    held = sum(int(payload.get("recordCount", 0)) for payload in hub.ctl("quarantine", "list", user="ops")["payloads"])
    if (on_file, held) != (rows - rows // ROWS, rows // ROWS):
        violations.append(f"{on_file} records are on file and {held} held, expected each of {rows} rows once, one of {ROWS} held")
    if not hub.ctl("verify", user="ops").get("equal"):
        violations.append("rebuilt and live projections differ")
    print(f"{options.pushes} payloads pushed in {pusher.attempts} requests, {pusher.repeats} again; {options.versions} versions polled over "
          f"{server.faults} faults; {on_file} records on file, {held} held", flush=True)


def run(hub, server, port, rng, options):
    server.start(hub.certs)
    hub.start()
    pusher = Pusher(hub, port, [drop_folder.content_of(number) for number in range(options.pushes)], rng.random())
    pusher.start()
    for _ in range(options.kills):
        time.sleep(rng.uniform(0.5, 2.5))
        hub.kill()
        hub.start()
    violations = []
    pusher.join(300)
    if pusher.is_alive():
        violations.append(f"only {len(pusher.answers)} of {options.pushes} payloads were answered")
    if not faultkit.wait_until(server.done, 300, 0.2):
        violations.append(f"only {server.at} of {options.versions} versions were taken")
    flood(pusher.port, violations, pusher, pusher.contents[0], pusher.first_id)
    violations += pusher.violations
    check(hub, pusher, server, options, violations)
    return violations


def main():
    parser = faultkit.arguments(__doc__, "http-transport", ("requests_forgotten", "ids_not_from_content"))
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--pushes", type=int, default=60)
    parser.add_argument("--versions", type=int, default=12)
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    folder = pathlib.Path(hubkit.fresh_folder(options.dir))
    rng = random.Random(options.seed)
    numbers = range(options.pushes, options.pushes + options.versions)
    server = AgencyServer([drop_folder.content_of(number) for number in numbers], rng.random())
    port = hubkit.free_port()
    settings = {"http_push_listener": f'{{address: "127.0.0.1:{port}", certificate: certs/servers/hub.crt, key: certs/servers/hub.key, '
                                      "client_ca: certs/ca.crt, connections_max: 16}"}
    poll = (f"{{url: {server.url}/tests, receipt_url: {server.url}/receipts, format: {FORMAT}, interval: 1, ca: certs/ca.crt, "
            "certificate: certs/agencies/stranger.crt, key: certs/agencies/stranger.key}")
    with faultkit.installation(options, folder, settings=settings, agency_settings={AGENCY: {"http_push": "on", "http_poll": poll}}) as hub:
        violations = run(hub, server, port, rng, options)
    faultkit.finish(f"http transport, {options.kills} kills", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
