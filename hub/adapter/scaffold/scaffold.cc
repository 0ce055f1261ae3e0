#include "hub/adapter/scaffold/scaffold.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/adapter/scaffold/alias_table.h"
#include "hub/adapter/scaffold/infer.h"
#include "hub/adapter/scaffold/sample_table.h"
#include "hub/adapter/scaffold/source.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::scaffold {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSampleBytesMax = std::size_t{16} << 20;

absl::Status Unusable(absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable, message);
}

absl::Status CheckName(absl::string_view what, absl::string_view name) {
  const bool good = !name.empty() && name.size() <= 64 && absl::ascii_islower(name[0]) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
                    });
  if (good) return absl::OkStatus();
  return InvalidField(what, "must be lower_snake_case of at most 64 characters");
}

absl::StatusOr<std::string> ReadSample(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return Unusable(absl::StrCat(path, ": ", error.message()));
  if (size > kSampleBytesMax) {
    return Unusable(absl::StrCat(path, ": more than ", kSampleBytesMax,
                                 " bytes; its first thousand rows are enough"));
  }
  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) return Unusable(absl::StrCat(path, ": cannot be read"));
  return bytes;
}

absl::Status CheckColumns(const SampleTable& table) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < table.headers.size(); ++i) {
    if (table.headers[i].empty() || seen.insert(table.headers[i]).second) continue;
    return Error(absl::StatusCode::kInvalidArgument, reason::kPayloadUndecodable,
                 absl::StrCat("column ", i + 1, " has the name of another column"));
  }
  if (!seen.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kInvalidArgument, reason::kPayloadUndecodable,
               "no column has a name");
}

std::size_t CountOf(absl::string_view text, absl::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != absl::string_view::npos;
       at = text.find(word, at + word.size())) {
    ++count;
  }
  return count;
}

std::vector<std::string> NotesOf(const Plan& plan) {
  std::vector<std::string> notes;
  const auto add = [&](absl::string_view what, const std::string& note) {
    if (!note.empty()) notes.push_back(absl::StrCat(what, ": ", note));
  };
  add("kind", plan.kind_note);
  add("columns", plan.columns_note);
  for (const PlannedColumn& column : plan.columns) add(column.header, column.note);
  add("key", plan.key_note);
  return notes;
}

absl::Status WriteFiles(const fs::path& directory,
                        const std::vector<std::pair<std::string, std::string>>& files,
                        Scaffolded& made) {
  std::error_code error;
  fs::create_directories(directory / "samples", error);
  if (error) return Unusable(absl::StrCat(directory.string(), ": ", error.message()));
  for (const auto& [name, text] : files) {
    const std::string path = (directory / name).string();
    std::ofstream out(path, std::ios::binary);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out.good()) return Unusable(absl::StrCat(path, ": cannot be written"));
    made.files.push_back(path);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Scaffolded> ScaffoldAdapter(const ScaffoldOptions& options) {
  const std::string format = options.format.empty() ? "records" : options.format;
  AQ_RETURN_IF_ERROR(CheckName("name", options.name));
  AQ_RETURN_IF_ERROR(CheckName("format", format));
  std::error_code error;
  if (fs::exists(options.directory, error) && !fs::is_empty(options.directory, error)) {
    return Unusable(absl::StrCat(options.directory, ": is there already and not empty"));
  }
  AQ_ASSIGN_OR_RETURN(const std::string bytes, ReadSample(options.sample));
  AQ_ASSIGN_OR_RETURN(const SampleTable table,
                      ReadSampleTable(bytes, {.encoding = options.encoding,
                                              .header_row = options.header_row,
                                              .header_rows = options.header_rows,
                                              .widths = options.widths,
                                              .sheet = options.sheet}));
  AQ_RETURN_IF_ERROR(CheckColumns(table));
  const Plan plan = MakePlan(table, AliasTable::BuiltIn());
  const std::string source = AdapterSource(options.name, format, table, plan);
  Scaffolded made;
  made.kind = plan.kind;
  made.shape = ShapeText(table);
  made.notes = NotesOf(plan);
  made.columns = plan.columns.size();
  for (const PlannedColumn& column : plan.columns) made.placed += column.field.empty() ? 0 : 1;
  // One is in the heading.
  made.decisions = CountOf(source, "DECIDE") - 1;
  AQ_RETURN_IF_ERROR(
      WriteFiles(options.directory,
                 {{options.name + ".cc", source},
                  {"CMakeLists.txt", BuildFile(options.name)},
                  {"README.md", Readme(options.name, format)},
                  {"samples/first.in", MadeUpSample(table, plan)},
                  {"samples/first.expected", absl::StrCat("format: ", format, "\n---\n")}},
                 made));
  return made;
}

}  // namespace anqiao::scaffold
