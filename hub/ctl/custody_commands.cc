// erase, purge, rebuild, backup, restore, keys init/rotate.

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "anqiao/hub/v1/custody.grpc.pb.h"
#include "hub/base/digest.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/audit_file.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/offline_restore.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/progress.h"
#include "hub/ctl/sealed_directory.h"
#include "hub/ctl/table.h"
#include "hub/engine/upgrade.h"
#include "hub/store/audit_log.h"
#include "hub/store/master_key.h"

namespace anqiao::ctl {
namespace {

using hub::v1::CustodyService;
using hub::v1::EntryCertificate;
using Fields = std::vector<std::pair<std::string, std::string>>;

struct CustodyArguments {
  std::string name, reason, basis, request_id, retention_class, before, certificate;
  std::string directory, backup, head, next_key, file_name = "master.key";
  SealFiles files;
  bool yes = false;
};

// A path as the hub, which runs in another directory, understands it.
std::string Absolute(const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path absolute = std::filesystem::absolute(path, ignored);
  return absolute.empty() ? path : absolute.lexically_normal().string();
}

// "yes" from the input, after "question".
absl::Status Confirm(Context& context, const std::string& question) {
  std::string answer;
  context.err << question << " [yes/no] " << std::flush;
  if (context.in == nullptr || !std::getline(*context.in, answer)) {
    return UsageError("there is nobody to answer: give --yes");
  }
  if (answer == "yes") return absl::OkStatus();
  return absl::CancelledError("nothing was done");
}

// What was certified must hold before it is shown; that the key is the hub's, the reader knows.
absl::Status CheckCertificate(const EntryCertificate& certificate) {
  AQ_RETURN_IF_ERROR(store::VerifyHead(certificate.head(), certificate.public_key()));
  return store::VerifyLeaf(certificate.inclusion(), certificate.head());
}

void AddCertificate(const EntryCertificate& certificate, Fields* pairs) {
  const auto& head = certificate.head();
  pairs->emplace_back("entry 条目", absl::StrCat(certificate.inclusion().index() + 1));
  pairs->emplace_back("head 树头",
                      absl::StrCat(head.log(), " ", head.size(), " ", Hex(head.root_hash())));
  pairs->emplace_back("signed 签署", TimeText(head.sign_time()));
  pairs->emplace_back("key 公钥", Hex(certificate.public_key()));
}

absl::Status SaveCertificate(const std::string& path, const EntryCertificate& certificate) {
  AuditFile file;
  file.public_key = certificate.public_key();
  file.heads.push_back(certificate.head());
  file.inclusion.push_back({certificate.head().log(), certificate.inclusion()});
  return SaveAuditFile(path, file);
}

// Checks, saves and shows the answer to erase and purge.
template <typename Response>
absl::StatusOr<ExitCode> ShowDestruction(Context& context, const CustodyArguments& arguments,
                                         const Response& response, Fields pairs) {
  if (response.has_certificate()) {
    AQ_RETURN_IF_ERROR(CheckCertificate(response.certificate()));
    AddCertificate(response.certificate(), &pairs);
    if (!arguments.certificate.empty()) {
      AQ_RETURN_IF_ERROR(SaveCertificate(arguments.certificate, response.certificate()));
    }
  } else {
    pairs.emplace_back("certificate 证明", "none: this repeats an earlier answer");
  }
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
  } else {
    PrintPairs(context.out, pairs);
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> Erase(Context& context, const CustodyArguments& arguments) {
  hub::v1::ErasePersonRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  request.set_case_(ResourceName("cases", arguments.name));
  request.set_reason(arguments.reason);
  request.set_basis_reference(arguments.basis);
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  if (!arguments.yes) {
    AQ_RETURN_IF_ERROR(Confirm(
        context,
        absl::StrCat("Everything about ", Printable(request.case_()),
                     " is destroyed, in every backup too, and never comes back. 确认删除?")));
  }
  hub::v1::ErasePersonResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(CustodyService::NewStub(connection.channel())
                                 ->ErasePerson(connection.NewStream().get(), request, &response)));
  return ShowDestruction(context, arguments, response,
                         {{"case 案件", request.case_()},
                          {"records 记录", absl::StrCat(response.record_count())},
                          {"referrals 转介", absl::StrCat(response.referral_count())},
                          {"payloads 报文", absl::StrCat(response.payload_count())},
                          {"keys 密钥", absl::StrCat(response.key_count())}});
}

// A day begins at midnight in China.
absl::StatusOr<absl::Time> ParseDayOrTime(absl::string_view option, const std::string& text) {
  if (text.size() != 10) return ParseTime(option, text);
  AQ_ASSIGN_OR_RETURN(const type::v1::CivilDate date, ParseDate(option, text));
  return absl::FromCivil(absl::CivilDay(date.year(), date.month(), date.day()),
                         absl::FixedTimeZone(8 * 60 * 60));
}

absl::StatusOr<ExitCode> Purge(Context& context, const CustodyArguments& arguments) {
  hub::v1::PurgeDataRequest request;
  AQ_ASSIGN_OR_RETURN(*request.mutable_request_id(), RequestIdOrNew(arguments.request_id));
  AQ_ASSIGN_OR_RETURN(const auto retention_class,
                      ParseEnum<hub::v1::RetentionClass>("--class", arguments.retention_class));
  request.set_retention_class(retention_class);
  AQ_ASSIGN_OR_RETURN(const absl::Time before, ParseDayOrTime("--before", arguments.before));
  request.mutable_before_time()->set_seconds(absl::ToUnixSeconds(before));
  request.mutable_before_time()->set_nanos(static_cast<std::int32_t>(
      absl::ToInt64Nanoseconds(before - absl::FromUnixSeconds(request.before_time().seconds()))));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::PurgeDataResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(CustodyService::NewStub(connection.channel())
                                 ->PurgeData(connection.NewStream().get(), request, &response)));
  return ShowDestruction(context, arguments, response,
                         {{"class 类别", EnumText(retention_class)},
                          {"before 早于", TimeText(request.before_time())},
                          {"payloads 报文", absl::StrCat(response.payload_count())},
                          {"keys 密钥", absl::StrCat(response.key_count())}});
}

absl::StatusOr<ExitCode> Rebuild(Context& context, const CustodyArguments&) {
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  const auto stub = CustodyService::NewStub(connection.channel());
  const auto call = connection.NewStream();
  const auto reader = stub->RebuildProjections(call.get(), hub::v1::RebuildProjectionsRequest());
  ProgressBar bar(context.err, context.show_progress, "rebuilding 重建");
  hub::v1::RebuildProjectionsResponse response;
  hub::v1::RebuildProjectionsResponse last;
  while (reader->Read(&response)) {
    bar.Update(static_cast<std::uint64_t>(response.entry_count()),
               static_cast<std::uint64_t>(response.total_entry_count()),
               absl::StrCat(response.total_entry_count(), " entries"));
    last = response;
  }
  bar.Clear();
  AQ_RETURN_IF_ERROR(FromRpc(reader->Finish()));
  if (!last.done()) return absl::InternalError("the hub ended the rebuild without a result");
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, last));
  } else {
    PrintPairs(context.out, {{"entries 条目", absl::StrCat(last.entry_count())},
                             {"live 已启用", YesNo(last.done())}});
  }
  return kExitOk;
}

// Head and key, so that the file can be compared with later.
absl::Status SaveBackupHead(const Connection& connection, const std::string& path,
                            const exchange::v1::SignedTreeHead& head) {
  hub::v1::GetTreeHeadRequest request;
  request.set_log(head.log());
  hub::v1::GetTreeHeadResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(CustodyService::NewStub(connection.channel())
                                 ->GetTreeHead(connection.NewCall().get(), request, &response)));
  AQ_RETURN_IF_ERROR(store::VerifyHead(head, response.public_key()));
  AuditFile file;
  file.public_key = response.public_key();
  file.heads.push_back(head);
  return SaveAuditFile(path, file);
}

absl::StatusOr<ExitCode> BackUp(Context& context, const CustodyArguments& arguments) {
  hub::v1::BackUpHubRequest request;
  request.set_directory(Absolute(arguments.directory));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::BackUpHubResponse response;
  AQ_RETURN_IF_ERROR(FromRpc(CustodyService::NewStub(connection.channel())
                                 ->BackUpHub(connection.NewStream().get(), request, &response)));
  if (!arguments.head.empty()) {
    if (!response.has_head()) return absl::NotFoundError("the hub keeps no logs: there is no head");
    AQ_RETURN_IF_ERROR(SaveBackupHead(connection, arguments.head, response.head()));
  }
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
    return kExitOk;
  }
  Fields pairs = {{"directory 目录", request.directory()},
                  {"entries 条目", absl::StrCat(response.entry_count())}};
  if (response.has_head()) {
    pairs.emplace_back("head 树头",
                       absl::StrCat(response.head().size(), " ", Hex(response.head().root_hash())));
  }
  PrintPairs(context.out, pairs);
  return kExitOk;
}

std::string RelationText(const RestoreReport::Compared& compared, const RestoreReport& report) {
  std::uint64_t here = 0;
  for (const RestoreReport::Log& log : report.logs) {
    if (log.name == compared.head.log()) here = log.entries;
  }
  const std::string head = absl::StrCat(compared.head.log(), " ", compared.head.size(), ": ");
  switch (compared.relation) {
    case RestoreReport::Relation::kEqual:
      return absl::StrCat(head, "equal to the restored log 一致");
    case RestoreReport::Relation::kEarlier:
      return absl::StrCat(head, "the restored log begins with it and has ",
                          here - compared.head.size(), " more 之后新增");
    case RestoreReport::Relation::kLater:
      return absl::StrCat(head, "later than the restored log, which lacks ",
                          compared.head.size() - here, " entries 备份较旧");
  }
  return head;
}

std::string RelationName(RestoreReport::Relation relation) {
  return relation == RestoreReport::Relation::kEqual     ? "EQUAL"
         : relation == RestoreReport::Relation::kEarlier ? "EARLIER"
                                                         : "LATER";
}

void PrintRestoredJson(Context& context, const RestoreReport& report) {
  context.out << "{\"entries\": " << report.entries << ", \"erased\": " << report.erased
              << ", \"people\": " << report.people << ", \"logs\": [";
  const char* separator = "";
  for (const RestoreReport::Log& log : report.logs) {
    context.out << separator << "{\"log\": \"" << log.name << "\", \"size\": " << log.entries
                << ", \"root\": \"" << log.root << "\"}";
    separator = ", ";
  }
  context.out << "], \"heads\": [";
  separator = "";
  for (const RestoreReport::Compared& compared : report.heads) {
    context.out << separator << "{\"log\": \"" << compared.head.log()
                << "\", \"size\": " << compared.head.size() << ", \"relation\": \""
                << RelationName(compared.relation) << "\"}";
    separator = ", ";
  }
  context.out << "]}\n";
}

absl::StatusOr<ExitCode> Restore(Context& context, const CustodyArguments& arguments) {
  RestoreOptions options{.backup = arguments.backup,
                         .directory = arguments.directory,
                         .files = arguments.files,
                         .kept = {}};
  if (!arguments.head.empty()) {
    AQ_ASSIGN_OR_RETURN(options.kept, ReadAuditFile(arguments.head));
  }
  ProgressBar bar(context.err, context.show_progress, "restoring 恢复");
  const absl::StatusOr<RestoreReport> report = RestoreOffline(
      options, [&](const std::string& step, std::uint64_t done, std::uint64_t total) {
        bar.Update(done, total, absl::StrCat(total, " entries ", step));
      });
  bar.Clear();
  AQ_RETURN_IF_ERROR(report.status());
  if (context.json) {
    PrintRestoredJson(context, *report);
    return kExitOk;
  }
  Fields pairs = {{"directory 目录", arguments.directory},
                  {"entries 条目", absl::StrCat(report->entries)},
                  {"erased 已删除", absl::StrCat(report->erased)},
                  {"people 人员", absl::StrCat(report->people)}};
  for (const RestoreReport::Log& log : report->logs) {
    pairs.emplace_back("log 日志", absl::StrCat(log.name, " ", log.entries, " ", log.root));
  }
  for (const RestoreReport::Compared& compared : report->heads) {
    pairs.emplace_back("head 树头", RelationText(compared, *report));
  }
  PrintPairs(context.out, pairs);
  return kExitOk;
}

absl::StatusOr<ExitCode> Upgrade(Context& context, const CustodyArguments& arguments) {
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> old, OpenOldDirectory(arguments.backup));
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> sealed,
                      MakeSealedDirectory(arguments.directory, arguments.files));
  ProgressBar bar(context.err, context.show_progress, "upgrading 升级");
  const absl::Status upgraded =
      engine::UpgradeJournal(*old, sealed.get(), [&](store::Sequence done, store::Sequence total) {
        bar.Update(done, total, absl::StrCat(total, " entries"));
        return true;
      });
  bar.Clear();
  AQ_RETURN_IF_ERROR(upgraded);
  if (context.json) {
    context.out << "{\"directory\": \"" << arguments.directory
                << "\", \"entryCount\": " << sealed->synced_sequence() << "}\n";
    return kExitOk;
  }
  PrintPairs(context.out, {{"directory 目录", arguments.directory},
                           {"entries 条目", absl::StrCat(sealed->synced_sequence())}});
  return kExitOk;
}

absl::StatusOr<ExitCode> InitKeys(Context& context, const CustodyArguments& arguments) {
  const std::string& directory = arguments.directory;
  struct stat info {};
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", directory));
  }
  if (stat(directory.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || (info.st_mode & 0077) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " must be a directory with mode 0700: nobody else may read it"));
  }
  if (arguments.file_name.find('/') != std::string::npos) {
    return UsageError("--name must be a file's name without a folder");
  }
  const std::string path = absl::StrCat(directory, "/", arguments.file_name);
  AQ_RETURN_IF_ERROR(store::MasterKey::MakeFile(path));
  if (context.json) {
    // Just as the request that rotates to it.
    hub::v1::RotateMasterKeyRequest made;
    made.set_master_key_file(path);
    AQ_RETURN_IF_ERROR(PrintJson(context.out, made));
  } else {
    PrintPairs(context.out, {{"master key 主密钥", path}});
  }
  return kExitOk;
}

absl::StatusOr<ExitCode> RotateKeys(Context& context, const CustodyArguments& arguments) {
  hub::v1::RotateMasterKeyRequest request;
  request.set_master_key_file(Absolute(arguments.next_key));
  AQ_ASSIGN_OR_RETURN(const Connection connection, context.Connect(Listener::kHub));
  hub::v1::RotateMasterKeyResponse response;
  AQ_RETURN_IF_ERROR(
      FromRpc(CustodyService::NewStub(connection.channel())
                  ->RotateMasterKey(connection.NewStream().get(), request, &response)));
  if (context.json) {
    AQ_RETURN_IF_ERROR(PrintJson(context.out, response));
  } else {
    PrintPairs(context.out, {{"master key 主密钥", request.master_key_file()},
                             {"next start 下次启动", "needs this file in the configuration"}});
  }
  return kExitOk;
}

void AddDestruction(CLI::App& app, Action& chosen,
                    const std::shared_ptr<CustodyArguments>& arguments) {
  CLI::App* erase = app.add_subcommand("erase", "Destroy everything about a person, for good");
  erase->add_option("case", arguments->name, "cases/... or the part after it")->required();
  erase
      ->add_option("--reason", arguments->reason,
                   "Coded reason, such as PURPOSE_FULFILLED or REQUEST_OF_PERSON")
      ->required();
  erase->add_option("--basis", arguments->basis, "Law and article, document number")->required();
  erase->add_flag("--yes", arguments->yes, "Do not ask");
  CLI::App* purge =
      app.add_subcommand("purge", "Destroy what a class of data had kept from before a day");
  purge->add_option("--class", arguments->retention_class, "payloads or access-log")->required();
  purge
      ->add_option("--before", arguments->before,
                   "Day such as 2026-03-15 (from its beginning in China), or an RFC 3339 time")
      ->required();
  for (CLI::App* command : {erase, purge}) {
    command->add_option("--certificate", arguments->certificate,
                        "Save what shows that it is in the hub's log, as audit_verifier.py reads");
    command->add_option("--request-id", arguments->request_id,
                        "UUID of this request; the same again answers as before");
  }
  OnChosen(erase, chosen, arguments, Erase);
  OnChosen(purge, chosen, arguments, Purge);
}

void AddBackupCommands(CLI::App& app, Action& chosen,
                       const std::shared_ptr<CustodyArguments>& arguments) {
  CLI::App* backup =
      app.add_subcommand("backup", "Copy the journal to a new directory on the hub's machine");
  backup->add_option("directory", arguments->directory, "It must not exist, its parent must")
      ->required();
  backup->add_option("--head", arguments->head,
                     "Save the log's signed head of that moment; keep it with the backup");
  OnChosen(backup, chosen, arguments, BackUp);

  CLI::App* restore = app.add_subcommand(
      "restore", "Make a data directory from a backup; the hub that uses the ring must be stopped");
  restore->add_option("--from", arguments->backup, "Directory of the backup")->required();
  restore->add_option("--to", arguments->directory, "New data directory; it must not exist")
      ->required();
  AddSealOptions(restore, arguments->files, true);
  restore->add_option("--head", arguments->head,
                      "File with a kept head: is it in the restored log, equal or later?");
  OnChosen(restore, chosen, arguments, Restore);

  CLI::App* upgrade = app.add_subcommand(
      "upgrade",
      "Make a sealed data directory from one of format version 1; that one stays as it is");
  upgrade->add_option("--from", arguments->backup, "Data directory of the older hub, stopped")
      ->required();
  upgrade->add_option("--to", arguments->directory, "New data directory")->required();
  AddSealOptions(upgrade, arguments->files, true);
  OnChosen(upgrade, chosen, arguments, Upgrade);
}

void AddKeysCommands(CLI::App& app, Action& chosen,
                     const std::shared_ptr<CustodyArguments>& arguments) {
  CLI::App* keys = app.add_subcommand("keys", "Look after the keys");
  keys->require_subcommand(1);
  CLI::App* init = keys->add_subcommand("init", "Make a directory with a new master key");
  init->add_option("directory", arguments->directory, "Made with mode 0700 if it is not there")
      ->required();
  init->add_option("--name", arguments->file_name, "Name of the file")->capture_default_str();
  OnChosen(init, chosen, arguments, InitKeys);
  CLI::App* rotate = keys->add_subcommand(
      "rotate", "Wrap every key under another master key while the hub serves");
  rotate->add_option("--to", arguments->next_key, "The new master key's file on the hub's machine")
      ->required();
  OnChosen(rotate, chosen, arguments, RotateKeys);
}

}  // namespace

void AddSealOptions(CLI::App* command, SealFiles& files, bool required) {
  CLI::Option* ring = command->add_option("--ring", files.ring, "The key ring's file");
  CLI::Option* master =
      command->add_option("--master-key", files.master_key, "The master key's file");
  command
      ->add_option("--suite", files.suite,
                   "Cipher suite: aes-256-gcm-sha256, sm4-ctr-hmac-sm3 or none")
      ->capture_default_str();
  ring->required(required);
  master->required(required);
}

void AddCustodyCommands(CLI::App& app, Action& chosen) {
  auto arguments = std::make_shared<CustodyArguments>();
  AddDestruction(app, chosen, arguments);
  CLI::App* rebuild =
      app.add_subcommand("rebuild", "Compute the projections anew and put them in place");
  OnChosen(rebuild, chosen, arguments, Rebuild);
  AddBackupCommands(app, chosen, arguments);
  AddKeysCommands(app, chosen, arguments);
}

}  // namespace anqiao::ctl
