// adapter test, adapter new; the rest of adapter is in adapter_operations.cc.

#include <google/protobuf/struct.pb.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "hub/adapter/scaffold/scaffold.h"
#include "hub/adapter/test_kit/test_kit.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

using test_kit::CheckResult;

constexpr char kAdapterFooter[] =
    "\n"
    "From a sample to records in the hub (hub/doc/adapters.md, or share/doc/anqiao/adapters.md):\n"
    "  anqiaoctl adapter new night_school --from list.csv --encoding gb18030 --format courses\n"
    "  cmake -S night_school -B night_school/build && cmake --build night_school/build\n"
    "  anqiaoctl adapter test night_school --accept      then read samples/first.expected\n"
    "  anqiaoctl adapter test night_school\n"
    "  anqiaoctl --certs certs --as ops adapter load night_school --library FILE --samples DIR\n"
    "  anqiaoctl --certs certs --as ops adapter reload night_school\n"
    "  anqiaoctl --certs certs --agency night_school submit --format courses list.csv\n";

struct TestArguments {
  std::string path, samples, format, save;
  double seconds = 30;
  double call_seconds = 5;
  std::uint64_t seed = 1;
  std::uint64_t payloads = 0;
  bool accept = false;
};

absl::StatusOr<test_kit::Options> OptionsOf(const TestArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(test_kit::Options options, test_kit::Locate(arguments.path));
  if (!arguments.samples.empty()) options.samples_directory = arguments.samples;
  if (options.samples_directory.empty()) {
    return UsageError("say where the samples are: --samples DIR");
  }
  // Checks run in other folders.
  std::error_code ignored;
  options.library = std::filesystem::absolute(options.library, ignored).string();
  options.format = arguments.format;
  options.fuzz = absl::Seconds(arguments.seconds);
  options.seed = arguments.seed;
  options.fuzz_payloads_max = arguments.payloads;
  options.save_directory = arguments.save;
  options.limits.call = absl::Seconds(arguments.call_seconds);
  return options;
}

const char* VerdictText(CheckResult::Verdict verdict) {
  switch (verdict) {
    case CheckResult::Verdict::kPassed:
      return "passed 通过";
    case CheckResult::Verdict::kFailed:
      return "FAILED 不通过";
    case CheckResult::Verdict::kSkipped:
      return "skipped 略过";
  }
  return "-";
}

absl::Status PrintResultsAsJson(std::ostream& out, const test_kit::Options& options,
                                const std::vector<CheckResult>& results, bool passed) {
  static constexpr const char* kVerdicts[] = {"PASSED", "FAILED", "SKIPPED"};
  google::protobuf::Struct report;
  auto& fields = *report.mutable_fields();
  fields["library"].set_string_value(Printable(options.library));
  fields["samples"].set_string_value(Printable(options.samples_directory));
  fields["passed"].set_bool_value(passed);
  for (const CheckResult& result : results) {
    auto& check = *fields["checks"]
                       .mutable_list_value()
                       ->add_values()
                       ->mutable_struct_value()
                       ->mutable_fields();
    check["name"].set_string_value(result.name);
    check["result"].set_string_value(kVerdicts[static_cast<int>(result.verdict)]);
    check["seconds"].set_number_value(absl::ToDoubleSeconds(result.took));
    if (!result.figures.empty()) check["figures"].set_string_value(Printable(result.figures));
    if (!result.message.empty()) check["message"].set_string_value(Printable(result.message));
    if (!result.input_file.empty()) check["inputFile"].set_string_value(result.input_file);
  }
  return PrintJson(out, report);
}

void PrintResults(std::ostream& out, const std::vector<CheckResult>& results) {
  Table table(
      {{"CHECK 检查"}, {"RESULT 结果"}, {"SECONDS 秒", Table::Align::kRight}, {"FIGURES 数据"}});
  for (const CheckResult& result : results) {
    const bool skipped = result.verdict == CheckResult::Verdict::kSkipped;
    table.AddRow({result.name, VerdictText(result.verdict),
                  absl::StrCat(static_cast<double>(result.took / absl::Milliseconds(100)) / 10),
                  skipped ? result.message : OrDash(result.figures)});
  }
  table.Print(out);
  for (const CheckResult& result : results) {
    if (result.verdict != CheckResult::Verdict::kFailed) continue;
    out << "\n" << result.name << ": " << Printable(result.message) << "\n";
    if (!result.input_file.empty()) {
      out << "  the input that shows it 输入: " << Printable(result.input_file) << "\n";
    }
  }
}

absl::StatusOr<ExitCode> Accept(Context& context, const test_kit::Options& options) {
  AQ_ASSIGN_OR_RETURN(const std::vector<std::string> changed, test_kit::AcceptSamples(options));
  if (context.json) {
    google::protobuf::Struct report;
    auto& list = *(*report.mutable_fields())["changed"].mutable_list_value();
    for (const std::string& path : changed) list.add_values()->set_string_value(Printable(path));
    AQ_RETURN_IF_ERROR(PrintJson(context.out, report));
    return kExitOk;
  }
  for (const std::string& path : changed) context.out << Printable(path) << "\n";
  context.out << changed.size() << " changed; read them before you commit them 请核对\n";
  return kExitOk;
}

absl::StatusOr<ExitCode> Test(Context& context, const TestArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const test_kit::Options options, OptionsOf(arguments));
  if (arguments.accept) return Accept(context, options);
  bool passed = true;
  AQ_ASSIGN_OR_RETURN(const std::vector<CheckResult> results,
                      test_kit::Run(options, [&](const CheckResult& result) {
                        passed = passed && result.verdict != CheckResult::Verdict::kFailed;
                        if (context.show_progress) context.err << result.name << "\n";
                      }));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintResultsAsJson(context.out, options, results, passed));
  } else {
    PrintResults(context.out, results);
  }
  return passed ? kExitOk : kExitFailed;
}

void AddTest(CLI::App* adapter, Action& chosen) {
  CLI::App* test =
      adapter->add_subcommand("test", "Put an adapter through the test kit; needs no hub");
  auto arguments = std::make_shared<TestArguments>();
  test->add_option("path", arguments->path,
                   "Library, or an adapter's folder with samples/ and the library in it")
      ->required();
  test->add_option(
      "--samples", arguments->samples,
      "Folder of the samples (default: samples/ beside the library, or up to two folders up)");
  test->add_option("--format", arguments->format, "Only samples of this format");
  test->add_option("--seconds", arguments->seconds, "How long damaged payloads are tried")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  test->add_option("--call-seconds", arguments->call_seconds,
                   "Processor time that one call may take; it may wait six times as long")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  test->add_option("--payloads", arguments->payloads,
                   "How many damaged payloads are tried at most (default: as many as time allows)");
  test->add_option("--seed", arguments->seed, "Of the damage; the same gives the same")
      ->capture_default_str();
  test->add_option("--save", arguments->save,
                   "Folder for inputs of failed checks (default: a new one among temporary files)");
  test->add_flag("--accept", arguments->accept,
                 "Instead of testing, write what the adapter makes of its samples as what is "
                 "expected; read it, then commit it");
  OnChosen(test, chosen, arguments, Test);
}

absl::StatusOr<ExitCode> New(Context& context, const scaffold::ScaffoldOptions& options) {
  scaffold::ScaffoldOptions completed = options;
  if (completed.directory.empty()) completed.directory = options.name;
  AQ_ASSIGN_OR_RETURN(const scaffold::Scaffolded made, scaffold::ScaffoldAdapter(completed));
  if (context.json) {
    google::protobuf::Struct report;
    auto& fields = *report.mutable_fields();
    for (const std::string& path : made.files) {
      fields["files"].mutable_list_value()->add_values()->set_string_value(Printable(path));
    }
    fields["kind"].set_string_value(made.kind);
    fields["columns"].set_number_value(static_cast<double>(made.columns));
    fields["placed"].set_number_value(static_cast<double>(made.placed));
    fields["decisions"].set_number_value(static_cast<double>(made.decisions));
    fields["sample"].set_string_value(made.shape);
    for (const std::string& note : made.notes) {
      fields["notes"].mutable_list_value()->add_values()->set_string_value(Printable(note));
    }
    AQ_RETURN_IF_ERROR(PrintJson(context.out, report));
    return kExitOk;
  }
  for (const std::string& path : made.files) context.out << Printable(path) << "\n";
  PrintPairs(context.out,
             {{"sample 样本", made.shape},
              {"kind of record 记录种类", made.kind},
              {"columns placed 已识别列", absl::StrCat(made.placed, " of ", made.columns)},
              {"to decide 待定 (DECIDE)", absl::StrCat(made.decisions)}});
  for (const std::string& note : made.notes) context.out << "- " << Printable(note) << "\n";
  context.out
      << "The sample's rows were not copied: samples/first.in is made up in its shape 样例为虚构.\n"
      << "Next: look for DECIDE in " << Printable(completed.directory) << "/" << completed.name
      << ".cc, then cmake -S " << Printable(completed.directory) << " -B "
      << Printable(completed.directory) << "/build\n";
  return kExitOk;
}

void AddNew(CLI::App* adapter, Action& chosen) {
  CLI::App* command = adapter->add_subcommand(
      "new", "Write a new adapter from a sample of what the agency sends; needs no hub");
  auto options = std::make_shared<scaffold::ScaffoldOptions>();
  command->add_option("name", options->name, "Its name, such as night_school")->required();
  command
      ->add_option(
          "--from", options->sample,
          "The sample: CSV or other delimited text, fixed width, XML, JSON, JSON lines, XLSX")
      ->required();
  command->add_option("--encoding", options->encoding,
                      "gb18030, gbk, gb2312 or utf-8 (default: found out)");
  command->add_option("--format", options->format, "Name of its format (default: records)");
  command->add_option("--dir", options->directory, "Folder to make (default: NAME)");
  command->add_option("--header-row", options->header_row,
                      "Row of the header (default: found out)");
  command
      ->add_option("--header-rows", options->header_rows, "Its rows, 1 or 2 (default: found out)")
      ->check(CLI::Range(1, 2));
  command->add_option("--widths", options->widths,
                      "Fixed width: names and widths in bytes, such as 姓名=30,身份证号码=18,8");
  command->add_option("--sheet", options->sheet, "Sheet of a workbook (default: the first)");
  OnChosen(command, chosen, options, New);
}

}  // namespace

void AddAdapterCommands(CLI::App& app, Action& chosen) {
  CLI::App* adapter =
      app.add_subcommand("adapter", "Write and test adapters, look after those of the agencies");
  adapter->require_subcommand(1);
  adapter->footer(kAdapterFooter);  // its commands take it over
  AddAdapterOperations(adapter, chosen);
  AddTest(adapter, chosen);
  AddNew(adapter, chosen);
}

}  // namespace anqiao::ctl
