#include "hub/policy/catalogue.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/policy/content.h"
#include "hub/policy/employer_relief_table.h"
#include "hub/policy/entitlement_watch.h"
#include "hub/policy/explain.h"
#include "hub/policy/policy.h"
#include "hub/policy/retirement.h"

namespace anqiao::policy {
namespace {

constexpr char kMagic[] = "anqiao catalogue 1\n";
// Changes of an unknown answer that are followed in search of an entitlement.
constexpr int kLookSteps = 8;

absl::Status InvalidCatalogue(absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason::kCatalogueInvalid, message);
}

absl::Status NoSuchPolicy(absl::string_view policy) {
  return Error(absl::StatusCode::kNotFound, reason::kPolicyNotFound,
               "there is no such policy in the catalogue")
      .Meta("policy", policy);
}

// For each file "name size\n" and its bytes, by name.
std::string Pack(const std::map<std::string, std::string>& files) {
  std::string content = kMagic;
  for (const auto& [name, bytes] : files) {
    absl::StrAppend(&content, name, " ", bytes.size(), "\n", bytes);
  }
  return content;
}

class LoadedCatalogue : public Catalogue {
 public:
  LoadedCatalogue(std::string packed, std::string jurisdiction, Content content)
      : content_(std::move(packed)),
        hash_(Hex(Sha256(content_))),
        jurisdiction_(std::move(jurisdiction)),
        policies_(std::move(content.policies)),
        retirement_(std::move(content.retirement)),
        employer_relief_(std::move(content.employer_relief)),
        entitlement_watch_(std::move(content.entitlement_watch)) {
    for (const auto& [id, policy] : policies_) summaries_.push_back(policy.summary);
  }

  const std::string& content() const override { return content_; }
  const std::string& hash() const override { return hash_; }
  const std::string& jurisdiction() const override { return jurisdiction_; }
  const std::vector<PolicySummary>& policies() const override { return summaries_; }

  const PolicySummary* Find(absl::string_view id) const override {
    const auto it = policies_.find(id);
    return it == policies_.end() ? nullptr : &it->second.summary;
  }

  const EmployerReliefTable* employer_relief() const override {
    return employer_relief_.has_value() ? &*employer_relief_ : nullptr;
  }

  const EntitlementWatchTable* entitlement_watch() const override {
    return entitlement_watch_.has_value() ? &*entitlement_watch_ : nullptr;
  }

  absl::StatusOr<journal::v1::EntitlementAnswer> Evaluate(
      absl::string_view policy, const model::Case& person) const override {
    const auto it = policies_.find(policy);
    if (it == policies_.end()) return NoSuchPolicy(policy);
    return AnswerOf(it->second, PersonFacts(person, person.as_of, retirement_));
  }

  absl::StatusOr<std::vector<journal::v1::EntitlementAnswer>> EvaluateMany(
      const std::vector<std::string>& policies, const model::Case& person) const override {
    const PersonFacts facts(person, person.as_of, retirement_);
    std::vector<journal::v1::EntitlementAnswer> answers;
    answers.reserve(policies.size());
    for (const std::string& id : policies) {
      const auto it = policies_.find(id);
      if (it == policies_.end()) return NoSuchPolicy(id);
      answers.push_back(AnswerOf(it->second, facts));
    }
    return answers;
  }

  std::vector<Decision> DecideAll(const model::Case& person) const override {
    const PersonFacts facts(person, person.as_of, retirement_);
    std::vector<Decision> decisions;
    decisions.reserve(policies_.size());
    for (const auto& [id, policy] : policies_) decisions.push_back(Decide(policy, facts));
    return decisions;
  }

  void AnswerAll(const model::Case& person,
                 std::vector<journal::v1::EntitlementAnswer>* answers) const override {
    const PersonFacts facts(person, person.as_of, retirement_);
    answers->resize(policies_.size());
    std::size_t i = 0;
    for (const auto& [id, policy] : policies_) Write(policy, facts, &(*answers)[i++]);
  }

  std::vector<WatchedDecision> DecideWatched(const std::vector<absl::string_view>& policies,
                                             const model::Case& person) const override {
    const PersonFacts facts(person, person.as_of, retirement_);
    std::vector<WatchedDecision> decisions;
    decisions.reserve(policies.size());
    for (const absl::string_view id : policies) {
      const Policy& policy = policies_.find(id)->second;
      WatchedDecision& watched = decisions.emplace_back();
      watched.decision = Decide(policy, facts);
      watched.received = IsReceived(policy, facts);
      watched.look = NextLook(policy, person, watched.decision);
    }
    return decisions;
  }

  std::vector<std::string> Explain(const journal::v1::EntitlementAnswer& answer,
                                   absl::string_view reader, Language language) const override {
    const auto it = policies_.find(answer.policy());
    if (it == policies_.end()) return {};
    return policy::Explain(it->second, answer, reader, language);
  }

 private:
  static bool IsReceived(const Policy& policy, const PersonFacts& facts) {
    for (const Leaf& leaf : policy.leaves) {
      if (leaf.id != policy.summary.received) continue;
      return Judge(policy, leaf, facts[leaf.fact], facts.on()) == journal::v1::TRUTH_TRUE;
    }
    return false;
  }

  // What is not known may stay so while time passes: what counts is whether it leads to an
  // entitlement.
  model::CivilDate NextLook(const Policy& policy, const model::Case& person,
                            const Decision& decision) const {
    if (decision.result == journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE) return {};
    if (decision.result != journal::v1::ENTITLEMENT_RESULT_UNKNOWN) return decision.next_change;
    model::CivilDate day = decision.next_change;
    for (int step = 0; step < kLookSteps && !day.empty(); ++step) {
      const Decision then = Decide(policy, PersonFacts(person, day, retirement_));
      if (then.result == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE ||
          then.result == journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM) {
        return decision.next_change;
      }
      day = then.next_change;
    }
    return day.empty() ? model::CivilDate() : decision.next_change;
  }

  journal::v1::EntitlementAnswer AnswerOf(const Policy& policy, const PersonFacts& facts) const {
    journal::v1::EntitlementAnswer answer;
    Write(policy, facts, &answer);
    return answer;
  }
  void Write(const Policy& policy, const PersonFacts& facts,
             journal::v1::EntitlementAnswer* answer) const {
    WriteAnswer(policy, facts, policy::Evaluate(policy, facts), answer);
    answer->set_catalogue_hash(hash_);
    answer->set_jurisdiction(jurisdiction_);
  }

  const std::string content_;
  const std::string hash_;
  const std::string jurisdiction_;
  const PolicyMap policies_;
  const RetirementTable retirement_;
  const std::optional<EmployerReliefTable> employer_relief_;
  const std::optional<EntitlementWatchTable> entitlement_watch_;
  std::vector<PolicySummary> summaries_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Catalogue>> Catalogue::Load(const std::string& directory,
                                                           const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto files, ReadCatalogueFiles(directory));
  return Parse(files, jurisdiction);
}

absl::StatusOr<std::unique_ptr<Catalogue>> Catalogue::Parse(
    const std::map<std::string, std::string>& files, const std::string& jurisdiction) {
  std::vector<absl::Status> errors;
  Content content = ReadContent(files, errors);
  RunTests(content, errors);
  if (!errors.empty()) return errors.front();
  if (!jurisdiction.empty() && !IsDivisionPrefix(jurisdiction)) {
    return InvalidCatalogue("a jurisdiction is 2, 4, 6, 9 or 12 digits of a division code");
  }
  ApplyProfiles(content.profiles, jurisdiction, content.policies);
  if (content.employer_relief.has_value()) content.employer_relief->TakeQuotas(content.policies);
  return std::unique_ptr<Catalogue>(
      std::make_unique<LoadedCatalogue>(Pack(files), jurisdiction, std::move(content)));
}

absl::StatusOr<std::vector<journal::v1::EntitlementAnswer>> Catalogue::EvaluateMany(
    const std::vector<std::string>& policies, const model::Case& person) const {
  std::vector<journal::v1::EntitlementAnswer> answers;
  for (const std::string& id : policies) {
    AQ_ASSIGN_OR_RETURN(journal::v1::EntitlementAnswer answer, Evaluate(id, person));
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<WatchedDecision> Catalogue::DecideWatched(
    const std::vector<absl::string_view>& policies, const model::Case& person) const {
  std::vector<WatchedDecision> decisions;
  for (const absl::string_view id : policies) {
    WatchedDecision& watched = decisions.emplace_back();
    const PolicySummary* const summary = Find(id);
    const absl::StatusOr<journal::v1::EntitlementAnswer> answer = Evaluate(id, person);
    if (summary == nullptr || !answer.ok()) continue;
    watched.decision.policy = summary->id;
    watched.decision.result = answer->result();
    watched.decision.eligible_from = model::CivilDate::FromProto(answer->eligible_from_date());
    watched.decision.next_change = model::CivilDate::FromProto(answer->next_change_date());
    watched.decision.amount_fen = answer->amount_fen();
    watched.look = watched.decision.next_change;
    for (const journal::v1::LeafAnswer& leaf : answer->leaves()) {
      if (leaf.id() == summary->received)
        watched.received = leaf.truth() == journal::v1::TRUTH_TRUE;
    }
  }
  return decisions;
}

absl::StatusOr<std::map<std::string, std::string>> Catalogue::Unpack(absl::string_view content) {
  if (!absl::ConsumePrefix(&content, kMagic)) return InvalidCatalogue("not a catalogue's content");
  std::map<std::string, std::string> files;
  while (!content.empty()) {
    const std::size_t line = content.find('\n');
    const std::size_t blank = content.find(' ');
    std::uint64_t size = 0;
    if (line == absl::string_view::npos || blank == absl::string_view::npos || blank > line ||
        !absl::SimpleAtoi(content.substr(blank + 1, line - blank - 1), &size) ||
        size > content.size() - line - 1 || files.size() == kFilesMax) {
      return InvalidCatalogue("the catalogue's content is damaged");
    }
    files[std::string(content.substr(0, blank))] = std::string(content.substr(line + 1, size));
    content.remove_prefix(line + 1 + size);
  }
  return files;
}

}  // namespace anqiao::policy
