#!/usr/bin/python3
"""Everything an agency can do wrong, against the real binary: each gets a receipt or status that names the record, row, column and
reason; valid neighbours are accepted; the rest waits in quarantine and can be replayed.

  bad_input.py [--dir DIR]
"""

import argparse
import pathlib
import sys
import uuid

import hubkit

hubkit.generate_stubs()

import grpc  # noqa: E402

import exchange  # noqa: E402
from exchange import exchange_pb2  # noqa: E402

BYTES_MAX = 200_000
ACCEPTED, UNCHANGED, HELD, REJECTED = 1, 2, 3, 4
INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, RESOURCE_EXHAUSTED, FAILED_PRECONDITION = 3, 5, 6, 8, 9
ID_CHECK = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ROSTER_HEADER = ["序号", "吸毒人员编号", "姓名", "身份证号码", "所属网格", "查获日期", "管控现状"]


def id_number(serial, day="19900101"):
    body = f"421299{day}{serial:03d}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, ID_CHECK)) % 11]


def roster(rows, header=None):
    lines = [["虚构数据 (made-up data)"], [], [], [], header or ROSTER_HEADER, *rows]
    return "".join(",".join(map(str, line)) + "\r\n" for line in lines).encode("gb18030")


def roster_row(serial, number=None, name=None, seized="2025-03-01"):
    return [serial, f"R421299{900000 + serial}", name or f"虚构{chr(0x4E00 + 7 * serial)}", id_number(serial) if number is None else number,
            "421202003001", seized, "社会面"]


def relief(rows):
    lines = [["城市低保名册 虚构数据 (made-up data)"], ["地区", "低保证号", "户主姓名", "成员", "", "", "", "起始保障年月", "保障", ""],
             ["", "", "", "序号", "姓名", "身份证号", "与户主关系", "", "保障人数", "月保障金额"], *rows]
    return b"\xef\xbb\xbf" + "".join(",".join(map(str, line)) + "\n" for line in lines).encode()


class Sender:
    """One agency that keeps trying."""

    def __init__(self, hub, agency, identity=None):
        arguments = hub.agency_arguments(agency, identity)
        self.hub = exchange.Hub(*(str(arguments[i]) for i in (1, 3, 5, 7)), exchange.Log(hub.folder / "logs" / "bad_input.jsonl"))

    def send(self, form, data, request_id=None, file_name=""):
        header = exchange_pb2.PayloadHeader(request_id=request_id or str(uuid.uuid4()), format=form, file_name=file_name)
        return self.hub.submit(header, data)


class Report:
    def __init__(self):
        self.failures, self.checks = [], 0

    def expect(self, holds, message):
        self.checks += 1
        if not holds:
            self.failures.append(message)
            print("    FAILED " + message, flush=True)

    def summary(self, title, summary, **counts):
        for name, wanted in counts.items():
            got = getattr(summary, f"{name}_count")
            self.expect(got == wanted, f"{title}: {got} {name}, expected {wanted} ({describe(summary)})")

    def status(self, title, summary, code, reason):
        reasons = {exchange.reason_of(summary.status), *(problem.reason for problem in summary.problems)}
        self.expect(summary.status.code == code and reason in reasons,
                    f"{title}: expected code {code} and {reason} ({describe(summary)})")
        self.expect(summary.status.message != "", f"{title}: the status says nothing")

    def receipt(self, title, receipts, row, disposition, reason="", column=0, key=None):
        found = next((receipt for receipt in receipts if receipt.row == row), None)
        self.expect(found is not None, f"{title}: no receipt for row {row}")
        if found is None:
            return
        self.expect(found.disposition == disposition, f"{title}: row {row} is {found.disposition}, expected {disposition}")
        if key is not None:
            self.expect(found.record_key == key, f"{title}: row {row} names key {found.record_key!r}")
        if reason:
            problem = next((problem for problem in found.problems if problem.reason == reason), None)
            self.expect(problem is not None, f"{title}: row {row} lacks {reason}: {[p.reason for p in found.problems]}")
            if problem is not None:
                self.expect(problem.row == row and problem.message, f"{title}: {reason} names row {problem.row}, {problem.message!r}")
                self.expect(not column or problem.column == column, f"{title}: {reason} names column {problem.column}, not {column}")


def describe(summary):
    return (f"code {summary.status.code} {summary.status.message!r}, {summary.accepted_count}/{summary.unchanged_count}/"
            f"{summary.held_count}/{summary.rejected_count}, {[problem.reason for problem in summary.problems]}")


def good_roster(hub, report):
    rows = [roster_row(serial) for serial in range(1, 41)]
    summary, _ = Sender(hub, "police").send("roster", roster(rows))
    report.summary("a good roster", summary, accepted=40, held=0)
    return rows


def cut_off(hub, report, rows):
    police = Sender(hub, "police")
    whole = roster(rows)
    summary, receipts = police.send("roster", whole[:-25])
    bad = {problem.reason for problem in summary.problems} | {p.reason for r in receipts for p in r.problems} | {
        exchange.reason_of(summary.status)}
    report.expect(bad & {"ROW_CUT_OFF", "PAYLOAD_TRUNCATED"}, f"a roster cut off: {describe(summary)}")
    report.expect(summary.ended_count == 0, "a roster cut off ended records")
    xml = ('<?xml version="1.0" encoding="UTF-8"?><dataset name="失业登记信息"><row><aac001>4212999900001</aac001>'
           f"<aac002>{id_number(501)}</aac002><aac003>虚构甲</aac003><aae043>2026-01-05</aae043></row><row><aac0")
    summary, _ = Sender(hub, "employment").send("unemployment", xml.encode())
    report.status("XML cut off", summary, summary.status.code or INVALID_ARGUMENT, "PAYLOAD_TRUNCATED")
    fixed = ("HJMSJ    2026063000000002\nR" + "XG0000000001" + "虚构乙".ljust(37) + id_number(502) + "1" + " " * 18 + "202601" + " " * 6
             + "8000.00".rjust(15) + "\n").encode("gb18030")
    summary, _ = Sender(hub, "tax").send("reliefs", fixed)
    report.status("fixed width without its last line", summary, summary.status.code or INVALID_ARGUMENT, "PAYLOAD_TRUNCATED")


def cut_off_stream(hub, report):
    """The stream itself ends in the middle of a payload; the same request id may then be sent whole."""
    police = Sender(hub, "police")
    request_id = str(uuid.uuid4())
    data = "xdrybh|xm|sfzh|njrq|njjg|jcfs\nR421299900001|" f"虚构{chr(0x4E00 + 7)}||20260102|阴性|现场\n".encode("gb18030").decode("gb18030")
    data = data.encode("gb18030")
    header = exchange_pb2.PayloadHeader(request_id=request_id, format="tests")
    list(police.hub.stub.Submit(iter([exchange_pb2.SubmitRequest(header=header, data=data[:40])]), timeout=30))
    summary, _ = police.send("tests", data, request_id=request_id)
    report.summary("sent whole after the stream broke", summary, accepted=1)


def wrong_encoding(hub, report, rows):
    data = roster(rows).decode("gb18030").encode("utf-16")
    summary, _ = Sender(hub, "police").send("roster", data)
    report.expect(summary.status.code != 0 and summary.accepted_count == 0, f"a roster in UTF-16: {describe(summary)}")
    data = roster(rows[:3] + [roster_row(3)]).replace("虚构".encode("gb18030"), b"\xff\xff", 3)
    summary, receipts = Sender(hub, "police").send("roster", data)
    reasons = {p.reason for p in summary.problems} | {p.reason for r in receipts for p in r.problems} | {exchange.reason_of(summary.status)}
    report.expect("ENCODING_INVALID" in reasons, f"invalid bytes in a roster: {describe(summary)}")


def unknown_columns(hub, report, rows):
    header = [*ROSTER_HEADER, "备注"]
    summary, _ = Sender(hub, "police").send("roster", roster([[*row, "x"] for row in rows], header))
    report.expect("UNKNOWN_COLUMN" in [problem.reason for problem in summary.problems], f"an unknown column: {describe(summary)}")
    report.summary("an unknown column", summary, unchanged=40, held=0)
    header = ["序号", "编号", "姓名", "身份证号码", "所属网格", "查获日期", "管控现状"]
    summary, _ = Sender(hub, "police").send("roster", roster(rows, header))
    report.status("a missing column", summary, summary.status.code or INVALID_ARGUMENT, "MISSING_COLUMN")


def bad_values(hub, report):
    good, wrong = id_number(601), id_number(602)
    wrong = wrong[:17] + ("1" if wrong[17] != "1" else "2")
    rows = [["永安街道", "城保坏00001", "虚构丙", 1, "虚构丙", good, "本人", "2024-03", 4, "520.00"],
            ["永安街道", "城保坏00001", "虚构丙", 2, "虚构丁", wrong, "配偶", "2024-03", 4, "520.00"],
            ["永安街道", "城保坏00001", "虚构丙", 3, "虚构戊", id_number(603, "19900231"), "子女", "2024-03", 4, "520.00"],
            ["永安街道", "城保坏00001", "虚构丙", 4, "虚构己", id_number(604), "子女", "2024-13", 4, "520.00"]]
    summary, receipts = Sender(hub, "civil_affairs").send("urban_relief", relief(rows))
    title = "wrong check digit and impossible dates"
    report.summary(title, summary, accepted=1, held=3)
    report.receipt(title, receipts, 4, ACCEPTED, key="城保坏00001/1")
    report.receipt(title, receipts, 5, HELD, "CHECK_DIGIT_WRONG", column=6, key="城保坏00001/2")
    report.receipt(title, receipts, 6, HELD, "DATE_IMPOSSIBLE", column=6)
    report.receipt(title, receipts, 7, HELD, column=8)
    for receipt in receipts:
        for problem in receipt.problems:
            report.expect(wrong not in problem.message and "虚构" not in problem.message, f"{title}: a message tells a value")


def duplicates(hub, report):
    police = Sender(hub, "police")
    line = "R421299900001|虚构{0}||20260315|{1}|现场\n"
    head, name = "xdrybh|xm|sfzh|njrq|njjg|jcfs\n", chr(0x4E00 + 7)
    data = (head + line.format(name, "阴性") + line.format(name, "阳性")).encode("gb18030")
    summary, receipts = police.send("tests", data)
    report.summary("two rows with one key", summary, accepted=1, held=1)
    report.receipt("two rows with one key", receipts, 3, HELD, "DUPLICATE_RECORD")
    request_id = str(uuid.uuid4())
    data = (head + line.format(name, "阴性").replace("0315", "0401")).encode("gb18030")
    first, _ = police.send("tests", data, request_id=request_id)
    again, _ = police.send("tests", data, request_id=request_id)
    report.expect(again.repeated and again.accepted_count == first.accepted_count == 1, f"the same request again: {describe(again)}")
    other, _ = police.send("tests", data.replace(b"0401", b"0402"), request_id=request_id)
    report.status("the same request id with other content", other, ALREADY_EXISTS, "REQUEST_ID_CONFLICT")


def strangers(hub, report, rows):
    try:
        Sender(hub, "police", identity="stranger").send("roster", roster(rows))
        report.expect(False, "an unknown agency was let in")
    except grpc.RpcError as error:
        report.expect(error.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED),
                      f"an unknown agency got {error.code()}")
    summary, _ = Sender(hub, "civil_affairs").send("roster", roster(rows))
    report.status("a format of another agency", summary, NOT_FOUND, "FORMAT_NOT_REGISTERED")


def sizes(hub, report, rows):
    summary, _ = Sender(hub, "police").send("roster", b"")
    report.status("an empty payload", summary, INVALID_ARGUMENT, "PAYLOAD_EMPTY")
    employment = Sender(hub, "employment")
    header = exchange_pb2.PayloadHeader(request_id=str(uuid.uuid4()), format="employers")
    small = exchange_pb2.PayloadHeader(request_id=str(uuid.uuid4()), format="employers")
    requests = [exchange_pb2.SubmitRequest(header=header, data=b" " * BYTES_MAX),
                exchange_pb2.SubmitRequest(data=b" " * BYTES_MAX, last=True),
                exchange_pb2.SubmitRequest(header=small, last=True, data=(
                    '{"note": "made-up", "sheet": "单位信息", "rows": [{"aab998": "91421299MA4ABCDEF3", "aab004": "虚构公司"}]}'.encode()))]
    summaries = {response.request_id: response.summary for response in employment.hub.stub.Submit(iter(requests), timeout=60)
                 if response.HasField("summary")}
    report.status("over the configured size", summaries[header.request_id], RESOURCE_EXHAUSTED, "PAYLOAD_TOO_LARGE")
    report.summary("the neighbour on the same stream", summaries[small.request_id], accepted=1)
    summary, _ = Sender(hub, "police").send("roster", roster(rows))
    report.summary("the neighbour of another agency", summary, unchanged=40)


def health_codes(hub, report, rows):
    summary, _ = Sender(hub, "police").send("roster", roster([[*row, "0"] for row in rows], [*ROSTER_HEADER, "感染艾滋病情况"]))
    report.status("a column for infections", summary, summary.status.code or INVALID_ARGUMENT, "FORBIDDEN_CONTENT")
    report.summary("a column for infections", summary, accepted=0, unchanged=0)
    waiting = hub.ctl("quarantine", "list", user="ops").get("payloads", [])
    report.expect(all("FORBIDDEN_CONTENT" not in [p["reason"] for p in payload.get("problems", [])] for payload in waiting),
                  "a payload with infections was kept")


def shrunken_snapshot(hub, report, rows):
    summary, _ = Sender(hub, "police").send("roster", roster(rows[:20]))
    report.status("a snapshot that lacks half its people", summary, summary.status.code or FAILED_PRECONDITION, "SNAPSHOT_SHRANK")
    report.summary("a snapshot that lacks half its people", summary, accepted=0, ended=0)
    census = hub.ctl("census")
    report.expect(int(census["registeredCount"]) == 40, "the held snapshot changed the census")
    payload = next((payload for payload in hub.ctl("quarantine", "list", user="ops").get("payloads", [])
                    if "SNAPSHOT_SHRANK" in [problem["reason"] for problem in payload.get("problems", [])]), None)
    report.expect(payload is not None, "the snapshot is not in quarantine")
    if payload:
        done = hub.ctl("quarantine", "replay", payload["name"], "--allow-shrinking", user="ops")
        report.expect(int(done.get("endedCount", 0)) == 20, f"replaying the snapshot ended {done.get('endedCount', 0)}, expected 20")
        report.expect(int(hub.ctl("census")["registeredCount"]) == 20, "replaying the snapshot did not end the records")
    summary, _ = Sender(hub, "police").send("roster", roster(rows))
    report.summary("the whole roster after the replay", summary, accepted=20, unchanged=20)


def replay(hub, report):
    """Rows that are still wrong stay; corrected rows are simply submitted again."""
    payload = next(payload for payload in hub.ctl("quarantine", "list", user="ops")["payloads"] if payload["format"] == "urban_relief")
    shown = hub.ctl("quarantine", "show", payload["name"], user="ops")
    reasons = sorted(problem["reason"] for record in shown["records"] for problem in record["problems"])
    report.expect("CHECK_DIGIT_WRONG" in reasons and "DATE_IMPOSSIBLE" in reasons, f"quarantine shows {reasons}")
    done = hub.ctl("quarantine", "replay", payload["name"], user="ops")
    report.expect(int(done.get("heldCount", 0)) == 3 and not int(done.get("acceptedCount", 0)), f"replay of what is still wrong: {done}")
    rows = [["永安街道", "城保坏00001", "虚构丙", serial, f"虚构{name}", id_number(600 + serial), "其他", "2024-03", 4, "520.00"]
            for serial, name in ((1, "丙"), (2, "丁"), (3, "戊"), (4, "己"))]
    rows[0][6] = "本人"
    summary, _ = Sender(hub, "civil_affairs").send("urban_relief", relief(rows))
    report.summary("corrected rows submitted again", summary, accepted=3, unchanged=1, held=0)


def restart(hub, report):
    before = hub.ctl("census")
    hub.kill()
    hub.start()
    report.expect(hub.ctl("census") == before, "the census changed over kill -9")
    verified = hub.ctl("verify", user="ops")
    report.expect(verified.get("result", verified).get("equal"), "verify: rebuilt and live state differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=pathlib.Path, default=hubkit.ROOT / "build" / "bad_input")
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    report = Report()
    with hubkit.Installation(hubkit.fresh_folder(options.dir), agency_settings={"employment": {"payload_bytes_max": BYTES_MAX}}) as hub:
        hub.start()
        rows = good_roster(hub, report)
        steps = [(cut_off, rows), (cut_off_stream,), (wrong_encoding, rows), (unknown_columns, rows), (bad_values,), (duplicates,),
                 (strangers, rows), (sizes, rows), (health_codes, rows), (shrunken_snapshot, rows), (replay,), (restart,)]
        for step, *arguments in steps:
            print("==> " + step.__name__.replace("_", " "), flush=True)
            step(hub, report, *arguments)
            report.expect(hub.hub.poll() is None, f"{step.__name__}: the hub died")
    print(f"bad input: {report.checks} checks, {len(report.failures)} failed")
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    hubkit.run_as_program(main)
