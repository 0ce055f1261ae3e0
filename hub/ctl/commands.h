// The commands of anqiaoctl: each file adds its own to the parser and remembers which one was
// chosen.

#ifndef ANQIAO_HUB_CTL_COMMANDS_H_
#define ANQIAO_HUB_CTL_COMMANDS_H_

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "hub/base/clock.h"
#include "hub/ctl/connection.h"
#include "hub/ctl/failure.h"
#include "hub/ctl/sealed_directory.h"

namespace anqiao::ctl {

// What a command works with.
struct Context {
  std::ostream& out;
  std::ostream& err;
  // Where answers to questions come from; null: nobody answers.
  std::istream* in = nullptr;
  // "err" is a terminal.
  bool show_progress = false;
  const Clock* clock = nullptr;
  // Flags completed by the profile.
  ConnectionOptions options;
  bool json = false;

  absl::StatusOr<Connection> Connect(Listener listener) const {
    return Connection::Open(options, listener, clock);
  }
};

// Runs a command; returns its exit code.
using Action = std::function<absl::StatusOr<ExitCode>(Context&)>;

// Makes "run" the action if "command" is on the command line.
template <typename Arguments>
void OnChosen(CLI::App* command, Action& chosen, std::shared_ptr<Arguments> arguments,
              absl::StatusOr<ExitCode> (*run)(Context&, const Arguments&)) {
  command->callback([&chosen, arguments = std::move(arguments), run] {
    chosen = [arguments, run](Context& context) { return run(context, *arguments); };
  });
}

// "chosen" outlives the parsing.
void AddCertificateCommands(CLI::App& app, Action& chosen);
void AddExchangeCommands(CLI::App& app, Action& chosen);
void AddCaseCommands(CLI::App& app, Action& chosen);
void AddEligibilityCommands(CLI::App& app, Action& chosen);
// Parts of "eligibility".
void AddWatchCommands(CLI::App& eligibility, Action& chosen);
void AddEmployerCommands(CLI::App& app, Action& chosen);
void AddProviderCommands(CLI::App& app, Action& chosen);
void AddPolicyCommands(CLI::App& app, Action& chosen);
void AddReferralCommands(CLI::App& app, Action& chosen);
void AddDisclosureCommands(CLI::App& app, Action& chosen);
// Part of "disclosures".
void AddMixCommand(CLI::App& disclosures, Action& chosen);
void AddCareCommands(CLI::App& app, Action& chosen);
void AddIdentityCommands(CLI::App& app, Action& chosen);
// Those of the group that ask the hub.
void AddIdentityReviewCommands(CLI::App* group, Action& chosen);
void AddOperationsCommands(CLI::App& app, Action& chosen);
void AddDeliveryCommands(CLI::App& app, Action& chosen);
void AddCustodyCommands(CLI::App& app, Action& chosen);
void AddAuditCommands(CLI::App& app, Action& chosen);
void AddAdapterCommands(CLI::App& app, Action& chosen);
// Of "adapter": what is asked of a hub.
void AddAdapterOperations(CLI::App* adapter, Action& chosen);
void AddCorrectionCommands(CLI::App& app, Action& chosen);

// --ring, --master-key and --suite, the first two "required" or not.
void AddSealOptions(CLI::App* command, SealFiles& files, bool required);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_COMMANDS_H_
