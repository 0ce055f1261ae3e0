"""What the parts of keeping.py share: an installation whose directories and keys can be changed between two starts, submitting as an
agency without patience, and the questions that each part asks."""

import collections
import json
import re
import shutil
import subprocess
import threading
import time
import uuid

import audit_verifier
import hubkit
from bad_input import Sender
from exchange import exchange_pb2

import exchange

LAW = {"employment-assistance": "就业促进法 第五十二条", "difficulty-recognition": "就业促进法 第五十二条",
       "tax-relief-self-employed": "公告2023年第15号 第一条", "tax-relief-employer": "公告2023年第15号 第二条",
       "training-subsidy": "就业促进法 第四十九条", "startup-loan": "就业促进法 第四十九条"}
NOT_FOUND = '"code": 5,'
TAKEN_UP = (1, 2)
ERASED = 5


class Hub(hubkit.Installation):
    """An installation that can be started on another directory, ring or master key."""

    def configure(self, **changes):
        """Sets data_directory, ring or master_key for the next start."""
        path = self.folder / "anqiaod.yaml"
        text = path.read_text(encoding="utf-8")
        for key, value in changes.items():
            text, count = re.subn(rf"\b{key}: [^,}}\n]+", f"{key}: {value}", text, count=1)
            if not count:
                raise hubkit.ToolError(f"{path} has no {key}")
        path.write_text(text, encoding="utf-8")

    def __enter__(self):
        super().__enter__()
        self.senders = {}
        return self

    @property
    def data(self):
        return self.folder / "data"

    def seal_options(self, ring="keys/ring", master_key="keys/master.key"):
        return ["--ring", self.folder / ring, "--master-key", self.folder / master_key]

    def tool(self, *arguments):
        """Exit code, output and errors of anqiaoctl without a caller."""
        done = subprocess.run([hubkit.BUILD / "bin" / "anqiaoctl", "--output", "json", *map(str, arguments)], capture_output=True,
                              text=True, timeout=300)
        return done.returncode, done.stdout, done.stderr

    def as_agency(self, agency, *arguments):
        return self.tool("--listeners-file", self.listeners_file, "--certs", self.certs, "--agency", agency, *arguments)

    def as_user(self, user, *arguments):
        return self.tool("--listeners-file", self.listeners_file, "--certs", self.certs, "--as", user, "--timeout", 120, *arguments)

    def refused(self, user, *arguments, sign=NOT_FOUND):
        code, _, errors = self.as_user(user, *arguments)
        return code not in hubkit.ANSWERED and sign in errors

    def verify(self):
        result = self.ctl("verify", user="ops")
        return bool(result.get("result", result).get("equal"))

    def submit_district(self, district):
        """Submits every file as its agency would; the answers are in the agencies' logs."""
        for agency in hubkit.AGENCIES:
            arguments = list(map(str, self.agency_arguments(agency)))
            log = exchange.Log(self.folder / "logs" / f"{agency}.jsonl")
            sender = exchange.Hub(*arguments[1::2], log)
            exchange.submit_files(sender, agency, district / agency)
            self.senders[agency] = sender

    def sender(self, agency):
        """One that knows the hub's present address."""
        return Sender(self, agency)

    def start_without(self, **changes):
        """Starts with a configuration that the hub must refuse; returns its reason, or None if it serves."""
        self.configure(**changes)
        try:
            self.start()
        except hubkit.ToolError as error:
            self.hub = None
            return str(error)
        return None


def row_answers(receipts):
    return {receipt.row: (receipt.record_key, receipt.disposition) for receipt in receipts}


class StrictLoad(threading.Thread):
    """Submits small payloads of one agency one after the other; a call that fails is a failure, nothing is tried again."""

    def __init__(self, hub, agency, form, payload):
        super().__init__(daemon=True)
        self.stub = hub.sender(agency).hub
        self.form, self.payload = form, payload
        self.stopping = threading.Event()
        self.answered, self.failures = 0, []

    def run(self):
        number = 0
        while not self.stopping.is_set():
            header = exchange_pb2.PayloadHeader(request_id=str(uuid.uuid4()), format=self.form)
            try:
                receipts, summary = self.stub._submit_once(header, self.payload(number))  # pylint: disable=protected-access
                if summary is None or summary.status.code or any(one.disposition not in TAKEN_UP for one in receipts):
                    self.failures.append(str(summary)[:200])
                self.answered += 1
            except exchange.grpc.RpcError as error:
                self.failures.append(f"{error.code().name}: {error.details()}")
            number += 1

    def finish(self):
        self.stopping.set()
        self.join(60)


def cases_of(hub):
    return hub.ctl("cases", "list", "--all").get("cases", [])


def record_keys(case):
    """(agency, format, key) of each record on the case."""
    return [(source["agency"].rsplit("/", 1)[-1], source["format"], source["recordKey"]) for source in case.get("sources", ())]


def eligible(hub, policy):
    return {answer["case"] for answer in hub.ctl("entitlements", "--policy", policy, "--result", "ELIGIBLE").get("entitlements", [])}


def refer(hub, case, policy):
    """Drafts and sends; returns the referral's name, or None if the hub does not let it go."""
    try:
        draft = hub.ctl("referrals", "create", "--case", case, "--policy", policy)
        hub.ctl("referrals", "send", draft["name"], "--etag", draft["etag"], "--basis", "STATUTORY_DUTY", "--reference", LAW[policy],
                "--notice-given")
        return draft["name"]
    except hubkit.ToolError:
        return None


def await_state(hub, referral, state, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        shown = hub.ctl("referrals", "show", referral)
        if shown["state"] == f"REFERRAL_STATE_{state}":
            return
        if time.monotonic() > deadline:
            raise hubkit.ToolError(f"{referral} is {shown['state']} after {seconds} s")
        time.sleep(0.1)


def everything_shown(hub):
    """All that people can list, as one text."""
    shown = [hub.ctl("cases", "list", "--all"), hub.ctl("referrals", "list", "--all")]
    waiting = hub.ctl("quarantine", "list", user="ops")
    shown += [waiting, *(hub.ctl("quarantine", "show", payload["name"], user="ops") for payload in waiting.get("payloads", []))]
    shown += [hub.ctl("entitlements", "--result", result) for result in ("ELIGIBLE", "NOT_ELIGIBLE", "UNKNOWN")]
    return json.dumps(shown, ensure_ascii=False)


def everything_delivered(hub, seconds=1.0):
    """What the agencies are handed out within some time, as one text; nothing is acknowledged."""
    texts = []
    for agency in hubkit.AGENCIES:
        code, out, errors = hub.as_agency(agency, "receive", "--wait", seconds)
        if code not in hubkit.ANSWERED:
            raise hubkit.ToolError(f"receive as {agency}: exit {code} {errors}")
        texts.append(out)
    return "\n".join(texts)


def restore(hub, backup, directory, head=None, **keys):
    """A data directory from a backup; the hub must be stopped."""
    target = hub.folder / directory
    shutil.rmtree(target, ignore_errors=True)
    code, out, errors = hub.tool("restore", "--from", backup, "--to", target, *hub.seal_options(**keys),
                                 *(("--head", head) if head else ()))
    if code not in hubkit.ANSWERED:
        raise hubkit.ToolError(f"restore: exit {code} {errors}")
    return json.loads(out)


def judged(*paths, key=None):
    """The verdict of the verifier that shares no code with the hub: None or why not."""
    return audit_verifier.verdict([json.loads(path.read_text(encoding="utf-8")) for path in paths], key)[0]


def write_json(path, value):
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def on_file(hub):
    return collections.Counter(key for case in cases_of(hub) for key in record_keys(case))
