#!/usr/bin/python3
"""Verifies exported audit files of a hub. Written from hub/doc/audit_log.md; shares no code with the hub, needs only Python.

  audit_verifier.py [--public-key HEX] FILE...   all files together: give the ones you kept, too, so that a fork shows
  audit_verifier.py --self-test

Prints what was checked, then "accepted" (exit code 0) or "REJECTED: reason" (1). Without --public-key the key of the first
file is used: that shows only that the files agree with themselves.
"""

import argparse
import hashlib
import json
import sys

# --- Ed25519, RFC 8032 section 5.1, in extended homogeneous coordinates.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    return ((f - e) * (d - c) % P, (d + c) * (f + e) % P, (d - c) * (d + c) % P, (f - e) * (f + e) % P)


def point_multiply(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = point_add(result, point)
        point, number = point_add(point, point), number >> 1
    return result


def point_decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def point_compress(point):
    inverse = pow(point[2], P - 2, P)
    return (point[1] * inverse % P | (point[0] * inverse % P & 1) << 255).to_bytes(32, "little")


BASE = point_decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def challenge(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


def signature_holds(public_key, message, signature):
    if len(public_key) != 32 or len(signature) != 64 or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    try:
        key, commitment = point_decompress(public_key), point_decompress(signature[:32])
    except ValueError:
        return False
    number = challenge(signature[:32], public_key, message)
    return point_compress(point_multiply(int.from_bytes(signature[32:], "little"), BASE)) == point_compress(
        point_add(commitment, point_multiply(number, key)))


# --- Merkle trees, RFC 9162 section 2.1.


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def node(left, right):
    return sha256(b"\1", left, right)


def roots_of(hashes, sizes):
    """The roots of the trees over the first n hashes, for each n of sizes."""
    peaks, roots = [], {}  # Roots of the complete subtrees and their sizes, largest first.
    for count in range(len(hashes) + 1):
        if count:
            peaks.append((hashes[count - 1], 1))
            while len(peaks) > 1 and peaks[-1][1] == peaks[-2][1]:
                (right, width), (left, _) = peaks.pop(), peaks.pop()
                peaks.append((node(left, right), 2 * width))
        if count in sizes:
            root = peaks[-1][0] if peaks else sha256()
            for left, _ in peaks[-2::-1]:
                root = node(left, root)
            roots[count] = root
    return roots


def climb(start, end, path, old, new):
    """Sections 2.1.3.2 and 2.1.4.2: both roots reached from node "start" of 0..."end"; None if the path's length is wrong."""
    for other in path:
        if end == 0:
            return None
        if start & 1 or start == end:
            old, new = node(other, old), node(other, new)
            while start and not start & 1:
                start, end = start >> 1, end >> 1
        else:
            new = node(new, other)
        start, end = start >> 1, end >> 1
    return (old, new) if end == 0 else None


def included(leaf_hash, index, size, path, root):
    result = climb(index, size - 1, path, leaf_hash, leaf_hash) if index < size else None
    return result is not None and result[1] == root


def consistent(old_size, old_root, new_size, new_root, path):
    if old_size == 0 or old_size == new_size:
        return not path and (old_root == new_root if old_size else old_root == sha256())
    if old_size > new_size or not path:
        return False
    start, end = old_size - 1, new_size - 1
    first, *rest = path if old_size & start else [old_root, *path]
    while start & 1:
        start, end = start >> 1, end >> 1
    return climb(start, end, rest, first, first) == (old_root, new_root)


# --- The formats.


class Rejected(Exception):
    pass


def require(condition, reason):
    if not condition:
        raise Rejected(reason)


def fixed(text, size, what):
    data = bytes.fromhex(text)
    require(len(data) == size, f"{what} must have {size} bytes")
    return data


def number(value, what):
    require(type(value) is int and 0 <= value < 2**64, f"{what} must be a number of 64 bits")
    return value


def leaf_bytes(leaf):
    envelope = bytes.fromhex(leaf["envelope"])
    require(len(envelope) <= 4096, "an envelope is over 4 KiB")
    return (b"AQLEAF1\0" + len(envelope).to_bytes(4, "big") + envelope + fixed(leaf["ciphertext_hash"], 32, "a ciphertext's hash")
            + fixed(leaf["commitment"], 32, "a commitment"))


def head_bytes(head):
    log = head["log"].encode()
    return (b"AQTREE1\0" + len(log).to_bytes(4, "big") + log + number(head["size"], "a size").to_bytes(8, "big")
            + fixed(head["root"], 32, "a root") + number(head["time_micros"], "a time").to_bytes(8, "big"))


def envelope_fields(data):
    """Protobuf fields by number: varints as numbers, the rest as bytes."""
    position, fields = 0, {}

    def varint():
        nonlocal position
        value = shift = 0
        while True:
            require(position < len(data) and shift < 64, "an envelope is no message")
            byte, position = data[position], position + 1
            value, shift = value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while position < len(data):
        tag = varint()
        require(tag & 7 in (0, 2), "an envelope is no message")
        value = varint()
        if tag & 7 == 2:
            require(position + value <= len(data), "an envelope is no message")
            position, value = position + value, data[position:position + value]
        fields[tag >> 3] = value
    return fields


def owner(leaf):
    """The agency's id and the index in its log."""
    fields = envelope_fields(bytes.fromhex(leaf["envelope"]))
    return fields.get(3, b"").decode(), fields.get(4, 0)


# --- The checks.


class Audit:
    def __init__(self, files, public_key):
        self.files, self.public_key, self.say = files, public_key, []
        self.heads = {}  # Root by log and size.
        self.leaves = {}  # By log: leaf hashes, and agency and index of each.
        self.rebuilt, self.grown = set(), set()  # (log, size) from leaves, (log, old size, new size) from proofs.

    def each(self, name):
        return [one for file in self.files for one in file.get(name, [])]

    def root(self, log, size):
        require((log, size) in self.heads, f"no signed head of {log} has size {size}")
        return self.heads[log, size]

    def check_heads(self):
        for head in self.each("heads"):
            log, size, message = head["log"], head["size"], head_bytes(head)
            require(signature_holds(self.public_key, message, bytes.fromhex(head["signature"])),
                    f"the head of {log} at size {size} is not signed by the key")
            root = bytes.fromhex(head["root"])
            require(size or root == sha256(), f"the empty {log} has another root")
            require(self.heads.setdefault((log, size), root) == root, f"fork: two heads of {log} at size {size} have other roots")
        self.say.append(f"{len(self.each('heads'))} signed heads")

    def check_leaves(self):
        for file in self.files:
            for log, leaves in file.get("leaves", {}).items():
                signed = max((head["size"] for head in file.get("heads", []) if head["log"] == log), default=0)
                require(signed <= len(leaves), f"{log} has {len(leaves)} entries where its head has signed {signed}")
                self.add_leaves(log, leaves)
        for log, (hashes, _) in self.leaves.items():
            sizes = {size for name, size in self.heads if name == log and size <= len(hashes)}
            for size, root in roots_of(hashes, sizes).items():
                require(root == self.heads[log, size], f"the entries of {log} do not have the root signed for size {size}")
                self.rebuilt.add((log, size))
            self.say.append(f"{len(hashes)} entries of {log}, recomputed to {len(sizes)} heads")

    def add_leaves(self, log, leaves):
        for place, leaf in enumerate(leaves):
            require("ciphertext" not in leaf or sha256(bytes.fromhex(leaf["ciphertext"])) == bytes.fromhex(leaf["ciphertext_hash"]),
                    f"the ciphertext of entry {place} of {log} is not the one that was logged")
        hashes = [sha256(b"\0", leaf_bytes(leaf)) for leaf in leaves]
        known = self.leaves.get(log, ([], []))[0]
        require(all(a == b for a, b in zip(known, hashes)), f"fork: two files have other entries of {log}")
        if len(hashes) >= len(known):
            self.leaves[log] = (hashes, [owner(leaf) for leaf in leaves])

    def check_places(self):
        for log, (_, owners) in self.leaves.items():
            for place, (agency, index) in enumerate(owners if log != "hub" else []):
                require((f"agencies/{agency}", index) == (log, place), f"entry {place} of {log} names another agency or place")
        hashes, owners = self.leaves.get("hub", ([], []))
        parts = {}
        for place, (leaf_hash, (agency, index)) in enumerate(zip(hashes, owners)):
            if agency:
                part = parts.setdefault(f"agencies/{agency}", [])
                require(index == len(part), f"entry {place} of hub is out of its agency's order")
                part.append(leaf_hash)
        for log, part in parts.items():
            other = self.leaves.get(log, ([], []))[0]
            require(all(a == b for a, b in zip(part, other)), f"hub and {log} hold other entries")

    def check_consistency(self):
        for proof in self.each("consistency"):
            log, old, new = proof["log"], number(proof["old_size"], "a size"), number(proof["new_size"], "a size")
            path = [fixed(one, 32, "a hash") for one in proof["hashes"]]
            require(consistent(old, self.root(log, old), new, self.root(log, new), path), f"{log} at size {new} does not begin with {log} at size {old}")
            self.grown.add((log, old, new))
        self.say.append(f"{len(self.each('consistency'))} proofs of consistency")
        for log in sorted({log for log, _ in self.heads}):
            self.check_growth(log, sorted((size for name, size in self.heads if name == log), reverse=True))

    def check_growth(self, log, sizes):
        """Every head must be the beginning of the largest, or of one that is."""
        joined = sizes[:1]
        for old in sizes[1:]:
            require(old == 0 or any((log, old, new) in self.grown or {(log, old), (log, new)} <= self.rebuilt for new in joined),
                    f"nothing shows that {log} at size {joined[0]} begins with {log} at size {old}")
            joined.append(old)

    def check_inclusion(self):
        for proof in self.each("inclusion") + self.each("records"):
            log, index, size = proof["log"], number(proof["index"], "an index"), number(proof["tree_size"], "a size")
            path = [fixed(one, 32, "a hash") for one in proof["hashes"]]
            leaf_hash = sha256(b"\0", leaf_bytes(proof["leaf"]))
            require(included(leaf_hash, index, size, path, self.root(log, size)), f"the entry is not in {log} at index {index} of {size}")
            agency, place = owner(proof["leaf"])
            require(log == "hub" or (f"agencies/{agency}", place) == (log, index), f"entry {index} of {log} names another agency or place")
        for proof in self.each("records"):
            commitment = sha256(fixed(proof["salt"], 32, "a salt"), bytes.fromhex(proof["content"])).hex()
            require(commitment == proof["leaf"]["commitment"].lower(), f"the record is not the one committed to at index {proof['index']} of {proof['log']}")
        self.say.append(f"{len(self.each('inclusion'))} proofs of inclusion, {len(self.each('records'))} records")

    def run(self):
        for check in (self.check_heads, self.check_leaves, self.check_places, self.check_consistency, self.check_inclusion):
            check()


def verdict(files, public_key=None):
    """None if everything holds, else why not; and what was checked."""
    say = []
    try:
        audit = Audit(files, fixed(public_key or files[0]["public_key"], 32, "the public key"))
        say = audit.say
        audit.run()
    except Rejected as rejected:
        return str(rejected), say
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"malformed: {type(error).__name__}: {error}", say
    return None, say


def main():
    parser = argparse.ArgumentParser(description="Verifies exported audit files of a hub.")
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--public-key", metavar="HEX", help="the hub's key, as you know it from elsewhere")
    parser.add_argument("--self-test", action="store_true", help="shows on a small log that every kind of change is found")
    arguments = parser.parse_args()
    if arguments.self_test:
        import audit_verifier_test  # pylint: disable=import-outside-toplevel
        sys.exit(audit_verifier_test.run())
    if not arguments.files:
        parser.error("give a file, or --self-test")
    try:
        files = [json.loads(open(name, encoding="utf-8").read()) for name in arguments.files]
    except (OSError, ValueError) as error:
        sys.exit(f"REJECTED: malformed: {error}")
    reason, say = verdict(files, arguments.public_key)
    print("".join(f"checked {line}\n" for line in say), end="")
    print(f"REJECTED: {reason}" if reason else "accepted")
    sys.exit(1 if reason else 0)


if __name__ == "__main__":
    main()
