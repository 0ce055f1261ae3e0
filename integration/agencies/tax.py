#!/usr/bin/python3
"""The tax bureau of a made-up district. It knows nothing but its own fixed-width lines: requests come to it in that format and
its answers go back as payloads in that format (hub/doc/formats.md, "tax")."""

import datetime

import exchange
from exchange import exchange_pb2

REQUEST_FIELDS = (("mark", 1), ("referral", 40), ("etag", 20), ("service", 32), ("person", 40), ("id_number", 18), ("certificate", 20),
                  ("credit_code", 18), ("date", 8), ("category", 32))
ACTIONS = {"ACCEPT": "01", "DECLINE": "02", "START": "04", "REPORT_OUTCOME": "07", "CONFIRM_CANCELLATION": "09"}
GRANTED = "05"


def read_requests(native):
    """The lines of a native payload, fields cut by bytes before they are decoded."""
    found = []
    for line in native.splitlines():
        if line[:1] == b"Q":
            row, start = {}, 0
            for name, width in REQUEST_FIELDS:
                row[name] = line[start:start + width].decode("gb18030").strip()
                start += width
            found.append(row)
    return found


def reply_payload(day, request_id, referral, etag, action, reason="", outcome=None):
    """One answer as a payload of format "replies"."""
    values = [("A", 1), (request_id, 36), (referral, 40), (etag, 20), (ACTIONS[action], 2), (reason, 32)]
    amount, start, end, code = outcome or ("", "", "", "")
    values += [(code, 2), (day if outcome else "", 8), (amount, -15), (start, 8), (end, 8)]
    line = b"".join(text.encode("gb18030").rjust(-width) if width < 0 else text.encode("gb18030").ljust(width)
                    for text, width in values)
    return b"\n".join([f"HHFSJ    {day}00000001".encode(), line, b"T00000001", b""])


def outcome_of(row, day):
    """Both reliefs run for 36 months from the month of the request's date."""
    start = row["date"][:6] + "01"
    year, month = int(start[:4]) + 3, int(start[4:6])
    end = datetime.date(year, month, 1) - datetime.timedelta(days=1)
    amount = "24000.00" if row["service"] == "tax-relief-self-employed" else "7800.00"
    return amount, start, f"{end:%Y%m%d}", GRANTED


def send(hub, delivery, day, action, reason="", outcome=None):
    """One answer as a payload of its own. The etag is the delivery's: a format that goes one way cannot learn a later one, and the
    hub takes the delivery's until it delivers something newer."""
    request_id = exchange.derived_id("tax", delivery.name, action)
    header = exchange_pb2.PayloadHeader(request_id=exchange.derived_id("tax", "payload", delivery.name, action), format="replies",
                                        file_name="replies.txt")
    hub.log.write("answer", request_id=request_id, referral=delivery.referral, action=action)
    summary, _ = hub.submit(header, reply_payload(day, request_id, delivery.referral, delivery.etag, action, reason, outcome))
    taken = not (summary.status.code or summary.held_count or summary.rejected_count)
    hub.log.write("answered" if taken else "refused", request_id=request_id, referral=delivery.referral)
    return taken


def work(hub, delivery, manifest, options):
    day = manifest["extract_time"][:10].replace("-", "")
    if delivery.WhichOneof("content") == "cancellation":
        send(hub, delivery, day, "CONFIRM_CANCELLATION")
        return
    for row in read_requests(delivery.native):
        if options.decline_every and int(row["referral"].encode().hex(), 16) % options.decline_every == 0:
            send(hub, delivery, day, "DECLINE", reason="NOT_ELIGIBLE")
            continue
        for action in ("ACCEPT", "START", "REPORT_OUTCOME"):
            if not send(hub, delivery, day, action, outcome=outcome_of(row, day) if action == "REPORT_OUTCOME" else None):
                break


if __name__ == "__main__":
    exchange.main("tax", work)
