// Writes the logs of a data directory as the JSON that integration/audit_verifier.py reads.

#ifndef ANQIAO_HUB_CTL_LOG_EXPORT_H_
#define ANQIAO_HUB_CTL_LOG_EXPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/ctl/audit_file.h"
#include "hub/ctl/log_audit.h"
#include "hub/store/store.h"

namespace anqiao::ctl {

struct ExportOptions {
  // Heads that were kept, and the key that signs; what the hub kept itself comes with them.
  AuditFile kept;
  // Only this log; empty: all. With all, ciphertexts are with the hub's log only.
  std::string log;
  bool ciphertexts = true;
};

struct ExportReport {
  std::uint64_t entries = 0;  // leaves written
  std::uint64_t heads = 0, proofs = 0;
};

// Writes "path" whole. "audit" has recomputed "journal". What the verifier will refuse is exported
// all the same. NOT_FOUND (LOG_NOT_FOUND): there is no such log.
absl::StatusOr<ExportReport> ExportLogs(const store::Store& journal, const LogAudit& audit,
                                        const ExportOptions& options, const std::string& path,
                                        const AuditProgress& progress);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_LOG_EXPORT_H_
