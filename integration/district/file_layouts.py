"""The layouts of agencies' files and the files themselves: records go out as they come, nothing waits in memory."""

import csv
import io
import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

MADE_UP = "虚构数据,任何人均不真实存在 (made-up data, nobody in it exists)"
# A bound on one record with what ends its file; a full file keeps so much room.
RECORD_BYTES_MAX = 4096


class Delimited:
    separator = b""

    def __init__(self, head_rows, encoding, separator=",", mark=b""):
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, delimiter=separator, lineterminator="\r\n")
        self._encoding = encoding
        self._head = mark + b"".join(self.record(row) for row in head_rows)
        self.first_row = len(head_rows) + 1

    def head(self, _):
        return self._head

    def record(self, row):
        self._text.seek(0)
        self._text.truncate()
        self._writer.writerow(row)
        return self._text.getvalue().encode(self._encoding)

    def tail(self, _):
        return b""


class XmlDataset:
    separator, first_row = b"", 1

    def __init__(self, name, encoding):
        self._name, self._encoding = name, encoding

    def head(self, _):
        return (f'<?xml version="1.0" encoding="{self._encoding}"?>\n<!-- {MADE_UP} -->\n'
                f'<dataset name="{self._name}">\n').encode(self._encoding.lower())

    def record(self, row):
        fields = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in row.items() if value != "")
        return f"<row>{fields}</row>\n".encode(self._encoding.lower())

    def tail(self, _):
        return b"</dataset>\n"


class JsonSheet:
    separator, first_row = b",\n", 1

    def __init__(self, name):
        self._name = name

    def head(self, _):
        return f'{{"note": {json.dumps(MADE_UP, ensure_ascii=False)}, "sheet": "{self._name}", "rows": [\n'.encode("utf-8")

    def record(self, row):
        return json.dumps({key: value for key, value in row.items() if value != ""}, ensure_ascii=False).encode("utf-8")

    def tail(self, _):
        return b"\n]}\n"


class FixedWidth:
    separator, first_row = b"", 2

    def __init__(self, code, extracted):
        self._code, self._extracted = code, extracted

    def head(self, count):
        return self.record((("H", 1), (self._code, 8), (self._extracted, 8), (f"{count:08d}", 8)))

    def record(self, row):
        """Fields of (value, bytes); a negative width aligns right."""
        line = b""
        for value, width in row:
            raw = str(value).encode("gb18030")
            if len(raw) > abs(width):
                raise ValueError(f"a value of {len(raw)} bytes does not fit into {abs(width)}")
            line += raw.rjust(-width) if width < 0 else raw.ljust(width)
        return line + b"\n"

    def tail(self, count):
        return self.record((("T", 1), (f"{count:08d}", 8)))


@dataclass(frozen=True)
class Limits:
    """What one payload may carry; these are the hub's own defaults."""

    bytes_max: int = 16 << 20
    records_max: int = 200_000


class FileSeries:
    """One format's records: one file, or numbered files once a payload is full. A snapshot ends what it lacks, so it is never split."""

    def __init__(self, folder, form, name, layout, limits, snapshot):
        self.form, self.layout, self.snapshot = form, layout, snapshot
        self.total = 0  # records in all files
        self.part = 1
        self.largest = Limits(0, 0)
        self._folder, self._name, self._limits = folder, name, limits
        self._count = self._bytes = 0
        for stale in folder.glob(self._part_name("[0-9]*")):
            stale.unlink()
        self._open(name)

    def _part_name(self, number):
        stem, dot, suffix = self._name.partition(".")
        return f"{stem}-{number}{dot}{suffix}"

    def _open(self, name):
        self._file = open(self._folder / name, "wb")
        self._count, self._bytes = 0, 0
        self._write(self.layout.head(0))

    def _write(self, data):
        self._bytes += self._file.write(data)

    def _close(self):
        self._write(self.layout.tail(self._count))
        self._file.seek(0)
        self._file.write(self.layout.head(self._count))
        self._file.close()
        self.largest = Limits(max(self.largest.bytes_max, self._bytes), max(self.largest.records_max, self._count))

    def next_row(self):
        """The row that the next record will have in its file; the file before is closed if it is full."""
        full = self._count >= self._limits.records_max or self._bytes + RECORD_BYTES_MAX > self._limits.bytes_max
        if full and self._count and not self.snapshot:
            self._close()
            if self.part == 1:
                (self._folder / self._name).rename(self._folder / self._part_name("0001"))
            self.part += 1
            self._open(self._part_name(f"{self.part:04d}"))
        return self.layout.first_row + self._count

    def append(self, row):
        record = (self.layout.separator if self._count else b"") + self.layout.record(row)
        if len(record) > RECORD_BYTES_MAX:
            raise ValueError(f"a record of {self.form} has {len(record)} bytes, at most {RECORD_BYTES_MAX} were expected")
        self._write(record)
        self._count += 1
        self.total += 1

    def finish(self):
        """Closes the last file; returns the names of all."""
        self._close()
        return [self._name] if self.part == 1 else [self._part_name(f"{part:04d}") for part in range(1, self.part + 1)]
