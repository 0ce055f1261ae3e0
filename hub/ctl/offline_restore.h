// Makes a data directory from a backup: copies the journal, opens it under the ring as it is now,
// so that what was erased after the backup stays erased, and computes the projections.

#ifndef ANQIAO_HUB_CTL_OFFLINE_RESTORE_H_
#define ANQIAO_HUB_CTL_OFFLINE_RESTORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "anqiao/exchange/v1/audit.pb.h"
#include "hub/ctl/audit_file.h"
#include "hub/ctl/sealed_directory.h"

namespace anqiao::ctl {

struct RestoreOptions {
  std::string backup, directory;
  SealFiles files;
  // Heads that were kept, and their key; without heads nothing is compared.
  AuditFile kept;
};

struct RestoreReport {
  struct Log {
    std::string name;
    std::uint64_t entries = 0;
    std::string root;
  };
  // How a kept head lies to the restored log.
  enum class Relation { kEqual, kEarlier, kLater };
  struct Compared {
    exchange::v1::SignedTreeHead head;
    Relation relation = Relation::kEqual;
  };

  std::uint64_t entries = 0, erased = 0;
  std::int64_t people = 0;
  std::vector<Log> logs;
  std::vector<Compared> heads;
};

using RestoreProgress =
    std::function<void(const std::string& step, std::uint64_t done, std::uint64_t total)>;

// ALREADY_EXISTS: there is something of that name. NOT_FOUND: the backup has no journal.
// UNAVAILABLE: a hub has the ring open. DATA_LOSS: the journal is damaged, or, with LogAudit's
// reasons, not that of the kept heads. INVALID_ARGUMENT (SIGNATURE_INVALID): a kept head is not of
// the key. When it fails, "directory" is not there.
absl::StatusOr<RestoreReport> RestoreOffline(const RestoreOptions& options,
                                             const RestoreProgress& progress);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_OFFLINE_RESTORE_H_
