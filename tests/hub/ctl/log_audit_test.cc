#include "hub/ctl/log_audit.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "anqiao/journal/v1/sealed.pb.h"
#include "hub/base/errors.h"
#include "hub/base/signing.h"
#include "hub/ctl/audit_file.h"
#include "hub/ctl/log_export.h"
#include "hub/store/audit_log.h"
#include "hub/store/checksum.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/sealed_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using exchange::v1::SignedTreeHead;
using store::Sequence;
using ::testing::HasSubstr;

constexpr std::int64_t kStartMicros = 1'760'000'000'000'000;

// A store that somebody has altered on disk, with the checksums made again.
class AlteredStore final : public store::Store {
 public:
  explicit AlteredStore(store::Store* base) : base_(*base) {}

  absl::Status ReadJournal(
      Sequence first,
      const std::function<bool(Sequence, absl::string_view)>& visit) const override {
    return base_.ReadJournal(first, [&](Sequence sequence, absl::string_view stored) {
      if (sequence > end.value_or(sequence)) return false;
      const auto it = entries.find(sequence);
      return visit(sequence, it == entries.end() ? stored : it->second);
    });
  }
  absl::StatusOr<std::string> GetEntry(Sequence sequence) const override {
    return base_.GetEntry(sequence);
  }
  absl::StatusOr<std::string> GetBlob(absl::string_view name) const override {
    const auto it = blobs.find(std::string(name));
    if (it == blobs.end()) return base_.GetBlob(name);
    if (it->second.empty()) return absl::NotFoundError("removed");
    return it->second;
  }
  Sequence synced_sequence() const override { return end.value_or(base_.synced_sequence()); }

  absl::StatusOr<store::Epoch> AcquireWriter() override { return base_.AcquireWriter(); }
  absl::StatusOr<Sequence> Append(store::Epoch epoch, store::AppendGroup group) override {
    return base_.Append(epoch, std::move(group));
  }
  std::unique_ptr<store::ProjectionBatch> NewBatch() const override { return base_.NewBatch(); }
  absl::Status Apply(const store::ProjectionBatch& batch, Sequence sequence) override {
    return base_.Apply(batch, sequence);
  }
  Sequence applied_sequence() const override { return base_.applied_sequence(); }
  std::unique_ptr<store::Snapshot> NewSnapshot() const override { return base_.NewSnapshot(); }
  std::string IndexSecret() const override { return base_.IndexSecret(); }
  absl::StatusOr<std::unique_ptr<store::ProjectionStore>> NewProjections(
      store::ProjectionPurpose purpose) override {
    return base_.NewProjections(purpose);
  }
  absl::Status ReplaceProjections(std::unique_ptr<store::ProjectionStore> next) override {
    return base_.ReplaceProjections(std::move(next));
  }
  absl::Status FlushProjections() override { return base_.FlushProjections(); }
  absl::Status Checkpoint(const std::string& directory) override {
    return base_.Checkpoint(directory);
  }

  std::map<Sequence, std::string> entries;
  std::map<std::string, std::string> blobs;  // empty: removed
  std::optional<Sequence> end;

 private:
  store::Store& base_;
};

class LogAuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(auto suite, store::CipherSuite::Make("aes-256-gcm-sha256"));
    AQ_ASSERT_OK_AND_ASSIGN(auto ring, store::KeyRing::InMemory(*suite));
    std::unique_ptr<store::Store> base = store::NewMemoryStore();
    raw_ = base.get();
    AQ_ASSERT_OK_AND_ASSIGN(
        store_, store::OpenSealedStore(std::move(base), std::move(suite), std::move(ring), {}));
    altered_ = std::make_unique<AlteredStore>(raw_);
    AQ_ASSERT_OK_AND_ASSIGN(epoch_, store_->AcquireWriter());
    public_key_ = store_->logs()->key().public_key();
  }

  // Every third entry is nobody's, the others police's and tax's.
  void Append(int count, const std::vector<store::Blob>& blobs = {},
              const std::string& kind = "RECORD_OBSERVED") {
    for (int i = 0; i < count; ++i) {
      const Sequence next = store_->synced_sequence() + 1;
      store::AppendGroup group;
      group.entries.push_back(absl::StrCat("entry ", next));
      store::EntryHeader header;
      header.commit_time_micros = kStartMicros + static_cast<std::int64_t>(next);
      header.kind = kind;
      header.agency = next % 3 == 0 ? "" : next % 3 == 1 ? "police" : "tax";
      if (next % 3 != 0) header.content = absl::StrCat("record ", next);
      group.headers.push_back(header);
      group.blobs = blobs;
      AQ_ASSERT_OK(store_->Append(epoch_, group).status());
    }
  }
  SignedTreeHead Head(const std::string& log) {
    const auto head = store_->logs()->Head(log, absl::FromUnixMicros(kStartMicros));
    EXPECT_TRUE(head.ok()) << head.status();
    return head.ok() ? *head : SignedTreeHead();
  }
  // Recomputes what is on disk, and judges.
  absl::Status Audit(const std::vector<SignedTreeHead>& heads) {
    LogAudit audit(altered_.get());
    absl::Status status = audit.Recompute([](std::uint64_t, std::uint64_t) {});
    return status.ok() ? audit.Judge(heads, public_key_) : status;
  }
  void Expect(const absl::Status& status, const char* reason, const std::string& message) {
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
  }
  // "change" of the stored entry at "sequence".
  template <typename Change>
  void Alter(Sequence sequence, const Change& change) {
    const auto stored = raw_->GetEntry(sequence);
    ASSERT_TRUE(stored.ok());
    journal::v1::SealedEntry entry;
    ASSERT_TRUE(entry.ParseFromString(*stored));
    change(entry);
    altered_->entries[sequence] = entry.SerializeAsString();
  }

  store::Store* raw_ = nullptr;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<AlteredStore> altered_;
  store::Epoch epoch_ = 0;
  std::string public_key_;
};

TEST_F(LogAuditTest, AcceptsWhatWasLoggedAndEveryHeadOfIt) {
  std::vector<SignedTreeHead> heads;
  for (int i = 0; i < 8; ++i) {
    Append(100);
    for (const char* log : {"hub", "agencies/police", "agencies/tax"}) heads.push_back(Head(log));
  }
  AQ_EXPECT_OK(Audit(heads));
  LogAudit audit(altered_.get());
  std::uint64_t last = 0;
  AQ_ASSERT_OK(audit.Recompute([&](std::uint64_t done, std::uint64_t) { last = done; }));
  EXPECT_EQ(last, 800u);
  EXPECT_THAT(audit.Logs(), ::testing::ElementsAre("hub", "agencies/police", "agencies/tax"));
  EXPECT_EQ(audit.Size("agencies/police"), 267u);
  EXPECT_EQ(audit.Size("agencies/nobody"), 0u);
  AQ_ASSERT_OK_AND_ASSIGN(const MerkleHash root, audit.RootAt("agencies/tax", 267));
  EXPECT_EQ(MerkleBytes(root), Head("agencies/tax").root_hash());
}

TEST_F(LogAuditTest, AnEmptyJournalIsAnEmptyLog) {
  AQ_EXPECT_OK(Audit({}));
  AQ_EXPECT_OK(Audit({Head("hub")}));
}

TEST_F(LogAuditTest, AnEditInACompleteTileIsNamedEvenWithoutAHead) {
  Append(300);
  Alter(17, [](auto& entry) { entry.mutable_body()->back() ^= 1; });
  Expect(Audit({}), reason::kLogEdited, "entry 17 of hub was changed");
}

TEST_F(LogAuditTest, AnEditRightOfTheLastTileIsFoundByAHead) {
  Append(20);
  const SignedTreeHead early = Head("hub");
  Append(20);
  const SignedTreeHead head = Head("hub");
  Alter(33, [](auto& entry) { entry.mutable_commitment()->assign(32, 'c'); });
  AQ_EXPECT_OK(Audit({early}));
  Expect(Audit({early, head}), reason::kLogEdited, "between entries 21 and 40");
}

TEST_F(LogAuditTest, AnEntryThatIsNoneOrOutOfPlaceIsFound) {
  Append(10);
  altered_->entries[4] = "\xff\xff";
  Expect(Audit({}), reason::kLogEdited, "entry 4 of hub is no sealed entry");
  altered_->entries.clear();
  altered_->entries[4] = raw_->GetEntry(7).value();
  Expect(Audit({}), reason::kLogEdited,
         "entry 4 of hub says that it is entry 3 of agencies/police");
}

TEST_F(LogAuditTest, TilesThatWereChangedOrRemovedAreFound) {
  Append(600);
  const std::string name = store::LogTileBlob("hub", 0, 1);
  std::string tile = raw_->GetBlob(name).value();
  tile[32 * 5] ^= 1;
  altered_->blobs[name] = tile;
  Expect(Audit({}), reason::kLogEdited, "entry 262 of hub was changed");
  altered_->blobs[name] = "";
  Expect(Audit({}), reason::kLogEdited, "tile 1 of level 0 of hub is missing");
  altered_->blobs[name] = "short";
  Expect(Audit({}), reason::kLogEdited, "tile 1 of level 0 of hub was changed");
}

TEST_F(LogAuditTest, EntriesCutOffAtTheEndAreFound) {
  Append(30);
  const std::string sizes = raw_->GetBlob(store::kLogSizesBlob).value();
  Append(10);
  const SignedTreeHead head = Head("hub");
  altered_->end = 30;
  Expect(Audit({}), reason::kLogCutOff, "agencies/police has 10 entries where 14 were logged");
  // Whoever cuts the agencies' sizes too is found by a head.
  altered_->blobs[store::kLogSizesBlob] = sizes;
  AQ_EXPECT_OK(Audit({}));
  Expect(Audit({head}), reason::kLogCutOff,
         "hub has 30 entries where a head has signed 40: the last 10 are cut off");
  altered_->blobs[store::kLogSizesBlob] = "\xff";
  Expect(Audit({}), reason::kLogEdited, "sizes cannot be read");
  altered_->blobs[store::kLogSizesBlob] = "";
  Expect(Audit({}), reason::kLogEdited, "sizes are missing");
}

TEST_F(LogAuditTest, ALogOfAnAgencyThatIsGoneIsCutOff) {
  Append(1);
  SignedTreeHead head = Head("agencies/police");
  altered_->end = 0;
  altered_->blobs[store::kLogSizesBlob] = "";
  Expect(Audit({head}), reason::kLogCutOff, "agencies/police has 0 entries");
}

TEST_F(LogAuditTest, AForkIsToldFromAnEdit) {
  Append(40);
  const SignedTreeHead early = Head("hub");
  // Another history, signed with the same key.
  const auto sign = [&](std::uint64_t size) {
    MerkleHash other{};
    return store::SignHead(store_->logs()->key(), "hub", size, other,
                           absl::FromUnixMicros(kStartMicros));
  };
  Expect(Audit({early, sign(40)}), reason::kLogForked, "two heads of hub at size 40");
  Append(10);
  Expect(Audit({early, sign(45), Head("hub")}), reason::kLogForked, "they part after entry 40");
  Expect(Audit({early, sign(45)}), reason::kLogEdited, "between entries 41 and 45");
}

TEST_F(LogAuditTest, AHeadOfAnotherKeyIsRefused) {
  Append(4);
  SignedTreeHead head = Head("hub");
  (*head.mutable_signature())[0] ^= 1;
  const absl::Status status = Audit({head});
  EXPECT_EQ(ReasonOf(status), reason::kSignatureInvalid);
  // Nobody said the key: the root still has to fit.
  public_key_.clear();
  AQ_EXPECT_OK(Audit({head}));
}

TEST_F(LogAuditTest, HeadsThatTheHubKeptItselfAreCompared) {
  Append(5);
  const auto blob = [](const SignedTreeHead& head) {
    const std::string bytes = head.SerializeAsString();
    return absl::StrCat(store::EncodeNumber(bytes.size()).substr(4), bytes);
  };
  const SignedTreeHead hub = Head("hub"), tax = Head("agencies/tax");
  Append(1, {{"head/6", blob(hub) + blob(tax)}}, "LOGS_ANCHORED");
  LogAudit audit(altered_.get());
  AQ_ASSERT_OK(audit.Recompute([](std::uint64_t, std::uint64_t) {}));
  EXPECT_EQ(audit.anchored().size(), 2u);
  AQ_EXPECT_OK(audit.Judge({}, public_key_));
  altered_->blobs["head/6"] = blob(hub) + blob(tax).substr(1);
  Expect(Audit({}), reason::kLogEdited, "the heads signed with entry 6 of hub cannot be read");
  altered_->blobs["head/6"] = "xx";
  Expect(Audit({}), reason::kLogEdited, "cannot be read");
}

TEST_F(LogAuditTest, AFileOfHeadsIsReadAsItWasWritten) {
  Append(7);
  const testing::TempDir directory;
  AuditFile file;
  file.public_key = public_key_;
  file.heads = {Head("hub"), Head("agencies/tax")};
  AQ_ASSERT_OK(SaveAuditFile(directory.File("heads.json"), file));
  AQ_ASSERT_OK_AND_ASSIGN(const AuditFile read, ReadAuditFile(directory.File("heads.json")));
  EXPECT_EQ(read.public_key, public_key_);
  ASSERT_EQ(read.heads.size(), 2u);
  EXPECT_EQ(read.heads[0].SerializeAsString(), file.heads[0].SerializeAsString());
  AQ_EXPECT_OK(store::VerifyHead(read.heads[1], public_key_));
  EXPECT_EQ(LargestHead(read.heads, "hub")->size(), 7u);
  EXPECT_EQ(LargestHead(read.heads, "agencies/police"), nullptr);
}

TEST_F(LogAuditTest, OtherFilesAreRefused) {
  const testing::TempDir directory;
  const auto read = [&](const std::string& text) {
    std::ofstream(directory.File("file.json")) << text;
    return ReadAuditFile(directory.File("file.json")).status().code();
  };
  const std::string key = absl::StrCat("\"public_key\": \"", std::string(64, 'a'), "\"");
  const std::string good =
      R"("log": "hub", "size": 1, "root": "aa", "time_micros": 1, "signature": "")";
  const auto with_head = [&](const std::string& head) {
    return absl::StrCat("{", key, ", \"heads\": [{", head, "}]}");
  };
  EXPECT_EQ(read(absl::StrCat("{", key, "}")), absl::StatusCode::kOk);
  EXPECT_EQ(read(with_head(good)), absl::StatusCode::kOk);
  for (const std::string& text : {std::string("no JSON"), std::string("{}"), std::string("[]"),
                                  std::string(R"({"public_key": "aa"})"),
                                  std::string(R"({"public_key": "zz"})"), with_head("")}) {
    EXPECT_EQ(read(text), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(read(with_head(R"("log": "h\"ub", )" + good.substr(14))),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(read(with_head(R"("log": "hub", "size": 1.5, )" + good.substr(25))),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadAuditFile(directory.File("none.json")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(LogAuditTest, NamesOfLogsNeedNoQuoting) {
  EXPECT_TRUE(IsLogName("hub"));
  EXPECT_TRUE(IsLogName("agencies/civil_affairs"));
  for (const char* name : {"", "Hub", "agencies/", "agencies/a/b", "agencies/a\"b", "tax"}) {
    EXPECT_FALSE(IsLogName(name)) << name;
  }
}

TEST_F(LogAuditTest, ExportsLeavesHeadsAndWhatConnectsThem) {
  Append(30);
  AuditFile kept;
  kept.public_key = public_key_;
  kept.heads = {Head("hub"), Head("agencies/tax")};
  Append(30);
  kept.heads.push_back(Head("hub"));
  kept.heads.push_back(Head("hub"));
  LogAudit audit(altered_.get());
  AQ_ASSERT_OK(audit.Recompute([](std::uint64_t, std::uint64_t) {}));
  const testing::TempDir directory;
  const auto no_progress = [](std::uint64_t, std::uint64_t) {};
  AQ_ASSERT_OK_AND_ASSIGN(const ExportReport all,
                          ExportLogs(*altered_, audit, {.kept = kept, .log = ""},
                                     directory.File("all.json"), no_progress));
  EXPECT_EQ(all.entries, 60u + 40u);
  EXPECT_EQ(all.heads, 3u);
  EXPECT_EQ(all.proofs, 1u);
  AQ_ASSERT_OK_AND_ASSIGN(const AuditFile read, ReadAuditFile(directory.File("all.json")));
  EXPECT_EQ(read.heads.size(), 3u);
  AQ_ASSERT_OK_AND_ASSIGN(const ExportReport tax,
                          ExportLogs(*altered_, audit, {.kept = kept, .log = "agencies/tax"},
                                     directory.File("tax.json"), no_progress));
  EXPECT_EQ(tax.entries, 20u);
  EXPECT_EQ(tax.heads, 1u);
  EXPECT_EQ(ReasonOf(ExportLogs(*altered_, audit, {.kept = kept, .log = "agencies/none"},
                                directory.File("none.json"), no_progress)
                         .status()),
            reason::kLogNotFound);
}

}  // namespace
}  // namespace anqiao::ctl
