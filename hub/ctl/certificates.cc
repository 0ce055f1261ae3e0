#include "hub/ctl/certificates.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "hub/base/status_macros.h"

namespace anqiao::ctl {
namespace {

namespace fs = std::filesystem;

constexpr int kDaysMax = 3650;
constexpr int kSerialBits = 127;
constexpr std::size_t kHostsMax = 32;
constexpr std::size_t kNameBytesMax = 63;
constexpr std::size_t kHostBytesMax = 253;
constexpr mode_t kCertificateMode = 0644;
constexpr mode_t kKeyMode = 0600;
// Machines whose clocks differ a little still accept a certificate that was made just now.
constexpr absl::Duration kBackdated = absl::Minutes(5);

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertPtr = std::unique_ptr<X509, Deleter<X509_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

struct Authority {
  CertPtr certificate;
  KeyPtr key;
  absl::Time expire_time;
};

enum class HolderKind { kAuthority, kServer, kClient };

struct Holder {
  HolderKind kind = HolderKind::kClient;
  std::string common_name = "";
  std::string uri = "";                 // of clients
  std::vector<std::string> hosts = {};  // of servers
};

absl::Status CryptoError(absl::string_view doing) {
  char text[256] = "unknown";
  ERR_error_string_n(ERR_get_error(), text, sizeof(text));
  ERR_clear_error();
  return absl::InternalError(absl::StrCat("cannot ", doing, ": ", text));
}

absl::Status FileError(int error, absl::string_view doing, absl::string_view path) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot ", doing, " ", path));
}

// --- Arguments. ---

bool IsName(absl::string_view text, absl::string_view punctuation) {
  if (text.empty() || text.size() > kNameBytesMax || !absl::ascii_isalnum(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
           punctuation.find(static_cast<char>(c)) != absl::string_view::npos;
  });
}

bool IsAddress(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool IsHostName(absl::string_view host) {
  if (host.empty() || host.size() > kHostBytesMax || host.front() == '-' || host.front() == '.') {
    return false;
  }
  return std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '.';
  });
}

absl::Status CheckDays(int days) {
  if (days >= 1 && days <= kDaysMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("days must be between 1 and ", kDaysMax, ", got ", days));
}

absl::Status CheckAbsent(const fs::path& path, bool force) {
  std::error_code ignored;
  if (force || fs::symlink_status(path, ignored).type() == fs::file_type::not_found) {
    return absl::OkStatus();
  }
  return absl::AlreadyExistsError(
      absl::StrCat(path.string(), " exists; --force replaces it, which makes the old one useless"));
}

// --- Files. ---

absl::Status WriteFile(const fs::path& path, absl::string_view content, mode_t mode) {
  std::error_code ignored;
  const fs::path fresh = path.string() + ".new";
  fs::remove(fresh, ignored);
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return FileError(errno, "create", fresh.string());
  std::size_t written = 0;
  int error = 0;
  while (written < content.size() && error == 0) {
    const ssize_t count = write(fd, content.data() + written, content.size() - written);
    if (count < 0 && errno != EINTR) error = errno;
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && rename(fresh.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return absl::OkStatus();
  fs::remove(fresh, ignored);
  return FileError(error, "write", path.string());
}

absl::StatusOr<BioPtr> OpenForReading(const fs::path& path) {
  BioPtr bio(BIO_new_file(path.c_str(), "r"));
  if (bio == nullptr) {
    ERR_clear_error();
    return absl::NotFoundError(absl::StrCat("cannot read ", path.string(),
                                            "; make an authority first: anqiaoctl certs init ",
                                            path.parent_path().string()));
  }
  return bio;
}

absl::StatusOr<std::string> PemOf(X509* certificate) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return CryptoError("encode a certificate");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

absl::StatusOr<std::string> PemOf(EVP_PKEY* key) {
  BioPtr bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return CryptoError("encode a key");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

absl::StatusOr<absl::Time> ExpireTime(const X509* certificate) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) {
    return CryptoError("read the authority's last day");
  }
  return absl::FromTM(parts, absl::UTCTimeZone());
}

absl::StatusOr<Authority> LoadAuthority(const std::string& directory) {
  const fs::path certificate_path = fs::path(directory) / "ca.crt";
  const fs::path key_path = fs::path(directory) / "ca.key";
  AQ_ASSIGN_OR_RETURN(BioPtr certificate_file, OpenForReading(certificate_path));
  AQ_ASSIGN_OR_RETURN(BioPtr key_file, OpenForReading(key_path));
  Authority authority;
  authority.certificate.reset(PEM_read_bio_X509(certificate_file.get(), nullptr, nullptr, nullptr));
  if (authority.certificate == nullptr) {
    return CryptoError(absl::StrCat("read ", certificate_path.string()));
  }
  authority.key.reset(PEM_read_bio_PrivateKey(key_file.get(), nullptr, nullptr, nullptr));
  if (authority.key == nullptr) return CryptoError(absl::StrCat("read ", key_path.string()));
  if (X509_check_private_key(authority.certificate.get(), authority.key.get()) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError(
        absl::StrCat(key_path.string(), " is not the key of ", certificate_path.string()));
  }
  AQ_ASSIGN_OR_RETURN(authority.expire_time, ExpireTime(authority.certificate.get()));
  return authority;
}

// --- Certificates. ---

absl::Status AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return CryptoError("add an extension to a certificate");
  }
  return absl::OkStatus();
}

absl::Status PushTextName(GENERAL_NAMES* names, int type, absl::string_view text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  if (name == nullptr || value == nullptr ||
      ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) != 1) {
    GENERAL_NAME_free(name);
    ASN1_IA5STRING_free(value);
    return CryptoError("name the holder of a certificate");
  }
  GENERAL_NAME_set0_value(name, type, value);
  if (sk_GENERAL_NAME_push(names, name) <= 0) {
    GENERAL_NAME_free(name);
    return CryptoError("name the holder of a certificate");
  }
  return absl::OkStatus();
}

absl::Status PushAddress(GENERAL_NAMES* names, const std::string& address) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_OCTET_STRING* value = a2i_IPADDRESS(address.c_str());
  if (name == nullptr || value == nullptr) {
    GENERAL_NAME_free(name);
    ASN1_OCTET_STRING_free(value);
    return CryptoError("name the holder of a certificate");
  }
  GENERAL_NAME_set0_value(name, GEN_IPADD, value);
  if (sk_GENERAL_NAME_push(names, name) <= 0) {
    GENERAL_NAME_free(name);
    return CryptoError("name the holder of a certificate");
  }
  return absl::OkStatus();
}

absl::Status AddAlternativeNames(X509* certificate, const Holder& holder) {
  const NamesPtr names(sk_GENERAL_NAME_new_null());
  if (names == nullptr) return CryptoError("name the holder of a certificate");
  if (!holder.uri.empty()) {
    AQ_RETURN_IF_ERROR(PushTextName(names.get(), GEN_URI, holder.uri));
  }
  for (const std::string& host : holder.hosts) {
    AQ_RETURN_IF_ERROR(IsAddress(host) ? PushAddress(names.get(), host)
                                       : PushTextName(names.get(), GEN_DNS, host));
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) !=
      1) {
    return CryptoError("name the holder of a certificate");
  }
  return absl::OkStatus();
}

absl::Status AddExtensions(X509* certificate, X509* issuer, const Holder& holder) {
  const bool authority = holder.kind == HolderKind::kAuthority;
  AQ_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_basic_constraints,
                                  authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE"));
  AQ_RETURN_IF_ERROR(
      AddExtension(certificate, issuer, NID_key_usage,
                   authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature"));
  AQ_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_subject_key_identifier, "hash"));
  AQ_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid"));
  if (authority) return absl::OkStatus();
  AQ_RETURN_IF_ERROR(
      AddExtension(certificate, issuer, NID_ext_key_usage,
                   holder.kind == HolderKind::kServer ? "serverAuth" : "clientAuth"));
  return AddAlternativeNames(certificate, holder);
}

absl::Status SetSubject(X509* certificate, const Holder& holder) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto add = [&](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  if (!add("O", "Anqiao development") || !add("CN", holder.common_name)) {
    return CryptoError("set the subject of a certificate");
  }
  return absl::OkStatus();
}

absl::Status SetSerialAndTimes(X509* certificate, absl::Time from, absl::Time to) {
  const BignumPtr serial(BN_new());
  if (serial == nullptr ||
      BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return CryptoError("number a certificate");
  }
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(from)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(to)) == nullptr) {
    return CryptoError("date a certificate");
  }
  return absl::OkStatus();
}

// Makes key and certificate; "authority" null: signs itself.
absl::StatusOr<std::pair<CertPtr, KeyPtr>> Make(const Holder& holder, const Authority* authority,
                                                absl::Time from, absl::Time to) {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return CryptoError("make a key");
  CertPtr certificate(X509_new());
  if (certificate == nullptr || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(certificate.get(), key.get()) != 1) {
    return CryptoError("make a certificate");
  }
  AQ_RETURN_IF_ERROR(SetSerialAndTimes(certificate.get(), from, to));
  AQ_RETURN_IF_ERROR(SetSubject(certificate.get(), holder));
  X509* const issuer = authority == nullptr ? certificate.get() : authority->certificate.get();
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) != 1) {
    return CryptoError("set the issuer of a certificate");
  }
  AQ_RETURN_IF_ERROR(AddExtensions(certificate.get(), issuer, holder));
  EVP_PKEY* const signer = authority == nullptr ? key.get() : authority->key.get();
  if (X509_sign(certificate.get(), signer, EVP_sha256()) == 0) {
    return CryptoError("sign a certificate");
  }
  return std::make_pair(std::move(certificate), std::move(key));
}

// Makes and writes "stem".crt and "stem".key.
absl::StatusOr<IssuedCertificate> MakeFiles(const CertificateOptions& options, const fs::path& stem,
                                            const Holder& holder, const Authority* authority) {
  IssuedCertificate issued;
  issued.certificate_path = stem.string() + ".crt";
  issued.key_path = stem.string() + ".key";
  issued.identity = holder.uri.empty() ? absl::StrJoin(holder.hosts, ", ") : holder.uri;
  AQ_RETURN_IF_ERROR(CheckAbsent(issued.certificate_path, options.force));
  AQ_RETURN_IF_ERROR(CheckAbsent(issued.key_path, options.force));
  issued.expire_time = options.now + absl::Hours(24) * options.days;
  if (authority != nullptr) {
    issued.expire_time = std::min(issued.expire_time, authority->expire_time);
    if (issued.expire_time <= options.now) {
      return absl::FailedPreconditionError(
          "the authority has expired; make a new one with --force");
    }
  }
  AQ_ASSIGN_OR_RETURN(auto made,
                      Make(holder, authority, options.now - kBackdated, issued.expire_time));
  AQ_ASSIGN_OR_RETURN(const std::string key_pem, PemOf(made.second.get()));
  AQ_ASSIGN_OR_RETURN(const std::string certificate_pem, PemOf(made.first.get()));
  std::error_code error;
  fs::create_directories(stem.parent_path(), error);
  if (error) return FileError(error.value(), "create", stem.parent_path().string());
  AQ_RETURN_IF_ERROR(WriteFile(issued.key_path, key_pem, kKeyMode));
  AQ_RETURN_IF_ERROR(WriteFile(issued.certificate_path, certificate_pem, kCertificateMode));
  return issued;
}

absl::StatusOr<IssuedCertificate> Issue(const CertificateOptions& options,
                                        const std::string& folder, const std::string& name,
                                        Holder holder) {
  AQ_RETURN_IF_ERROR(CheckDays(options.days));
  AQ_ASSIGN_OR_RETURN(const Authority authority, LoadAuthority(options.directory));
  holder.common_name = name;
  return MakeFiles(options, fs::path(options.directory) / folder / name, holder, &authority);
}

}  // namespace

absl::StatusOr<IssuedCertificate> CreateAuthority(const CertificateOptions& options) {
  AQ_RETURN_IF_ERROR(CheckDays(options.days));
  return MakeFiles(options, fs::path(options.directory) / "ca",
                   {.kind = HolderKind::kAuthority, .common_name = "Anqiao development CA"},
                   nullptr);
}

absl::StatusOr<IssuedCertificate> IssueServer(const CertificateOptions& options,
                                              const std::string& name,
                                              const std::vector<std::string>& hosts) {
  if (!IsName(name, "._-")) {
    return absl::InvalidArgumentError(
        "a server's name must be 1 to 63 lower-case letters, digits, '.', '_' or '-'");
  }
  if (hosts.empty() || hosts.size() > kHostsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a server needs 1 to ", kHostsMax, " host names or addresses (--host)"));
  }
  for (const std::string& host : hosts) {
    if (!IsAddress(host) && !IsHostName(host)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", host, "' is neither a host name nor an IP address"));
    }
  }
  return Issue(options, "servers", name, {.kind = HolderKind::kServer, .hosts = hosts});
}

absl::StatusOr<IssuedCertificate> IssueAgency(const CertificateOptions& options,
                                              const std::string& id) {
  if (!IsName(id, "_")) {
    return absl::InvalidArgumentError(
        "an agency's id must be 1 to 63 lower-case letters, digits or '_', such as civil_affairs");
  }
  return Issue(options, "agencies", id, {.uri = absl::StrCat("anqiao://agencies/", id)});
}

absl::StatusOr<IssuedCertificate> IssueUser(const CertificateOptions& options,
                                            const std::string& name, const std::string& role,
                                            const std::string& jurisdiction) {
  if (!IsName(name, "._-")) {
    return absl::InvalidArgumentError(
        "a user's name must be 1 to 63 lower-case letters, digits, '.', '_' or '-'");
  }
  constexpr absl::string_view kRoles[] = {"caseworker", "supervisor", "operator", "auditor"};
  if (std::find(std::begin(kRoles), std::end(kRoles), role) == std::end(kRoles)) {
    return absl::InvalidArgumentError("a role must be caseworker, supervisor, operator or auditor");
  }
  if (jurisdiction.size() > 12 ||
      !std::all_of(jurisdiction.begin(), jurisdiction.end(), absl::ascii_isdigit)) {
    return absl::InvalidArgumentError(
        "a jurisdiction must be the first digits of a division code, at most 12");
  }
  std::string uri = absl::StrCat("anqiao://users/", name, "?role=", role);
  if (!jurisdiction.empty()) absl::StrAppend(&uri, "&jurisdiction=", jurisdiction);
  return Issue(options, "users", name, {.uri = uri});
}

}  // namespace anqiao::ctl
