// The tables of hub/doc that come from the code: compared with it, or with AQ_WRITE_DOCUMENTS=1
// written anew from it. A table stands between "<!-- from the code: NAME -->" and "<!-- end -->".

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/referral/care_team.h"
#include "hub/referral/deadline_rules.h"
#include "hub/referral/dispatch_codes.h"
#include "hub/referral/field_titles.h"
#include "hub/referral/job_limits.h"
#include "hub/referral/machine.h"
#include "hub/referral/reasons.h"
#include "hub/referral/routing.h"
#include "hub/referral/transitions.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::referral {
namespace {

using journal::v1::ReferralState;

std::string Code(absl::string_view text) { return absl::StrCat("`", text, "`"); }

std::string Actors(unsigned actors) {
  std::vector<std::string> names;
  if ((actors & kByCaseworker) != 0) names.emplace_back("caseworker");
  if ((actors & kBySupervisor) != 0) names.emplace_back("supervisor");
  if ((actors & kByRecipient) != 0) names.emplace_back("recipient");
  if ((actors & kByHub) != 0) names.emplace_back("hub");
  return absl::StrJoin(names, ", ");
}

// One row for all states that an action by the same actors leads from to the same state; for those
// that it leaves as they are, one row each.
std::string TransitionTable() {
  std::string text = "| action | by | from | to |\n|---|---|---|---|\n";
  const std::vector<Transition>& all = Transitions();
  for (std::size_t i = 0; i < all.size();) {
    std::vector<std::string> from;
    const Transition& first = all[i];
    for (; i < all.size() && all[i].action == first.action && all[i].actors == first.actors &&
           all[i].to == first.to;
         ++i) {
      from.emplace_back(
          all[i].from == journal::v1::REFERRAL_STATE_UNSPECIFIED ? "-" : StateName(all[i].from));
    }
    absl::StrAppend(&text, "| ", Code(ActionName(first.action)), " | ", Actors(first.actors), " | ",
                    absl::StrJoin(from, ", "), " | ", StateName(first.to), " |\n");
  }
  return text;
}

std::string Waiting(const DeadlineRules& rules, ReferralState state) {
  std::vector<std::string> parts;
  for (const DeadlineRule& rule : RulesOf(rules, {}, state)) {
    std::string when = rule.in_working_days
                           ? absl::StrCat("after ", rule.working_days, " working days")
                           : absl::StrCat("after ", rule.days, " days");
    if (rule.from == DeadlineRule::From::kDelivery) when += " from its delivery";
    if (rule.from == DeadlineRule::From::kResumeDate) when = "on the resume date";
    parts.push_back(absl::StrCat(when, ": ", Code(DeadlineName(rule.then))));
  }
  return parts.empty() ? "-" : absl::StrJoin(parts, "; ");
}

std::string StateTable(const DeadlineRules& rules) {
  std::string text =
      "| state | ends | when nothing happens | FHIR Task | 360X |\n|---|---|---|---|---|\n";
  for (const StateRow& row : States()) {
    absl::StrAppend(&text, "| ", StateName(row.state), " | ", row.end ? "yes" : "-", " | ",
                    Waiting(rules, row.state), " | ", row.fhir_task, " | ",
                    row.referral_360x.empty() ? "-" : row.referral_360x, " |\n");
  }
  return text;
}

std::string ReasonTable() {
  std::string text =
      "| reason | action | whose | what follows | zh | en |\n|---|---|---|---|---|---|\n";
  for (const ReasonCode& code : ReasonCodes()) {
    absl::StrAppend(&text, "| ", Code(code.code), " | ", ActionName(code.action), " | ", code.whose,
                    " | ", FollowUpName(code.follows), " | ", code.title_zh, " | ", code.title_en,
                    " |\n");
  }
  return text;
}

std::string FieldTable(const std::vector<FieldTitle>& titles) {
  std::string text = "| field | zh | en |\n|---|---|---|\n";
  for (const FieldTitle& title : titles) {
    absl::StrAppend(&text, "| ", Code(title.field), " | ", title.zh, " | ", title.en, " |\n");
  }
  return text;
}

std::string RoleTable() {
  std::string text =
      "| role | zh | en | required | named by | since | sees |\n|---|---|---|---|---|---|---|\n";
  for (const CareRole& role : CareRoles()) {
    absl::StrAppend(&text, "| ", Code(role.code), " | ", role.zh, " | ", role.en, " | ",
                    role.required ? "yes" : "-", " | ", role.law.empty() ? "-" : role.law, " | ",
                    role.from.ToString(), " | ", absl::StrJoin(role.fields, ", "), " |\n");
  }
  return text;
}

std::string TeamEndTable() {
  std::string text = "| reason | zh | en | by |\n|---|---|---|---|\n";
  for (const CareTeamEnd& end : CareTeamEnds()) {
    absl::StrAppend(&text, "| ", Code(end.code), " | ", end.zh, " | ", end.en, " | ",
                    end.by_hub ? "hub" : "caseworker, supervisor", " |\n");
  }
  return text;
}

std::string ReportTable() {
  std::string text =
      "| code | the recipient reads | law | zh | en | bases |\n|---|---|---|---|---|---|\n";
  for (const ReportKind& kind : ReportKinds()) {
    std::vector<std::string> bases;
    for (const DispatchBasis& basis : DispatchBases()) {
      if (Carries(basis, kind)) bases.push_back(Code(basis.code));
    }
    absl::StrAppend(&text, "| ", Code(kind.code), " | ", kind.outward, " | ", kind.law, " | ",
                    kind.zh, " | ", kind.en, " | ", absl::StrJoin(bases, ", "), " |\n");
  }
  return text;
}

std::string BasisTable() {
  std::string text = "| basis | of | law | since | zh | en |\n|---|---|---|---|---|---|\n";
  for (const DispatchBasis& basis : DispatchBases()) {
    absl::StrAppend(&text, "| ", Code(basis.code), " | ",
                    basis.kind == journal::v1::DISPATCH_KIND_REPORT ? "reports" : "transfers",
                    " | ", basis.law, " | ", basis.from.ToString(), " | ", basis.zh, " | ",
                    basis.en, " |\n");
  }
  return text;
}

std::string RouteTable() {
  std::string text = "| code | zh | en |\n|---|---|---|\n";
  for (const RouteCodeTitle& code : RouteCodes()) {
    absl::StrAppend(&text, "| ", Code(code.name), " | ", code.title_zh, " | ", code.title_en,
                    " |\n");
  }
  return text;
}

std::string LimitTable(const JobLimits& limits) {
  std::string text = "| class | since | law | zh | en | |\n|---|---|---|---|---|---|\n";
  for (const JobLimit& limit : limits.limits) {
    absl::StrAppend(&text, "| ", Code(limit.job_class), " | ", limit.from.ToString(), " | ",
                    limit.law, " | ", limit.label_zh, " | ", limit.label_en, " | ",
                    limit.unverified ? "unverified" : "", " |\n");
  }
  return text;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class DocumentTest : public ::testing::Test {
 protected:
  DocumentTest() {
    const std::string path = absl::StrCat(ANQIAO_POLICIES, "/", kDeadlinesFile);
    auto rules = ParseDeadlineRules(kDeadlinesFile, ReadFile(path));
    EXPECT_TRUE(rules.ok()) << rules.status();
    if (rules.ok()) rules_ = *std::move(rules);
  }

  // Compares, or writes.
  static void Check(const std::string& document, const std::string& name,
                    const std::string& table) {
    const std::string path = absl::StrCat(ANQIAO_DOCUMENTS, "/", document);
    const std::string text = ReadFile(path);
    const std::string begin = absl::StrCat("<!-- from the code: ", name, " -->\n");
    const std::size_t at = text.find(begin);
    ASSERT_NE(at, std::string::npos) << document << " has no place for " << name;
    const std::size_t start = at + begin.size();
    const std::size_t end = text.find("<!-- end -->", start);
    ASSERT_NE(end, std::string::npos) << document;
    if (std::getenv("AQ_WRITE_DOCUMENTS") != nullptr) {
      std::ofstream(path, std::ios::binary) << text.substr(0, start) << table << text.substr(end);
      return;
    }
    EXPECT_EQ(text.substr(start, end - start), table)
        << document << ": AQ_WRITE_DOCUMENTS=1 referral_document_test writes it anew";
  }

  DeadlineRules rules_;
};

TEST_F(DocumentTest, Transitions) { Check("referrals.md", "transitions", TransitionTable()); }
TEST_F(DocumentTest, States) { Check("referrals.md", "states", StateTable(rules_)); }
TEST_F(DocumentTest, Reasons) { Check("codes.md", "reasons", ReasonTable()); }
TEST_F(DocumentTest, Routes) { Check("codes.md", "routes", RouteTable()); }
TEST_F(DocumentTest, Limits) {
  AQ_ASSERT_OK_AND_ASSIGN(
      const JobLimits limits,
      ParseJobLimits(kJobLimitsFile, ReadFile(absl::StrCat(ANQIAO_POLICIES, "/", kJobLimitsFile))));
  Check("routing.md", "limits", LimitTable(limits));
}
TEST_F(DocumentTest, Fields) {
  Check("codes.md", "fields", FieldTable(FieldTitles()));
  Check("codes.md", "team fields", FieldTable(TeamFieldTitles()));
  Check("codes.md", "dispatch fields", FieldTable(DispatchFieldTitles()));
}

TEST_F(DocumentTest, CareTeams) {
  Check("codes.md", "team roles", RoleTable());
  Check("codes.md", "team ends", TeamEndTable());
}

TEST_F(DocumentTest, Dispatches) {
  Check("codes.md", "reports", ReportTable());
  Check("codes.md", "bases", BasisTable());
}

TEST_F(DocumentTest, EveryStateHasItsRow) {
  const auto* values = journal::v1::ReferralState_descriptor();
  ASSERT_EQ(static_cast<int>(States().size()), values->value_count() - 1);
  for (int i = 1; i < values->value_count(); ++i) {
    EXPECT_EQ(States()[static_cast<std::size_t>(i - 1)].state, values->value(i)->number());
  }
}

}  // namespace
}  // namespace anqiao::referral
