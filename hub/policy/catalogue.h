// May they have it? Policies are data: one YAML file each under hub/policies/, loaded whole and
// checked, then evaluated by strong Kleene logic without short circuit. hub/doc/policies.md
// describes the files.
//
// Pure after loading; a catalogue is immutable and thread-safe.

#ifndef ANQIAO_HUB_POLICY_CATALOGUE_H_
#define ANQIAO_HUB_POLICY_CATALOGUE_H_

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

namespace anqiao::policy {

// What a catalogue says of one policy, for lists and routing.
struct PolicySummary {
  std::string id;  // such as "tax-relief-self-employed"
  std::string title_zh, title_en;
  std::string service;        // neutral service code, as a recipient sees it
  std::string service_title;  // neutral title, zh
  std::string provider;       // agency kind: police, civil_affairs, employment, tax
  // View that a recipient may see: employment_service, training, self_employed_relief,
  // employer_relief, loan.
  std::string view;
  std::vector<std::string> laws;
  model::CivilDate effective_from, effective_to;  // effective_to may be empty
  bool unverified = false;
  // Those that the file gives.
  Deadlines deadlines;
};

class EmployerReliefTable;

class Catalogue {
 public:
  virtual ~Catalogue() = default;

  // Loads every *.yaml of "directory" and runs the policies' own tests. INVALID_ARGUMENT
  // (CATALOGUE_INVALID): an unknown key, an uncited condition, a gap or overlap of effective dates,
  // a failing test; the message begins with file:line:column.
  static absl::StatusOr<std::unique_ptr<Catalogue>> Load(const std::string& directory);

  // The same from memory: file name to content. Load is this over the directory; the hub stores the
  // content by its hash.
  static absl::StatusOr<std::unique_ptr<Catalogue>> Parse(
      const std::map<std::string, std::string>& files);

  // Canonical content (names and bytes of all files), for storing by hash; Unpack gives back
  // Parse's argument.
  virtual const std::string& content() const = 0;
  static absl::StatusOr<std::map<std::string, std::string>> Unpack(absl::string_view content);
  // SHA-256 of content(), hexadecimal.
  virtual const std::string& hash() const = 0;

  // By id.
  virtual const std::vector<PolicySummary>& policies() const = 0;
  // Null if there is none.
  virtual const PolicySummary* Find(absl::string_view id) const = 0;

  // What employers may deduct for hiring; null if the catalogue says nothing of it.
  virtual const EmployerReliefTable* employer_relief() const { return nullptr; }

  // NOT_FOUND (POLICY_NOT_FOUND): there is no such policy. Everything else is an answer.
  virtual absl::StatusOr<journal::v1::EntitlementAnswer> Evaluate(
      absl::string_view policy, const model::Case& person) const = 0;
};

}  // namespace anqiao::policy

#endif  // ANQIAO_HUB_POLICY_CATALOGUE_H_
