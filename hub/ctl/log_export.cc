#include "hub/ctl/log_export.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "anqiao/journal/v1/sealed.pb.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/audit_log.h"

namespace anqiao::ctl {
namespace {

using exchange::v1::SignedTreeHead;

// The heads of the logs that are exported, the hub's own and those kept, each once.
std::vector<SignedTreeHead> HeadsOf(const LogAudit& audit, const ExportOptions& options,
                                    const std::set<std::string>& logs) {
  std::vector<SignedTreeHead> all = audit.anchored();
  all.insert(all.end(), options.kept.heads.begin(), options.kept.heads.end());
  std::vector<SignedTreeHead> heads;
  std::set<std::string> seen;
  for (const SignedTreeHead& head : all) {
    if (logs.count(head.log()) > 0 && seen.insert(head.signature()).second) heads.push_back(head);
  }
  return heads;
}

// Connects the heads of each log, one with the next larger one.
absl::StatusOr<std::vector<AuditFile::Growth>> Connect(const LogAudit& audit,
                                                       const std::vector<SignedTreeHead>& heads) {
  std::map<std::string, std::set<std::uint64_t>> sizes;
  for (const SignedTreeHead& head : heads) {
    if (head.size() > 0 && head.size() <= audit.Size(head.log())) {
      sizes[head.log()].insert(head.size());
    }
  }
  std::vector<AuditFile::Growth> growth;
  for (const auto& [log, of_log] : sizes) {
    std::uint64_t before = 0;
    for (const std::uint64_t size : of_log) {
      if (before > 0) {
        AQ_ASSIGN_OR_RETURN(const exchange::v1::ConsistencyProof proof,
                            audit.Growth(log, before, size));
        growth.push_back({log, proof});
      }
      before = size;
    }
  }
  return growth;
}

class Exporter {
 public:
  Exporter(const store::Store& journal, std::ostream& out, const AuditProgress& progress)
      : journal_(journal), out_(out), progress_(progress) {}

  absl::Status WriteLeaves(const std::string& log, bool ciphertexts) {
    const std::string agency = store::AgencyOfLog(log);
    const store::Sequence total = journal_.synced_sequence();
    const char* separator = "\n   ";
    absl::Status failure;
    out_ << "\"" << log << "\": [";
    AQ_RETURN_IF_ERROR(
        journal_.ReadJournal(1, [&](store::Sequence sequence, absl::string_view stored) {
          progress_(sequence, total);
          const absl::StatusOr<store::StoredLeaf> leaf = store::LeafOfStored(stored);
          failure = leaf.status();
          if (!failure.ok()) return false;
          if (!agency.empty() && leaf->envelope.agency() != agency) return true;
          out_ << separator << LeafJson(leaf->leaf, ciphertexts ? BodyOf(stored) : std::string());
          separator = ",\n   ";
          ++leaves_;
          return out_.good();
        }));
    AQ_RETURN_IF_ERROR(failure);
    out_ << "]";
    return absl::OkStatus();
  }

  template <typename Items, typename ToText>
  void WriteList(const char* name, const Items& items, const ToText& to_text) {
    out_ << ",\n \"" << name << "\": [";
    const char* separator = "\n  ";
    for (const auto& item : items) {
      out_ << separator << to_text(item);
      separator = ",\n  ";
    }
    out_ << "]";
  }

  std::uint64_t leaves() const { return leaves_; }

 private:
  // What the leaf has the hash of.
  static std::string BodyOf(absl::string_view stored) {
    journal::v1::SealedEntry entry;
    if (!entry.ParseFromArray(stored.data(), static_cast<int>(stored.size()))) return "";
    return std::move(*entry.mutable_body());
  }

  const store::Store& journal_;
  std::ostream& out_;
  const AuditProgress& progress_;
  std::uint64_t leaves_ = 0;
};

}  // namespace

absl::StatusOr<ExportReport> ExportLogs(const store::Store& journal, const LogAudit& audit,
                                        const ExportOptions& options, const std::string& path,
                                        const AuditProgress& progress) {
  std::vector<std::string> logs = audit.Logs();
  if (!options.log.empty()) {
    if (std::find(logs.begin(), logs.end(), options.log) == logs.end()) {
      return Error(absl::StatusCode::kNotFound, reason::kLogNotFound,
                   absl::StrCat("there is no log ", options.log));
    }
    logs = {options.log};
  }
  if (!std::all_of(logs.begin(), logs.end(), IsLogName)) {
    return absl::InvalidArgumentError("a log has a name that cannot be");
  }
  const std::vector<SignedTreeHead> heads =
      HeadsOf(audit, options, std::set<std::string>(logs.begin(), logs.end()));
  AQ_ASSIGN_OR_RETURN(const std::vector<AuditFile::Growth> growth, Connect(audit, heads));
  const std::string made = path + ".new";
  const auto remove = absl::MakeCleanup([&] { std::remove(made.c_str()); });
  std::ofstream out(made, std::ios::binary);
  if (!out) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  out << "{\"public_key\": \"" << Hex(options.kept.public_key) << "\"";
  Exporter exporter(journal, out, progress);
  exporter.WriteList("heads", heads, HeadJson);
  exporter.WriteList("consistency", growth, GrowthJson);
  out << ",\n \"leaves\": {";
  for (std::size_t i = 0; i < logs.size(); ++i) {
    out << (i == 0 ? "\n  " : ",\n  ");
    const bool ciphertexts =
        options.ciphertexts && (logs[i] == store::kHubLog || !options.log.empty());
    AQ_RETURN_IF_ERROR(exporter.WriteLeaves(logs[i], ciphertexts));
  }
  out << "}}\n";
  out.close();
  if (!out || std::rename(made.c_str(), path.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return ExportReport{.entries = exporter.leaves(), .heads = heads.size(), .proofs = growth.size()};
}

}  // namespace anqiao::ctl
