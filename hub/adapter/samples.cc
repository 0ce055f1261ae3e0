#include "hub/adapter/samples.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::adapter {
namespace {

constexpr std::size_t kSamplesMax = 1000;
constexpr std::size_t kSampleBytesMax = std::size_t{16} << 20;

absl::Status BadSample(absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable, message);
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return BadSample(absl::StrCat(path.string(), ": cannot be read"));
  if (size > kSampleBytesMax) {
    return BadSample(absl::StrCat(path.string(), ": more than ", kSampleBytesMax, " bytes"));
  }
  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) return BadSample(absl::StrCat(path.string(), ": cannot be read"));
  return bytes;
}

absl::StatusOr<Sample> ReadSample(const std::filesystem::path& path) {
  Sample sample;
  sample.name = path.stem().string();
  AQ_ASSIGN_OR_RETURN(sample.payload, ReadFile(path));
  std::filesystem::path expected = path;
  expected.replace_extension(".expected");
  AQ_ASSIGN_OR_RETURN(const std::string text, ReadFile(expected));
  absl::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    absl::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line == "---") break;
    if (absl::ConsumePrefix(&line, "format: ")) {
      sample.format = std::string(line);
    } else if (absl::ConsumePrefix(&line, "file: ")) {
      sample.file_name = std::string(line);
    } else {
      return BadSample(
          absl::StrCat(expected.string(), ": expected \"format: \", \"file: \" or \"---\""));
    }
  }
  sample.expected = std::string(rest);
  if (sample.format.empty()) {
    return BadSample(absl::StrCat(expected.string(), ": does not name the format"));
  }
  return sample;
}

std::string DescribeRecord(const v1::Record& record) {
  absl::string_view kind = v1::RecordKind_Name(record.kind());
  absl::ConsumePrefix(&kind, "RECORD_KIND_");
  std::string out =
      absl::StrCat("record ", kind, " key=", record.key(), " row=", record.row(),
                   " byte=", record.byte_offset(), record.removed() ? " removed" : "", "\n");
  for (const v1::FieldValue& value : record.values()) {
    absl::string_view field = v1::Field_Name(value.field());
    absl::ConsumePrefix(&field, "FIELD_");
    absl::StrAppend(&out, "  ", field, " = ", value.value());
    if (value.column() != 0 || !value.native_field().empty()) {
      absl::StrAppend(&out, "  [");
      if (value.column() != 0) absl::StrAppend(&out, value.column(), " ");
      absl::StrAppend(&out, value.native_field(), "]");
    }
    absl::StrAppend(&out, "\n");
  }
  return out;
}

std::string DescribeDiagnostic(const Diagnostic& diagnostic) {
  static constexpr absl::string_view kSeverities[] = {"warning", "refused", "payload refused"};
  return absl::StrCat(kSeverities[static_cast<int>(diagnostic.severity)], " ", diagnostic.reason,
                      " row=", diagnostic.row, " column=", diagnostic.column,
                      " field=", diagnostic.field, " byte=", diagnostic.byte_offset, ": ",
                      diagnostic.message, "\n");
}

// The first line in which two texts differ, from 1.
struct Difference {
  std::size_t line = 0;
  std::string first, second;
};

Difference FirstDifference(absl::string_view first, absl::string_view second) {
  const std::vector<absl::string_view> a = absl::StrSplit(first, '\n');
  const std::vector<absl::string_view> b = absl::StrSplit(second, '\n');
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  const auto line = [i](const std::vector<absl::string_view>& lines) {
    return i < lines.size() ? std::string(lines[i]) : std::string("(nothing more)");
  };
  return {i + 1, line(a), line(b)};
}

}  // namespace

absl::StatusOr<std::vector<Sample>> ReadSamples(const std::string& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".in") paths.push_back(it->path());
  }
  if (error) return BadSample(absl::StrCat(directory, ": ", error.message()));
  if (paths.empty() || paths.size() > kSamplesMax) {
    return BadSample(
        absl::StrCat(directory, ": expected 1 to ", kSamplesMax, " samples, found ", paths.size()));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Sample> samples;
  for (const std::filesystem::path& path : paths) {
    AQ_ASSIGN_OR_RETURN(Sample sample, ReadSample(path));
    samples.push_back(std::move(sample));
  }
  return samples;
}

std::string DescribeDecode(AdapterInstance& instance, absl::string_view format,
                           absl::string_view payload, absl::string_view file_name) {
  std::string out;
  const DecodeSink sink = {
      [&out](v1::Record record) { absl::StrAppend(&out, DescribeRecord(record)); },
      [&out](Diagnostic diagnostic) { absl::StrAppend(&out, DescribeDiagnostic(diagnostic)); }};
  const absl::Status status = instance.Decode(format, payload, file_name, sink);
  absl::StrAppend(&out, "status ", absl::StatusCodeToString(status.code()),
                  status.ok() ? "" : absl::StrCat(" ", ReasonOf(status)), "\n");
  return out;
}

absl::Status RunSample(AdapterInstance& instance, const Sample& sample) {
  const auto describe = [&] {
    return DescribeDecode(instance, sample.format, sample.payload, sample.file_name);
  };
  if (absl::StripAsciiWhitespace(sample.expected).empty()) {
    return BadSample(
        absl::StrCat("sample ", sample.name,
                     " has no expectation yet: \"anqiaoctl adapter test DIR --accept\" "
                     "writes it, and you read it"));
  }
  const std::string actual = describe();
  if (actual != sample.expected) {
    const Difference difference = FirstDifference(sample.expected, actual);
    return BadSample(absl::StrCat("sample ", sample.name, " differs in line ", difference.line,
                                  " of what is expected: expected \"", difference.first,
                                  "\", found \"", difference.second, "\""));
  }
  const std::string again = describe();
  if (again == actual) return absl::OkStatus();
  const Difference difference = FirstDifference(actual, again);
  return BadSample(absl::StrCat("sample ", sample.name, " is not decoded the same way twice: line ",
                                difference.line, " is first \"", difference.first, "\", then \"",
                                difference.second, "\""));
}

}  // namespace anqiao::adapter
