#include "plugins/sdk/anqiao_adapter.h"

/* Not a usable adapter: it shows that the header is enough to build one. */
const aq_adapter* anqiao_adapter_v1(void) { return 0; }
