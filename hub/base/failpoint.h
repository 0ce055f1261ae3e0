// Places where a test may end the process, or look: every boundary of commit and acknowledgement.
//
//   Failpoint::Hit(failpoint::kBeforeAppend);
//
// Does nothing, at the price of one relaxed load, unless a test installed a handler. Thread-safe.

#ifndef ANQIAO_HUB_BASE_FAILPOINT_H_
#define ANQIAO_HUB_BASE_FAILPOINT_H_

#include <atomic>
#include <vector>

namespace anqiao {

namespace failpoint {
inline constexpr char kCaughtUp[] = "engine.caught_up";
inline constexpr char kActivated[] = "engine.activated";
inline constexpr char kBeforeAppend[] = "commit.before_append";
inline constexpr char kAfterAppend[] = "commit.after_append";
inline constexpr char kBetweenAnswers[] = "commit.between_answers";
inline constexpr char kAfterAnswers[] = "commit.after_answers";
inline constexpr char kBeforeApply[] = "project.before_apply";
inline constexpr char kAfterApply[] = "project.after_apply";
inline constexpr char kBeforeCommand[] = "command.before_commit";
inline constexpr char kAfterCommand[] = "command.after_commit";
inline constexpr char kBeforeAck[] = "delivery.before_ack";
inline constexpr char kAfterAck[] = "delivery.after_ack";
}  // namespace failpoint

// All of them.
const std::vector<const char*>& AllFailpoints();

class Failpoint {
 public:
  using Handler = void (*)(const char* name);

  // "name" is one of the above.
  static void Hit(const char* name) {
    if (const Handler handler = handler_.load(std::memory_order_relaxed)) handler(name);
  }

 private:
  friend void SetFailpointHandlerForTest(Handler handler);
  static std::atomic<Handler> handler_;
};

// Null removes it. The handler is called on any thread.
void SetFailpointHandlerForTest(Failpoint::Handler handler);

}  // namespace anqiao

#endif  // ANQIAO_HUB_BASE_FAILPOINT_H_
