// What one side of TLS shows and whom it believes: 1.3 only.
//
// Thread-safe.

#ifndef ANQIAO_HUB_TRANSPORT_TLS_CONTEXT_H_
#define ANQIAO_HUB_TRANSPORT_TLS_CONTEXT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "hub/transport/connection.h"

namespace anqiao::transport {

// PEM texts.
struct TlsIdentity {
  std::string certificate;  // with its chain
  std::string key;
  std::string ca;  // whom it believes
};

class TlsContext {
 public:
  // A server: it asks for a certificate and ends the handshake without a valid one.
  // Both: FAILED_PRECONDITION (CONFIGURATION_INVALID): a text is no PEM, or key and certificate do
  // not fit.
  static absl::StatusOr<std::unique_ptr<TlsContext>> ForServer(const TlsIdentity& identity);
  // A client; it has a certificate only if there is one.
  static absl::StatusOr<std::unique_ptr<TlsContext>> ForClient(const TlsIdentity& identity);

  // For one connection.
  SslPtr NewServerSession() const { return SslPtr(SSL_new(context_.get())); }
  // With a server whose certificate must be for "host", a name or an address. Null: no memory.
  SslPtr NewClientSession(const std::string& host) const;

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  static absl::StatusOr<std::unique_ptr<TlsContext>> Make(const TlsIdentity& identity, bool server);

  const std::unique_ptr<SSL_CTX, Deleter> context_;
};

// The URIs among the alternative names of the peer's certificate.
std::vector<std::string> PeerUris(const SSL* ssl);

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_TLS_CONTEXT_H_
