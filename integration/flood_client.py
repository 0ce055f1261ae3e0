"""The flood, in a process of its own: reads "on" and "off" from its input and answers each with a line of JSON counts.

  flood_client.py KIND --agency-listener HOST:PORT --hub-listener HOST:PORT --certs DIR [--connections N]

Only raw sockets, only to the two addresses that it is told, at a bounded rate. floods.py starts it.
"""

import argparse
import json
import pathlib
import select
import socket
import ssl
import struct
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING = 0, 1, 3, 4, 6
ACK, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(path):
    """A call's headers, each a literal without indexing."""
    block = b""
    for name, value in ((":method", "POST"), (":scheme", "https"), (":path", path), (":authority", "hub"), ("te", "trailers"),
                        ("content-type", "application/grpc")):
        block += b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return block


def client_hello():
    """The first flight of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2"])
    half = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        half.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


class Flood:
    """"begin" opens what the flood is made of, "step" goes on with it, at most "rate" times a second; "end" closes everything."""

    rate = 1.0

    def __init__(self, options):
        self.targets = [self.address(options.agency_listener), self.address(options.hub_listener)]
        self.certs, self.connections = options.certs, options.connections
        self.open, self.counts = [], {}

    @staticmethod
    def address(text):
        host, _, port = text.rpartition(":")
        return host, int(port)

    def count(self, what, number=1):
        self.counts[what] = self.counts.get(what, 0) + number

    def connect(self, number, first=b""):
        connection = socket.create_connection(self.targets[number % len(self.targets)], timeout=5)
        if first:
            connection.sendall(first)
        self.open.append(connection)
        self.count("connections")
        return connection

    def secure(self, identity):
        context = ssl.create_default_context(cafile=self.certs / "ca.crt")
        context.load_cert_chain(self.certs / f"{identity}.crt", self.certs / f"{identity}.key")
        context.set_alpn_protocols(["h2"])
        host, port = self.targets[0]
        connection = context.wrap_socket(socket.create_connection((host, port), timeout=5), server_hostname=host)
        self.open.append(connection)
        self.count("connections")
        return connection

    def begin(self):
        pass

    def step(self):
        pass

    def end(self):
        for connection in self.open:
            connection.close()
        self.open.clear()


class Slow(Flood):
    """Handshakes that begin and never end, and clients that send one byte a second after their handshake."""

    def begin(self):
        hello = client_hello()
        for number in range(self.connections):
            # Nothing at all, half a ClientHello, a whole one.
            self.connect(number, (b"", hello[:len(hello) // 2], hello)[number % 3])
        self.trickling = [self.secure("agencies/tax") for _ in range(self.connections // 8)]
        self.sent = 0

    def step(self):
        preface = PREFACE + frame(SETTINGS, 0, 0)
        for connection in self.trickling:
            connection.sendall(preface[self.sent:self.sent + 1])
            self.count("single_bytes")
        self.sent += 1


class Held(Flood):
    """Connections that say nothing and are held; tells how many the hub ended by itself."""

    def begin(self):
        for number in range(self.connections):
            self.connect(number)

    def end(self):
        for connection in self.open:
            connection.setblocking(False)
            try:
                self.count("ended_by_the_hub", not connection.recv(1 << 16))
            except BlockingIOError:
                self.count("still_open")
            except ConnectionError:
                self.count("ended_by_the_hub")
        super().end()


class Streams(Flood):
    """Submit and Receive streams, opened without end and left; on few connections, by agencies and by one that is none."""

    rate = 50.0
    identities = ("tax", "civil_affairs", "employment", "stranger")
    streams_a_step = 5

    def begin(self):
        self.next_stream = 1
        for number in range(8):
            connection = self.secure(f"agencies/{self.identities[number % len(self.identities)]}")
            connection.sendall(PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, ACK, 0))
        self.rests = [b""] * len(self.open)

    def step(self):
        for number, connection in enumerate(self.open):
            burst = b""
            for index in range(self.streams_a_step):
                method = ("Submit", "Receive")[index % 2]
                burst += frame(HEADERS, END_HEADERS, self.next_stream + 2 * index, headers(f"/anqiao.exchange.v1.ExchangeService/{method}"))
            try:
                connection.settimeout(2)
                connection.sendall(burst)
                self.count("streams", self.streams_a_step)
                connection.settimeout(0)
                self.read(number, connection)
            except (TimeoutError, ConnectionError, ssl.SSLError):
                self.count("bursts_not_taken")
        self.next_stream += 2 * self.streams_a_step

    def read(self, number, connection):
        data = self.rests[number]
        try:
            while chunk := connection.recv(1 << 16):
                data += chunk
        except ssl.SSLWantReadError:
            pass
        while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
            size, kind, flags = int.from_bytes(data[:3], "big"), data[3], data[4]
            if kind == PING and not flags & ACK:
                connection.settimeout(2)
                connection.sendall(frame(PING, ACK, 0, data[9:9 + size]))
            self.count({HEADERS: "answers", RST_STREAM: "streams_reset"}.get(kind, "other_frames"))
            data = data[9 + size:]
        self.rests[number] = data


class Resets(Flood):
    """Connections that are reset at once, with and without a first byte."""

    rate = 50.0
    resets_a_step = 12

    def step(self):
        for number in range(self.resets_a_step):
            with socket.socket() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                try:
                    connection.connect(self.targets[number % len(self.targets)])
                    if number % 3 == 0:
                        connection.sendall(b"\x16")
                    self.count("resets")
                except OSError:
                    self.count("refused")


class Exhaust(Flood):
    """As many connections as it takes, and again for each that the hub ends; the kernel completes those that the hub has no descriptor
    for."""

    rate = 5.0

    def begin(self):
        self.step()

    def step(self):
        self.open = [connection for connection in self.open if not self.ended(connection)]
        for number in range(len(self.open), self.connections):
            try:
                self.connect(number).setblocking(False)
            except OSError:
                self.count("not_connected")

    def ended(self, connection):
        try:
            connection.recv(1 << 16)  # The hub says nothing before the client does: this is the end.
        except BlockingIOError:
            return False
        except OSError:
            pass
        connection.close()
        self.count("ended_by_the_hub")
        return True


KINDS = {"slow": Slow, "held": Held, "streams": Streams, "resets": Resets, "descriptors": Exhaust}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--agency-listener", required=True)
    parser.add_argument("--hub-listener", required=True)
    parser.add_argument("--certs", type=pathlib.Path, required=True)
    parser.add_argument("--connections", type=int, default=400, help="of the kinds that only open connections")
    options = parser.parse_args()
    flood, on = KINDS[options.kind](options), False
    due = time.monotonic()
    while True:
        patience = max(0.0, due - time.monotonic()) if on else None
        if select.select([sys.stdin], [], [], patience)[0]:
            command = sys.stdin.readline().strip()
            if command == "on" and not on:
                flood.begin()
            elif command != "on":
                flood.end()
            on, due = command == "on", time.monotonic()
            print(json.dumps(flood.counts), flush=True)
            if not command:
                return
        elif on:
            flood.step()
            # What could not be done in time is left out, not made up for.
            due = max(due + 1 / flood.rate, time.monotonic())


if __name__ == "__main__":
    main()
