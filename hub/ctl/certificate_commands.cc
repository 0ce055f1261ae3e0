// certs init, certs issue.

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/certificates.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/printing.h"

namespace anqiao::ctl {
namespace {

struct CertificateArguments {
  std::string directory, name, role, jurisdiction;
  std::vector<std::string> hosts;
  int days = 365;
  bool force = false;
};

absl::StatusOr<CertificateOptions> OptionsOf(const Context& context,
                                             const CertificateArguments& arguments) {
  const std::string& directory =
      arguments.directory.empty() ? context.options.certs : arguments.directory;
  if (directory.empty()) return UsageError("say where the authority is: --dir DIR");
  return CertificateOptions{.directory = directory,
                            .days = arguments.days,
                            .force = arguments.force,
                            .now = context.clock->Now()};
}

absl::StatusOr<ExitCode> Show(Context& context, absl::StatusOr<IssuedCertificate> issued) {
  if (!issued.ok()) {
    return absl::IsInvalidArgument(issued.status())
               ? UsageError(absl::string_view(issued.status().message().data(),
                                              issued.status().message().size()))
               : issued.status();
  }
  PrintPairs(context.out,
             {{"certificate 证书", issued->certificate_path},
              {"key 私钥", issued->key_path},
              {"identity 身份", OrDash(issued->identity)},
              {"valid until 有效期至",
               absl::FormatTime("%Y-%m-%d", issued->expire_time, absl::UTCTimeZone())}});
  return kExitOk;
}

absl::StatusOr<ExitCode> Init(Context& context, const CertificateArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const CertificateOptions options, OptionsOf(context, arguments));
  return Show(context, CreateAuthority(options));
}

absl::StatusOr<ExitCode> Server(Context& context, const CertificateArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const CertificateOptions options, OptionsOf(context, arguments));
  return Show(context, IssueServer(options, arguments.name, arguments.hosts));
}

absl::StatusOr<ExitCode> Agency(Context& context, const CertificateArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const CertificateOptions options, OptionsOf(context, arguments));
  return Show(context, IssueAgency(options, arguments.name));
}

absl::StatusOr<ExitCode> User(Context& context, const CertificateArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const CertificateOptions options, OptionsOf(context, arguments));
  return Show(context, IssueUser(options, arguments.name, arguments.role, arguments.jurisdiction));
}

void AddIssueCommands(CLI::App* certs, Action& chosen) {
  CLI::App* issue = certs->add_subcommand(
      "issue",
      "Issue a certificate: issue server NAME --host H, issue agency ID, issue user NAME "
      "--role R");
  issue->require_subcommand(1);
  auto arguments = std::make_shared<CertificateArguments>();
  issue->add_option("--dir", arguments->directory, "Directory of the authority (default: --certs)");
  issue->add_option("--days", arguments->days, "Days that it is valid, 1 to 3650")
      ->capture_default_str();
  issue->add_flag("--force", arguments->force, "Replace an existing certificate and key");

  CLI::App* server = issue->add_subcommand("server", "For anqiaod: servers/NAME.crt and .key");
  server->add_option("name", arguments->name, "Name of the files")->required();
  server
      ->add_option("--host", arguments->hosts,
                   "Host name or IP address that clients connect to; repeat for more")
      ->required();
  OnChosen(server, chosen, arguments, Server);

  CLI::App* agency = issue->add_subcommand("agency", "For an agency: agencies/ID.crt and .key");
  agency->add_option("id", arguments->name, "Id as configured in anqiaod, such as civil_affairs")
      ->required();
  OnChosen(agency, chosen, arguments, Agency);

  CLI::App* user = issue->add_subcommand("user", "For a person: users/NAME.crt and .key");
  user->add_option("name", arguments->name, "The person's name, such as wang.fang")->required();
  user->add_option("--role", arguments->role, "caseworker, supervisor, operator or auditor")
      ->required();
  user->add_option("--jurisdiction", arguments->jurisdiction,
                   "First digits of the division code that the person is confined to");
  OnChosen(user, chosen, arguments, User);
}

}  // namespace

void AddCertificateCommands(CLI::App& app, Action& chosen) {
  CLI::App* certs = app.add_subcommand("certs", "Make a development authority and certificates");
  certs->require_subcommand(1);

  auto arguments = std::make_shared<CertificateArguments>();
  arguments->days = 1825;
  CLI::App* init = certs->add_subcommand("init", "Make the authority: DIR/ca.crt and DIR/ca.key");
  init->add_option("dir", arguments->directory, "Directory (default: --certs)");
  init->add_option("--days", arguments->days, "Days that it is valid, 1 to 3650")
      ->capture_default_str();
  init->add_flag("--force", arguments->force,
                 "Replace an existing authority; what it issued is no longer accepted");
  OnChosen(init, chosen, arguments, Init);
  AddIssueCommands(certs, chosen);
}

}  // namespace anqiao::ctl
