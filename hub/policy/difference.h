// What one version of a catalogue says that another does not.
//
// Pure.

#ifndef ANQIAO_HUB_POLICY_DIFFERENCE_H_
#define ANQIAO_HUB_POLICY_DIFFERENCE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/policy/content.h"

namespace anqiao::policy {

struct Difference {
  enum class Kind { kAdded, kRemoved, kChanged };

  std::string policy;
  Kind kind = Kind::kChanged;
  // What of it, such as "parameter base_fen" or "condition employed"; empty: the policy itself.
  std::string part;
  std::string before, after;
};

// By policy, then part. Both with the values of the profiles that apply.
std::vector<Difference> Differences(const PolicyMap& before, const PolicyMap& after);

// Facts of nobody, or of a case that is made up, to ask both versions about.
struct Sample {
  std::string name;
  model::CivilDate as_of;
  FactSet facts;
};

// The tests of the policies of both, by "policy: name"; each once.
std::vector<Sample> SamplesOf(const PolicyMap& before, const PolicyMap& after);

struct AnswerChange {
  std::string sample, policy;
  // "ELIGIBLE 300000.00", or "-" where there is no such policy.
  std::string before, after;
  // Is eligible in one only; neither: in both or in neither, but otherwise answered.
  bool gains = false, loses = false;
};

// Whose answer is another: result, day from which, or amount.
std::vector<AnswerChange> AnswerChanges(const PolicyMap& before, const PolicyMap& after,
                                        const std::vector<Sample>& samples);

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_DIFFERENCE_H_
