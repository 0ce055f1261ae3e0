/* The C ABI of Anqiao adapters, version 1: C11 and C++.
 *
 * An adapter is a shared library that exports one function, anqiao_adapter_v1. It translates one
 * agency's formats: bytes to records and back. It is pure: no files, network, clock or state
 * between calls.
 *
 * Every struct begins with its size as the side that filled it knew it, and only ever grows at the
 * end: before reading a member that came later, ask AQ_HAS. Structure crosses as serialized
 * protobuf (protos/anqiao/adapter/v1/adapter.proto); bytes are borrowed for the call; nobody frees
 * the other side's memory; no exception may cross.
 *
 * Threads: one call at a time for each instance; several instances may run in parallel.
 */
#ifndef ANQIAO_PLUGINS_SDK_ANQIAO_ADAPTER_H_
#define ANQIAO_PLUGINS_SDK_ANQIAO_ADAPTER_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AQ_ABI_MINOR 0

/* True if the side that filled *s knew "member". */
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

typedef struct aq_payload {
  uint32_t size;
  aq_bytes format;    /* name of the format, as in the manifest */
  aq_bytes file_name; /* may be empty */
  aq_bytes bytes;
} aq_payload;

/* An opaque instance. */
typedef struct aq_instance aq_instance;

typedef struct aq_adapter {
  uint32_t size;
  uint32_t abi_minor;
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

/* The one exported symbol. */
const aq_adapter* anqiao_adapter_v1(void);

#ifdef __cplusplus
}
#endif

#endif /* ANQIAO_PLUGINS_SDK_ANQIAO_ADAPTER_H_ */
