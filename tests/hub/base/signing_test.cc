#include "hub/base/signing.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace anqiao {
namespace {

using testing::StatusIs;

struct Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};

// RFC 8032 section 7.1, tests 1 to 3 and SHA(abc).
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fee"
     "b"
     "bd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e"
     "0"
     "303dca179c138ac17ad9bef1177331a704"},
};

void ExpectRefused(const absl::Status& status) {
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReasonOf(status), reason::kSignatureInvalid);
}

TEST(SigningTest, Rfc8032Vectors) {
  for (const Vector& vector : kVectors) {
    const std::string message = absl::HexStringToBytes(vector.message);
    AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<SigningKey> key,
                            SigningKey::FromSeed(absl::HexStringToBytes(vector.seed)));
    EXPECT_EQ(absl::BytesToHexString(key->public_key()), vector.public_key);
    EXPECT_EQ(absl::BytesToHexString(key->Sign(message)), vector.signature);
    AQ_EXPECT_OK(VerifySignature(key->public_key(), message, key->Sign(message)));
  }
}

TEST(SigningTest, KeyIdIsTheBeginningOfThePublicKeysHash) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<SigningKey> key,
                          SigningKey::FromSeed(absl::HexStringToBytes(kVectors[0].seed)));
  // SHA-256 of the public key, by sha256sum.
  EXPECT_EQ(key->key_id(), "21fe31dfa154a261");
  EXPECT_EQ(KeyId(key->public_key()), key->key_id());
}

TEST(SigningTest, ASeedOfAnotherLengthIsRefused) {
  for (const std::size_t size : {0, 31, 33, 64}) {
    const auto key = SigningKey::FromSeed(std::string(size, 's'));
    EXPECT_THAT(key, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ReasonOf(key.status()), reason::kConfigurationInvalid);
  }
}

TEST(SigningTest, EveryChangedBitIsRefused) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<SigningKey> key,
                          SigningKey::FromSeed(std::string(32, 's')));
  const std::string message = "a head";
  const std::string signature = key->Sign(message);
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    std::string changed = signature;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    ExpectRefused(VerifySignature(key->public_key(), message, changed));
  }
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    std::string changed = message;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    ExpectRefused(VerifySignature(key->public_key(), changed, signature));
  }
}

TEST(SigningTest, AnotherKeyAndOtherLengthsAreRefused) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<SigningKey> key,
                          SigningKey::FromSeed(std::string(32, 's')));
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<SigningKey> other,
                          SigningKey::FromSeed(std::string(32, 't')));
  const std::string signature = key->Sign("m");
  ExpectRefused(VerifySignature(other->public_key(), "m", signature));
  ExpectRefused(VerifySignature(std::string(32, '\xff'), "m", signature));
  ExpectRefused(VerifySignature(key->public_key().substr(1), "m", signature));
  ExpectRefused(VerifySignature(key->public_key() + "x", "m", signature));
  ExpectRefused(VerifySignature("", "m", signature));
  ExpectRefused(VerifySignature(key->public_key(), "m", signature.substr(1)));
  ExpectRefused(VerifySignature(key->public_key(), "m", signature + "x"));
  ExpectRefused(VerifySignature(key->public_key(), "m", ""));
}

}  // namespace
}  // namespace anqiao
