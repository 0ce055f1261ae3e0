// anqiaoctl: parses a command line, runs one command, returns its exit code.

#ifndef ANQIAO_HUB_CTL_APP_H_
#define ANQIAO_HUB_CTL_APP_H_

#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "hub/base/clock.h"

namespace anqiao::ctl {

struct AppEnvironment {
  std::ostream& out;
  std::ostream& err;
  // "err" is a terminal: progress bars are drawn.
  bool err_is_terminal = false;
  const Clock* clock = nullptr;
  // Profile to use if --profile is not given; empty: none.
  std::string profile;
  // Where answers to questions come from; null: nobody answers.
  std::istream* in = nullptr;
};

// "arguments" without the program's name.
int RunApp(const std::vector<std::string>& arguments, const AppEnvironment& environment);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_APP_H_
