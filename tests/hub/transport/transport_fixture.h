// An engine with certificates: the hub's and an agency's server's, of one authority.

#ifndef ANQIAO_TESTS_HUB_TRANSPORT_TRANSPORT_FIXTURE_H_
#define ANQIAO_TESTS_HUB_TRANSPORT_TRANSPORT_FIXTURE_H_

#include <csignal>
#include <string>

#include "absl/strings/str_cat.h"
#include "hub/transport/tls_context.h"
#include "tests/hub/engine/engine_fixture.h"
#include "tests/testing/certificates.h"

namespace anqiao::transport {

class TransportFixture : public engine::EngineFixture {
 protected:
  // As anqiaod does: OpenSSL writes to sockets with write().
  TransportFixture() { std::signal(SIGPIPE, SIG_IGN); }
  static void SetUpTestSuite() {
    certificates_ = new testing::Certificates();
    certificates_->MakeClient("police", "URI:anqiao://agencies/police");
    certificates_->MakeClient("employment", "URI:anqiao://agencies/employment");
    certificates_->MakeClient("user", "URI:anqiao://users/chen?role=caseworker");
    certificates_->MakeClient("stranger", "URI:anqiao://agencies/stranger");
    certificates_->MakeClient("two", "URI:anqiao://agencies/police,URI:anqiao://agencies/tax");
    certificates_->MakeClient("elsewhere", "DNS:elsewhere.example");
    certificates_->MakeSelfSigned("forged", "URI:anqiao://agencies/police");
  }
  static void TearDownTestSuite() {
    delete certificates_;
    certificates_ = nullptr;
  }
  static TlsIdentity Identity(const std::string& name) {
    TlsIdentity identity;
    identity.ca = certificates_->Pem("ca.crt");
    if (name.empty()) return identity;
    identity.certificate = certificates_->Pem(name + ".crt");
    identity.key = certificates_->Pem(name + ".key");
    return identity;
  }
  static std::string Row(int number) {
    return absl::StrCat("P", number, "|张安|", engine::IdNumber(number), "||421202003010\n");
  }

  static inline testing::Certificates* certificates_ = nullptr;
  const SystemClock system_clock_;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_TESTS_HUB_TRANSPORT_TRANSPORT_FIXTURE_H_
