#include "hub/store/file_encryption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using CipherStream = std::unique_ptr<rocksdb::BlockAccessCipherStream>;
using Provider = std::shared_ptr<rocksdb::EncryptionProvider>;

constexpr std::size_t kBlockBytes = 16;

std::string Text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(i * 7 + i / 251));
  return text;
}

std::string NewPrefix(const Provider& provider) {
  std::string prefix(kFilePrefixBytes, 'x');
  EXPECT_TRUE(provider->CreateNewPrefix("file", prefix.data(), prefix.size()).ok());
  return prefix;
}

// Null: refused as damage.
CipherStream OpenStream(const Provider& provider, const std::string& prefix) {
  CipherStream stream;
  rocksdb::Slice slice(prefix);
  const rocksdb::Status opened = provider->CreateCipherStream("file", {}, slice, &stream);
  EXPECT_EQ(opened.ok(), stream != nullptr);
  EXPECT_TRUE(opened.ok() || opened.IsCorruption()) << opened.ToString();
  return stream;
}

class FileEncryptionTest : public ::testing::TestWithParam<FileCipher> {
 protected:
  static Provider Make() {
    auto made = NewFileEncryption(GetParam());
    AQ_EXPECT_OK(made);
    return made.ok() ? *made : nullptr;
  }

  const Provider provider_ = Make();
};

INSTANTIATE_TEST_SUITE_P(Ciphers, FileEncryptionTest,
                         ::testing::Values(FileCipher::kAes256, FileCipher::kSm4),
                         [](const auto& info) {
                           return info.param == FileCipher::kSm4 ? "sm4" : "aes256";
                         });

TEST_P(FileEncryptionTest, ReadsAtAnyOffsetWhatWasWrittenInPieces) {
  const std::string prefix = NewPrefix(provider_);
  const std::string text = Text(40'000);
  std::string file = text;
  const CipherStream writer = OpenStream(provider_, prefix);
  std::size_t at = 0;
  for (std::size_t step = 1; at < file.size(); step = step * 3 + 1) {
    const std::size_t size = std::min(step, file.size() - at);
    ASSERT_TRUE(writer->Encrypt(kFilePrefixBytes + at, file.data() + at, size).ok());
    at += size;
  }
  EXPECT_NE(file, text);
  const CipherStream reader = OpenStream(provider_, prefix);
  for (const std::size_t from : {0, 1, 15, 16, 17, 4095, 4096, 12'345, 39'999}) {
    for (const std::size_t size : {0, 1, 15, 16, 33, 20'000}) {
      std::string part = file.substr(from, size);
      ASSERT_TRUE(reader->Decrypt(kFilePrefixBytes + from, part.data(), part.size()).ok());
      EXPECT_EQ(part, text.substr(from, size)) << from << " " << size;
    }
  }
  std::string elsewhere = file.substr(0, 100);
  ASSERT_TRUE(reader->Decrypt(kFilePrefixBytes + 16, elsewhere.data(), 100).ok());
  EXPECT_NE(elsewhere, text.substr(0, 100));
}

TEST_P(FileEncryptionTest, UsesNoBlockOfTheKeyStreamTwice) {
  constexpr std::size_t kFiles = 40, kBlocks = 2000;
  std::set<std::string> blocks;
  for (std::size_t i = 0; i < kFiles; ++i) {
    // Of zeros the key stream itself is left.
    std::string stream(kBlocks * kBlockBytes, '\0');
    const CipherStream writer = OpenStream(provider_, NewPrefix(provider_));
    ASSERT_TRUE(writer->Encrypt(kFilePrefixBytes, stream.data(), stream.size()).ok());
    for (std::size_t at = 0; at < stream.size(); at += kBlockBytes) {
      blocks.insert(stream.substr(at, kBlockBytes));
    }
  }
  EXPECT_EQ(blocks.size(), kFiles * kBlocks);
}

TEST_P(FileEncryptionTest, EncryptsAPlaceOnce) {
  const std::string prefix = NewPrefix(provider_);
  std::string text = Text(100);
  const CipherStream writer = OpenStream(provider_, prefix);
  ASSERT_TRUE(writer->Encrypt(kFilePrefixBytes, text.data(), 100).ok());
  for (const std::size_t from : {0, 1, 99}) {
    EXPECT_TRUE(writer->Encrypt(kFilePrefixBytes + from, text.data(), 1).IsNotSupported());
  }
  // In the prefix, where a file system that does not know how much was written would begin.
  EXPECT_TRUE(writer->Encrypt(0, text.data(), 1).IsNotSupported());
  // Nor again through another opening.
  const CipherStream other = OpenStream(provider_, prefix);
  EXPECT_TRUE(other->Encrypt(kFilePrefixBytes + 100, text.data(), 1).IsNotSupported());
  EXPECT_TRUE(writer->Encrypt(kFilePrefixBytes + 100, text.data(), 1).ok());
}

TEST_P(FileEncryptionTest, AnotherKeyReadsOnlyGarbage) {
  const std::string prefix = NewPrefix(provider_);
  const std::string text = Text(100);
  std::string file = text;
  ASSERT_TRUE(OpenStream(provider_, prefix)->Encrypt(kFilePrefixBytes, file.data(), 100).ok());
  const Provider other = Make();
  EXPECT_EQ(OpenStream(other, prefix), nullptr);
  // With a file of that number of its own.
  NewPrefix(other);
  ASSERT_TRUE(OpenStream(other, prefix)->Decrypt(kFilePrefixBytes, file.data(), 100).ok());
  EXPECT_NE(file, text);
}

TEST_P(FileEncryptionTest, RefusesADamagedPrefix) {
  const std::string prefix = NewPrefix(provider_);
  EXPECT_NE(OpenStream(provider_, prefix), nullptr);
  EXPECT_EQ(OpenStream(provider_, ""), nullptr);
  EXPECT_EQ(OpenStream(provider_, prefix.substr(0, kFilePrefixBytes - 1)), nullptr);
  for (const std::size_t at : {0, 7, 8, 14}) {
    std::string damaged = prefix;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    EXPECT_EQ(OpenStream(provider_, damaged), nullptr) << at;
  }
  std::string none = prefix;
  none[15] = '\0';
  EXPECT_EQ(OpenStream(provider_, none), nullptr);
}

TEST_P(FileEncryptionTest, ManyThreadsReadOneFile) {
  const std::string prefix = NewPrefix(provider_);
  const std::string text = Text(10'000);
  std::string file = text;
  ASSERT_TRUE(
      OpenStream(provider_, prefix)->Encrypt(kFilePrefixBytes, file.data(), file.size()).ok());
  const CipherStream reader = OpenStream(provider_, prefix);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t from = i; from + 50 < file.size(); from += 61) {
        std::string part = file.substr(from, 50);
        ASSERT_TRUE(reader->Decrypt(kFilePrefixBytes + from, part.data(), part.size()).ok());
        ASSERT_EQ(part, text.substr(from, 50));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class EncryptingEnvTest : public ::testing::TestWithParam<FileCipher> {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(env_, NewEncryptingEnv(rocksdb::Env::Default(), GetParam()));
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(rocksdb::WriteStringToFile(env_.get(), text, directory_.File(name), true).ok());
  }
  std::string Read(const std::string& name, rocksdb::Env* env = nullptr) {
    std::string text;
    if (env == nullptr) env = env_.get();
    EXPECT_TRUE(rocksdb::ReadFileToString(env, directory_.File(name), &text).ok());
    return text;
  }
  std::string Raw(const std::string& name) { return Read(name, rocksdb::Env::Default()); }

  testing::TempDir directory_;
  std::unique_ptr<rocksdb::Env> env_;
};

INSTANTIATE_TEST_SUITE_P(Ciphers, EncryptingEnvTest,
                         ::testing::Values(FileCipher::kAes256, FileCipher::kSm4));

TEST_P(EncryptingEnvTest, WritesNothingInTheClear) {
  Write("a", "canary canary canary");
  EXPECT_EQ(Read("a"), "canary canary canary");
  EXPECT_EQ(Raw("a").size(), kFilePrefixBytes + 20);
  EXPECT_THAT(Raw("a"), Not(HasSubstr("canary")));
  std::uint64_t size = 0;
  ASSERT_TRUE(env_->GetFileSize(directory_.File("a"), &size).ok());
  EXPECT_EQ(size, 20u);
}

TEST_P(EncryptingEnvTest, ARenamedFileIsTheSameAndAnOverwrittenOneIsNot) {
  Write("a", "canary canary canary");
  const std::string before = Raw("a");
  ASSERT_TRUE(env_->RenameFile(directory_.File("a"), directory_.File("b")).ok());
  EXPECT_EQ(Read("b"), "canary canary canary");
  EXPECT_EQ(Raw("b"), before);
  Write("b", "canary canary canary");
  EXPECT_EQ(Read("b"), "canary canary canary");
  EXPECT_NE(Raw("b").substr(kFilePrefixBytes), before.substr(kFilePrefixBytes));
}

TEST_P(EncryptingEnvTest, AReusedFileHasAKeyStreamOfItsOwn) {
  Write("a", std::string(64, '\0'));
  const std::string before = Raw("a");
  std::unique_ptr<rocksdb::FSWritableFile> file;
  ASSERT_TRUE(
      env_->GetFileSystem()
          ->ReuseWritableFile(directory_.File("b"), directory_.File("a"), {}, &file, nullptr)
          .ok());
  ASSERT_TRUE(file->Append(std::string(64, '\0'), {}, nullptr).ok());
  ASSERT_TRUE(file->Close({}, nullptr).ok());
  EXPECT_EQ(Read("b").substr(0, 64), std::string(64, '\0'));
  EXPECT_NE(Raw("b").substr(kFilePrefixBytes, 64), before.substr(kFilePrefixBytes));
}

TEST_P(EncryptingEnvTest, ACutOffFileIsAnErrorAndNotTheEnd) {
  Write("a", "text");
  std::filesystem::resize_file(directory_.File("a"), 100);
  std::uint64_t size = 0;
  EXPECT_TRUE(env_->GetFileSize(directory_.File("a"), &size).IsCorruption());
  std::string text;
  EXPECT_FALSE(rocksdb::ReadFileToString(env_.get(), directory_.File("a"), &text).ok());
}

TEST_P(EncryptingEnvTest, RefusesWhatWouldLieOpenOrBeEncryptedTwice) {
  Write("a", "text");
  std::unique_ptr<rocksdb::WritableFile> added;
  EXPECT_TRUE(env_->ReopenWritableFile(directory_.File("a"), &added, {}).IsNotSupported());
  std::unique_ptr<rocksdb::RandomRWFile> changed;
  EXPECT_TRUE(env_->NewRandomRWFile(directory_.File("a"), &changed, {}).IsNotSupported());
  std::shared_ptr<rocksdb::Logger> logger;
  EXPECT_TRUE(env_->NewLogger(directory_.File("LOG"), &logger).IsNotSupported());
  EXPECT_FALSE(std::filesystem::exists(directory_.File("LOG")));
  EXPECT_EQ(Read("a"), "text");
}

}  // namespace
}  // namespace anqiao::store
