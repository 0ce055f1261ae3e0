#include "hub/store/cipher.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/store/cipher_openssl.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::store {
namespace {

using ::anqiao::testing::IsOk;
using ::anqiao::testing::IsOkAndHolds;
using ::anqiao::testing::StatusIs;
using ::testing::HasSubstr;

std::string FromHex(absl::string_view hex) { return absl::HexStringToBytes(hex); }

std::unique_ptr<const CipherSuite> Make(absl::string_view name) {
  return CipherSuite::Make(name).value();
}

// "count" bytes from "first" up.
std::string Counting(int first, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(first + i));
  return bytes;
}

class CipherTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string Seal(absl::string_view associated, absl::string_view plaintext) {
    std::string out;
    AQ_EXPECT_OK(suite_->Seal(key_, associated, plaintext, &out));
    return out;
  }
  bool checks_key() const { return suite_->name() != "none"; }

  const std::unique_ptr<const CipherSuite> suite_ = Make(GetParam());
  const DataKey key_ = DataKey::Random();
};

INSTANTIATE_TEST_SUITE_P(Suites, CipherTest,
                         ::testing::Values("aes-256-gcm-sha256", "sm4-ctr-hmac-sm3", "none"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(CipherTest, NameIsTheOneAskedFor) { EXPECT_EQ(suite_->name(), GetParam()); }

TEST_P(CipherTest, OpensWhatItSealed) {
  for (const std::size_t size : {0, 1, 15, 16, 17, 63, 64, 65, 500, 100000}) {
    for (const std::string& associated :
         {std::string(), std::string("record:1"), std::string(300, 'a')}) {
      const std::string plaintext(size, 'p');
      const std::string sealed = Seal(associated, plaintext);
      EXPECT_EQ(sealed.front(), suite_->id());
      EXPECT_LE(sealed.size(), size + CipherSuite::kSealOverheadMax);
      EXPECT_THAT(suite_->Open(key_, associated, sealed), IsOkAndHolds(plaintext));
    }
  }
}

TEST_P(CipherTest, SealAppends) {
  std::string out = "before";
  AQ_ASSERT_OK(suite_->Seal(key_, "a", "text", &out));
  EXPECT_EQ(out.substr(0, 6), "before");
  EXPECT_THAT(suite_->Open(key_, "a", absl::string_view(out).substr(6)), IsOkAndHolds("text"));
}

TEST_P(CipherTest, AnyChangedByteIsNoticed) {
  const std::string sealed = Seal("record:1", "a text of some length");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] ^= 0x10;
    const auto opened = suite_->Open(key_, "record:1", changed);
    EXPECT_THAT(opened, StatusIs(absl::StatusCode::kDataLoss)) << i;
    EXPECT_EQ(ReasonOf(opened.status()), reason::kStorageLost) << i;
  }
}

TEST_P(CipherTest, AnyOtherLengthIsNoticed) {
  const std::string sealed = Seal("record:1", "a text of some length");
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_THAT(suite_->Open(key_, "record:1", sealed.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
  EXPECT_THAT(suite_->Open(key_, "record:1", sealed + '\0'), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_P(CipherTest, OtherAssociatedDataIsNoticed) {
  const std::string sealed = Seal("record:1", "text");
  for (const absl::string_view other : {"", "record:2", "record:", "record:1 "}) {
    EXPECT_THAT(suite_->Open(key_, other, sealed), StatusIs(absl::StatusCode::kDataLoss)) << other;
  }
}

TEST_P(CipherTest, AnotherKeyIsNoticed) {
  if (!checks_key()) GTEST_SKIP() << "no key is used";
  EXPECT_THAT(suite_->Open(DataKey::Random(), "record:1", Seal("record:1", "text")),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_P(CipherTest, AnotherSuiteIsNoticed) {
  const std::string sealed = Seal("record:1", "text");
  for (const char* name : {"aes-256-gcm-sha256", "sm4-ctr-hmac-sm3", "none"}) {
    if (name == suite_->name()) continue;
    EXPECT_THAT(Make(name)->Open(key_, "record:1", sealed), StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST_P(CipherTest, PlaintextIsNotInTheSealed) {
  if (!checks_key()) GTEST_SKIP() << "bytes lie open";
  EXPECT_THAT(Seal("record:1", "canary"), ::testing::Not(HasSubstr("canary")));
}

TEST_P(CipherTest, NoncesAreNotRepeated) {
  if (!checks_key()) GTEST_SKIP() << "there are no nonces";
  std::set<std::string> nonces;
  for (int i = 0; i < 10000; ++i) nonces.insert(Seal("", "").substr(1, kNonceBytes));
  EXPECT_EQ(nonces.size(), 10000u);
}

TEST_P(CipherTest, KeysHave32Bytes) {
  std::string out = "before";
  for (const std::size_t size : {0, 16, 31, 33}) {
    const std::string key(size, 'k');
    EXPECT_THAT(suite_->Seal(key, "", "text", &out), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(suite_->Open(key, "", Seal("", "text")),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(suite_->Wrap(key, key_), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(suite_->Wrap(key_, key), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(suite_->Unwrap(key, suite_->Wrap(key_, key_).value()),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_EQ(out, "before");
}

TEST_P(CipherTest, TooMuchIsRefused) {
  // The length is looked at before any byte.
  const absl::string_view too_much("", CipherSuite::kPlaintextMax + 1);
  std::string out;
  EXPECT_THAT(suite_->Seal(key_, "", too_much, &out), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(suite_->Seal(key_, too_much, "", &out), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(out, "");
}

TEST_P(CipherTest, UnwrapsWhatItWrapped) {
  const DataKey master = DataKey::Random();
  for (int i = 0; i < 100; ++i) {
    const DataKey key = DataKey::Random();
    AQ_ASSERT_OK_AND_ASSIGN(const std::string wrapped, suite_->Wrap(master, key));
    EXPECT_LE(wrapped.size(), CipherSuite::kWrappedMax);
    EXPECT_THAT(suite_->Unwrap(master, wrapped), IsOkAndHolds(key));
    EXPECT_THAT(suite_->Wrap(master, key), IsOkAndHolds(wrapped));
  }
}

TEST_P(CipherTest, WrapsManyAsEachAlone) {
  const DataKey master = DataKey::Random();
  for (const std::size_t count : {0, 1, 2, 63, 64, 65, 200}) {
    const std::vector<DataKey> keys = DataKey::Random(count);
    AQ_ASSERT_OK_AND_ASSIGN(const std::vector<std::string> wrapped, suite_->WrapAll(master, keys));
    ASSERT_EQ(wrapped.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_THAT(suite_->Wrap(master, keys[i]), IsOkAndHolds(wrapped[i])) << i << " of " << count;
      for (std::size_t k = 0; k < i; ++k) ASSERT_FALSE(keys[k] == keys[i]);
    }
  }
  EXPECT_THAT(suite_->WrapAll("short", DataKey::Random(1)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(CipherTest, WrappedKeysAreChecked) {
  const DataKey master = DataKey::Random();
  AQ_ASSERT_OK_AND_ASSIGN(const std::string wrapped, suite_->Wrap(master, key_));
  for (std::size_t i = 0; i < wrapped.size(); ++i) {
    std::string changed = wrapped;
    changed[i] ^= 1;
    EXPECT_THAT(suite_->Unwrap(master, changed), StatusIs(absl::StatusCode::kDataLoss)) << i;
    EXPECT_THAT(suite_->Unwrap(master, wrapped.substr(0, i)),
                StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_THAT(suite_->Unwrap(master, wrapped + "x"), StatusIs(absl::StatusCode::kDataLoss));
  const auto other = suite_->Unwrap(DataKey::Random(), wrapped);
  EXPECT_EQ(ReasonOf(other.status()), reason::kStorageLost);
}

TEST_P(CipherTest, KeyedHashesDependOnKeyAndData) {
  std::set<std::string> hashes;
  std::vector<DataKey> keys;
  for (int i = 0; i < 20; ++i) keys.push_back(DataKey::Random());
  for (const DataKey& key : keys) {
    hashes.insert(suite_->KeyedHash(key, "one"));
    hashes.insert(suite_->KeyedHash(key, "two"));
  }
  EXPECT_EQ(hashes.size(), 40u);
  EXPECT_EQ(hashes.begin()->size(), CipherSuite::kKeyedHashBytes);
  // The same whether the thread remembers the key or not.
  for (const DataKey& key : keys) EXPECT_EQ(hashes.count(suite_->KeyedHash(key, "one")), 1u);
}

TEST_P(CipherTest, WorksFromManyThreads) {
  const DataKey master = DataKey::Random();
  const std::string hash = suite_->KeyedHash(master, "data");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const DataKey key = DataKey::Random();
        std::string sealed;
        AQ_EXPECT_OK(suite_->Seal(key, "a", "text", &sealed));
        EXPECT_THAT(suite_->Open(key, "a", sealed), IsOkAndHolds("text"));
        EXPECT_THAT(suite_->Unwrap(master, suite_->Wrap(master, key).value()), IsOkAndHolds(key));
        EXPECT_EQ(suite_->KeyedHash(master, "data"), hash);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(CipherSuiteTest, UnknownNamesAreRefused) {
  for (const absl::string_view name : {"", "aes", "NONE", "aes-256-gcm-sha256 "}) {
    const auto suite = CipherSuite::Make(name);
    EXPECT_THAT(suite, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("aes-256-gcm-sha256, sm4-ctr-hmac-sm3 and none")));
    EXPECT_EQ(ReasonOf(suite.status()), reason::kConfigurationInvalid);
  }
}

TEST(DataKeyTest, RandomKeysDiffer) {
  EXPECT_FALSE(DataKey::Random() == DataKey::Random());
  EXPECT_EQ(DataKey(std::string(32, 'k')).view(), std::string(32, 'k'));
}

// McGrew and Viega, The Galois/Counter Mode of Operation, test cases 13, 14 and 16.
TEST(AesSuiteTest, OpensThePublishedVectors) {
  const struct {
    const char* key;
    const char* nonce;
    const char* associated;
    const char* plaintext;
    const char* sealed;
  } kVectors[] = {
      {"0000000000000000000000000000000000000000000000000000000000000000",
       "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {"0000000000000000000000000000000000000000000000000000000000000000",
       "000000000000000000000000", "", "00000000000000000000000000000000",
       "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
      {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
       "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
       "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
       "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
       "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
       "76fc6ece0f4e1768cddf8853bb2d551b"},
  };
  const auto suite = Make("aes-256-gcm-sha256");
  for (const auto& vector : kVectors) {
    EXPECT_THAT(suite->Open(FromHex(vector.key), FromHex(vector.associated),
                            absl::StrCat("A", FromHex(vector.nonce), FromHex(vector.sealed))),
                IsOkAndHolds(FromHex(vector.plaintext)));
  }
}

TEST(AesSuiteTest, WrapsAsOpenSsl) {
  const auto suite = Make("aes-256-gcm-sha256");
  EXPECT_THAT(suite->Wrap(Counting(0, 32), Counting(0x80, 32)),
              IsOkAndHolds(FromHex("0b0607b05fd577de7c1cefae2313277d"
                                   "0d36fcb4b3f04f1332c5023c0388e342164f8531741a21ae")));
  EVP_CIPHER* const kwp = EVP_CIPHER_fetch(nullptr, "AES-256-WRAP-PAD", nullptr);
  ASSERT_NE(kwp, nullptr);
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  for (int i = 0; i < 100; ++i) {
    const DataKey master = DataKey::Random();
    const DataKey key = DataKey::Random();
    unsigned char wrapped[64];
    int size = 0;
    ASSERT_EQ(EVP_EncryptInit_ex2(context, kwp, Bytes(master.view()), nullptr, nullptr), 1);
    ASSERT_EQ(EVP_EncryptUpdate(context, wrapped, &size, Bytes(key.view()), 32), 1);
    EXPECT_THAT(suite->Wrap(master, key),
                IsOkAndHolds(std::string(reinterpret_cast<char*>(wrapped), size)));
  }
  EVP_CIPHER_CTX_free(context);
  EVP_CIPHER_free(kwp);
}

TEST(AesSuiteTest, HashesThePublishedVectors) {
  const auto suite = Make("aes-256-gcm-sha256");
  EXPECT_EQ(suite->Hash("abc"),
            FromHex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  // RFC 4231, test cases 1, 2 and 6.
  EXPECT_EQ(suite->KeyedHash(std::string(20, '\x0b'), "Hi There"),
            FromHex("b0344c61d8db38535ca8afceaf0bf12b"));
  EXPECT_EQ(suite->KeyedHash("Jefe", "what do ya want for nothing?"),
            FromHex("5bdcc146bf60754e6a042426089575c7"));
  EXPECT_EQ(suite->KeyedHash(std::string(131, '\xaa'),
                             "Test Using Larger Than Block-Size Key - Hash Key First"),
            FromHex("60e431591ee0b67f0d8a26aacbf5b77f"));
}

// The examples of GB/T 32905 and GB/T 32907; the HMAC as "openssl dgst -sm3 -hmac abc" gives it.
TEST(Sm4SuiteTest, PrimitivesAreThoseOfTheStandards) {
  const auto suite = Make("sm4-ctr-hmac-sm3");
  EXPECT_EQ(suite->Hash("abc"),
            FromHex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"));
  std::string abcd;
  for (int i = 0; i < 16; ++i) abcd += "abcd";
  EXPECT_EQ(suite->Hash(abcd),
            FromHex("debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"));
  EXPECT_EQ(suite->KeyedHash("abc", "abc"), FromHex("8112d24a09eeda43ea595f3cfefb2a34"));
  // The first block of key stream is the counter encrypted.
  const std::string block = FromHex("0123456789abcdeffedcba9876543210");
  EVP_CIPHER_CTX* const context = Sm4CtrContext();
  ASSERT_EQ(EVP_CipherInit_ex2(context, nullptr, Bytes(block), Bytes(block), 1, nullptr), 1);
  std::string stream(16, '\0');
  int size = 0;
  ASSERT_EQ(
      EVP_CipherUpdate(context, Bytes(stream.data()), &size, Bytes(absl::string_view(stream)), 16),
      1);
  EXPECT_EQ(stream, FromHex("681edf34d206965e86b3e94f536e4246"));
}

// Made by a program of its own from the description in cipher_sm4.cc.
TEST(Sm4SuiteTest, FormatIsAsDescribed) {
  const auto suite = Make("sm4-ctr-hmac-sm3");
  EXPECT_THAT(suite->Open(Counting(0, 32), "record:7",
                          FromHex("53a0a1a2a3a4a5a6a7a8a9aaab23daf54ac3dcd94ff7ed64e7a7c2a2d85ee8"
                                  "b1f445fc202ee97809639dfb7fa295fa15")),
              IsOkAndHolds("the quick brown fox"));
  EXPECT_THAT(
      suite->Wrap(Counting(0, 32), Counting(0x80, 32)),
      IsOkAndHolds(FromHex("ef54820f99ef495df010a4cc48df493541e95a0d60430e86d7fe1407debaaa72"
                           "5f54554ae8fdb085741281ccd086858e")));
}

TEST(NoneSuiteTest, BytesLieOpen) {
  const auto suite = Make("none");
  std::string sealed;
  AQ_ASSERT_OK(suite->Seal(DataKey::Random(), "a", "open text", &sealed));
  EXPECT_THAT(sealed, HasSubstr("open text"));
}

}  // namespace
}  // namespace anqiao::store
