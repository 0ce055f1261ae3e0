#include "hub/ctl/progress.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "hub/ctl/table.h"

namespace anqiao::ctl {
namespace {

constexpr std::size_t kBarWidth = 30;
constexpr std::uint64_t kCountStep = 1000;

}  // namespace

ProgressBar::ProgressBar(std::ostream& out, bool enabled, std::string label)
    : out_(out), enabled_(enabled), label_(Printable(label)) {}

ProgressBar::~ProgressBar() { Clear(); }

void ProgressBar::Update(std::uint64_t done, std::uint64_t total, const std::string& unit) {
  if (!enabled_) return;
  std::string line;
  if (total == 0) {
    line = absl::StrCat(label_, "  ", done - done % kCountStep, "+ ", unit);
  } else {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const auto filled = static_cast<std::size_t>(share * kBarWidth);
    line =
        absl::StrFormat("%s  [%s%s] %3d%% %s", label_, std::string(filled, '#'),
                        std::string(kBarWidth - filled, '.'), static_cast<int>(share * 100), unit);
  }
  if (line == shown_) return;
  shown_ = line;
  out_ << "\r\x1b[K" << line << std::flush;
}

void ProgressBar::Clear() {
  if (shown_.empty()) return;
  shown_.clear();
  out_ << "\r\x1b[K" << std::flush;
}

}  // namespace anqiao::ctl
