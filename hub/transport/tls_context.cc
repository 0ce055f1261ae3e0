#include "hub/transport/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::transport {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct NamesDeleter {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using CertificatePtr = std::unique_ptr<X509, CertificateDeleter>;

constexpr int kCertificatesMax = 1000;

absl::Status Invalid(absl::string_view what) {
  ERR_clear_error();
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid, what);
}

absl::StatusOr<std::vector<CertificatePtr>> Certificates(const std::string& pem,
                                                         absl::string_view what) {
  const std::unique_ptr<BIO, BioDeleter> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<CertificatePtr> found;
  while (X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    found.emplace_back(certificate);
    if (found.size() > kCertificatesMax) return Invalid(absl::StrCat(what, " has too many"));
  }
  ERR_clear_error();
  if (found.empty()) return Invalid(absl::StrCat(what, " has no certificate in PEM"));
  return found;
}

absl::Status UseIdentity(SSL_CTX* context, const TlsIdentity& identity) {
  AQ_ASSIGN_OR_RETURN(const std::vector<CertificatePtr> chain,
                      Certificates(identity.certificate, "the certificate file"));
  const std::unique_ptr<BIO, BioDeleter> bio(
      BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size())));
  const std::unique_ptr<EVP_PKEY, KeyDeleter> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return Invalid("the key file has no private key in PEM");
  bool fits = SSL_CTX_use_certificate(context, chain[0].get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
              SSL_CTX_check_private_key(context) == 1;
  for (std::size_t i = 1; fits && i < chain.size(); ++i) {
    fits = SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  }
  return fits ? absl::OkStatus() : Invalid("certificate and key do not fit together");
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Make(const TlsIdentity& identity,
                                                             bool server) {
  std::unique_ptr<TlsContext> made(
      new TlsContext(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method())));
  SSL_CTX* const context = made->context_.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1) {
    return Invalid("TLS 1.3 cannot be set up");
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<CertificatePtr> believed,
                      Certificates(identity.ca, "the CA file"));
  for (const CertificatePtr& ca : believed) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get());
  }
  if (server || !identity.certificate.empty()) {
    AQ_RETURN_IF_ERROR(UseIdentity(context, identity));
  }
  // Each connection shows its certificate.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return made;
}

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::ForServer(const TlsIdentity& identity) {
  return Make(identity, true);
}

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::ForClient(const TlsIdentity& identity) {
  return Make(identity, false);
}

SslPtr TlsContext::NewClientSession(const std::string& host) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return nullptr;
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1) return ssl;
  ERR_clear_error();
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_host(expected, host.c_str(), 0) != 1 ||
      SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1) {
    return nullptr;
  }
  return ssl;
}

std::vector<std::string> PeerUris(const SSL* ssl) {
  const CertificatePtr peer(SSL_get1_peer_certificate(ssl));
  if (peer == nullptr) return {};
  const std::unique_ptr<GENERAL_NAMES, NamesDeleter> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(peer.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> uris;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* const uri = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<std::size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

}  // namespace anqiao::transport
