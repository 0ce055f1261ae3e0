// audit head/verify/export, proof.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "anqiao/hub/v1/custody.grpc.pb.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/signing.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/audit_file.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/log_audit.h"
#include "hub/ctl/log_export.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/progress.h"
#include "hub/ctl/sealed_directory.h"
#include "hub/store/audit_log.h"

namespace anqiao::ctl {
namespace {

using exchange::v1::ExchangeService;
using exchange::v1::SignedTreeHead;
using hub::v1::CustodyService;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct AuditArguments {
  std::string log, since, save, public_key, data, out, format, record_key;
  std::vector<std::string> files;
  bool own = false;
  bool without_ciphertexts = false;
};

// A head as the hub gave it.
struct GivenHead {
  SignedTreeHead head;
  std::string public_key;
  bool grown = false;
  exchange::v1::ConsistencyProof growth;
};

template <typename Response>
GivenHead Given(const Response& response) {
  return {response.head(), response.public_key(), response.has_growth(), response.growth()};
}

// An agency asks for its own log, users for the one they name.
absl::StatusOr<GivenHead> AskForHead(Context& context, const AuditArguments& arguments,
                                     std::uint64_t since) {
  if (arguments.own) {
    AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kAgency));
    exchange::v1::GetLogHeadRequest request;
    request.set_since_size(since);
    exchange::v1::GetLogHeadResponse response;
    AQ_RETURN_IF_ERROR(FromRpc(ExchangeService::NewStub(connection.channel())
                                   ->GetLogHead(connection.NewCall().get(), request, &response)));
    return Given(response);
  }
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::GetTreeHeadRequest request;
  request.set_log(arguments.log);
  request.set_since_size(since);
  hub::v1::GetTreeHeadResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(CustodyService::NewStub(connection.channel())
                                 ->GetTreeHead(connection.NewCall().get(), request, &response)));
  return Given(response);
}

// OK if the log of "given" begins with that of "earlier".
absl::Status CheckGrowth(const GivenHead& given, const SignedTreeHead& earlier) {
  const auto forked = [&](absl::string_view what) {
    return Error(absl::StatusCode::kDataLoss, reason::kLogForked,
                 absl::StrCat("fork: ", what, "; keep both heads"));
  };
  if (given.head.log() != earlier.log()) return forked("the hub answered with another log");
  if (given.head.size() == earlier.size()) {
    return given.head.root_hash() == earlier.root_hash()
               ? absl::OkStatus()
               : forked(absl::StrCat("two heads of ", earlier.log(), " at size ", earlier.size(),
                                     " have other roots"));
  }
  if (earlier.size() > 0 && !given.grown) return forked("the hub does not show how the log grew");
  if (earlier.size() > 0 && !store::VerifyGrowth(given.growth, earlier, given.head).ok()) {
    return forked(absl::StrCat(earlier.log(), " at size ", given.head.size(),
                               " does not begin with what was signed at size ", earlier.size()));
  }
  return absl::OkStatus();
}

// What --since names. The key is that of --public-key if it was given, else that of the file.
struct Earlier {
  std::optional<SignedTreeHead> head;
  std::string public_key;
};

absl::StatusOr<Earlier> ReadEarlier(const AuditArguments& arguments) {
  Earlier earlier;
  if (!arguments.public_key.empty()) {
    AQ_ASSIGN_OR_RETURN(earlier.public_key, ParsePublicKey(arguments.public_key));
  }
  if (arguments.since.empty()) return earlier;
  AQ_ASSIGN_OR_RETURN(const AuditFile file, ReadAuditFile(arguments.since));
  if (earlier.public_key.empty()) earlier.public_key = file.public_key;
  const SignedTreeHead* head = arguments.own && !file.heads.empty()
                                   ? LargestHead(file.heads, file.heads[0].log())
                                   : LargestHead(file.heads, arguments.log);
  if (head == nullptr) {
    return absl::NotFoundError(absl::StrCat(arguments.since, " has no head of this log"));
  }
  earlier.head = *head;
  earlier.head->set_key_id(KeyId(earlier.public_key));
  AQ_RETURN_IF_ERROR(store::VerifyHead(*earlier.head, earlier.public_key));
  return earlier;
}

absl::StatusOr<ExitCode> ShowHead(Context& context, const AuditArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const Earlier earlier, ReadEarlier(arguments));
  const std::uint64_t since = earlier.head.has_value() ? earlier.head->size() : 0;
  absl::StatusOr<GivenHead> given = AskForHead(context, arguments, since);
  if (since > 0 && absl::IsInvalidArgument(given.status())) {
    return Error(absl::StatusCode::kDataLoss, reason::kLogCutOff,
                 absl::StrCat("the log has fewer entries than the ", since,
                              " that the hub signed before: the last are cut off"));
  }
  AQ_RETURN_IF_ERROR(given.status());
  const std::string& key = earlier.public_key.empty() ? given->public_key : earlier.public_key;
  AQ_RETURN_IF_ERROR(store::VerifyHead(given->head, key));
  if (earlier.head.has_value()) AQ_RETURN_IF_ERROR(CheckGrowth(*given, *earlier.head));
  AuditFile file;
  file.public_key = key;
  if (earlier.head.has_value()) {
    file.heads.push_back(*earlier.head);
    if (given->grown && given->growth.new_size() > given->growth.old_size()) {
      file.growth.push_back({given->head.log(), given->growth});
    }
  }
  file.heads.push_back(given->head);
  if (!arguments.save.empty()) AQ_RETURN_IF_ERROR(SaveAuditFile(arguments.save, file));
  if (context.json) {
    AQ_ASSIGN_OR_RETURN(const std::string text, AuditFileText(file));
    context.out << text;
    return kExitOk;
  }
  Pairs pairs = {{"log 日志", given->head.log()},
                 {"entries 条目", absl::StrCat(given->head.size())},
                 {"root 根", Hex(given->head.root_hash())},
                 {"signed 签署", TimeText(given->head.sign_time())},
                 {"key 公钥", Hex(key)}};
  if (earlier.head.has_value()) {
    pairs.emplace_back("growth 增长", absl::StrCat("verified: it begins with the ", since,
                                                   " entries signed before 已验证"));
  }
  PrintPairs(context.out, pairs);
  return kExitOk;
}

// The key and the heads of all files together. Empty key: nobody said it.
absl::StatusOr<AuditFile> ReadKept(const AuditArguments& arguments) {
  AuditFile kept;
  if (!arguments.public_key.empty()) {
    AQ_ASSIGN_OR_RETURN(kept.public_key, ParsePublicKey(arguments.public_key));
  }
  for (const std::string& path : arguments.files) {
    AQ_ASSIGN_OR_RETURN(const AuditFile file, ReadAuditFile(path));
    if (kept.public_key.empty()) kept.public_key = file.public_key;
    for (const SignedTreeHead& head : file.heads) {
      kept.heads.push_back(head);
      kept.heads.back().set_key_id(KeyId(kept.public_key));
    }
  }
  return kept;
}

absl::Status Recompute(Context& context, LogAudit& audit) {
  ProgressBar bar(context.err, context.show_progress, "verifying 校验");
  return audit.Recompute([&](std::uint64_t done, std::uint64_t total) {
    bar.Update(done, total, absl::StrCat(total, " entries"));
  });
}

absl::StatusOr<ExitCode> VerifyLogs(Context& context, const AuditArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const AuditFile kept, ReadKept(arguments));
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> raw, OpenRawDirectory(arguments.data));
  LogAudit audit(raw.get());
  AQ_RETURN_IF_ERROR(Recompute(context, audit));
  AQ_RETURN_IF_ERROR(audit.Judge(kept.heads, kept.public_key));
  const std::size_t heads = audit.anchored().size() + kept.heads.size();
  Pairs pairs = {{"accepted 通过", YesNo(true)}};
  std::string json = absl::StrCat("{\"accepted\": true, \"heads\": ", heads,
                                  ", \"signatures\": ", kept.public_key.empty() ? "false" : "true",
                                  ", \"logs\": [");
  const char* separator = "";
  for (const std::string& log : audit.Logs()) {
    AQ_ASSIGN_OR_RETURN(const MerkleHash root, audit.RootAt(log, audit.Size(log)));
    const std::string hex = Hex(MerkleBytes(root));
    pairs.emplace_back("log 日志", absl::StrCat(log, " ", audit.Size(log), " ", hex));
    absl::StrAppend(&json, separator, "{\"log\": \"", log, "\", \"size\": ", audit.Size(log),
                    ", \"root\": \"", hex, "\"}");
    separator = ", ";
  }
  pairs.emplace_back("heads 树头", absl::StrCat(heads, " compared"));
  pairs.emplace_back("signatures 签名", kept.public_key.empty()
                                            ? "not checked: no key was given 未校验"
                                            : absl::StrCat("of ", Hex(kept.public_key)));
  if (context.json) {
    context.out << json << "]}\n";
  } else {
    PrintPairs(context.out, pairs);
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> Export(Context& context, const AuditArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(AuditFile kept, ReadKept(arguments));
  if (kept.public_key.empty()) {
    return UsageError("say which key signs: --public-key, or --head with a file that has it");
  }
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> raw, OpenRawDirectory(arguments.data));
  LogAudit audit(raw.get());
  AQ_RETURN_IF_ERROR(Recompute(context, audit));
  ProgressBar bar(context.err, context.show_progress, "writing 导出");
  const absl::StatusOr<ExportReport> report =
      ExportLogs(*raw, audit,
                 {.kept = std::move(kept),
                  .log = arguments.log,
                  .ciphertexts = !arguments.without_ciphertexts},
                 arguments.out, [&](std::uint64_t done, std::uint64_t total) {
                   bar.Update(done, total, absl::StrCat(total, " entries"));
                 });
  bar.Clear();
  AQ_RETURN_IF_ERROR(report.status());
  if (context.json) {
    context.out << "{\"entries\": " << report->entries << ", \"heads\": " << report->heads
                << ", \"consistency\": " << report->proofs << "}\n";
  } else {
    PrintPairs(context.out, {{"file 文件", arguments.out},
                             {"entries 条目", absl::StrCat(report->entries)},
                             {"heads 树头", absl::StrCat(report->heads)},
                             {"consistency 增长证明", absl::StrCat(report->proofs)}});
  }
  return kExitOk;
}

// The key to verify with, and whether it is known from elsewhere than the hub.
absl::StatusOr<std::pair<std::string, bool>> KeyForProof(const AuditArguments& arguments,
                                                         const Connection& connection) {
  if (!arguments.public_key.empty() || !arguments.files.empty()) {
    AQ_ASSIGN_OR_RETURN(const AuditFile kept, ReadKept(arguments));
    return std::make_pair(kept.public_key, true);
  }
  exchange::v1::GetLogHeadResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(
      ExchangeService::NewStub(connection.channel())
          ->GetLogHead(connection.NewCall().get(), exchange::v1::GetLogHeadRequest(), &response)));
  return std::make_pair(response.public_key(), false);
}

absl::StatusOr<ExitCode> Prove(Context& context, const AuditArguments& arguments) {
  exchange::v1::GetRecordProofRequest request;
  request.set_format(arguments.format);
  request.set_record_key(arguments.record_key);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kAgency));
  exchange::v1::RecordProof proof;
  AQ_RETURN_IF_ERROR(FromRpc(ExchangeService::NewStub(connection.channel())
                                 ->GetRecordProof(connection.NewCall().get(), request, &proof)));
  AQ_ASSIGN_OR_RETURN(const auto key, KeyForProof(arguments, connection));
  AQ_RETURN_IF_ERROR(store::VerifyRecordProof(proof, key.first));
  AuditFile file;
  file.public_key = key.first;
  file.heads.push_back(proof.head());
  file.records.push_back(proof);
  if (!arguments.save.empty()) AQ_RETURN_IF_ERROR(SaveAuditFile(arguments.save, file));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, proof));
    return kExitOk;
  }
  PrintPairs(
      context.out,
      {{"verified 已验证", YesNo(true)},
       {"log 日志", proof.head().log()},
       {"position 位置", absl::StrCat(proof.inclusion().index() + 1, " of ", proof.head().size())},
       {"root 根", Hex(proof.head().root_hash())},
       {"signed 签署", TimeText(proof.head().sign_time())},
       {"record bytes 记录字节", absl::StrCat(proof.content().size())},
       {"key 公钥",
        absl::StrCat(Hex(key.first), key.second ? ""
                                                : " (as the hub says: compare it with the one "
                                                  "you were given 请核对)")}});
  return kExitOk;
}

void AddPublicKey(CLI::App* command, AuditArguments& arguments) {
  command->add_option("--public-key", arguments.public_key,
                      "The hub's key in hexadecimal, as you know it from elsewhere");
}

void AddOnlineCommands(CLI::App& app, CLI::App* audit, Action& chosen,
                       const std::shared_ptr<AuditArguments>& arguments) {
  CLI::App* head = audit->add_subcommand("head", "Sign a log as it is now, and check its growth");
  head->footer("Exit code 1: the log does not begin with the head in --since.");
  head->add_option("log", arguments->log, "hub (default) or agencies/...");
  head->add_flag("--own", arguments->own, "As an agency (--agency): its own log");
  head->add_option("--since", arguments->since, "File of an earlier --save: verify the growth");
  head->add_option("--save", arguments->save, "Write the head to this file");
  AddPublicKey(head, *arguments);
  head->callback([&chosen, arguments] {
    if (arguments->log.empty()) arguments->log = store::kHubLog;
    chosen = [arguments](Context& context) { return ShowHead(context, *arguments); };
  });

  CLI::App* proof =
      app.add_subcommand("proof", "Verify that a record is in its log, as the agency it is of");
  proof->add_option("--format", arguments->format, "Format that it came in")->required();
  proof->add_option("--record-key", arguments->record_key, "The agency's key of it")->required();
  proof->add_option("--save", arguments->save,
                    "Write head, record and proof to this file, as audit_verifier.py reads");
  proof->add_option("--head", arguments->files, "File with a kept head, for its key");
  AddPublicKey(proof, *arguments);
  OnChosen(proof, chosen, arguments, Prove);
}

}  // namespace

void AddAuditCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<AuditArguments>();
  CLI::App* audit = app.add_subcommand("audit", "Look at the logs that cannot be changed unseen");
  audit->require_subcommand(1);
  AddOnlineCommands(app, audit, chosen, arguments);

  CLI::App* verify =
      audit->add_subcommand("verify", "Recompute the logs of a data directory, without keys");
  verify->footer(
      "Exit code 1, with the reason LOG_EDITED, LOG_CUT_OFF or LOG_FORKED: not what was signed.");
  verify->add_option("--data", arguments->data, "Data directory or backup")->required();
  verify->add_option("--against", arguments->files, "Files with heads that were kept");
  AddPublicKey(verify, *arguments);
  OnChosen(verify, chosen, arguments, VerifyLogs);

  CLI::App* exporting = audit->add_subcommand(
      "export", "Write the logs of a data directory as audit_verifier.py reads them");
  exporting->add_option("--data", arguments->data, "Data directory or backup")->required();
  exporting->add_option("--out", arguments->out, "File to write")->required();
  exporting->add_option("--log", arguments->log, "Only this one: hub or agencies/...");
  exporting->add_option("--head", arguments->files, "Files with heads that were kept");
  exporting->add_flag("--without-ciphertexts", arguments->without_ciphertexts,
                      "Leaves only: smaller, and stored entries are not compared");
  AddPublicKey(exporting, *arguments);
  OnChosen(exporting, chosen, arguments, Export);
}

}  // namespace anqiao::ctl
