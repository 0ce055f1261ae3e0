// One side of a pair: the real engine in one thread, over the memory store, and everything that
// leaves it towards the agencies that are not the police.

#ifndef ANQIAO_TESTS_HUB_ENGINE_OUTWARD_WORLD_H_
#define ANQIAO_TESTS_HUB_ENGINE_OUTWARD_WORLD_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "hub/policy/catalogue.h"
#include "tests/hub/engine/outward_leaks.h"
#include "tests/hub/engine/outward_script.h"

namespace anqiao::engine {

// One thing that left, as it goes over the wire.
struct Captured {
  std::string recipient, what, bytes;
};

struct WorldOptions {
  const policy::Catalogue* catalogue = nullptr;  // outlives the world
  Leak leak = Leak::kNone;
  bool sealed = false;  // a store that seals and keeps logs
};

struct WorldResult {
  std::vector<Captured> captured;
  // How often what happened: "delivery", "delivery EmploymentServiceView", "send NOT_ELIGIBLE", ...
  std::map<std::string, std::size_t> counts;
};

// Runs "side" (0 or 1) of "pair". Any number of threads at once.
WorldResult RunWorld(const Pair& pair, std::size_t side, const WorldOptions& options);

// Where the first difference is, with what lies around it; empty if all bytes are equal.
std::string FirstDifference(const std::vector<Captured>& a, const std::vector<Captured>& b);

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_OUTWARD_WORLD_H_
