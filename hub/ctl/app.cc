#include "hub/ctl/app.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/commands.h"

namespace anqiao::ctl {
namespace {

constexpr char kFooter[] =
    "\n"
    "Exit codes: 0 done; 1 an error; 2 a mistake on the command line; 3 something was held,\n"
    "rejected or refused (submit); 4 the projections differ (verify) or an answer does\n"
    "(policy recompute); 5 an adapter or a policy failed a check.\n"
    "\n"
    "A profile is YAML with any of: hub, agency_listener, listeners_file, certs, as, agency, ca,\n"
    "cert, key, as_uri, insecure, output, timeout. Flags win over it. ANQIAOCTL_PROFILE names it.\n"
    "\n"
    "Examples:\n"
    "  anqiaoctl certs init certs\n"
    "  anqiaoctl certs issue --dir certs user wang --role caseworker\n"
    "  anqiaoctl --certs certs --as wang census\n"
    "  anqiaoctl --certs certs --agency police submit --format roster roster.csv\n"
    "  anqiaoctl --certs certs --as ops backup /backups/monday --head /safe/monday.json\n"
    "  anqiaoctl --certs certs --as auditor audit head --since head.json --save head.json\n";

void AddConnectionOptions(CLI::App& app, ConnectionOptions& options, std::string& profile) {
  app.add_option("--hub", options.hub,
                 absl::StrCat("HOST:PORT of the hub listener (default: ", kDefaultHub, ")"));
  app.add_option(
      "--agency-listener", options.agency_listener,
      absl::StrCat("HOST:PORT of the agency listener (default: ", kDefaultAgencyListener, ")"));
  app.add_option("--listeners-file", options.listeners_file,
                 "File with both addresses, as anqiaod writes it");
  app.add_option("--certs", options.certs, "Directory made by certs init");
  app.add_option("--as", options.as, "User who calls the hub: DIR/users/NAME.crt");
  app.add_option("--agency", options.agency, "Agency that calls: DIR/agencies/ID.crt");
  app.add_option("--ca", options.ca, "Certificate of the authority (default: DIR/ca.crt)");
  app.add_option("--cert", options.cert, "Certificate of the caller, instead of --as or --agency");
  app.add_option("--key", options.key, "Its key");
  app.add_flag("--insecure", options.insecure,
               "No TLS: only for a loopback listener that was started so");
  app.add_option("--as-uri", options.as_uri,
                 "With --insecure: who calls, such as anqiao://users/wang?role=caseworker");
  app.add_option("--profile", profile, "File with these settings");
  app.add_option("--output", options.output, "table (default) or json")
      ->check(CLI::IsMember({"table", "json"}));
  app.add_option("--timeout", options.timeout_seconds,
                 "Seconds that a call may take (default: 30; streams: no limit)")
      ->check(CLI::Range(0.001, 86'400.0));
}

absl::StatusOr<ExitCode> Run(const Action& chosen, const AppEnvironment& environment,
                             const ConnectionOptions& flags, const std::string& profile) {
  Context context{.out = environment.out,
                  .err = environment.err,
                  .in = environment.in,
                  .show_progress = environment.err_is_terminal,
                  .clock = environment.clock,
                  .options = flags};
  if (!profile.empty()) {
    AQ_ASSIGN_OR_RETURN(const ConnectionOptions from_profile, ReadProfile(profile));
    context.options = WithProfile(flags, from_profile);
  }
  const std::string& output = context.options.output;
  if (!output.empty() && output != "table" && output != "json") {
    return UsageError(absl::StrCat("output must be table or json, got '", output, "'"));
  }
  context.json = output == "json";
  return chosen(context);
}

}  // namespace

int RunApp(const std::vector<std::string>& arguments, const AppEnvironment& environment) {
  CLI::App app("anqiaoctl: looks after cases, referrals and the hub 安桥", "anqiaoctl");
  app.fallthrough();
  app.require_subcommand(1);
  app.footer(kFooter);
  ConnectionOptions flags;
  std::string profile = environment.profile;
  Action chosen;
  AddConnectionOptions(app, flags, profile);
  AddCertificateCommands(app, chosen);
  AddExchangeCommands(app, chosen);
  AddCaseCommands(app, chosen);
  AddEligibilityCommands(app, chosen);
  AddEmployerCommands(app, chosen);
  AddPolicyCommands(app, chosen);
  AddProviderCommands(app, chosen);
  AddReferralCommands(app, chosen);
  AddDisclosureCommands(app, chosen);
  AddCareCommands(app, chosen);
  AddIdentityCommands(app, chosen);
  AddOperationsCommands(app, chosen);
  AddDeliveryCommands(app, chosen);
  AddAdapterCommands(app, chosen);
  AddCustodyCommands(app, chosen);
  AddAuditCommands(app, chosen);
  AddCorrectionCommands(app, chosen);
  try {
    // CLI11 takes the arguments from the back.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, environment.out, environment.err) == 0 ? kExitOk : kExitUsage;
  }
  const absl::StatusOr<ExitCode> result = Run(chosen, environment, flags, profile);
  if (result.ok()) return *result;
  const bool json = flags.output == "json";
  ReportFailure(environment.err, result.status(), json);
  return ExitCodeOf(result.status());
}

}  // namespace anqiao::ctl
