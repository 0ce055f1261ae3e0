/* The header as C11 with -pedantic; the answers are asked for by abi_test.cc. */
#include "tests/plugins/abi/abi_c11.h"

#include "tests/plugins/abi/layout.h"

int abi_c11_has_write(const aq_host* host) { return AQ_HAS(host, write); }

int abi_c11_has_log(const aq_host* host) { return AQ_HAS(host, log); }
