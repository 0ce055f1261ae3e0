#include "hub/transport/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/errors.h"

namespace anqiao::transport {
namespace {

constexpr std::size_t kTokenBytesMax = 2048;

absl::Status UnusableToken(const std::string& path, absl::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
               absl::StrCat("the token file ", path, " ", why))
      .Meta("path", path);
}

// RFC 6750.
bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-._~+/=", c);
  });
}

}  // namespace

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return UnusableToken(path, "cannot be opened");
  const absl::Cleanup close_it = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
    return UnusableToken(path, "is no plain file");
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return UnusableToken(path, "belongs to another user");
  const mode_t mode = info.st_mode & 07777;
  if (mode != 0400 && mode != 0600) {
    return UnusableToken(path, "must have mode 0400 or 0600, so that nobody else reads it");
  }
  std::string text(kTokenBytesMax + 2, '\0');
  const ssize_t got = read(fd, text.data(), text.size());
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  const absl::string_view token = absl::StripTrailingAsciiWhitespace(text);
  if (token.size() > kTokenBytesMax || !IsToken(token)) {
    return UnusableToken(
        path, absl::StrCat("must hold a bearer token of at most ", kTokenBytesMax, " characters"));
  }
  return std::string(token);
}

}  // namespace anqiao::transport
