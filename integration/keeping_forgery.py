"""Changes an entry in the files of a stopped hub and makes every checksum over it right again, as somebody would who wants it unseen:
that of RocksDB's log (32 KiB blocks of records) and that of the store (hub/doc/storage_format.md). No key is needed for that."""

BLOCK = 32 << 10
POLYNOMIAL = 0x82F63B78


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def masked(crc):
    """As LevelDB and RocksDB store it."""
    return ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) & 0xFFFFFFFF


def fragments(log):
    """(start, end of the payload, whether a log number is in the header) of each record or part of one."""
    at = 0
    while at + 7 <= len(log):
        left = BLOCK - at % BLOCK
        size, kind = int.from_bytes(log[at + 4:at + 6], "little"), log[at + 6]
        if left < 7 or (kind == 0 and size == 0):
            at += left
            continue
        header = 11 if kind >= 5 else 7
        yield at, at + header + size, header
        at += header + size


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def change_entry(path, sequence, ciphertext):
    """Flips a bit of the entry; true if the entry lay whole in a part of the log and was changed."""
    log = bytearray(path.read_bytes())
    key = sequence.to_bytes(8, "big")
    place = log.find(ciphertext)
    at = log.rfind(b"\x08" + key, max(0, place - 300), place) if place >= 0 else -1
    if at < 0:
        return False
    size, start = varint(log, at + 9)
    end = start + size
    if place + len(ciphertext) > end - 4:
        return False
    for first, last, header in fragments(log):
        if first + header <= at and end <= last:
            if crc32c(key + log[start:end - 4]).to_bytes(4, "big") != log[end - 4:end]:
                raise ValueError("the store's checksum is not as its document says")
            log[place + len(ciphertext) // 2] ^= 1
            log[end - 4:end] = crc32c(key + log[start:end - 4]).to_bytes(4, "big")
            log[first:first + 4] = masked(crc32c(log[first + 6:last])).to_bytes(4, "little")
            path.write_bytes(log)
            return True
    return False
