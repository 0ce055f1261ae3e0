// May they have it? Policies are data: one YAML file each under hub/policies/, loaded whole and
// checked, then evaluated by strong Kleene logic without short circuit. hub/doc/policies.md
// describes the files.
//
// Pure after loading; a catalogue is immutable and thread-safe.

#ifndef ANQIAO_HUB_POLICY_CATALOGUE_H_
#define ANQIAO_HUB_POLICY_CATALOGUE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/policy/deadlines.h"
#include "hub/policy/touched.h"

namespace anqiao::policy {

// What a catalogue says of one policy, for lists and routing.
struct PolicySummary {
  std::string id;  // such as "tax-relief-self-employed"
  std::string title_zh, title_en;
  std::string service;        // neutral service code, as a recipient sees it
  std::string service_title;  // neutral title, zh
  // Agency kind: police, civil_affairs, employment, tax, employer, bank, school.
  std::string provider;
  // View that a recipient may see: employment_service, training, self_employed_relief,
  // employer_relief, loan, application, business_support.
  std::string view;
  std::vector<std::string> laws;
  model::CivilDate effective_from, effective_to;  // effective_to may be empty
  bool unverified = false;
  // Condition that holds while the person has it already, so that nothing is to be proposed; empty:
  // none says so.
  std::string received;
  // Those that the file gives.
  Deadlines deadlines;
  // What of a person its answer hangs on (touched.h).
  unsigned touches = kTouchesEverything;
};

class EmployerReliefTable;
class EntitlementWatchTable;

// What a policy comes to, without its reasons. The texts are the catalogue's.
struct Decision {
  absl::string_view policy;
  journal::v1::EntitlementResult result = journal::v1::ENTITLEMENT_RESULT_UNSPECIFIED;
  // As in EntitlementAnswer; empty: none.
  model::CivilDate eligible_from, next_change;
  std::int64_t amount_fen = 0;
  absl::string_view category;
};

// A decision as the entitlement watch needs it.
struct WatchedDecision {
  Decision decision;
  // The policy's "received" holds.
  bool received = false;
  // The first later day on which time alone may make the person entitled, or end that; empty: none.
  model::CivilDate look;
};

enum class Language { kZh, kEn };

class Catalogue {
 public:
  virtual ~Catalogue() = default;

  // Loads every *.yaml of "directory", its tables and its profiles, and runs the policies' own
  // tests. Values of the profiles of "jurisdiction", a division code, apply; with an empty one the
  // national ones only. INVALID_ARGUMENT (CATALOGUE_INVALID): an unknown key, an uncited condition,
  // a gap or overlap of effective dates, a failing test; the message begins with file:line:column.
  static absl::StatusOr<std::unique_ptr<Catalogue>> Load(const std::string& directory,
                                                         const std::string& jurisdiction = "");

  // The same from memory: file name to content. Load is this over the directory; the hub stores the
  // content by its hash.
  static absl::StatusOr<std::unique_ptr<Catalogue>> Parse(
      const std::map<std::string, std::string>& files, const std::string& jurisdiction = "");

  // Canonical content (names and bytes of all files), for storing by hash; Unpack gives back
  // Parse's argument.
  virtual const std::string& content() const = 0;
  static absl::StatusOr<std::map<std::string, std::string>> Unpack(absl::string_view content);
  // SHA-256 of content(), hexadecimal.
  virtual const std::string& hash() const = 0;

  // The division code that it was loaded for.
  virtual const std::string& jurisdiction() const {
    static const auto& none = *new std::string();
    return none;
  }

  // By id.
  virtual const std::vector<PolicySummary>& policies() const = 0;
  // Null if there is none.
  virtual const PolicySummary* Find(absl::string_view id) const = 0;

  // What employers may deduct for hiring; null if the catalogue says nothing of it.
  virtual const EmployerReliefTable* employer_relief() const { return nullptr; }

  // Whom the hub watches; null if the catalogue says nothing of it.
  virtual const EntitlementWatchTable* entitlement_watch() const { return nullptr; }

  // NOT_FOUND (POLICY_NOT_FOUND): there is no such policy. Everything else is an answer.
  virtual absl::StatusOr<journal::v1::EntitlementAnswer> Evaluate(
      absl::string_view policy, const model::Case& person) const = 0;

  // The same for several, whose facts are derived once.
  virtual absl::StatusOr<std::vector<journal::v1::EntitlementAnswer>> EvaluateMany(
      const std::vector<std::string>& policies, const model::Case& person) const;

  // What every policy comes to, in the order of policies(): for going through many people, without
  // their reasons or with them. The memory of "answers" is used again.
  virtual std::vector<Decision> DecideAll(const model::Case& person) const { return {}; }
  virtual void AnswerAll(const model::Case& person,
                         std::vector<journal::v1::EntitlementAnswer>* answers) const {}

  // What "policies" come to, in that order. Requires: there are such policies.
  virtual std::vector<WatchedDecision> DecideWatched(const std::vector<absl::string_view>& policies,
                                                     const model::Case& person) const;

  // "answer", which this catalogue gave, in words: lines, indented by two blanks a level. "reader"
  // is "caseworker", who sees all of it, or the agency kind of a recipient, who sees only
  // conditions on facts that it may see; an answer for a recipient must have been given without the
  // police's records. Empty: there is no such policy.
  virtual std::vector<std::string> Explain(const journal::v1::EntitlementAnswer& answer,
                                           absl::string_view reader, Language language) const {
    return {};
  }
};

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_CATALOGUE_H_
