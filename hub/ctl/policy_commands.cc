// policy check, test, explain, diff, recompute.

#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "anqiao/hub/v1/eligibility.grpc.pb.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/progress.h"
#include "hub/ctl/table.h"
#include "hub/engine/recompute.h"
#include "hub/policy/catalogue.h"
#include "hub/policy/content.h"
#include "hub/policy/coverage.h"
#include "hub/policy/difference.h"
#include "hub/policy/explain.h"

namespace anqiao::ctl {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using policy::Content;

struct PolicyArguments {
  std::string directory, other_directory, policy, jurisdiction;
  std::vector<std::string> facts;
  std::string case_name, as_of, reader = policy::kCaseworker, language = "zh";
  std::string data, referral;
  SealFiles files;
};

void Set(Struct& object, const char* name, const std::string& text) {
  (*object.mutable_fields())[name].set_string_value(text);
}

void Set(Struct& object, const char* name, double number) {
  (*object.mutable_fields())[name].set_number_value(number);
}

void SetFlag(Struct& object, const char* name, bool flag) {
  (*object.mutable_fields())[name].set_bool_value(flag);
}

ListValue& ListIn(Struct& object, const char* name) {
  return *(*object.mutable_fields())[name].mutable_list_value();
}

std::vector<std::string> Messages(const std::vector<absl::Status>& errors) {
  std::vector<std::string> messages;
  for (const absl::Status& error : errors) messages.emplace_back(error.message());
  return messages;
}

void PrintErrors(Context& context, const std::vector<absl::Status>& errors) {
  for (const std::string& message : Messages(errors)) context.out << Printable(message) << "\n";
}

// The files of "directory"; what cannot be read of them is in "errors".
absl::StatusOr<Content> ReadAll(const std::string& directory, std::vector<absl::Status>& errors) {
  AQ_ASSIGN_OR_RETURN(const auto files, policy::ReadCatalogueFiles(directory));
  return policy::ReadContent(files, errors);
}

// The same, whole or not at all, with the values of the jurisdiction.
absl::StatusOr<Content> ReadWhole(const std::string& directory, const std::string& jurisdiction) {
  std::vector<absl::Status> errors;
  AQ_ASSIGN_OR_RETURN(Content content, ReadAll(directory, errors));
  if (!errors.empty()) return errors.front();
  policy::ApplyProfiles(content.profiles, jurisdiction, content.policies);
  return content;
}

absl::StatusOr<ExitCode> Check(Context& context, const PolicyArguments& arguments) {
  std::vector<absl::Status> errors;
  AQ_ASSIGN_OR_RETURN(const Content content, ReadAll(arguments.directory, errors));
  policy::RunTests(content, errors);
  const ExitCode code = errors.empty() ? kExitOk : kExitFailed;
  if (context.json) {
    Struct report;
    for (const std::string& message : Messages(errors)) {
      ListIn(report, "errors").add_values()->set_string_value(message);
    }
    for (const auto& [id, one] : content.policies) {
      ListIn(report, "policies").add_values()->set_string_value(id);
    }
    for (const policy::Profile& profile : content.profiles) {
      ListIn(report, "profiles").add_values()->set_string_value(profile.division);
    }
    AQ_RETURN_IF_ERROR(PrintJson(context.out, report));
    return code;
  }
  PrintErrors(context, errors);
  context.out << content.policies.size() << " policies 政策, " << content.profiles.size()
              << " profiles 地区, " << errors.size() << " errors 错误\n";
  return code;
}

struct Tested {
  std::string policy;
  int passed = 0;
  std::vector<absl::Status> failures;
  std::vector<policy::LeafCoverage> coverage;

  bool lacks() const {
    return std::any_of(coverage.begin(), coverage.end(),
                       [](const policy::LeafCoverage& leaf) { return !leaf.lacking.empty(); });
  }
};

Tested TestOne(const std::string& id, const policy::Policy& one) {
  Tested tested;
  tested.policy = id;
  for (const policy::PolicyTest& test : one.tests) {
    absl::Status status = policy::RunTest(one, test);
    if (status.ok()) {
      ++tested.passed;
    } else {
      tested.failures.push_back(std::move(status));
    }
  }
  tested.coverage = policy::CoverageOf(one);
  return tested;
}

void PrintTested(Context& context, const std::vector<Tested>& all) {
  Table table({{"POLICY 政策"},
               {"PASSED 通过", Table::Align::kRight},
               {"FAILED 失败", Table::Align::kRight},
               {"CONDITIONS 条件", Table::Align::kRight},
               {"LACKING 缺测", Table::Align::kRight}});
  for (const Tested& tested : all) {
    const auto lacking =
        std::count_if(tested.coverage.begin(), tested.coverage.end(),
                      [](const policy::LeafCoverage& leaf) { return !leaf.lacking.empty(); });
    table.AddRow({tested.policy, absl::StrCat(tested.passed), absl::StrCat(tested.failures.size()),
                  absl::StrCat(tested.coverage.size()), absl::StrCat(lacking)});
  }
  table.Print(context.out);
  Table leaves({{"POLICY 政策"},
                {"CONDITION 条件"},
                {"TRUE 是", Table::Align::kRight},
                {"FALSE 否", Table::Align::kRight},
                {"UNKNOWN 未知", Table::Align::kRight},
                {"NO CASE OF 缺少"}});
  for (const Tested& tested : all) {
    for (const policy::LeafCoverage& leaf : tested.coverage) {
      if (leaf.lacking.empty()) continue;
      leaves.AddRow({tested.policy, leaf.leaf, absl::StrCat(leaf.holding),
                     absl::StrCat(leaf.failing), absl::StrCat(leaf.unknown),
                     absl::StrJoin(leaf.lacking, ", ")});
    }
  }
  if (leaves.empty()) return;
  context.out << "\n";
  leaves.Print(context.out);
}

absl::Status PrintTestedAsJson(Context& context, const std::vector<absl::Status>& errors,
                               const std::vector<Tested>& all) {
  Struct report;
  for (const std::string& message : Messages(errors)) {
    ListIn(report, "errors").add_values()->set_string_value(message);
  }
  for (const Tested& tested : all) {
    Struct& row = *ListIn(report, "policies").add_values()->mutable_struct_value();
    Set(row, "policy", tested.policy);
    Set(row, "passed", tested.passed);
    Set(row, "failed", static_cast<double>(tested.failures.size()));
    for (const std::string& message : Messages(tested.failures)) {
      ListIn(row, "failures").add_values()->set_string_value(message);
    }
    for (const policy::LeafCoverage& leaf : tested.coverage) {
      Struct& condition = *ListIn(row, "conditions").add_values()->mutable_struct_value();
      Set(condition, "condition", leaf.leaf);
      Set(condition, "true", leaf.holding);
      Set(condition, "false", leaf.failing);
      Set(condition, "unknown", leaf.unknown);
      for (const std::string& what : leaf.lacking) {
        ListIn(condition, "lacking").add_values()->set_string_value(what);
      }
    }
  }
  return PrintJson(context.out, report);
}

absl::StatusOr<ExitCode> Test(Context& context, const PolicyArguments& arguments) {
  std::vector<absl::Status> errors;
  AQ_ASSIGN_OR_RETURN(const Content content, ReadAll(arguments.directory, errors));
  std::vector<Tested> all;
  for (const auto& [id, one] : content.policies) {
    if (arguments.policy.empty() || id == arguments.policy) all.push_back(TestOne(id, one));
  }
  if (all.empty() && errors.empty()) {
    return UsageError(absl::StrCat("there is no policy ", arguments.policy));
  }
  bool passed = errors.empty();
  for (const Tested& tested : all) {
    passed = passed && tested.failures.empty() && !tested.lacks();
  }
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintTestedAsJson(context, errors, all));
  } else {
    PrintErrors(context, errors);
    for (const Tested& tested : all) PrintErrors(context, tested.failures);
    PrintTested(context, all);
  }
  return passed ? kExitOk : kExitFailed;
}

// Facts of nobody: {as_of, facts}.
absl::StatusOr<policy::Sample> ReadFactsFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::string bytes(model::kFileBytesMax + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  AQ_ASSIGN_OR_RETURN(const model::YamlNode file, model::YamlNode::Parse(path, bytes));
  AQ_ASSIGN_OR_RETURN(const auto keys, file.Keys({"facts"}, {"as_of"}));
  policy::Sample sample;
  sample.name = path;
  AQ_ASSIGN_OR_RETURN(sample.facts, policy::ReadFacts(keys.at("facts")));
  if (const auto it = keys.find("as_of"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(sample.as_of, it->second.Day());
  }
  return sample;
}

absl::StatusOr<model::CivilDate> DayOf(const std::string& as_of, const policy::Sample& sample,
                                       const Clock& clock) {
  if (!as_of.empty()) {
    AQ_ASSIGN_OR_RETURN(const type::v1::CivilDate day, ParseDate("--as-of", as_of));
    if (day.day() == 0) return UsageError("--as-of must be a day such as 2026-03-15");
    return model::CivilDate::FromProto(day);
  }
  return sample.as_of.empty() ? model::CivilDate::At(clock.Now()) : sample.as_of;
}

absl::Status PrintLines(Context& context, const std::vector<std::string>& lines) {
  if (context.json) {
    Struct report;
    for (const std::string& line : lines) {
      ListIn(report, "explanation").add_values()->set_string_value(line);
    }
    return PrintJson(context.out, report);
  }
  for (const std::string& line : lines) {
    const std::size_t indent = line.find_first_not_of(' ');
    context.out << std::string(indent == std::string::npos ? 0 : indent, ' ') << Printable(line)
                << "\n";
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> ExplainCase(Context& context, const PolicyArguments& arguments) {
  hub::v1::EvaluateEligibilityRequest request;
  request.set_case_(ResourceName("cases", arguments.case_name));
  request.add_policies(ResourceName("policies", arguments.policy));
  request.set_explain_for(arguments.reader);
  request.set_language_code(arguments.language);
  if (!arguments.as_of.empty()) {
    AQ_ASSIGN_OR_RETURN(*request.mutable_as_of_date(), ParseDate("--as-of", arguments.as_of));
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::EvaluateEligibilityResponse response;
  AQ_RETURN_IF_ERROR(
      FromRpc(hub::v1::EligibilityService::NewStub(connection.channel())
                  ->EvaluateEligibility(connection.NewCall().get(), request, &response)));
  std::vector<std::string> lines;
  for (const hub::v1::Entitlement& entitlement : response.entitlements()) {
    lines.insert(lines.end(), entitlement.explanation().begin(), entitlement.explanation().end());
  }
  AQ_RETURN_IF_ERROR(PrintLines(context, lines));
  return kExitOk;
}

absl::StatusOr<ExitCode> Explain(Context& context, const PolicyArguments& arguments) {
  if (arguments.facts.empty() == arguments.case_name.empty()) {
    return UsageError("explain needs either --facts or --case");
  }
  if (!arguments.case_name.empty()) return ExplainCase(context, arguments);
  AQ_ASSIGN_OR_RETURN(const policy::Sample sample, ReadFactsFile(arguments.facts.front()));
  AQ_ASSIGN_OR_RETURN(const model::CivilDate day, DayOf(arguments.as_of, sample, *context.clock));
  AQ_ASSIGN_OR_RETURN(const auto files, policy::ReadCatalogueFiles(arguments.directory));
  AQ_ASSIGN_OR_RETURN(const auto catalogue,
                      policy::Catalogue::Parse(files, arguments.jurisdiction));
  AQ_ASSIGN_OR_RETURN(const Content content,
                      ReadWhole(arguments.directory, arguments.jurisdiction));
  const auto it = content.policies.find(arguments.policy);
  if (it == content.policies.end()) {
    return UsageError(absl::StrCat("there is no policy ", arguments.policy));
  }
  journal::v1::EntitlementAnswer answer =
      policy::Answer(it->second, policy::PersonFacts(sample.facts, day));
  answer.set_catalogue_hash(catalogue->hash());
  answer.set_jurisdiction(catalogue->jurisdiction());
  AQ_RETURN_IF_ERROR(PrintLines(
      context,
      policy::Explain(it->second, answer, arguments.reader,
                      arguments.language == "en" ? policy::Language::kEn : policy::Language::kZh)));
  return kExitOk;
}

const char* KindName(policy::Difference::Kind kind) {
  switch (kind) {
    case policy::Difference::Kind::kAdded:
      return "added 新增";
    case policy::Difference::Kind::kRemoved:
      return "removed 删除";
    case policy::Difference::Kind::kChanged:
      return "changed 变更";
  }
  return "";
}

absl::Status PrintDiffAsJson(Context& context, const std::vector<policy::Difference>& differences,
                             const std::vector<policy::AnswerChange>& changes) {
  Struct report;
  for (const policy::Difference& difference : differences) {
    Struct& row = *ListIn(report, "differences").add_values()->mutable_struct_value();
    Set(row, "policy", difference.policy);
    const std::string kind = KindName(difference.kind);
    Set(row, "kind", kind.substr(0, kind.find(' ')));
    Set(row, "part", difference.part);
    Set(row, "before", difference.before);
    Set(row, "after", difference.after);
  }
  for (const policy::AnswerChange& change : changes) {
    Struct& row = *ListIn(report, "answers").add_values()->mutable_struct_value();
    Set(row, "sample", change.sample);
    Set(row, "policy", change.policy);
    Set(row, "before", change.before);
    Set(row, "after", change.after);
    SetFlag(row, "gains", change.gains);
    SetFlag(row, "loses", change.loses);
  }
  return PrintJson(context.out, report);
}

void PrintDiff(Context& context, const std::vector<policy::Difference>& differences,
               const std::vector<policy::AnswerChange>& changes) {
  Table table({{"POLICY 政策"}, {"WHAT 变化"}, {"PART 部分"}, {"BEFORE 原"}, {"AFTER 新"}});
  for (const policy::Difference& difference : differences) {
    table.AddRow({difference.policy, KindName(difference.kind), OrDash(difference.part),
                  OrDash(difference.before), OrDash(difference.after)});
  }
  table.Print(context.out);
  Table answers({{"WHOSE 何人"}, {"POLICY 政策"}, {"BEFORE 原"}, {"AFTER 新"}, {""}});
  for (const policy::AnswerChange& change : changes) {
    answers.AddRow({change.sample, change.policy, change.before, change.after,
                    change.gains   ? "gains 获得"
                    : change.loses ? "loses 失去"
                                   : ""});
  }
  context.out << "\n";
  answers.Print(context.out);
}

absl::StatusOr<ExitCode> Diff(Context& context, const PolicyArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const Content before, ReadWhole(arguments.directory, arguments.jurisdiction));
  AQ_ASSIGN_OR_RETURN(const Content after,
                      ReadWhole(arguments.other_directory, arguments.jurisdiction));
  std::vector<policy::Sample> samples;
  for (const std::string& path : arguments.facts) {
    AQ_ASSIGN_OR_RETURN(policy::Sample sample, ReadFactsFile(path));
    AQ_ASSIGN_OR_RETURN(sample.as_of, DayOf(arguments.as_of, sample, *context.clock));
    samples.push_back(std::move(sample));
  }
  if (samples.empty()) samples = policy::SamplesOf(before.policies, after.policies);
  const auto differences = policy::Differences(before.policies, after.policies);
  const auto changes = policy::AnswerChanges(before.policies, after.policies, samples);
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintDiffAsJson(context, differences, changes));
  } else {
    PrintDiff(context, differences, changes);
  }
  return kExitOk;
}

// What the entitlement watch noted in an entry.
absl::StatusOr<ExitCode> RecomputeEntry(Context& context, store::Store& store,
                                        store::Sequence sequence) {
  ProgressBar bar(context.err, context.show_progress, "rebuilding 重建");
  const auto notes =
      engine::RecomputeNotes(store, sequence, [&](store::Sequence done, store::Sequence total) {
        bar.Update(done, total, absl::StrCat(total, " entries"));
        return true;
      });
  bar.Clear();
  if (!notes.ok()) return notes.status();
  bool equal = true;
  Table table({{"POLICY 政策"}, {"STORED 原"}, {"AGAIN 重算"}, {"EQUAL 一致"}});
  for (const engine::RecomputedNote& note : *notes) {
    equal = equal && note.equal;
    table.AddRow({note.stored.policy(), EnumText(note.stored.result()),
                  EnumText(note.recomputed.result()), YesNo(note.equal)});
  }
  if (context.json) {
    Struct report;
    SetFlag(report, "equal", equal);
    Set(report, "entry", static_cast<double>(sequence));
    AQ_RETURN_IF_ERROR(PrintJson(context.out, report));
  } else {
    table.Print(context.out);
  }
  return equal ? kExitOk : kExitDifferent;
}

absl::StatusOr<ExitCode> Recompute(Context& context, const PolicyArguments& arguments) {
  std::string referral = arguments.referral;
  if (referral.rfind("referrals/", 0) == 0) referral = referral.substr(sizeof("referrals/") - 1);
  absl::string_view name = arguments.referral;
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                      OpenSealedDirectory(arguments.data, arguments.files, true));
  if (store::Sequence entry = 0; absl::ConsumePrefix(&name, "entries/")) {
    if (!absl::SimpleAtoi(name, &entry)) {
      return absl::InvalidArgumentError("entries/ is followed by a number");
    }
    return RecomputeEntry(context, *store, entry);
  }
  ProgressBar bar(context.err, context.show_progress, "rebuilding 重建");
  absl::StatusOr<engine::RecomputedAnswer> answer =
      engine::RecomputeReferral(*store, referral, [&](store::Sequence done, store::Sequence total) {
        bar.Update(done, total, absl::StrCat(total, " entries"));
        return true;
      });
  bar.Clear();
  if (!answer.ok()) return answer.status();
  const std::string as_of = DateText(answer->stored.as_of_date());
  if (context.json) {
    Struct report;
    SetFlag(report, "equal", answer->equal);
    Set(report, "entry", static_cast<double>(answer->sequence));
    Set(report, "policy", answer->stored.policy());
    Set(report, "catalogue", answer->stored.catalogue_hash());
    Set(report, "asOf", as_of);
    AQ_RETURN_IF_ERROR(PrintJson(context.out, report));
  } else {
    PrintPairs(context.out, {{"equal 一致", YesNo(answer->equal)},
                             {"entry 记录", absl::StrCat(answer->sequence)},
                             {"policy 政策", answer->stored.policy()},
                             {"catalogue 政策目录", answer->stored.catalogue_hash()},
                             {"as of 日期", as_of}});
  }
  return answer->equal ? kExitOk : kExitDifferent;
}

constexpr char kJurisdiction[] =
    "Division code whose profiles apply (default: national values only)";

void AddExplain(CLI::App* group, Action& chosen) {
  auto arguments = std::make_shared<PolicyArguments>();
  arguments->directory = "hub/policies";
  CLI::App* explain =
      group->add_subcommand("explain", "Say how a policy answers for given facts or for a case");
  explain->add_option("policy", arguments->policy, "Id of the policy")->required();
  explain->add_option("--catalogue", arguments->directory,
                      "With --facts: directory of the policies (default: hub/policies)");
  explain->add_option("--facts", arguments->facts, "YAML file with facts and as_of")->expected(1);
  explain->add_option("--case", arguments->case_name, "cases/... of the hub");
  explain->add_option("--as-of", arguments->as_of,
                      "As of this day (default: the file's, or today)");
  explain
      ->add_option("--for", arguments->reader,
                   "caseworker (default), or a recipient: civil_affairs, employment, tax")
      ->check(CLI::IsMember({"caseworker", "civil_affairs", "employment", "tax"}));
  explain->add_option("--language", arguments->language, "zh (default) or en")
      ->check(CLI::IsMember({"zh", "en"}));
  explain->add_option("--jurisdiction", arguments->jurisdiction,
                      absl::StrCat("With --facts: ", kJurisdiction));
  OnChosen(explain, chosen, arguments, Explain);
}

}  // namespace

void AddPolicyCommands(CLI::App& app, Action& chosen) {
  CLI::App* group = app.add_subcommand("policy", "Check, test, explain and compare policies");
  group->require_subcommand(1);
  auto arguments = std::make_shared<PolicyArguments>();
  CLI::App* check = group->add_subcommand(
      "check", "Load a directory of policies and name every error; exit code 5 if there is one");
  check->add_option("directory", arguments->directory, "Directory of the policies")->required();
  OnChosen(check, chosen, arguments, Check);

  CLI::App* test = group->add_subcommand(
      "test",
      "Run the policies' own tests and say what they leave out; exit code 5 if one fails or "
      "something is left out");
  test->add_option("directory", arguments->directory, "Directory of the policies")->required();
  test->add_option("--policy", arguments->policy, "Only this policy");
  OnChosen(test, chosen, arguments, Test);

  AddExplain(group, chosen);

  CLI::App* diff = group->add_subcommand("diff", "Compare two directories of policies");
  diff->add_option("before", arguments->directory, "The old policies")->required();
  diff->add_option("after", arguments->other_directory, "The new policies")->required();
  diff->add_option(
      "--facts", arguments->facts,
      "YAML files with facts and as_of, whose answers are compared (default: the tests "
      "of both)");
  diff->add_option("--as-of", arguments->as_of, "As of this day (default: the file's, or today)");
  diff->add_option("--jurisdiction", arguments->jurisdiction, kJurisdiction);
  OnChosen(diff, chosen, arguments, Diff);

  CLI::App* recompute = group->add_subcommand(
      "recompute",
      "Answer again what a referral was drafted with, or what the entitlement watch noted, from "
      "the journal; exit code 4 if it differs");
  recompute
      ->add_option("referral", arguments->referral,
                   "referrals/... or the part after it, or entries/<number> of a notice")
      ->required();
  recompute->add_option("--data", arguments->data, "Data directory or backup that no hub has open")
      ->required();
  AddSealOptions(recompute, arguments->files, true);
  OnChosen(recompute, chosen, arguments, Recompute);
}

}  // namespace anqiao::ctl
