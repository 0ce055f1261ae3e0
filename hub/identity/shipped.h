// The files of hub/identity/models, as they are in the source.

#ifndef ANQIAO_HUB_IDENTITY_SHIPPED_H_
#define ANQIAO_HUB_IDENTITY_SHIPPED_H_

namespace anqiao::identity {

extern const char kShippedModel[];     // zh-2.yaml
extern const char kShippedStopList[];  // stop-list.yaml

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_SHIPPED_H_
