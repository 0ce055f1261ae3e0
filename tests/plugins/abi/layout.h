/* The layouts of version 1 on a 64-bit machine. They never change: members may follow, none may
 * move. */
#ifndef ANQIAO_TESTS_PLUGINS_ABI_LAYOUT_H_
#define ANQIAO_TESTS_PLUGINS_ABI_LAYOUT_H_

#include "plugins/sdk/anqiao_adapter.h"

#ifdef __cplusplus
#define AQ_TEST_AT(type, member, offset) static_assert(offsetof(type, member) == (offset), #member)
#else
#define AQ_TEST_AT(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member)
#endif

AQ_TEST_AT(aq_bytes, data, 0);
AQ_TEST_AT(aq_bytes, length, 8);

AQ_TEST_AT(aq_diag, size, 0);
AQ_TEST_AT(aq_diag, severity, 4);
AQ_TEST_AT(aq_diag, reason, 8);
AQ_TEST_AT(aq_diag, byte_offset, 24);
AQ_TEST_AT(aq_diag, byte_length, 32);
AQ_TEST_AT(aq_diag, row, 40);
AQ_TEST_AT(aq_diag, column, 48);
AQ_TEST_AT(aq_diag, target, 52);
AQ_TEST_AT(aq_diag, field, 56);
AQ_TEST_AT(aq_diag, message, 72);

AQ_TEST_AT(aq_cursor, size, 0);
AQ_TEST_AT(aq_cursor, column, 4);
AQ_TEST_AT(aq_cursor, row, 8);
AQ_TEST_AT(aq_cursor, byte_offset, 16);

AQ_TEST_AT(aq_host, size, 0);
AQ_TEST_AT(aq_host, abi_minor, 4);
AQ_TEST_AT(aq_host, context, 8);
AQ_TEST_AT(aq_host, cursor, 16);
AQ_TEST_AT(aq_host, emit, 24);
AQ_TEST_AT(aq_host, diag, 32);
AQ_TEST_AT(aq_host, log, 40);
AQ_TEST_AT(aq_host, write, 48);

AQ_TEST_AT(aq_payload, size, 0);
AQ_TEST_AT(aq_payload, format, 8);
AQ_TEST_AT(aq_payload, file_name, 24);
AQ_TEST_AT(aq_payload, bytes, 40);

AQ_TEST_AT(aq_adapter, size, 0);
AQ_TEST_AT(aq_adapter, abi_minor, 4);
AQ_TEST_AT(aq_adapter, manifest, 8);
AQ_TEST_AT(aq_adapter, open, 16);
AQ_TEST_AT(aq_adapter, close, 24);
AQ_TEST_AT(aq_adapter, decode, 32);
AQ_TEST_AT(aq_adapter, encode, 40);
AQ_TEST_AT(aq_adapter, extension, 48);

#endif /* ANQIAO_TESTS_PLUGINS_ABI_LAYOUT_H_ */
