#include "hub/store/audit_log.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::store {
namespace {

using exchange::v1::ConsistencyProof;
using exchange::v1::InclusionProof;
using exchange::v1::LeafEnvelope;
using exchange::v1::LogLeaf;
using exchange::v1::RecordProof;
using exchange::v1::SignedTreeHead;
using testing::StatusIs;

constexpr std::int64_t kStartMicros = 1760000000123456;

void ExpectRefused(const absl::Status& status, absl::string_view reason) {
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReasonOf(status), reason);
}

LeafEnvelope Envelope(absl::string_view kind, absl::string_view agency, std::uint64_t index) {
  LeafEnvelope envelope;
  envelope.set_commit_time_micros(kStartMicros);
  envelope.set_kind(std::string(kind));
  envelope.set_agency(std::string(agency));
  envelope.set_index(index);
  return envelope;
}

std::string Salt(std::uint64_t i) { return std::string(kSaltBytes, static_cast<char>('a' + i)); }
std::string Content(std::uint64_t i) { return absl::StrCat("record ", i); }

// The hub's log of 300 entries of two agencies and of nobody, and the agencies' own.
class AuditLogTest : public ::testing::Test {
 protected:
  struct Log {
    MerkleTree tree;
    std::map<std::pair<int, std::uint64_t>, std::string> tiles;
    std::vector<LogLeaf> leaves;
    std::vector<MerkleHash> roots = {MerkleEmptyRoot()};

    void Append(const LogLeaf& leaf) {
      leaves.push_back(leaf);
      tree.Append(MerkleLeafHash(LeafBytes(leaf).value()), [this](const MerkleTile& tile) {
        tiles[{tile.level, tile.index}] = std::string(tile.bytes);
      });
      roots.push_back(tree.Root());
    }
    MerkleTileReader Reader() const {
      return [this](int level, std::uint64_t index) -> absl::StatusOr<std::string> {
        return tiles.at({level, index});
      };
    }
  };

  AuditLogTest() {
    key_ = SigningKey::FromSeed(std::string(32, 'k')).value();
    for (std::uint64_t i = 0; i < 300; ++i) {
      const std::string ciphertext = Ciphertext(i);
      if (i % 7 == 0) {
        logs_["hub"].Append(MakeLeaf(Envelope("CATALOGUE_ACTIVATED", "", 0), ciphertext).value());
        continue;
      }
      const std::string agency = i % 3 == 0 ? "police" : "tax";
      Log& own = logs_[AgencyLog(agency)];
      const LogLeaf leaf = MakeLeaf(Envelope("RECORD_OBSERVED", agency, own.leaves.size()),
                                    ciphertext, Salt(i % 20), Content(i))
                               .value();
      contents_[AgencyLog(agency)].push_back(i);
      own.Append(leaf);
      logs_["hub"].Append(leaf);
    }
  }

  static std::string Ciphertext(std::uint64_t i) { return absl::StrCat("ciphertext ", i); }

  SignedTreeHead Head(const std::string& log, std::uint64_t size) const {
    return SignHead(*key_, log, size, logs_.at(log).roots[size],
                    absl::FromUnixMicros(kStartMicros + static_cast<std::int64_t>(size)));
  }

  InclusionProof Inclusion(const std::string& name, std::uint64_t index, std::uint64_t size) const {
    const Log& log = logs_.at(name);
    return MakeInclusionProof(log.leaves[index], index, size,
                              log.tree.InclusionProof(size, index, log.Reader()).value());
  }

  ConsistencyProof Growth(const std::string& name, std::uint64_t from, std::uint64_t to) const {
    const Log& log = logs_.at(name);
    return MakeConsistencyProof(from, to,
                                log.tree.ConsistencyProof(from, to, log.Reader()).value());
  }

  RecordProof Record(const std::string& log, std::uint64_t index, std::uint64_t size) const {
    RecordProof proof;
    *proof.mutable_head() = Head(log, size);
    *proof.mutable_inclusion() = Inclusion(log, index, size);
    const std::uint64_t i = contents_.at(log)[index];
    proof.set_salt(Salt(i % 20));
    proof.set_content(Content(i));
    return proof;
  }

  std::string Export() const;

  std::unique_ptr<SigningKey> key_;
  std::map<std::string, Log> logs_;
  // Numbers of the contents, by agency log and index.
  std::map<std::string, std::vector<std::uint64_t>> contents_;
};

std::string LeafJson(const LogLeaf& leaf, absl::string_view more = "") {
  return absl::StrCat("{\"envelope\":\"", Hex(leaf.envelope()), "\",\"ciphertext_hash\":\"",
                      Hex(leaf.ciphertext_hash()), "\",\"commitment\":\"", Hex(leaf.commitment()),
                      "\"", more, "}");
}

template <typename Proof>
std::string HashesJson(const Proof& proof) {
  return absl::StrCat("\"hashes\":[",
                      absl::StrJoin(proof.hashes(), ",",
                                    [](std::string* out, const std::string& hash) {
                                      absl::StrAppend(out, "\"", Hex(hash), "\"");
                                    }),
                      "]");
}

std::string ProofJson(const std::string& log, const InclusionProof& proof,
                      absl::string_view more = "") {
  return absl::StrCat("{\"log\":\"", log, "\",\"index\":", proof.index(),
                      ",\"tree_size\":", proof.tree_size(), ",\"leaf\":", LeafJson(proof.leaf()),
                      ",", HashesJson(proof), more, "}");
}

// What the verifier in Python reads (hub/doc/audit_log.md).
std::string AuditLogTest::Export() const {
  std::vector<std::string> heads;
  std::vector<std::string> growths;
  for (const auto& [log, sizes] : std::map<std::string, std::vector<std::uint64_t>>{
           {"hub", {0, 1, 255, 256, 300}}, {"agencies/police", {5, 85}}, {"agencies/tax", {171}}}) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const SignedTreeHead head = Head(log, sizes[i]);
      heads.push_back(
          absl::StrCat("{\"log\":\"", log, "\",\"size\":", head.size(), ",\"root\":\"",
                       Hex(head.root_hash()), "\",\"time_micros\":",
                       head.sign_time().seconds() * 1000000 + head.sign_time().nanos() / 1000,
                       ",\"signature\":\"", Hex(head.signature()), "\"}"));
      if (i == 0 || sizes[i - 1] == 0) continue;
      growths.push_back(absl::StrCat("{\"log\":\"", log, "\",\"old_size\":", sizes[i - 1],
                                     ",\"new_size\":", sizes[i], ",",
                                     HashesJson(Growth(log, sizes[i - 1], sizes[i])), "}"));
    }
  }
  std::vector<std::string> leaves;
  for (std::size_t i = 0; i < 300; ++i) {
    leaves.push_back(LeafJson(logs_.at("hub").leaves[i],
                              absl::StrCat(",\"ciphertext\":\"", Hex(Ciphertext(i)), "\"")));
  }
  const RecordProof record = Record("agencies/tax", 100, 171);
  return absl::StrCat("{\"public_key\":\"", Hex(key_->public_key()), "\",\n\"heads\":[\n",
                      absl::StrJoin(heads, ",\n"), "],\n\"leaves\":{\"hub\":[\n",
                      absl::StrJoin(leaves, ",\n"), "]},\n\"consistency\":[\n",
                      absl::StrJoin(growths, ",\n"), "],\n\"inclusion\":[\n",
                      ProofJson("hub", Inclusion("hub", 257, 300)), "],\n\"records\":[\n",
                      ProofJson("agencies/tax", record.inclusion(),
                                absl::StrCat(",\"salt\":\"", Hex(record.salt()),
                                             "\",\"content\":\"", Hex(record.content()), "\"")),
                      "]}\n");
}

// The same file is verified by integration/audit_verifier_test.py, which knows nothing of this
// code.
TEST_F(AuditLogTest, ExportIsTheOneThatTheVerifierAccepts) {
  std::ifstream in(ANQIAO_AUDIT_EXPORT, std::ios::binary);
  const std::string golden((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string made = Export();
  if (made != golden) std::ofstream("audit_export.json", std::ios::binary) << made;
  EXPECT_TRUE(made == golden) << "the format has changed; what it is now: audit_export.json";
}

TEST_F(AuditLogTest, BytesOfALeaf) {
  LogLeaf leaf;
  leaf.set_envelope("env");
  leaf.set_ciphertext_hash(std::string(32, 'c'));
  leaf.set_commitment(std::string(32, 'm'));
  EXPECT_THAT(LeafBytes(leaf),
              testing::IsOkAndHolds(absl::StrCat(absl::string_view("AQLEAF1\0\0\0\0\3env", 15),
                                                 std::string(32, 'c'), std::string(32, 'm'))));
}

TEST_F(AuditLogTest, BytesOfAHead) {
  SignedTreeHead head;
  head.set_log("hub");
  head.set_size(0x0102030405060708);
  head.set_root_hash(std::string(32, 'r'));
  head.mutable_sign_time()->set_seconds(1);
  head.mutable_sign_time()->set_nanos(2000);
  EXPECT_THAT(HeadBytes(head),
              testing::IsOkAndHolds(absl::StrCat(
                  absl::string_view("AQTREE1\0\0\0\0\3hub\1\2\3\4\5\6\7\x8", 23),
                  std::string(32, 'r'), absl::string_view("\0\0\0\0\0\x0f\x42\x42", 8))));
}

TEST_F(AuditLogTest, ALeafHasHashesOnly) {
  const LogLeaf leaf = MakeLeaf(Envelope("K", "tax", 3), "cipher", Salt(0), "content").value();
  EXPECT_EQ(leaf.ciphertext_hash(), Sha256("cipher"));
  EXPECT_EQ(leaf.commitment(), Sha256(Salt(0) + "content"));
  EXPECT_EQ(MakeLeaf(Envelope("K", "", 0), "cipher")->commitment(), std::string(32, '\0'));
}

TEST_F(AuditLogTest, MalformedLeavesAreRefused) {
  const LeafEnvelope large = Envelope(std::string(kEnvelopeBytesMax, 'K'), "", 0);
  ExpectRefused(MakeLeaf(large, "c").status(), reason::kAuditProofInvalid);
  ExpectRefused(MakeLeaf(large, "c", Salt(0), "x").status(), reason::kAuditProofInvalid);
  ExpectRefused(MakeLeaf(Envelope("K", "", 0), "c", "short salt", "x").status(),
                reason::kAuditProofInvalid);
  ExpectRefused(Commitment(Salt(0) + "x", "content").status(), reason::kAuditProofInvalid);
  const LogLeaf good = logs_.at("hub").leaves[1];
  LogLeaf leaf = good;
  leaf.mutable_ciphertext_hash()->pop_back();
  ExpectRefused(LeafBytes(leaf).status(), reason::kAuditProofInvalid);
  leaf = good;
  leaf.mutable_commitment()->push_back('x');
  ExpectRefused(LeafBytes(leaf).status(), reason::kAuditProofInvalid);
  leaf = good;
  leaf.set_envelope(std::string(kEnvelopeBytesMax + 1, 'x'));
  ExpectRefused(LeafBytes(leaf).status(), reason::kAuditProofInvalid);
}

TEST_F(AuditLogTest, SignedHeadsVerify) {
  const SignedTreeHead head =
      SignHead(*key_, "hub", 7, MerkleEmptyRoot(), absl::FromUnixNanos(1760000000123456789));
  EXPECT_EQ(head.sign_time().nanos(), 123456000);
  EXPECT_EQ(head.key_id(), KeyId(key_->public_key()));
  AQ_EXPECT_OK(VerifyHead(head, key_->public_key()));
}

TEST_F(AuditLogTest, EveryChangeOfAHeadIsRefused) {
  const SignedTreeHead good = Head("agencies/tax", 100);
  const auto refused = [&](auto change, absl::string_view reason) {
    SignedTreeHead head = good;
    change(head);
    ExpectRefused(VerifyHead(head, key_->public_key()), reason);
  };
  constexpr const char* kSignature = reason::kSignatureInvalid;
  refused([](SignedTreeHead& h) { h.set_log("hub"); }, kSignature);
  refused([](SignedTreeHead& h) { h.set_size(101); }, kSignature);
  refused([](SignedTreeHead& h) { (*h.mutable_root_hash())[0] ^= 1; }, kSignature);
  refused([](SignedTreeHead& h) { h.mutable_sign_time()->set_seconds(1); }, kSignature);
  refused([](SignedTreeHead& h) { h.set_key_id("0000000000000000"); }, kSignature);
  refused([](SignedTreeHead& h) { (*h.mutable_signature())[0] ^= 1; }, kSignature);
  refused([](SignedTreeHead& h) { h.clear_signature(); }, kSignature);
  constexpr const char* kProof = reason::kAuditProofInvalid;
  refused([](SignedTreeHead& h) { h.set_log(""); }, kProof);
  refused([](SignedTreeHead& h) { h.set_log(std::string(256, 'l')); }, kProof);
  refused([](SignedTreeHead& h) { h.mutable_root_hash()->pop_back(); }, kProof);
  refused([](SignedTreeHead& h) { h.mutable_sign_time()->set_seconds(-1); }, kProof);
  refused([](SignedTreeHead& h) { h.mutable_sign_time()->set_seconds(253402300800); }, kProof);
  refused([](SignedTreeHead& h) { h.mutable_sign_time()->set_nanos(-1000); }, kProof);
  refused([](SignedTreeHead& h) { h.mutable_sign_time()->set_nanos(1000000000); }, kProof);
  refused([](SignedTreeHead& h) { h.mutable_sign_time()->set_nanos(1); }, kProof);
  ExpectRefused(VerifyHead(good, SigningKey::FromSeed(std::string(32, 'x')).value()->public_key()),
                kSignature);
  ExpectRefused(VerifyHead(good, ""), kSignature);
}

TEST_F(AuditLogTest, LogsGrow) {
  AQ_EXPECT_OK(VerifyGrowth(Growth("hub", 100, 300), Head("hub", 100), Head("hub", 300)));
  AQ_EXPECT_OK(VerifyGrowth(Growth("hub", 0, 300), Head("hub", 0), Head("hub", 300)));
  AQ_EXPECT_OK(VerifyGrowth(Growth("hub", 300, 300), Head("hub", 300), Head("hub", 300)));
  const auto refused = [&](ConsistencyProof proof, const SignedTreeHead& from,
                           const SignedTreeHead& to) {
    ExpectRefused(VerifyGrowth(proof, from, to), reason::kAuditProofInvalid);
  };
  const ConsistencyProof good = Growth("hub", 100, 300);
  refused(good, Head("hub", 99), Head("hub", 300));
  refused(good, Head("hub", 100), Head("hub", 299));
  SignedTreeHead renamed = Head("hub", 100);
  renamed.set_log("agencies/tax");
  refused(good, renamed, Head("hub", 300));
  SignedTreeHead forked = Head("hub", 100);
  forked.set_root_hash(Head("hub", 99).root_hash());
  refused(good, forked, Head("hub", 300));
  forked.set_root_hash("short");
  refused(good, forked, Head("hub", 300));
  refused(good, Head("hub", 100), [&] {
    SignedTreeHead head = Head("hub", 300);
    head.clear_root_hash();
    return head;
  }());
  ConsistencyProof bad = good;
  bad.mutable_hashes(0)->pop_back();
  refused(bad, Head("hub", 100), Head("hub", 300));
  while (bad.hashes_size() < 66) bad.add_hashes(std::string(32, 'h'));
  refused(bad, Head("hub", 100), Head("hub", 300));
}

TEST_F(AuditLogTest, RecordsAreProved) {
  for (const std::uint64_t index : {0, 1, 99, 100, 170}) {
    AQ_EXPECT_OK(VerifyRecordProof(Record("agencies/tax", index, 171), key_->public_key()));
  }
  // In the hub's log the same leaf lies elsewhere.
  RecordProof proof = Record("agencies/tax", 0, 171);
  const std::uint64_t place = contents_.at("agencies/tax")[0];
  *proof.mutable_head() = Head("hub", 300);
  *proof.mutable_inclusion() = Inclusion("hub", place, 300);
  AQ_EXPECT_OK(VerifyRecordProof(proof, key_->public_key()));
}

TEST_F(AuditLogTest, EveryChangeOfARecordsProofIsRefused) {
  const RecordProof good = Record("agencies/tax", 100, 171);
  const auto refused = [&](auto change) {
    RecordProof proof = good;
    change(proof);
    ExpectRefused(VerifyRecordProof(proof, key_->public_key()), reason::kAuditProofInvalid);
  };
  refused([](RecordProof& p) { (*p.mutable_content())[0] ^= 1; });
  refused([](RecordProof& p) { (*p.mutable_salt())[0] ^= 1; });
  refused([](RecordProof& p) { p.clear_salt(); });
  refused([](RecordProof& p) { p.mutable_inclusion()->set_index(101); });
  refused([](RecordProof& p) { p.mutable_inclusion()->set_tree_size(170); });
  refused([](RecordProof& p) { (*p.mutable_inclusion()->mutable_hashes(0))[0] ^= 1; });
  refused([](RecordProof& p) { p.mutable_inclusion()->mutable_hashes(0)->pop_back(); });
  refused([](RecordProof& p) { p.mutable_inclusion()->clear_hashes(); });
  refused([](RecordProof& p) { p.mutable_inclusion()->mutable_leaf()->clear_commitment(); });
  refused([](RecordProof& p) {
    p.mutable_inclusion()->mutable_leaf()->mutable_envelope()->append("x");
  });
  refused([&](RecordProof& p) { *p.mutable_inclusion() = Inclusion("agencies/tax", 101, 171); });
  RecordProof unsigned_head = good;
  (*unsigned_head.mutable_head()->mutable_signature())[0] ^= 1;
  ExpectRefused(VerifyRecordProof(unsigned_head, key_->public_key()), reason::kSignatureInvalid);
}

// Even the hub's own signature does not make another's entry, or one out of place, an agency's.
TEST_F(AuditLogTest, AnAgencysLogHoldsItsOwnEntriesInTheirPlaces) {
  const auto verify = [&](const LogLeaf& leaf) {
    MerkleTree tree;
    tree.Append(MerkleLeafHash(LeafBytes(leaf).value()), [](const MerkleTile&) {});
    return VerifyLeaf(
        MakeInclusionProof(leaf, 0, 1, {}),
        SignHead(*key_, AgencyLog("tax"), 1, tree.Root(), absl::FromUnixMicros(kStartMicros)));
  };
  AQ_EXPECT_OK(verify(MakeLeaf(Envelope("K", "tax", 0), "c").value()));
  ExpectRefused(verify(MakeLeaf(Envelope("K", "police", 0), "c").value()),
                reason::kAuditProofInvalid);
  ExpectRefused(verify(MakeLeaf(Envelope("K", "tax", 1), "c").value()), reason::kAuditProofInvalid);
  LogLeaf no_message = MakeLeaf(Envelope("K", "tax", 0), "c").value();
  no_message.set_envelope("\xff");
  ExpectRefused(verify(no_message), reason::kAuditProofInvalid);
}

}  // namespace
}  // namespace anqiao::store
