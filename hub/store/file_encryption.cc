#include "hub/store/file_encryption.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"
#include "hub/store/cipher.h"
#include "hub/store/cipher_openssl.h"

namespace anqiao::store {
namespace {

constexpr absl::string_view kMarker("AQFILE1\0", 8);
constexpr std::size_t kCounterBytes = 16;  // a block of AES and of SM4
// What OpenSSL is given at once; it counts in int.
constexpr std::size_t kPieceBytes = std::size_t{1} << 30;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

rocksdb::Status Broken() { return rocksdb::Status::IOError("OpenSSL failed to encrypt"); }

// One key and what it has been used for. Thread-safe.
class KeyStream {
 public:
  KeyStream(const EVP_CIPHER* cipher, const DataKey& key) : cipher_(cipher), key_(key) {}

  // Adds the key stream of file "number" from "offset" on to "data".
  rocksdb::Status Add(std::uint64_t number, std::uint64_t offset, char* data, std::size_t size) {
    Context context = Take();
    if (context == nullptr) return Broken();
    std::array<char, kCounterBytes> counter;
    EncodeNumber(number).copy(counter.data(), kNumberBytes);
    EncodeNumber(offset / kCounterBytes).copy(counter.data() + kNumberBytes, kNumberBytes);
    std::array<char, kCounterBytes> passed{};
    int length = 0;
    if (EVP_EncryptInit_ex2(context.get(), nullptr, nullptr, Bytes(counter.data()), nullptr) != 1 ||
        EVP_EncryptUpdate(context.get(), Bytes(passed.data()), &length, Bytes(passed.data()),
                          static_cast<int>(offset % kCounterBytes)) != 1) {
      return Broken();
    }
    while (size > 0) {
      const std::size_t piece = std::min(size, kPieceBytes);
      if (EVP_EncryptUpdate(context.get(), Bytes(data), &length, Bytes(data),
                            static_cast<int>(piece)) != 1 ||
          length != static_cast<int>(piece)) {
        return Broken();
      }
      data += piece;
      size -= piece;
    }
    absl::MutexLock lock(&mu_);
    idle_.push_back(std::move(context));
    return rocksdb::Status::OK();
  }

  // A number that no file had before.
  std::uint64_t NewFile() {
    absl::MutexLock lock(&mu_);
    fresh_.insert(++files_);
    return files_;
  }
  // Whether there is a file of that number.
  bool HasFile(std::uint64_t number) const {
    absl::MutexLock lock(&mu_);
    return number > 0 && number <= files_;
  }
  // True for one caller a file: who may write it.
  bool TakeToWrite(std::uint64_t number) {
    absl::MutexLock lock(&mu_);
    return fresh_.erase(number) > 0;
  }

 private:
  // Under the key; null if OpenSSL failed.
  Context Take() {
    {
      absl::MutexLock lock(&mu_);
      if (!idle_.empty()) {
        Context context = std::move(idle_.back());
        idle_.pop_back();
        return context;
      }
    }
    Context context(EVP_CIPHER_CTX_new());
    if (context == nullptr ||
        EVP_EncryptInit_ex2(context.get(), cipher_, Bytes(key_.view()), nullptr, nullptr) != 1) {
      return nullptr;
    }
    return context;
  }

  const EVP_CIPHER* const cipher_;
  const DataKey key_;
  mutable absl::Mutex mu_;
  // As many as threads read and wrote at once; freeing them overwrites the key in them.
  std::vector<Context> idle_ ABSL_GUARDED_BY(mu_);
  std::uint64_t files_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_set<std::uint64_t> fresh_ ABSL_GUARDED_BY(mu_);
};

class Stream : public rocksdb::BlockAccessCipherStream {
 public:
  Stream(std::shared_ptr<KeyStream> keys, std::uint64_t number, bool writes)
      : keys_(std::move(keys)), number_(number), writes_(writes) {}

  std::size_t BlockSize() override { return kCounterBytes; }
  // By one thread at a time, as files are written.
  rocksdb::Status Encrypt(std::uint64_t offset, char* data, std::size_t size) override {
    if (!writes_ || offset < end_) {
      return rocksdb::Status::NotSupported("a place in an encrypted file is written once");
    }
    end_ = offset + size;
    return keys_->Add(number_, offset, data, size);
  }
  rocksdb::Status Decrypt(std::uint64_t offset, char* data, std::size_t size) override {
    return keys_->Add(number_, offset, data, size);
  }

 protected:
  // Of the base's Encrypt and Decrypt, which are not used.
  void AllocateScratch(std::string& /*scratch*/) override {}
  rocksdb::Status EncryptBlock(std::uint64_t /*index*/, char* /*data*/,
                               char* /*scratch*/) override {
    return rocksdb::Status::NotSupported();
  }
  rocksdb::Status DecryptBlock(std::uint64_t /*index*/, char* /*data*/,
                               char* /*scratch*/) override {
    return rocksdb::Status::NotSupported();
  }

 private:
  const std::shared_ptr<KeyStream> keys_;
  const std::uint64_t number_;
  const bool writes_;
  std::uint64_t end_ = kFilePrefixBytes;  // of what was encrypted
};

class FileEncryption : public rocksdb::EncryptionProvider {
 public:
  FileEncryption(const EVP_CIPHER* cipher, const DataKey& key)
      : keys_(std::make_shared<KeyStream>(cipher, key)) {}

  const char* Name() const override { return "anqiao"; }
  std::size_t GetPrefixLength() const override { return kFilePrefixBytes; }

  rocksdb::Status CreateNewPrefix(const std::string& /*file*/, char* prefix,
                                  std::size_t size) const override {
    if (size != kFilePrefixBytes) return rocksdb::Status::InvalidArgument("not the prefix's size");
    std::memset(prefix, 0, size);
    kMarker.copy(prefix, kMarker.size());
    EncodeNumber(keys_->NewFile()).copy(prefix + kMarker.size(), kNumberBytes);
    return rocksdb::Status::OK();
  }

  rocksdb::Status CreateCipherStream(
      const std::string& /*file*/, const rocksdb::EnvOptions& /*options*/, rocksdb::Slice& prefix,
      std::unique_ptr<rocksdb::BlockAccessCipherStream>* result) override {
    const absl::string_view text(prefix.data(), prefix.size());
    if (text.size() != kFilePrefixBytes || text.substr(0, kMarker.size()) != kMarker) {
      return rocksdb::Status::Corruption("an encrypted file begins otherwise");
    }
    const absl::StatusOr<std::uint64_t> number =
        DecodeNumber(text.substr(kMarker.size(), kNumberBytes));
    if (!number.ok() || !keys_->HasFile(*number)) {
      return rocksdb::Status::Corruption("a file was encrypted under another key");
    }
    *result = std::make_unique<Stream>(keys_, *number, keys_->TakeToWrite(*number));
    return rocksdb::Status::OK();
  }

  rocksdb::Status AddCipher(const std::string& /*descriptor*/, const char* /*cipher*/,
                            std::size_t /*size*/, bool /*for_write*/) override {
    return rocksdb::Status::NotSupported("there is one key");
  }

 private:
  // Shared with the streams of open files.
  const std::shared_ptr<KeyStream> keys_;
};

// What RocksDB 7.8 does not do well with encrypted files is refused, as is what would lie open.
class CarefulFiles : public rocksdb::FileSystemWrapper {
 public:
  CarefulFiles(std::shared_ptr<rocksdb::FileSystem> plain,
               const std::shared_ptr<rocksdb::FileSystem>& encrypted)
      : FileSystemWrapper(encrypted), plain_(std::move(plain)) {}

  const char* Name() const override { return "anqiao-encrypted"; }

  // Of a file whose prefix is cut off, by a full disk perhaps, an assertion would end the process.
  rocksdb::IOStatus GetFileSize(const std::string& file, const rocksdb::IOOptions& options,
                                std::uint64_t* size, rocksdb::IODebugContext* debug) override {
    const rocksdb::IOStatus status = plain_->GetFileSize(file, options, size, debug);
    if (!status.ok() || *size == 0) return status;
    if (*size < kFilePrefixBytes) {
      return rocksdb::IOStatus::Corruption("an encrypted file is cut off");
    }
    *size -= kFilePrefixBytes;
    return status;
  }
  // A second prefix would be written in the middle.
  rocksdb::IOStatus ReopenWritableFile(const std::string& /*file*/,
                                       const rocksdb::FileOptions& /*options*/,
                                       std::unique_ptr<rocksdb::FSWritableFile>* /*result*/,
                                       rocksdb::IODebugContext* /*debug*/) override {
    return rocksdb::IOStatus::NotSupported("encrypted files are not added to");
  }
  rocksdb::IOStatus NewRandomRWFile(const std::string& /*file*/,
                                    const rocksdb::FileOptions& /*options*/,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* /*result*/,
                                    rocksdb::IODebugContext* /*debug*/) override {
    return rocksdb::IOStatus::NotSupported("encrypted files are not changed");
  }
  // It would write past the encryption.
  rocksdb::IOStatus NewLogger(const std::string& /*file*/, const rocksdb::IOOptions& /*options*/,
                              std::shared_ptr<rocksdb::Logger>* /*result*/,
                              rocksdb::IODebugContext* /*debug*/) override {
    return rocksdb::IOStatus::NotSupported("nothing is logged beside encrypted files");
  }

 private:
  const std::shared_ptr<rocksdb::FileSystem> plain_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<rocksdb::EncryptionProvider>> NewFileEncryption(FileCipher cipher) {
  const Algorithms& algorithms = FetchedAlgorithms();
  const EVP_CIPHER* const used =
      cipher == FileCipher::kSm4 ? algorithms.sm4_ctr : algorithms.aes_ctr;
  if (used == nullptr) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
                 "this OpenSSL lacks the cipher that files are encrypted with");
  }
  // SM4 takes the first half.
  std::array<char, DataKey::kBytes> bytes;
  if (RAND_priv_bytes(Bytes(bytes.data()), static_cast<int>(bytes.size())) != 1) {
    return CipherBroken();
  }
  const DataKey key(absl::string_view(bytes.data(), bytes.size()));
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return std::shared_ptr<rocksdb::EncryptionProvider>(std::make_shared<FileEncryption>(used, key));
}

absl::StatusOr<std::unique_ptr<rocksdb::Env>> NewEncryptingEnv(rocksdb::Env* base,
                                                               FileCipher cipher) {
  AQ_ASSIGN_OR_RETURN(std::shared_ptr<rocksdb::EncryptionProvider> encryption,
                      NewFileEncryption(cipher));
  const std::shared_ptr<rocksdb::FileSystem> encrypted =
      rocksdb::NewEncryptedFS(base->GetFileSystem(), encryption);
  if (encrypted == nullptr) return CipherBroken();
  return rocksdb::NewCompositeEnv(std::make_shared<CarefulFiles>(base->GetFileSystem(), encrypted));
}

}  // namespace anqiao::store
