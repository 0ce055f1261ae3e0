"""What the sample agencies share: the public API over mutual TLS, a synced log of everything sent and answered, patience.

The log is an oracle outside the hub: one JSON line for every request before it is sent and for every answer after it came,
synced before anything else happens. After kill -9 the agency reads it and goes on; request ids are derived from what they
are for, so that whatever is sent again is recognised by the hub.
"""

import argparse
import hashlib
import json
import os
import pathlib
import queue
import random
import sys
import threading
import time
import uuid

import google
import grpc

STUBS = os.environ.get("ANQIAO_STUBS", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "stubs"))
sys.path.append(STUBS)
google.__path__.append(os.path.join(STUBS, "google"))
grpc.__path__.append(os.path.join(STUBS, "grpc"))

from anqiao.exchange.v1 import exchange_pb2, exchange_pb2_grpc  # noqa: E402
from google.rpc import error_details_pb2  # noqa: E402

NAMESPACE = uuid.UUID("5b0b5f52-6a0c-5b7e-9a54-0d7d0f6f2c11")
CHUNK_BYTES = 256 << 10
PAUSE_MAX_SECONDS = 5.0
# What another attempt can mend.
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN)
PASSING_REASONS = ("OVERLOADED", "SHUTTING_DOWN", "STORAGE_FULL")


def derived_id(*parts):
    """The same id for the same thing, whenever it is asked for."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))


def reason_of(status):
    """The reason of a google.rpc.Status; empty if it has none."""
    info = error_details_pb2.ErrorInfo()
    return next((info.reason for detail in status.details if detail.Unpack(info)), "")


class Log:
    """Appends JSON lines, each synced before "write" returns. Thread-safe."""

    def __init__(self, path):
        self._mutex = threading.Lock()
        self._drop_torn_line(path)
        self._file = open(path, "a", encoding="utf-8")

    @staticmethod
    def _drop_torn_line(path):
        if not os.path.exists(path):
            return
        with open(path, "rb+") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)

    def write(self, event, **fields):
        with self._mutex:
            self._file.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


def read_log(path):
    """The lines of a log, without one that was torn by a crash."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    return [json.loads(line) for line in lines[:-1]]


def back_off(attempt):
    time.sleep(min(PAUSE_MAX_SECONDS, 0.1 * 2 ** min(attempt, 6)) * random.uniform(0.5, 1.0))


def parse_arguments(agency):
    parser = argparse.ArgumentParser(description=f"Plays the {agency} agency of a made-up district.")
    parser.add_argument("--hub", required=True, help="HOST:PORT of the agency listener")
    for name in ("ca", "cert", "key"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--files", type=pathlib.Path, required=True, help="folder with manifest.json and the files")
    parser.add_argument("--log", type=pathlib.Path, required=True)
    parser.add_argument("--decline-every", type=int, default=0, help="decline every Nth request; 0: none")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--once", action="store_true", help="submit the files and end")
    how.add_argument("--serve", action="store_true", help="submit the files, then receive and answer until stopped")
    return parser.parse_args()


class Hub:
    """The exchange service as an agency sees it; every call is tried again until the hub is there.

    Calls wait for the connection: gRPC gets on with a handshake only while a call waits for it, so a client that sleeps between
    calls that fail at once may need minutes to find a hub that is back.
    """

    def __init__(self, target, ca, cert, key, log):
        credentials = grpc.ssl_channel_credentials(
            root_certificates=pathlib.Path(ca).read_bytes(), private_key=pathlib.Path(key).read_bytes(),
            certificate_chain=pathlib.Path(cert).read_bytes())
        # Without these a channel to a hub that was away waits up to two minutes before it tries again.
        self._channel = grpc.secure_channel(target, credentials, options=[
            ("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 2000)])
        self.stub = exchange_pb2_grpc.ExchangeServiceStub(self._channel)
        self.log = log

    def submit(self, header, data):
        """Submits one payload until it is answered; returns its summary and its receipts."""
        self.log.write("submit", request_id=header.request_id, format=header.format, file_name=header.file_name, bytes=len(data),
                       sha256=hashlib.sha256(data).hexdigest())
        attempt = 0
        while True:
            try:
                receipts, summary = self._submit_once(header, data)
                if summary is not None and reason_of(summary.status) not in PASSING_REASONS:
                    break
            except grpc.RpcError as error:
                if error.code() not in PASSING:
                    raise
            attempt += 1
            back_off(attempt)
        self.log.write(
            "receipt", request_id=header.request_id, status=summary.status.code, reason=reason_of(summary.status),
            message=summary.status.message,
            accepted=summary.accepted_count, unchanged=summary.unchanged_count, held=summary.held_count,
            rejected=summary.rejected_count, ended=summary.ended_count, repeated=summary.repeated,
            problems=[problem.reason for problem in summary.problems],
            records=[[receipt.row, receipt.record_key, receipt.disposition, [problem.reason for problem in receipt.problems]]
                     for receipt in receipts])
        return summary, receipts

    def _submit_once(self, header, data):
        def requests():
            for start in range(0, max(len(data), 1), CHUNK_BYTES):
                yield exchange_pb2.SubmitRequest(header=header if start == 0 else None, data=data[start:start + CHUNK_BYTES],
                                                 last=start + CHUNK_BYTES >= len(data))

        receipts, summary = [], None
        for response in self.stub.Submit(requests(), timeout=300, wait_for_ready=True):
            receipts.extend(response.records)
            if response.HasField("summary"):
                summary = response.summary
        return receipts, summary

    def answer(self, request):
        """Answers a referral until the hub has taken it; returns the new etag, or None if it no longer fits."""
        self.log.write("answer", request_id=request.request_id, referral=request.referral, action=request.answer.action)
        attempt = 0
        while True:
            try:
                etag = self.stub.AnswerReferral(request, timeout=30, wait_for_ready=True).etag
                self.log.write("answered", request_id=request.request_id, referral=request.referral, etag=etag)
                return etag
            except grpc.RpcError as error:
                if error.code() not in PASSING:
                    self.log.write("refused", request_id=request.request_id, referral=request.referral, code=error.code().name)
                    return None
            attempt += 1
            back_off(attempt)

    def receive(self, handle, stop):
        """Takes deliveries until "stop" is set; "handle" has made each durable when it returns, then it is acknowledged."""
        attempt = 0
        while not stop.is_set():
            outbox = queue.Queue()
            outbox.put(exchange_pb2.ReceiveRequest(open=exchange_pb2.OpenReceive(max_in_flight=16, visibility_timeout_seconds=5)))
            try:
                for response in self.stub.Receive(iter(outbox.get, None), wait_for_ready=True):
                    attempt = 0
                    delivery = response.delivery
                    self.log.write("delivery", name=delivery.name, referral=delivery.referral, etag=delivery.etag,
                                   content=delivery.WhichOneof("content"), attempt=delivery.attempt,
                                   message=delivery.SerializeToString().hex())
                    handle(delivery)
                    outbox.put(exchange_pb2.ReceiveRequest(ack=exchange_pb2.Ack(delivery=delivery.name)))
                    self.log.write("ack", name=delivery.name)
            except grpc.RpcError as error:
                if error.code() not in PASSING:
                    raise
            finally:
                outbox.put(None)
            attempt += 1
            back_off(attempt)


def submit_files(hub, agency, folder):
    """Submits what the manifest lists, in its order."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["files"]:
        data = (folder / entry["file"]).read_bytes()
        header = exchange_pb2.PayloadHeader(
            request_id=derived_id(agency, entry["format"], hashlib.sha256(data).hexdigest()), format=entry["format"],
            file_name=entry["file"])
        header.extract_time.FromJsonString(manifest["extract_time"])
        summary, _ = hub.submit(header, data)
        print(f"{agency}: {entry['format']}: {summary.accepted_count} accepted, {summary.unchanged_count} unchanged, "
              f"{summary.held_count} held, {summary.rejected_count} rejected"
              + (f"; {summary.status.message}" if summary.status.code else ""), flush=True)
    hub.log.write("submitted")
    return manifest


class Desk:
    """Works through requests one after the other, behind the acknowledgement. "work" may be called again for the same delivery."""

    def __init__(self, log_path, work):
        self._work = work
        self._queue = queue.Queue()
        self._done = set()
        for line in read_log(log_path):
            if line["event"] == "delivery" and line["name"] not in self._done:
                self._queue.put(exchange_pb2.Delivery.FromString(bytes.fromhex(line["message"])))
            elif line["event"] == "desk_done":
                self._done.add(line["name"])

    def take(self, delivery):
        self._queue.put(delivery)

    def run(self, log, stop):
        while not stop.is_set():
            delivery = self._queue.get()
            if delivery.name in self._done:
                continue
            self._work(delivery)
            log.write("desk_done", name=delivery.name)
            self._done.add(delivery.name)


def main(agency, work=None):
    """Runs an agency; "work" is its desk: called with the hub, the delivery, the manifest and the options."""
    options = parse_arguments(agency)
    log = Log(options.log)
    hub = Hub(options.hub, options.ca, options.cert, options.key, log)
    manifest = submit_files(hub, agency, options.files)
    if options.once:
        return
    stop = threading.Event()
    desk = Desk(options.log, (lambda delivery: work(hub, delivery, manifest, options)) if work else (lambda delivery: None))
    threading.Thread(target=desk.run, args=(log, stop), daemon=True).start()
    hub.receive(desk.take, stop)
