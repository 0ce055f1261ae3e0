// A certificate authority for development, and the certificates of servers, agencies and users.
//
//   DIR/ca.crt  ca.key  servers/NAME.{crt,key}  agencies/ID.{crt,key}  users/NAME.{crt,key}
//
// Keys are EC P-256 in PKCS#8 PEM, readable by their owner only. The one URI in a client's
// certificate is who it is: anqiao://agencies/<id> or
// anqiao://users/<name>?role=<role>[&jurisdiction=<digits>]. Nothing is overwritten unless "force".

#ifndef ANQIAO_HUB_CTL_CERTIFICATES_H_
#define ANQIAO_HUB_CTL_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace anqiao::ctl {

struct CertificateOptions {
  std::string directory;
  int days = 365;  // 1 to 3,650
  bool force = false;
  absl::Time now;
};

// What was written.
struct IssuedCertificate {
  std::string certificate_path, key_path;
  // What the certificate says its holder is: the URI, or the server's host names.
  std::string identity;
  absl::Time expire_time;
};

// ALREADY_EXISTS: the directory has an authority. INVALID_ARGUMENT: days out of range.
absl::StatusOr<IssuedCertificate> CreateAuthority(const CertificateOptions& options);

// All three: NOT_FOUND: the directory has no authority. ALREADY_EXISTS: there is a certificate of
// this name. INVALID_ARGUMENT: a name, host, role or jurisdiction is malformed. A certificate never
// outlives its authority.
absl::StatusOr<IssuedCertificate> IssueServer(const CertificateOptions& options,
                                              const std::string& name,
                                              const std::vector<std::string>& hosts);
absl::StatusOr<IssuedCertificate> IssueAgency(const CertificateOptions& options,
                                              const std::string& id);
absl::StatusOr<IssuedCertificate> IssueUser(const CertificateOptions& options,
                                            const std::string& name, const std::string& role,
                                            const std::string& jurisdiction);

}  // namespace anqiao::ctl

#endif  // ANQIAO_HUB_CTL_CERTIFICATES_H_
