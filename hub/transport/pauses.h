// Pauses between attempts: each twice as long as the one before, up to the greatest, less a random
// quarter, so that those who wait for the same thing do not all come at once.
//
// Thread-compatible.

#ifndef ANQIAO_HUB_TRANSPORT_PAUSES_H_
#define ANQIAO_HUB_TRANSPORT_PAUSES_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>

#include "absl/time/time.h"

namespace anqiao::transport {

class Pauses {
 public:
  Pauses(absl::Duration first, absl::Duration most, std::uint32_t seed)
      : first_(first), most_(most), random_(seed) {}

  absl::Duration Next() {
    const absl::Duration pause = std::min(most_, first_ * (1 << std::min(taken_++, kDoublingsMax)));
    return pause * std::uniform_real_distribution<double>(0.75, 1.0)(random_);
  }
  // Since it went well last.
  int taken() const { return taken_; }
  // It goes well; true if it did not before.
  bool Reset() { return std::exchange(taken_, 0) > 0; }

 private:
  static constexpr int kDoublingsMax = 16;

  const absl::Duration first_, most_;
  std::mt19937 random_;
  int taken_ = 0;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_PAUSES_H_
