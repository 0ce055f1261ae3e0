// What the entitlement watch makes of one person: which answers are others than those noted, what
// is to be proposed and reminded of. Reads a snapshot and changes nothing.

#ifndef ANQIAO_HUB_ENGINE_WATCH_LOOK_H_
#define ANQIAO_HUB_ENGINE_WATCH_LOOK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/engine/engine.h"
#include "hub/model/civil_date.h"
#include "hub/policy/entitlement_watch.h"
#include "hub/store/store.h"

namespace anqiao::engine {

// In place of what touched a person: every policy that is watched.
inline constexpr unsigned kLookAtAll = ~0U;

struct WatchFinding {
  std::string person;
  // Of the person's document: when it is another one, this is of the past.
  std::int64_t revision = 0;
  // Of what was noted before; 0: nothing was.
  store::KeyId key = 0;
  // Complete but for the notices of the proposals.
  journal::v1::EntitlementNoted noted;
  struct Proposal {
    std::string policy, replaces;
  };
  std::vector<Proposal> proposals;
};

class WatchLook {
 public:
  // All outlive it. "rules" may be null: then nobody is watched.
  WatchLook(const EngineOptions* options, const policy::Catalogue* catalogue,
            const policy::WatchRules* rules, const store::Snapshot* snapshot,
            const model::CivilDate& today)
      : options_(options),
        catalogue_(catalogue),
        rules_(rules),
        snapshot_(snapshot),
        today_(today) {}

  // Looks at the policies that "touches" may have changed and those whose day has come. nullopt:
  // there is nothing to note.
  absl::StatusOr<std::optional<WatchFinding>> At(const std::string& person, unsigned touches) const;
  // The same of a person whose document was read already.
  absl::StatusOr<std::optional<WatchFinding>> At(const journal::v1::PersonDocument& document,
                                                 unsigned touches) const;

 private:
  struct Subject;

  absl::Status Judge(const Subject& subject, const policy::WatchedDecision& watched,
                     const journal::v1::NotedAnswer& before, WatchFinding* finding) const;
  void Remind(const model::CivilDate& lapse, const journal::v1::NotedAnswer& before,
              journal::v1::NotedAnswer* answer, journal::v1::EntitlementNoted* noted) const;
  absl::Status Propose(const Subject& subject, const policy::PolicySummary& policy,
                       journal::v1::NotedAnswer* answer, WatchFinding* finding) const;

  const EngineOptions* const options_;
  const policy::Catalogue* const catalogue_;
  const policy::WatchRules* const rules_;
  const store::Snapshot* const snapshot_;
  const model::CivilDate today_;
};

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_WATCH_LOOK_H_
