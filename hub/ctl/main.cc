// anqiaoctl.

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "hub/base/clock.h"
#include "hub/ctl/app.h"

int main(int argc, char** argv) {
  // gRPC would write its own lines about failed connections beside ours.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  const char* const profile = std::getenv("ANQIAOCTL_PROFILE");
  const anqiao::SystemClock clock{};
  const anqiao::ctl::AppEnvironment environment{.out = std::cout,
                                                .err = std::cerr,
                                                .err_is_terminal = isatty(STDERR_FILENO) == 1,
                                                .clock = &clock,
                                                .profile = profile == nullptr ? "" : profile,
                                                .in = &std::cin};
  return anqiao::ctl::RunApp(std::vector<std::string>(argv + 1, argv + argc), environment);
}
