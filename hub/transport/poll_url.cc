#include "hub/transport/poll_url.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "hub/rpc/listener.h"

namespace anqiao::transport {
namespace {

constexpr std::size_t kUrlBytesMax = 1000;
constexpr std::size_t kHostBytesMax = 253;
constexpr int kHttps = 443;
constexpr int kHttp = 80;

absl::Status Malformed(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("must be https://host[:port]/path: ", why));
}

bool IsHost(absl::string_view host, bool bracketed) {
  return !host.empty() && host.size() <= kHostBytesMax &&
         std::all_of(host.begin(), host.end(), [bracketed](char c) {
           const auto u = static_cast<unsigned char>(c);
           return absl::ascii_isalnum(u) || c == '.' || (bracketed ? c == ':' : c == '-');
         });
}

bool IsTarget(absl::string_view target) {
  return std::all_of(target.begin(), target.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) &&
           !absl::StrContains("\"<>\\^`{|}#", c);
  });
}

}  // namespace

std::string PollUrl::authority() const {
  const std::string name = absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : host;
  return port == (tls ? kHttps : kHttp) ? name : absl::StrCat(name, ":", port);
}

absl::StatusOr<PollUrl> PollUrl::Parse(absl::string_view text, bool insecure_loopback) {
  PollUrl url;
  if (text.size() > kUrlBytesMax) return Malformed("it is too long");
  if (insecure_loopback && absl::ConsumePrefix(&text, "http://")) {
    url.tls = false;
  } else if (!absl::ConsumePrefix(&text, "https://")) {
    return Malformed("it does not begin with https://");
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  absl::string_view place = text.substr(0, slash);
  url.target = slash < text.size() ? std::string(text.substr(slash)) : "/";
  if (!IsTarget(url.target)) return Malformed("the path must be percent-encoded ASCII");
  const bool bracketed = absl::StartsWith(place, "[");
  const std::size_t end = bracketed ? place.find(']') : std::min(place.find(':'), place.size());
  if (end == absl::string_view::npos) return Malformed("the address has no end");
  const absl::string_view host = bracketed ? place.substr(1, end - 1) : place.substr(0, end);
  if (!IsHost(host, bracketed)) return Malformed("the host is no name and no address");
  url.host = std::string(host);
  place.remove_prefix(bracketed ? end + 1 : end);
  url.port = url.tls ? kHttps : kHttp;
  if (!place.empty() && (!absl::ConsumePrefix(&place, ":") || !absl::SimpleAtoi(place, &url.port) ||
                         url.port < 1 || url.port > 65535)) {
    return Malformed("the port must be a number from 1 to 65535");
  }
  if (!url.tls &&
      !rpc::IsLoopback(absl::StrCat(bracketed ? absl::StrCat("[", host, "]") : host, ":1"))) {
    return Malformed("http is for loopback addresses only");
  }
  return url;
}

}  // namespace anqiao::transport
