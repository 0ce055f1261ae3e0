/* The C ABI of Anqiao adapters, version 1: C11 and C++, and whatever can call and be called like C.
 *
 * An adapter is a shared library that exports one function, anqiao_adapter_v1. It translates one
 * agency's formats: bytes to records and back. It is pure: no files, network, clock or state
 * between calls, and the same payload always gives the same records in the same order.
 *
 * The life of one, in the order of calls:
 *
 *   anqiao_adapter_v1()        the table below; it lives as long as the process, as does all it
 * names manifest()                 what the adapter is and which formats it reads and writes
 *   open(configuration)        an instance; what must be loaded from disk is loaded here at the
 * latest, since no file opens afterwards decode(...), encode(...)   as often as needed
 *   close(instance)
 *
 * Every struct begins with its size as the side that filled it knew it, and only ever grows at the
 * end: before reading a member that came later, ask AQ_HAS. The layouts are fixed by
 * tests/plugins/abi; on a 64-bit machine they are as natural alignment has it.
 *
 * Structure crosses as serialized protobuf: Manifest and Record of
 * protos/anqiao/adapter/v1/adapter.proto, with fields in any order. Writing one takes a varint and
 * a length; plugins/examples has adapters in C and Rust that use no library for it. All text is
 * UTF-8 and has no terminating zero.
 *
 * Bytes are borrowed for the call: neither side keeps a pointer or frees the other side's memory.
 * No exception, panic or longjmp may cross. Standard output is the host's; an adapter prints
 * nothing.
 *
 * Threads: one call at a time for each instance, each perhaps from another thread; several
 * instances may run in parallel, so nothing that changes may be shared between them.
 *
 * decode calls host->emit for each record in the payload's order, host->diag for whatever it could
 * not use, and moves host->cursor along, so that a crash or hang has a place. If either callback
 * gives something else than 0 it returns AQ_OK without calling again. After AQ_REJECT the host
 * throws away what was emitted. encode calls host->write with the payload's bytes, or host->diag
 * once and returns AQ_REJECT: it never writes less than the records say.
 */
#ifndef ANQIAO_PLUGINS_SDK_ANQIAO_ADAPTER_H_
#define ANQIAO_PLUGINS_SDK_ANQIAO_ADAPTER_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AQ_ABI_MINOR 0

/* True if the side that filled *s knew "member", which is of a struct that begins with its size.
 * (The spelling __typeof__ is taken by GCC and clang whatever the standard, even with -pedantic.)
 */
#define AQ_HAS(s, member) ((s)->size >= offsetof(__typeof__(*(s)), member) + sizeof((s)->member))

/* Borrowed bytes; data may be null if length is 0. */
typedef struct aq_bytes {
  const uint8_t* data;
  size_t length;
} aq_bytes;

/* What a call came to. */
typedef enum aq_status {
  AQ_OK = 0,
  AQ_REJECT = 1, /* the payload (or record to encode) cannot be used; a diagnostic says why */
  AQ_STOP = 2,   /* the rest of the payload cannot be used; what was emitted stands */
  AQ_FATAL = 3   /* this instance is done for */
} aq_status;

/* What a diagnostic costs. */
typedef enum aq_severity {
  AQ_WARNING = 0, /* only a note */
  AQ_RECORD = 1,  /* the record is not emitted */
  AQ_PAYLOAD = 2  /* the payload is not used */
} aq_severity;

/* Something about a place in the payload. Never put a value in the message: it goes to logs and
 * receipts. */
typedef struct aq_diag {
  uint32_t size;
  uint32_t severity;    /* aq_severity */
  aq_bytes reason;      /* UPPER_SNAKE, such as VALUE_INVALID */
  uint64_t byte_offset; /* from 0 */
  uint64_t byte_length;
  uint64_t row;     /* from 1; 0: the payload */
  uint32_t column;  /* from 1; 0: none */
  uint32_t target;  /* anqiao.adapter.v1.Field; 0: none */
  aq_bytes field;   /* header or path, as the agency writes it */
  aq_bytes message; /* what was wrong and what was expected */
} aq_diag;

/* Where decoding is; the adapter moves it along so that a crash has a place. */
typedef struct aq_cursor {
  uint32_t size;
  uint32_t column;
  uint64_t row;
  uint64_t byte_offset;
} aq_cursor;

/* What the host offers for one call. "context" is passed back to each function. */
typedef struct aq_host {
  uint32_t size;
  uint32_t abi_minor;
  void* context;
  aq_cursor* cursor; /* never null */
  /* A serialized anqiao.adapter.v1.Record. Not 0: stop decoding. */
  int (*emit)(void* context, aq_bytes record);
  /* Not 0: stop decoding. */
  int (*diag)(void* context, const aq_diag* diag);
  /* A line for the operator's log; no values. The only function that any thread may call. */
  void (*log)(void* context, uint32_t level, aq_bytes text);
  /* Native bytes from encode; may be called several times, the bytes are joined. */
  int (*write)(void* context, aq_bytes bytes);
} aq_host;

/* What is decoded. */
typedef struct aq_payload {
  uint32_t size;
  aq_bytes format;    /* name of the format, as in the manifest */
  aq_bytes file_name; /* may be empty */
  aq_bytes bytes;
} aq_payload;

/* An opaque instance: whatever the adapter makes of it, but not null. */
typedef struct aq_instance aq_instance;

/* What an adapter offers. */
typedef struct aq_adapter {
  uint32_t size;
  uint32_t abi_minor; /* of the header that it was built with; a host takes older and newer ones */
  /* A serialized anqiao.adapter.v1.Manifest; lives as long as the library. */
  aq_bytes (*manifest)(void);
  /* Configuration is empty or a serialized message of the adapter's choice. Null: the configuration
   * is not usable. */
  aq_instance* (*open)(aq_bytes configuration);
  void (*close)(aq_instance* instance);
  aq_status (*decode)(aq_instance* instance, const aq_host* host, const aq_payload* payload);
  /* Encodes serialized records, one after the other, as one payload of "format". */
  aq_status (*encode)(aq_instance* instance, const aq_host* host, aq_bytes format,
                      const aq_bytes* records, size_t record_count);
  /* Later capabilities by name; null if it has none of this name. */
  const void* (*extension)(aq_bytes name);
} aq_adapter;

/* The one exported symbol; may be called more than once, from any thread, and gives the same. */
const aq_adapter* anqiao_adapter_v1(void);

#ifdef __cplusplus
}
#endif

#endif /* ANQIAO_PLUGINS_SDK_ANQIAO_ADAPTER_H_ */
