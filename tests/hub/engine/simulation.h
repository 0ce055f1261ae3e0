// The engine in one thread, over a simulated store and clock, with simulated agencies, caseworkers
// and faults, held against a model. One seed is one run, exactly.
//
// What must hold is in hub/doc/reliability.md. The model knows what was sent and what was answered,
// and reads the journal; it shares no code with the engine.
//
//   const SimulationResult result = Simulate({.seed = 7, .trace = true});
//   if (!result.violation.empty()) ...

#ifndef ANQIAO_TESTS_HUB_ENGINE_SIMULATION_H_
#define ANQIAO_TESTS_HUB_ENGINE_SIMULATION_H_

#include <cstdint>
#include <string>

namespace anqiao::engine {

enum class Mutant { kNone, kAnswerBeforeSync, kNoSync, kForgetDeliveries, kProjectionReadsClock };

struct SimulationOptions {
  std::uint64_t seed = 1;
  Mutant mutant = Mutant::kNone;
  int actions = 250;
  bool trace = false;  // to stdout
};

struct SimulationResult {
  std::string violation;         // the first; empty if everything held
  std::uint64_t trace_hash = 0;  // of everything that happened, in order
  int crashes = 0, restarts = 0, payloads = 0, commands = 0, deliveries = 0;
  std::uint64_t entries = 0;
};

SimulationResult Simulate(const SimulationOptions& options);

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_SIMULATION_H_
