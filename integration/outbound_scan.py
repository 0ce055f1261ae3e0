#!/usr/bin/python3
"""Everything that the real hub sends to the employment and tax agencies, byte by byte as it comes: receipts, deliveries, answers,
errors with their details, proofs, heads, corrections, its certificate. None of it may hold a word that tells why the sub-district
knows a person, in any encoding.

  outbound_scan.py [--referrals N] [--seed N] [--dir DIR]
"""

import base64
import collections
import random
import re
import subprocess
import time

import faultkit
import hubkit
import tax
from exchange import derived_id
from faultkit import exchange_pb2, exchange_pb2_grpc, grpc, referrals_pb2
from keeping_canaries import base64_alignments

from anqiao.type.v1 import civil_date_pb2

RECIPIENTS = ("employment", "tax")
POLICIES = {"employment-assistance": "employment", "difficulty-recognition": "employment", "training-subsidy": "employment",
            "startup-loan": "employment", "tax-relief-self-employed": "tax", "tax-relief-employer": "tax"}
# domain.md R2, and what it stands for.
TERMS = ("毒", "吸毒", "戒毒", "禁毒", "涉毒", "尿检", "管控", "社戒", "社区康复", "矫正", "强戒", "强制隔离", "海洛因", "冰毒", "美沙酮", "阿片",
         "成瘾", "查获", "复吸", "公安", "派出所", "drug", "detox", "addict", "narcotic", "rehab", "heroin", "opioid", "methadone", "urine",
         "police", "relapse", "jiedu", "xidu", "niaojian", "sobriety")
ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
# Shorter sequences would be met by chance in names and hashes, which are random.
BYTES_MIN, BASE64_MIN = 4, 7
RANDOM_NAME = re.compile(rb"(?<![0-9a-z])[0-9a-hjkmnp-tv-z]{26}(?![0-9a-z])")
ACTIONS = exchange_pb2.AnswerAction


def sequences():
    """What is looked for, with what it is."""
    found = {}
    for term in TERMS:
        found[term.encode()] = term
        for encoding in ENCODINGS:
            data = term.encode(encoding)
            if len(data) < BYTES_MIN:
                continue
            found.setdefault(data, f"{term} in {encoding}")
            for text in (data.hex().encode(), data.hex().upper().encode()):
                found.setdefault(text, f"{term} in {encoding}, hexadecimal")
            for text in base64_alignments(data):
                if len(text) >= BASE64_MIN:
                    found.setdefault(text, f"{term} in {encoding}, base 64")
    return found


class Scanner:
    def __init__(self):
        self.sequences = sequences()

    def find(self, data, native=False):
        """What is in "data"; native bytes are also read as text of each encoding."""
        data = RANDOM_NAME.sub(b"", data)
        lower = data.lower()
        found = [what for sequence, what in self.sequences.items() if sequence in data or sequence in lower]
        for encoding in ENCODINGS[1:] if native else ():
            text = data.decode(encoding, "ignore").lower()
            found += [f"{term} read as {encoding}" for term in TERMS if term in text]
        return found

    def self_test(self, sample):
        """Terms planted in "sample", in every form, that are not found."""
        missed = []
        for term in TERMS:
            for encoding in ENCODINGS:
                data, half = term.encode(encoding), len(sample) // 2
                forms = [sample[:half] + data + sample[half:]] if len(data) >= BYTES_MIN or encoding == "utf-8" else []
                if len(data) >= BYTES_MIN:
                    forms.append(sample + data.hex().encode())
                if len(data) * 8 // 6 >= BASE64_MIN + 2:
                    forms += [base64.b64encode(bytes(offset) + data + b"...") for offset in range(3)]
                missed += [f"{term} in {encoding}" for form in forms if not self.find(form)]
        return missed


class RecordingChannel:
    """A channel that keeps the bytes of every response before they are parsed."""

    def __init__(self, channel, keep):
        self._channel, self._keep = channel, keep

    def __getattr__(self, kind):
        make = getattr(self._channel, kind)

        def method(path, *arguments, **serializers):
            parse = serializers["response_deserializer"]

            def keep(data):
                self._keep(path.rsplit("/", 1)[-1], data)
                return parse(data)

            return make(path, *arguments, **{**serializers, "response_deserializer": keep})

        return method


class Agency:
    """One recipient, all of whose traffic is kept."""

    def __init__(self, name, clients, rng):
        self.name, self.rng, self.clients = name, rng, clients
        self.kept = []  # what it is, bytes
        self.deliveries = []
        self.stub = exchange_pb2_grpc.ExchangeServiceStub(
            RecordingChannel(clients.channel("agency_listener", f"agencies/{name}"), self.keep))

    def exchange(self, _):
        """As Clients: for Receiver and submitting."""
        return self.stub

    def keep(self, what, data):
        self.kept.append((what, data))

    def error(self, what, error):
        self.keep(f"{what} error", f"{error.code().name} {error.details()}".encode())
        for _, value in error.trailing_metadata() or ():
            self.keep(f"{what} error", value if isinstance(value, bytes) else value.encode())

    def call(self, what, method, request, stream=False):
        """The response; None if it was an error, which is kept."""
        try:
            response = method(request, timeout=30)
            return list(response) if stream else response
        except grpc.RpcError as error:
            self.error(what, error)
            return None

    def submit(self, form, data, file_name, request_id):
        header = exchange_pb2.PayloadHeader(request_id=request_id, format=form, file_name=file_name)
        try:
            for _ in self.stub.Submit(iter([exchange_pb2.SubmitRequest(header=header, data=data, last=True)]), timeout=60):
                pass
        except grpc.RpcError as error:
            self.error("Submit", error)

    def submit_all(self, folder):
        """Its files, whole, broken and as another format; then what is to be corrected."""
        for path in sorted(folder.iterdir()):
            form = path.stem.split("-")[0]
            if path.name == "manifest.json" or form not in hubkit.AGENCIES[self.name][1]:
                continue
            data = path.read_bytes()
            broken = data.replace(b"4212", b"4x12", 9)[: max(len(data) // 3, 200)]
            for number, payload in enumerate((data, broken, b"\xff\xfe\x00broken", b"")):
                request_id = derived_id("scan", self.name, form, str(number))
                self.submit(form, payload, path.name, request_id)
                for language in ("zh", "en"):
                    self.call("GetCorrections", self.stub.GetCorrections,
                              exchange_pb2.GetCorrectionsRequest(request_id=request_id, language=language), stream=True)
        self.submit("no_such_format", b"x", "x", derived_id("scan", self.name, "no such format"))

    def receive(self, expected):
        """Takes what is there; every fifth is refused once, so that it comes again."""
        refused = set()

        def handle(receiver, delivery):
            if delivery.name not in refused and len(refused) * 5 <= len(self.deliveries):
                refused.add(delivery.name)
                receiver.outbox.put(exchange_pb2.ReceiveRequest(nack=exchange_pb2.Nack(delivery=delivery.name, reason="TRY_LATER")))
                return
            self.deliveries.append(delivery)
            receiver.acknowledge(delivery.name)

        before = len(self.deliveries)
        receiver = faultkit.Receiver(self, self.name, handle)
        came = faultkit.wait_until(lambda: len(self.deliveries) - before >= expected, 30)
        receiver.stop()
        return came

    def answer(self, referral, etag, action, reason="", request_id=None, **more):
        request = exchange_pb2.AnswerReferralRequest(
            request_id=request_id or faultkit.new_id(self.rng), referral=referral, etag=etag,
            answer=exchange_pb2.ReferralAnswer(action=ACTIONS.Value(f"ANSWER_ACTION_{action}"), reason=reason, **more))
        response = self.call("AnswerReferral", self.stub.AnswerReferral, request)
        return response.etag if response else etag

    def answer_all(self):
        """Good and bad answers to everything that was received."""
        for number, delivery in enumerate(self.deliveries):
            referral, etag = delivery.referral, delivery.etag
            if delivery.WhichOneof("content") != "request":
                self.answer(referral, etag, "CONFIRM_CANCELLATION")
                continue
            self.answer(referral, "0" * 16, "ACCEPT")
            self.answer("referrals/" + "0" * 26, etag, "ACCEPT")
            self.answer(referral, etag, "RESUME")
            self.answer(referral, etag, "DECLINE")
            self.answer(referral, etag, "DECLINE", "NOT_A_REASON")
            if number % 7 == 6:
                self.answer(referral, etag, "DECLINE", "NO_CAPACITY")
                self.answer(referral, etag, "ACCEPT")
                continue
            accept = faultkit.new_id(self.rng)
            etag = self.answer(referral, etag, "ACCEPT", request_id=accept)
            self.answer(referral, delivery.etag, "ACCEPT", request_id=accept)
            self.answer(referral, delivery.etag, "DECLINE", "NO_CAPACITY", request_id=accept)
            etag = self.answer(referral, etag, "START")
            day = civil_date_pb2.CivilDate(year=2026, month=6, day=30)
            if number % 3 == 0:
                self.answer(referral, etag, "REPORT_OUTCOME",
                            outcome=exchange_pb2.Outcome(code=exchange_pb2.OUTCOME_CODE_GRANTED, date=day))
                self.answer(referral, etag, "START")

    def prove(self, keys):
        for form, key in keys:
            self.call("GetRecordProof", self.stub.GetRecordProof, exchange_pb2.GetRecordProofRequest(format=form, record_key=key))
        for since in (0, 1, 10**9):
            self.call("GetLogHead", self.stub.GetLogHead, exchange_pb2.GetLogHeadRequest(since_size=since))

    def record_keys(self):
        keys = []
        for what, data in self.kept:
            if what == "Submit":
                keys += [record.record_key for record in exchange_pb2.SubmitResponse.FromString(data).records[:3]]
        return [(form, key) for form in hubkit.AGENCIES[self.name][1] for key in keys[:20]] + [("no_such_format", "none")]


def refer(clients, rng, count):
    """Referrals to both recipients, first of all about people on the register; how many went to each, and their names."""
    registered = {case.name for case in clients.all_cases() if case.registered}
    sent, names, of_registered = collections.Counter(), [], 0
    for policy, agency in POLICIES.items():
        cases = sorted(clients.entitled(policy))
        rng.shuffle(cases)
        cases.sort(key=lambda case: case not in registered)
        here = 0
        for case in cases:
            if here == count:
                break
            draft = clients.create_referral(case, policy, faultkit.new_id(rng))
            try:
                clients.referrals.SendReferral(referrals_pb2.SendReferralRequest(
                    request_id=faultkit.new_id(rng), name=draft.name, etag=draft.etag, legal_basis="STATUTORY_DUTY",
                    basis_reference="就业促进法 第五十二条", notice_given=True), timeout=30)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.FAILED_PRECONDITION:
                    raise
                continue
            here += 1
            of_registered += case in registered
            sent[agency] += 1
            names.append((draft.name, agency))
    return sent, names, of_registered


def answer_natively(agency):
    """Some requests of the tax agency are answered in its own format, rightly and wrongly."""
    for number, delivery in enumerate(delivery for delivery in agency.deliveries if delivery.native):
        for row in tax.read_requests(delivery.native):
            etag = row["etag"] if number % 3 else "0" * 16
            payload = tax.reply_payload("20260630", faultkit.new_id(agency.rng), row["referral"], etag, "ACCEPT")
            agency.submit("replies", payload, "replies.txt", faultkit.new_id(agency.rng))
        if number == 5:
            break


def scan(agencies, violations):
    scanner, sizes, counts = Scanner(), collections.Counter(), collections.Counter()
    for agency in agencies:
        for what, data in agency.kept:
            counts[f"{agency.name} {what}"] += 1
            sizes[agency.name] += len(data)
            for found in scanner.find(data):
                violations.append(f"{agency.name}: {what}: {found}")
        for delivery in agency.deliveries:
            if delivery.native:
                counts[f"{agency.name} native"] += 1
                for found in scanner.find(delivery.native, native=True):
                    violations.append(f"{agency.name}: native: {found}")
    sample = next(data for what, data in agencies[0].kept if what == "Receive")
    for missed in scanner.self_test(sample):
        violations.append(f"the scan does not see {missed}")
    for name in RECIPIENTS:
        for what in ("Submit", "Receive", "AnswerReferral", "AnswerReferral error", "GetCorrections", "GetRecordProof", "GetLogHead"):
            if not counts[f"{name} {what}"]:
                violations.append(f"{name} was sent no {what}: nothing was shown")
    if not counts["tax native"]:
        violations.append("tax was sent nothing in its own format: nothing was shown")
    return counts, sizes


def main():
    parser = faultkit.arguments(__doc__, "outbound_scan")
    parser.add_argument("--referrals", type=int, default=10, help="for each of %d policies" % len(POLICIES))
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    rng, violations, started = random.Random(options.seed), [], time.monotonic()
    folder = hubkit.fresh_folder(options.dir)
    with hubkit.Installation(folder) as hub:
        hub.start()
        faultkit.submit_district(hub, folder / "district")
        with faultkit.Clients(hub) as clients:
            agencies = [Agency(name, clients, rng) for name in RECIPIENTS]
            sent, names, of_registered = refer(clients, rng, options.referrals)
            if not of_registered:
                violations.append("no referral was about somebody on the register: nothing was shown")
            for agency in agencies:
                if not agency.receive(sent[agency.name]):
                    violations.append(f"{agency.name}: {sent[agency.name]} requests were sent, {len(agency.deliveries)} came")
            cancelled = names[::4]
            for name, _ in cancelled:
                hub.ctl("referrals", "move", name, "--action", "CANCEL", "--reason", "CIRCUMSTANCES_CHANGED")
            for agency in agencies:
                agency.receive(sum(one == agency.name for _, one in cancelled))
                agency.submit_all(folder / "district" / agency.name)
                agency.prove(agency.record_keys())
            answer_natively(agencies[1])
            for agency in agencies:
                agency.answer_all()
            certificate = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", hub.certs / "servers" / "hub.crt"],
                                         capture_output=True, check=True).stdout
            agencies[0].keep("certificate", certificate)
        counts, sizes = scan(agencies, violations)
    for what, count in sorted(counts.items()):
        print(f"    {count:6} {what}")
    print(f"    {sum(sent.values())} referrals, {of_registered} about people on the register; "
          + ", ".join(f"{size} bytes to {name}" for name, size in sorted(sizes.items())) + f" in {time.monotonic() - started:.0f} s")
    faultkit.finish(f"outbound_scan: {sum(counts.values())} items", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
