// Two worlds that differ only in what the police hand in: the steps that both share, and each
// side's payloads of the police between them. One seed is one pair, exactly.

#ifndef ANQIAO_TESTS_HUB_ENGINE_OUTWARD_SCRIPT_H_
#define ANQIAO_TESTS_HUB_ENGINE_OUTWARD_SCRIPT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hub/referral/machine.h"

namespace anqiao::engine {

// Deterministic and cheap to begin anew (splitmix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::size_t Choose(std::size_t count) { return Next() % count; }
  bool OneIn(std::size_t count) { return Choose(count) == 0; }

 private:
  std::uint64_t state_;
};

struct ScriptedPayload {
  std::string agency, format, text;
};

// A record of an agency's, by which a person or a proof is asked for.
struct RecordName {
  std::string agency, format, key;
};

struct Step {
  enum class Kind {
    kSubmit,  // payload
    kCreate,  // subject, policy, details, perhaps agency, provider, post: a draft, in the next slot
    kSend,    // referral
    kSendNext,     // referral: what the hub drafted in its place, from then on in its slot
    kMove,         // referral, action, reason
    kReceive,      // agency: takes what waits, acknowledges, refuses or keeps it
    kAnswer,       // agency: answers something that it has received
    kProve,        // subject
    kLogHead,      // agency
    kCorrections,  // agency: of its last payload
    kCare,         // subject: joins a team, is reported, moves, as far as the police's records let
    kWait,         // the clock goes on
  };

  Kind kind = Kind::kWait;
  ScriptedPayload payload;
  RecordName subject;
  std::string agency, policy, reason, provider, post;
  std::map<std::string, std::string> details;
  std::size_t referral = 0;
  referral::Action action = referral::Action::kCancel;
  // Decides what the recipient makes of what it sees.
  std::uint64_t choice = 0;
};

struct Pair {
  std::uint64_t seed = 0;
  std::vector<Step> steps;
  // What the police hand in before each step and after the last; on either side.
  std::array<std::vector<std::vector<ScriptedPayload>>, 2> police;
};

Pair MakePair(std::uint64_t seed);

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_OUTWARD_SCRIPT_H_
