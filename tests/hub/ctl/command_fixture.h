// anqiaoctl against a hub's listener over a fake engine.
//
//   ASSERT_EQ(Run({"providers", "list"}), 0) << err_.str();

#ifndef ANQIAO_TESTS_HUB_CTL_COMMAND_FIXTURE_H_
#define ANQIAO_TESTS_HUB_CTL_COMMAND_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "hub/base/clock.h"
#include "hub/ctl/app.h"
#include "hub/rpc/listener.h"
#include "tests/hub/rpc/fake_engine.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::ctl {

class CommandFixture : public ::testing::Test {
 protected:
  // "user": who calls, as the URI of a certificate.
  explicit CommandFixture(std::string user) : user_(std::move(user)) {}

  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, rpc::Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                               .hub = {.address = "127.0.0.1:0"},
                                                               .insecure_loopback = true},
                                                              &engine_));
  }

  // The exit code; out_ and err_ have what was printed.
  int Run(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"--insecure", "--hub", listeners_->hub_address(), "--as-uri",
                                    user_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    out_.str("");
    err_.str("");
    return RunApp(all, {.out = out_, .err = err_, .clock = &system_clock_, .profile = ""});
  }

  testing::FakeEngine engine_;
  std::unique_ptr<rpc::Listeners> listeners_;
  const SystemClock system_clock_{};
  std::ostringstream out_, err_;

 private:
  const std::string user_;
};

}  // namespace anqiao::ctl

#endif  // ANQIAO_TESTS_HUB_CTL_COMMAND_FIXTURE_H_
