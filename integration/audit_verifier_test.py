#!/usr/bin/python3
"""Shows on a small log made here that audit_verifier.py accepts it and finds every kind of change.

  audit_verifier_test.py [FILE]     FILE: an export of the hub that must be accepted too
"""

import copy
import hashlib
import json
import sys

import audit_verifier as verifier

SEED = bytes(range(32))
SIZES = (0, 1, 4, 9, 14)
# RFC 8032 section 7.1: seed, public key, message, signature.
VECTORS = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
]
# The eight leaves of certificate-transparency's tests, and the root over them.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def sign(seed, message):
    """The public key and the signature."""
    digest = hashlib.sha512(seed).digest()
    secret = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    public_key = verifier.point_compress(verifier.point_multiply(secret, verifier.BASE))
    nonce = verifier.challenge(digest[32:], message)
    commitment = verifier.point_compress(verifier.point_multiply(nonce, verifier.BASE))
    number = (nonce + verifier.challenge(commitment, public_key, message) * secret) % verifier.ORDER
    return public_key, commitment + number.to_bytes(32, "little")


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def make_leaf(agency, index, salt, content, ciphertext, kind=b"RECORD_OBSERVED"):
    envelope = b"\x08" + varint(1_760_000_000_000_000 + index) + b"\x12" + varint(len(kind)) + kind
    envelope += b"\x1a" + varint(len(agency)) + agency.encode() + (b"\x20" + varint(index) if index else b"")
    return {"envelope": envelope.hex(), "ciphertext_hash": verifier.sha256(ciphertext).hex(),
            "commitment": verifier.sha256(salt, content).hex(), "ciphertext": ciphertext.hex()}


def hash_of(leaf):
    return verifier.sha256(b"\0", verifier.leaf_bytes(leaf))


def naive_root(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else verifier.sha256()
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return verifier.node(naive_root(hashes[:half]), naive_root(hashes[half:]))


def naive_path(index, hashes):
    if len(hashes) < 2:
        return []
    half = 1 << (len(hashes) - 1).bit_length() - 1
    if index < half:
        return naive_path(index, hashes[:half]) + [naive_root(hashes[half:])]
    return naive_path(index - half, hashes[half:]) + [naive_root(hashes[:half])]


def naive_consistency(old, hashes, known=True):
    if old == len(hashes):
        return [] if known else [naive_root(hashes)]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    if old <= half:
        return naive_consistency(old, hashes[:half], known) + [naive_root(hashes[half:])]
    return naive_consistency(old - half, hashes[half:], False) + [naive_root(hashes[:half])]


def head(log, leaves, size, seed=SEED):
    one = {"log": log, "size": size, "root": naive_root([hash_of(leaf) for leaf in leaves[:size]]).hex(),
           "time_micros": 1_760_000_000_000_000 + size}
    return {**one, "signature": sign(seed, verifier.head_bytes(one))[1].hex()}


def export():
    """A hub's log of 14 entries of two agencies, and the log of one of them."""
    hub, counts, opened = [], {"police": 0, "tax": 0}, []
    for place in range(14):
        agency = "tax" if place % 3 else "police"
        salt, content = bytes([place]) * 32, f"record {place}".encode()
        hub.append(make_leaf(agency, counts[agency], salt, content, f"ciphertext {place}".encode()))
        opened.append({"salt": salt.hex(), "content": content.hex()})
        counts[agency] += 1
    tax = [leaf for place, leaf in enumerate(hub) if place % 3]
    hashes, tax_hashes = [hash_of(leaf) for leaf in hub], [hash_of(leaf) for leaf in tax]
    path = {"log": "agencies/tax", "index": 3, "tree_size": 9, "leaf": tax[3], "hashes": [one.hex() for one in naive_path(3, tax_hashes)]}
    growths = [("hub", hashes, old, new) for old, new in zip(SIZES[1:], SIZES[2:])] + [("agencies/tax", tax_hashes, 4, 9)]
    return {
        "public_key": sign(SEED, b"")[0].hex(),
        "heads": [head("hub", hub, size) for size in SIZES] + [head("agencies/tax", tax, size) for size in (4, 9)],
        "leaves": {"hub": hub, "agencies/tax": tax},
        "consistency": [{"log": log, "old_size": old, "new_size": new, "hashes": [one.hex() for one in naive_consistency(old, leaves[:new])]}
                        for log, leaves, old, new in growths],
        "inclusion": [{"log": "hub", "index": index, "tree_size": 14, "leaf": leaf, "hashes": [one.hex() for one in naive_path(index, hashes)]}
                      for index, leaf in enumerate(hub)],
        "records": [{**path, **opened[5]}],
    }


def flip(text):
    return f"{int(text[:2], 16) ^ 1:02x}{text[2:]}"


def without_leaves(file):
    return {name: value for name, value in file.items() if name != "leaves"}


# Each takes the honest file and makes the files that must be rejected, for the reason named.

def edited_envelope(file):
    leaf = file["leaves"]["hub"][5]
    leaf["envelope"] = leaf["envelope"].replace(b"OBSERVED".hex(), b"OBSOLETE".hex())
    return [file], "do not have the root"


def edited_commitment(file):
    file["leaves"]["hub"][5]["commitment"] = flip(file["leaves"]["hub"][5]["commitment"])
    return [file], "do not have the root"


def removed_entry(file):
    del file["leaves"]["hub"][5]
    return [file], "has 13 entries where its head has signed 14"


def removed_entry_with_its_place_filled(file):
    leaves = file["leaves"]["hub"]
    leaves[5:] = leaves[6:] + [leaves[-1]]
    return [file], "do not have the root"


def removed_last_entry(file):
    del file["leaves"]["agencies/tax"][-1]
    return [file], "has 8 entries where its head has signed 9"


def forked_heads(file):
    other = copy.deepcopy(file)
    other["leaves"]["hub"][13] = make_leaf("tax", 8, b"s" * 32, b"other", b"other")
    other["heads"][4] = head("hub", other["leaves"]["hub"], 14)
    return [file, other], "fork: two heads"


def forked_later(file):
    """The later export, of 20 entries, tells another story from entry 6 on."""
    leaves = file["leaves"]["hub"][:6] + [make_leaf("tax", 4 + i, b"s" * 32, b"other", b"other") for i in range(14)]
    return [file, {"heads": [head("hub", leaves, 20)], "leaves": {"hub": leaves}}], "fork: two files"


def unconnected_heads(file):
    file = without_leaves(file)
    del file["consistency"][1]
    return [file], "nothing shows that hub"


def forked_branches(file):
    """9 and 14 both begin with 4, but nothing joins them."""
    hashes = [hash_of(leaf) for leaf in file["leaves"]["hub"]]
    file["consistency"][2] = {"log": "hub", "old_size": 4, "new_size": 14, "hashes": [one.hex() for one in naive_consistency(4, hashes)]}
    return [without_leaves(file)], "nothing shows that hub at size 14 begins with hub at size 9"


def swapped_ciphertexts(file):
    first, second = file["leaves"]["hub"][3], file["leaves"]["hub"][8]
    first["ciphertext"], second["ciphertext"] = second["ciphertext"], first["ciphertext"]
    return [file], "the ciphertext of entry 3"


def swapped_ciphertexts_and_hashes(file):
    first, second = file["leaves"]["hub"][3], file["leaves"]["hub"][8]
    for name in ("ciphertext", "ciphertext_hash"):
        first[name], second[name] = second[name], first[name]
    return [file], "do not have the root"


def signed_by_another(file):
    file["heads"][2] = head("hub", file["leaves"]["hub"], 4, b"x" * 32)
    return [file], "is not signed by the key"


def empty_log_with_a_root(file):
    one = {**file["heads"][0], "root": "11" * 32}
    file["heads"][0] = {**one, "signature": sign(SEED, verifier.head_bytes(one))[1].hex()}
    return [without_leaves(file)], "has another root"


def head_without_size(file):
    del file["heads"][0]["size"]
    return [file], "malformed"


def edited_head(file):
    file["heads"][2]["time_micros"] += 1
    return [file], "is not signed by the key"


def head_of_another_log(file):
    file["heads"][2]["log"] = "agencies/police"
    return [file], "is not signed by the key"


def edited_consistency(file):
    file["consistency"][1]["hashes"][0] = flip(file["consistency"][1]["hashes"][0])
    return [file], "does not begin with"


def longer_consistency(file):
    file["consistency"][1]["hashes"].append("00" * 32)
    return [file], "does not begin with"


def edited_inclusion(file):
    file["inclusion"][6]["hashes"][2] = flip(file["inclusion"][6]["hashes"][2])
    return [file], "the entry is not in hub at index 6"


def shorter_inclusion(file):
    file["inclusion"][6]["hashes"].pop()
    return [file], "the entry is not in hub at index 6"


def edited_record(file):
    file["records"][0]["content"] = flip(file["records"][0]["content"])
    return [file], "the record is not the one committed to"


def shifted_salt(file):
    record = file["records"][0]
    record["salt"], record["content"] = record["salt"] + record["content"][:2], record["content"][2:]
    return [file], "a salt must have 32 bytes"


def entry_of_another_agency(file):
    """The hub signs a log for an agency with an entry of another in it."""
    leaves = file["leaves"]["agencies/tax"] + [file["leaves"]["hub"][0]]
    file["leaves"]["agencies/tax"] = leaves
    file["heads"].append(head("agencies/tax", leaves, 10))
    return [file], "names another agency or place"


def entry_that_the_hub_hides(file):
    """The hub's own log skips an entry that it showed the agency."""
    leaves = file["leaves"]["hub"][:1] + file["leaves"]["hub"][2:]
    return [{**file, "heads": [head("hub", leaves, 13)], "leaves": {"hub": leaves}, "consistency": [], "inclusion": [], "records": []}], \
        "out of its agency's order"


def entry_that_the_hub_tells_otherwise(file):
    """The hub's own log has another record in the agency's place."""
    leaves = list(file["leaves"]["hub"])
    leaves[1] = make_leaf("tax", 0, b"s" * 32, b"other", b"other")
    heads = [head("hub", leaves, 14)] + [one for one in file["heads"] if one["log"] != "hub"]
    return [{**file, "heads": heads, "leaves": {**file["leaves"], "hub": leaves}, "consistency": [], "inclusion": [], "records": []}], \
        "hold other entries"


def proof_of_another_agencys_entry(file):
    leaves = [file["leaves"]["hub"][0]]
    file["heads"] = [head("agencies/tax", leaves, 1)]
    file["inclusion"] = [{"log": "agencies/tax", "index": 0, "tree_size": 1, "leaf": leaves[0], "hashes": []}]
    return [{**without_leaves(file), "consistency": [], "records": []}], "names another agency or place"


def proof_without_a_head(file):
    file["heads"] = [one for one in file["heads"] if one["log"] != "hub" or one["size"] < 4]
    return [{**without_leaves(file), "consistency": file["consistency"][-1:]}], "no signed head of hub has size 14"


def cut_envelope(file):
    leaf = make_leaf("tax", 9, b"s" * 32, b"", b"")
    leaf["envelope"] = leaf["envelope"][:-8]
    leaves = file["leaves"]["hub"] + [leaf]
    return [{**file, "leaves": {"hub": leaves}, "heads": [*file["heads"], head("hub", leaves, 15)]}], "an envelope is no message"


def no_hexadecimal(file):
    file["leaves"]["hub"][0]["envelope"] = "zz"
    return [file], "malformed"


def another_key(file):
    file["public_key"] = sign(b"x" * 32, b"")[0].hex()
    return [file], "is not signed by the key"


CHANGES = [edited_envelope, edited_commitment, removed_entry, removed_entry_with_its_place_filled, removed_last_entry, forked_heads,
           forked_later, unconnected_heads, forked_branches, swapped_ciphertexts, swapped_ciphertexts_and_hashes, signed_by_another,
           empty_log_with_a_root, head_without_size, edited_head, head_of_another_log, edited_consistency, longer_consistency,
           edited_inclusion, shorter_inclusion, edited_record, shifted_salt, entry_of_another_agency, entry_that_the_hub_hides,
           entry_that_the_hub_tells_otherwise, proof_of_another_agencys_entry, proof_without_a_head, cut_envelope, no_hexadecimal,
           another_key]


def vectors():
    """Yields what is wrong with the algorithms."""
    for seed, public_key, message, signature in (map(bytes.fromhex, vector) for vector in VECTORS):
        if sign(seed, message) != (public_key, signature) or not verifier.signature_holds(public_key, message, signature):
            yield "RFC 8032's vector does not hold"
        if verifier.signature_holds(public_key, message + b"x", signature):
            yield "a signature holds for another message"
    hashes = [verifier.sha256(b"\0", bytes.fromhex(leaf)) for leaf in LEAVES]
    if naive_root(hashes).hex() != ROOT or verifier.roots_of(hashes, {8})[8].hex() != ROOT:
        yield "certificate-transparency's root does not come out"
    hashes = [bytes([i]) * 32 for i in range(40)]
    roots = verifier.roots_of(hashes, set(range(41)))
    for new in range(1, 41):
        paths = [(old, naive_consistency(old, hashes[:new])) for old in range(1, new + 1)]
        if roots[new] != naive_root(hashes[:new]) or not all(verifier.consistent(old, roots[old], new, roots[new], path) for old, path in paths):
            yield f"consistency with size {new} does not hold"
        if not all(verifier.included(hashes[i], i, new, naive_path(i, hashes[:new]), roots[new]) for i in range(new)):
            yield f"inclusion in size {new} does not hold"


def run():
    failures = list(vectors())
    honest = export()
    for files in ([honest], [without_leaves(honest), honest]):
        reason, say = verifier.verdict(copy.deepcopy(files))
        print(f"honest: {reason or 'accepted'} ({'; '.join(say)})")
        failures += ["the honest log is rejected"] if reason else []
    for change in CHANGES:
        files, expected = change(copy.deepcopy(honest))
        reason, _ = verifier.verdict(files)
        print(f"{change.__name__}: {'REJECTED: ' + reason if reason else 'accepted'}")
        failures += [] if reason and expected in reason else [f"{change.__name__} is not rejected with {expected!r}"]
    for failure in failures:
        print(f"FAILED: {failure}")
    print(f"{len(CHANGES)} changes, {len(failures)} failures")
    return 1 if failures else 0


def main():
    code = run()
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            reason, say = verifier.verdict([json.load(file)])
        print(f"{name.rsplit('/', 1)[-1]}: {reason or 'accepted'} ({'; '.join(say)})")
        code |= 1 if reason else 0
    sys.exit(code)


if __name__ == "__main__":
    main()
