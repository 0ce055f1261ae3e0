/* An adapter in plain C: vacancies as lines "number;employer's code;post;count" (see ../README.md).
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/anqiao_adapter.h"

/* Of anqiao/adapter/v1/adapter.proto. */
enum { KIND_VACANCY = 15 };
enum { FIELD_EMPLOYER_CODE = 83, FIELD_POST = 88, FIELD_POST_COUNT = 89 };

enum { COLUMNS = 4, LINE_BYTES_MAX = 4096, KEY_BYTES_MAX = 200 };

static const struct {
  const char* name;
  uint32_t field; /* 0: only the record's key */
  bool required;
} columns[COLUMNS] = {{"number", 0, true},
                      {"employer", FIELD_EMPLOYER_CODE, true},
                      {"post", FIELD_POST, true},
                      {"count", FIELD_POST_COUNT, false}};

/* A serialized Manifest, laid out by the compiler: a tag, a length and the text of each field. */
static const struct {
  char name_tag, name_length, name[9];
  char version_tag, version_length, version[5];
  char formats_tag, formats_length;
  char format_tag, format_length, format[9];
  char zh_tag, zh_length, zh[12];
  char en_tag, en_length, en[9];
  char mode[2], decodes[2], encodes[2], kinds[3];
  char type_tag, type_length, type[25];
} manifest_bytes = {0x0A,      9,           "example_c",
                    0x12,      5,           "1.0.0",
                    0x1A,      72,          0x0A,
                    9,         "vacancies", 0x12,
                    12,        "招聘岗位",  0x1A,
                    9,         "Vacancies", {0x20, 2},
                    {0x28, 1}, {0x30, 1},   {0x3A, 1, KIND_VACANCY},
                    0x42,      25,          "text/plain; charset=utf-8"};

static aq_bytes text(const char* literal) {
  aq_bytes bytes = {(const uint8_t*)literal, strlen(literal)};
  return bytes;
}

/* ---- Protobuf, as much of it as is needed. ---- */

/* Large enough for a record of the longest line and its places. */
typedef struct {
  uint8_t bytes[2 * LINE_BYTES_MAX];
  size_t length;
} message;

static void put_varint(message* out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out->bytes[out->length++] = (uint8_t)(number | 0x80);
  out->bytes[out->length++] = (uint8_t)number;
}

static void put_number(message* out, uint32_t field, uint64_t number) {
  put_varint(out, (uint64_t)field << 3);
  put_varint(out, number);
}

static void put_bytes(message* out, uint32_t field, const void* data, size_t length) {
  put_varint(out, (uint64_t)field << 3 | 2);
  put_varint(out, length);
  if (length > 0) memcpy(out->bytes + out->length, data, length);
  out->length += length;
}

static bool take_varint(aq_bytes* in, uint64_t* number) {
  *number = 0;
  for (int shift = 0; shift < 64 && in->length > 0; shift += 7) {
    const uint8_t byte = *in->data++;
    --in->length;
    *number |= (uint64_t)(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

/* The next field of a message: a number, or bytes. False at the end, with in->length 0 if it was
 * whole. */
static bool take_field(aq_bytes* in, uint32_t* field, uint64_t* number, aq_bytes* bytes) {
  aq_bytes rest = *in;
  uint64_t tag = 0;
  if (!take_varint(&rest, &tag)) return false;
  *field = (uint32_t)(tag >> 3);
  bytes->length = 0;
  bytes->data = rest.data;
  if ((tag & 7) != 0 && (tag & 7) != 2) return false; /* Record has no other kinds */
  if (!take_varint(&rest, number)) return false;
  if ((tag & 7) == 2) {
    if (*number > rest.length) return false;
    bytes->data = rest.data;
    bytes->length = (size_t)*number;
    rest.data += bytes->length;
    rest.length -= bytes->length;
  }
  *in = rest;
  return true;
}

/* ---- Text. ---- */

/* Where "bytes" stops being UTF-8 as RFC 3629 has it; its length if nowhere. */
static size_t valid_utf8(aq_bytes bytes) {
  for (size_t i = 0; i < bytes.length;) {
    const uint8_t lead = bytes.data[i];
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || bytes.length - i < length) return i;
    const uint8_t second = bytes.data[i + 1];
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return i;
    }
    for (size_t k = 1; k < length; ++k) {
      if ((bytes.data[i + k] & 0xC0) != 0x80) return i;
    }
    i += length;
  }
  return bytes.length;
}

static bool is_count(aq_bytes value) {
  if (value.length == 0 || value.length > 9) return false;
  for (size_t i = 0; i < value.length; ++i) {
    if (value.data[i] < '0' || value.data[i] > '9') return false;
  }
  return value.length == 1 || value.data[0] != '0';
}

/* What a part of a line may not hold. */
static bool has_mark(aq_bytes value) {
  for (size_t i = 0; i < value.length; ++i) {
    if (value.data[i] == ';' || value.data[i] < ' ' || value.data[i] == 0x7F) return true;
  }
  return false;
}

/* ---- The adapter. ---- */

typedef struct {
  uint32_t severity;
  const char* reason;
  uint64_t row;
  uint64_t byte_offset;
  uint32_t column; /* from 1; 0: none */
  const char* message;
} fault;

static int say(const aq_host* host, fault what) {
  aq_diag diag = {.size = sizeof diag};
  diag.severity = what.severity;
  diag.reason = text(what.reason);
  diag.byte_offset = what.byte_offset;
  diag.row = what.row;
  diag.column = what.column;
  if (what.column > 0) {
    diag.field = text(columns[what.column - 1].name);
    diag.target = columns[what.column - 1].field;
  }
  diag.message = text(what.message);
  return host->diag(host->context, &diag);
}

static aq_bytes manifest(void) {
  aq_bytes bytes = {(const uint8_t*)&manifest_bytes, sizeof manifest_bytes};
  return bytes;
}

struct aq_instance {
  message record; /* reused from record to record */
};

static aq_instance* open_instance(aq_bytes configuration) {
  if (configuration.length != 0) return NULL; /* there is nothing to configure */
  return calloc(1, sizeof(aq_instance));
}

static void close_instance(aq_instance* instance) { free(instance); }

/* Emits the line's record or says what is wrong with it; not 0: the host wants no more. */
static int decode_line(message* record, const aq_host* host, aq_bytes line, uint64_t row,
                       uint64_t offset) {
  aq_bytes parts[COLUMNS];
  size_t count = 0;
  size_t begin = 0;
  if (line.length > LINE_BYTES_MAX) {
    const fault what = {
        AQ_RECORD, "VALUE_INVALID", row, offset, 0, "the line is longer than 4096 bytes"};
    return say(host, what);
  }
  for (size_t i = 0; i <= line.length; ++i) {
    if (i < line.length && line.data[i] != ';') continue;
    if (count < COLUMNS) {
      parts[count].data = line.data + begin;
      parts[count].length = i - begin;
    }
    ++count;
    begin = i + 1;
  }
  if (count != COLUMNS) {
    const fault what = {AQ_RECORD, count < COLUMNS ? "ROW_CUT_OFF" : "VALUE_INVALID",
                        row,       offset,
                        0,         "expected four parts, separated by ;"};
    return say(host, what);
  }
  record->length = 0;
  put_number(record, 1, KIND_VACANCY);
  put_bytes(record, 2, parts[0].data, parts[0].length);
  put_number(record, 3, row);
  put_number(record, 4, offset);
  for (uint32_t i = 0; i < COLUMNS; ++i) {
    const char* wrong = NULL;
    if (parts[i].length == 0 && columns[i].required) wrong = "a value is required";
    if (i == 0 && parts[i].length > KEY_BYTES_MAX) wrong = "the key is longer than 200 bytes";
    if (has_mark(parts[i])) wrong = "holds a control character";
    if (columns[i].field == FIELD_POST_COUNT && parts[i].length > 0 && !is_count(parts[i])) {
      wrong = "expected a whole number of at most nine digits";
    }
    if (wrong != NULL) {
      const fault what = {AQ_RECORD, parts[i].length == 0 ? "MISSING_VALUE" : "VALUE_INVALID",
                          row,       offset + (uint64_t)(parts[i].data - line.data),
                          i + 1,     wrong};
      return say(host, what);
    }
    if (columns[i].field == 0 || parts[i].length == 0) continue;
    message value; /* a FieldValue */
    value.length = 0;
    put_number(&value, 1, columns[i].field);
    put_bytes(&value, 2, parts[i].data, parts[i].length);
    put_number(&value, 3, i + 1);
    put_bytes(&value, 4, columns[i].name, strlen(columns[i].name));
    put_bytes(record, 5, value.bytes, value.length);
  }
  const aq_bytes serialized = {record->bytes, record->length};
  return host->emit(host->context, serialized);
}

static aq_status decode(aq_instance* instance, const aq_host* host, const aq_payload* payload) {
  const aq_bytes bytes = payload->bytes;
  const aq_bytes name = text("vacancies");
  if (payload->format.length != name.length ||
      memcmp(payload->format.data, name.data, name.length) != 0) {
    const fault what = {AQ_PAYLOAD, "FORMAT_NOT_REGISTERED",         0, 0,
                        0,          "the adapter has no such format"};
    say(host, what);
    return AQ_REJECT;
  }
  const size_t valid = valid_utf8(bytes);
  if (bytes.length == 0 || valid < bytes.length) {
    const bool empty = bytes.length == 0;
    const fault what = {AQ_PAYLOAD, empty ? "PAYLOAD_EMPTY" : "ENCODING_INVALID",         0, valid,
                        0,          empty ? "the payload has no bytes" : "expected UTF-8"};
    say(host, what);
    return AQ_REJECT;
  }
  uint64_t row = 0;
  for (size_t begin = 0; begin < bytes.length;) {
    size_t end = begin;
    while (end < bytes.length && bytes.data[end] != '\n') ++end;
    aq_bytes line = {bytes.data + begin, end - begin};
    if (line.length > 0 && line.data[line.length - 1] == '\r') --line.length;
    host->cursor->row = ++row;
    host->cursor->byte_offset = begin;
    if (line.length > 0 && decode_line(&instance->record, host, line, row, begin) != 0) break;
    begin = end + 1;
  }
  return AQ_OK;
}

/* Writes one record's line into "line", or says why not. */
static bool encode_line(const aq_host* host, aq_bytes record, uint64_t row, message* line) {
  aq_bytes parts[COLUMNS] = {{NULL, 0}};
  uint64_t kind = 0;
  uint64_t removed = 0;
  bool known = true;
  uint32_t field = 0;
  uint64_t number = 0;
  aq_bytes bytes = {NULL, 0};
  while (take_field(&record, &field, &number, &bytes)) {
    if (field == 1) kind = number;
    if (field == 2) parts[0] = bytes;
    if (field == 6) removed = number;
    if (field != 5) continue;
    uint64_t what = 0;
    aq_bytes value = {NULL, 0};
    aq_bytes inner = {NULL, 0};
    while (take_field(&bytes, &field, &number, &inner)) {
      if (field == 1) what = number;
      if (field == 2) value = inner;
    }
    bool taken = value.length == 0;
    for (uint32_t i = 1; i < COLUMNS; ++i) {
      if (columns[i].field != what || parts[i].length > 0) continue;
      parts[i] = value;
      taken = true;
    }
    known = known && taken;
  }
  fault what = {AQ_PAYLOAD, "VALUE_INVALID", row, 0, 0, "the format has no place for this record"};
  if (record.length != 0 || kind != KIND_VACANCY || removed != 0 || !known) {
    say(host, what);
    return false;
  }
  line->length = 0;
  for (uint32_t i = 0; i < COLUMNS; ++i) {
    what.column = i + 1;
    what.message = NULL;
    if (parts[i].length == 0 && columns[i].required) what.message = "a value is required";
    if (has_mark(parts[i]) || valid_utf8(parts[i]) < parts[i].length)
      what.message = "holds what the line cannot";
    if (columns[i].field == FIELD_POST_COUNT && parts[i].length > 0 && !is_count(parts[i])) {
      what.message = "expected a whole number of at most nine digits";
    }
    if (parts[i].length >= LINE_BYTES_MAX - line->length) what.message = "is too long for the line";
    if (what.message != NULL) {
      if (parts[i].length == 0) what.reason = "MISSING_VALUE";
      say(host, what);
      return false;
    }
    if (parts[i].length > 0) memcpy(line->bytes + line->length, parts[i].data, parts[i].length);
    line->length += parts[i].length;
    line->bytes[line->length++] = i + 1 < COLUMNS ? ';' : '\n';
  }
  return true;
}

static aq_status encode(aq_instance* instance, const aq_host* host, aq_bytes format,
                        const aq_bytes* records, size_t record_count) {
  (void)format; /* there is one */
  if (!AQ_HAS(host, write)) return AQ_REJECT;
  for (size_t i = 0; i < record_count; ++i) {
    if (!encode_line(host, records[i], i + 1, &instance->record)) return AQ_REJECT;
    const aq_bytes line = {instance->record.bytes, instance->record.length};
    if (host->write(host->context, line) != 0) return AQ_REJECT;
  }
  return AQ_OK;
}

static const void* extension(aq_bytes name) {
  (void)name;
  return NULL;
}

const aq_adapter* anqiao_adapter_v1(void) {
  static const aq_adapter adapter = {sizeof(aq_adapter), AQ_ABI_MINOR, manifest, open_instance,
                                     close_instance,     decode,       encode,   extension};
  return &adapter;
}
