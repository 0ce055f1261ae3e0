#ifndef ANQIAO_TESTS_PLUGINS_ABI_ABI_C11_H_
#define ANQIAO_TESTS_PLUGINS_ABI_ABI_C11_H_

#include "plugins/sdk/anqiao_adapter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What AQ_HAS says in C. */
int abi_c11_has_write(const aq_host* host);
int abi_c11_has_log(const aq_host* host);

#ifdef __cplusplus
}
#endif

#endif /* ANQIAO_TESTS_PLUGINS_ABI_ABI_C11_H_ */
