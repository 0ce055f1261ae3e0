#include "hub/transport/drop_folder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/transport/submission.h"

namespace anqiao::transport {
namespace {

using exchange::v1::PayloadSummary;
using exchange::v1::SubmitResponse;

constexpr std::size_t kTagDigits = 16;

}  // namespace

absl::StatusOr<std::unique_ptr<DropFolder>> DropFolder::Open(DropFolderOptions options,
                                                             engine::Engine* engine,
                                                             const Log* log) {
  if (engine->FindAgency(options.agency) == nullptr) {
    return Error(
        absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
        absl::StrCat("drop folder ", options.path, ": there is no agency ", options.agency));
  }
  AQ_ASSIGN_OR_RETURN(std::unique_ptr<FileStore> files, FileStore::Open(options.path));
  return std::unique_ptr<DropFolder>(
      new DropFolder(std::move(options), engine, log, std::move(files)));
}

void DropFolder::Start() {
  thread_ = std::thread([this] { Run(); });
}

void DropFolder::Shutdown() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

bool DropFolder::Stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

void DropFolder::Tell(Log::Level level, const char* event, const std::string& note) const {
  if (log_ != nullptr) log_->Write(level, event, {{"agency", options_.agency}, {"note", note}});
}

void DropFolder::Run() {
  while (true) {
    const absl::Status status = LookOnce();
    const absl::Duration pause = PauseAfter(status);
    absl::MutexLock lock(&mu_);
    const auto stopping = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stopping_; };
    if (mu_.AwaitWithTimeout(absl::Condition(&stopping), pause)) return;
  }
}

absl::Duration DropFolder::PauseAfter(const absl::Status& status) {
  if (status.ok()) {
    if (pauses_.Reset()) Tell(Log::Level::kInfo, "drop_folder_goes_on", "");
    return options_.poll;
  }
  if (pauses_.taken() == 0) {
    Tell(Log::Level::kWarning, "drop_folder_waits", std::string(status.message()));
  }
  return pauses_.Next();
}

PayloadCounts DropFolder::Counts() const {
  absl::MutexLock lock(&mu_);
  return counts_;
}

absl::Status DropFolder::LookOnce() {
  AQ_ASSIGN_OR_RETURN(const std::vector<FoundFile> claimed, files_->ListClaimed());
  for (const FoundFile& file : claimed) {
    if (Stopping()) return absl::OkStatus();
    AQ_RETURN_IF_ERROR(TakeUp(file));
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<FoundFile> files, files_->List());
  std::map<std::string, FileStamp> before = std::exchange(seen_, {});
  for (const FoundFile& file : files) seen_.emplace(file.name, file.stamp);
  for (const FoundFile& file : files) {
    if (Stopping()) return absl::OkStatus();
    const auto it = before.find(file.name);
    if (it == before.end() || !(it->second == file.stamp) || file.shared) continue;
    const absl::Status claim = files_->Claim(file.name);
    if (absl::IsNotFound(claim)) continue;
    AQ_RETURN_IF_ERROR(claim);
    seen_.erase(file.name);
    AQ_RETURN_IF_ERROR(TakeUp(file));
  }
  return absl::OkStatus();
}

absl::Status DropFolder::Refuse(const std::string& name, absl::string_view why) {
  SubmitResponse response;
  google::rpc::Status* status = response.mutable_summary()->mutable_status();
  status->set_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
  status->set_message(std::string(why));
  AQ_ASSIGN_OR_RETURN(const std::string receipt, ReceiptText({response}));
  Tell(Log::Level::kWarning, "drop_folder_refused", std::string(why));
  return files_->Finish(name, false, receipt, Hex(Sha256(name)).substr(0, kTagDigits), nullptr);
}

absl::Status DropFolder::TakeUp(const FoundFile& file) {
  if (!file.plain) return Refuse(file.name, "is a link, a pipe or the like, expected a plain file");
  // What the engine would have to cut is no name that a format could say something in.
  if (!IsPlainText(file.name)) {
    return Refuse(file.name, "the file's name is not plain UTF-8 text");
  }
  engine::SubmitCommand command;
  command.agency = options_.agency;
  command.header.set_format(options_.format);
  command.header.set_file_name(file.name);
  if (options_.ids_not_from_content_for_test) command.header.set_request_id(RandomUuid());
  FileStamp stamp;
  absl::StatusOr<std::string> bytes =
      files_->Read(file.name, engine_.FindAgency(options_.agency)->payload_bytes_max, &stamp);
  if (absl::IsInvalidArgument(bytes.status())) return Refuse(file.name, bytes.status().message());
  if (absl::IsResourceExhausted(bytes.status())) {
    command.too_large = true;
  } else {
    AQ_RETURN_IF_ERROR(bytes.status());
    command.payload = *std::move(bytes);
  }
  AQ_ASSIGN_OR_RETURN(
      const Responses responses,
      SubmitAndWait(engine_, command, absl::InfiniteDuration(), [this] { return Stopping(); }));
  const PayloadSummary& summary = responses.back().summary();
  {
    absl::MutexLock lock(&mu_);
    counts_.Add(summary);
  }
  if (IsPassing(summary.status())) return absl::UnavailableError(summary.status().message());
  AQ_ASSIGN_OR_RETURN(const std::string receipt, ReceiptText(responses));
  const absl::Status finished =
      files_->Finish(file.name, summary.status().code() == 0, receipt,
                     Hex(Sha256(responses.back().request_id())).substr(0, kTagDigits), &stamp);
  // Written to meanwhile: the next look reads it again, and all of it is another payload.
  return absl::IsAborted(finished) ? absl::OkStatus() : finished;
}

}  // namespace anqiao::transport
