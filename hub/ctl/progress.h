// A progress bar on one line of a terminal. Draws only when what it shows changes; silent when it
// is not enabled.

#ifndef ANQIAO_HUB_CTL_PROGRESS_H_
#define ANQIAO_HUB_CTL_PROGRESS_H_

#include <cstdint>
#include <ostream>
#include <string>

namespace anqiao::ctl {

class ProgressBar {
 public:
  ProgressBar(std::ostream& out, bool enabled, std::string label);
  // Clears the line.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // "total" 0: not known, only the count is shown.
  void Update(std::uint64_t done, std::uint64_t total, const std::string& unit);
  void Clear();

 private:
  std::ostream& out_;
  const bool enabled_;
  const std::string label_;
  std::string shown_;
};

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_PROGRESS_H_
