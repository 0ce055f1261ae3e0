#include "hub/transport/poll_state.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace anqiao::transport {
namespace {

constexpr std::size_t kFileBytesMax = 4096;
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kStoredValidatorBytesMax = 256;

bool IsHash(const std::string& text) {
  return text.empty() ||
         (text.size() == kHashDigits && std::all_of(text.begin(), text.end(), [](char c) {
            return absl::ascii_isxdigit(static_cast<unsigned char>(c));
          }));
}

bool IsValidator(const std::string& text) {
  return text.size() <= kStoredValidatorBytesMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isprint(static_cast<unsigned char>(c)); });
}

}  // namespace

PollState LoadPollState(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  PollState state;
  std::string success;
  const std::map<std::string, std::string*> known = {{"content", &state.content},
                                                     {"previous", &state.previous},
                                                     {"etag", &state.etag},
                                                     {"last_modified", &state.last_modified},
                                                     {"success", &success}};
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits(' ', 1));
    if (const auto it = known.find(parts.first); it != known.end()) *it->second = parts.second;
  }
  std::string ignored;
  const bool whole = IsHash(state.content) && IsHash(state.previous) && IsValidator(state.etag) &&
                     IsValidator(state.last_modified) &&
                     absl::ParseTime(absl::RFC3339_full, success, &state.success, &ignored);
  return whole ? state : PollState();
}

absl::Status SavePollState(const std::string& path, const PollState& state) {
  const std::string temporary = path + ".new";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << "content " << state.content << "\nprevious " << state.previous << "\netag " << state.etag
       << "\nlast_modified " << state.last_modified << "\nsuccess "
       << absl::FormatTime(absl::RFC3339_full, state.success, absl::UTCTimeZone()) << "\n";
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

}  // namespace anqiao::transport
