// Runs whole commands against a hub in this process that seals what it keeps.

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/ctl/app.h"
#include "hub/ctl/audit_file.h"
#include "hub/ctl/failure.h"
#include "hub/ctl/offline_verify.h"
#include "hub/ctl/sealed_directory.h"
#include "hub/rpc/listener.h"
#include "hub/store/audit_log.h"
#include "hub/store/cipher.h"
#include "hub/store/key_ring.h"
#include "hub/store/master_key.h"
#include "hub/store/sealed_store.h"
#include "tests/hub/engine/engine_fixture.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSupervisor[] = "anqiao://users/wang?role=supervisor";
constexpr char kOperator[] = "anqiao://users/li?role=operator";
constexpr char kAuditor[] = "anqiao://users/zhao?role=auditor";
constexpr char kPolice[] = "anqiao://agencies/police";
constexpr char kUuid[] = "8a7e5c3e-0d3c-4c5a-9a52-1f6a3f3f0a11";

class CustodyCommandsTest : public engine::EngineFixture {
 protected:
  void SetUp() override {
    ASSERT_EQ(Run({"keys", "init", dir_.File("keys")}), kExitOk) << err_.str();
    Serve(dir_.File("data"));
  }
  void TearDown() override {
    Stop();
    EngineFixture::TearDown();
  }

  std::string RingPath() const { return dir_.File("keys/ring"); }
  SealFiles Files() const {
    return {.ring = RingPath(), .master_key = master_key_, .suite = kDefaultSuite};
  }

  // A hub over "directory".
  void Serve(const std::string& directory) {
    AQ_ASSERT_OK_AND_ASSIGN(auto suite, store::CipherSuite::Make(kDefaultSuite));
    store::KeyRingOptions options;
    options.path = RingPath();
    options.suite = suite.get();
    options.create_if_missing = true;
    options.pool_keys = 64;
    AQ_ASSERT_OK_AND_ASSIGN(options.master, store::MasterKey::FromFile(master_key_, *suite));
    AQ_ASSERT_OK_AND_ASSIGN(auto ring, store::KeyRing::Open(std::move(options)));
    AQ_ASSERT_OK_AND_ASSIGN(auto base, store::OpenRocksStore({.directory = directory}));
    AQ_ASSERT_OK_AND_ASSIGN(
        auto sealed, store::OpenSealedStore(std::move(base), std::move(suite), std::move(ring),
                                            store::SealOptions()));
    store_ = std::make_unique<engine::FlakyStore>(std::move(sealed));
    Open();
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, rpc::Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                               .hub = {.address = "127.0.0.1:0"},
                                                               .insecure_loopback = true},
                                                              engine_.get()));
  }
  void Stop() {
    if (listeners_ != nullptr) listeners_->Shutdown(absl::Seconds(1));
    listeners_.reset();
    engine_.reset();
    store_.reset();
  }

  int Run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    return RunApp(arguments, {.out = out_,
                              .err = err_,
                              .clock = &system_clock_,
                              .profile = "",
                              .in = asked_ ? &in_ : nullptr});
  }
  int RunAs(const std::string& uri, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--insecure", "--as-uri", uri, "--hub", listeners_->hub_address(),
                      "--agency-listener", listeners_->agency_address()});
    return Run(arguments);
  }
  int Answering(const std::string& answer, const std::string& uri,
                const std::vector<std::string>& arguments) {
    asked_ = true;
    in_.clear();
    in_.str(answer);
    const int code = RunAs(uri, arguments);
    asked_ = false;
    return code;
  }
  std::vector<std::string> Erasing(const std::string& person) const {
    return {"erase", person, "--reason", "PURPOSE_FULFILLED", "--basis", "第四十七条"};
  }
  int Restore(const std::string& backup, const std::string& to,
              std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"restore", "--from",   backup,         "--to",     to,
                                          "--ring",  RingPath(), "--master-key", master_key_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }
  int VerifyData(const std::string& directory) {
    return Run({"verify", "--data", directory, "--ring", RingPath(), "--master-key", master_key_});
  }

  // What the verifier that shares no code with the hub says of files in dir_.
  bool PythonAccepts(const std::vector<std::string>& names) const {
    std::string command = "/usr/bin/python3 " ANQIAO_VERIFIER;
    for (const std::string& name : names) absl::StrAppend(&command, " ", dir_.File(name));
    return std::system((command + " >/dev/null").c_str()) == 0;
  }

  anqiao::testing::TempDir dir_;
  const SystemClock system_clock_{};
  std::string master_key_ = dir_.File("keys/master.key");
  std::unique_ptr<rpc::Listeners> listeners_;
  bool asked_ = false;
  std::istringstream in_;
  std::ostringstream out_, err_;
};

TEST_F(CustodyCommandsTest, ErasingAsksFirst) {
  const std::string person = AddPerson();
  EXPECT_EQ(RunAs(kSupervisor, Erasing(person)), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--yes"));
  EXPECT_EQ(Answering("no\n", kSupervisor, Erasing(person)), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("nothing was done"));
  EXPECT_TRUE(engine_->GetCase(person, {}, "").ok());
  ASSERT_EQ(Answering("yes\n", kSupervisor, Erasing(person)), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("records 记录"), HasSubstr("head 树头")));
  EXPECT_TRUE(absl::IsNotFound(engine_->GetCase(person, {}, "").status()));
}

TEST_F(CustodyCommandsTest, ErasingSavesItsCertificateAndARepeatHasNone) {
  std::vector<std::string> erase = Erasing("cases/" + AddPerson());
  erase.insert(erase.end(),
               {"--yes", "--request-id", kUuid, "--certificate", dir_.File("certificate.json")});
  ASSERT_EQ(RunAs(kSupervisor, erase), kExitOk) << err_.str();
  AQ_ASSERT_OK_AND_ASSIGN(const AuditFile certificate,
                          ReadAuditFile(dir_.File("certificate.json")));
  ASSERT_EQ(certificate.heads.size(), 1u);
  AQ_EXPECT_OK(store::VerifyHead(certificate.heads[0], certificate.public_key));
  EXPECT_TRUE(PythonAccepts({"certificate.json"}));
  ASSERT_EQ(RunAs(kSupervisor, erase), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("repeats an earlier answer"));
  EXPECT_EQ(RunAs(kOperator, erase), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("PERMISSION_DENIED"));
}

TEST_F(CustodyCommandsTest, PurgesAndCertifies) {
  ASSERT_EQ(RunAs(kOperator, {"purge", "--class", "access-log", "--before", "2026-01-01",
                              "--certificate", dir_.File("purged.json")}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("ACCESS_LOG"), HasSubstr("2025-12-31T16:00:00Z")));
  EXPECT_TRUE(std::filesystem::exists(dir_.File("purged.json")));
  ASSERT_EQ(RunAs(kOperator, {"purge", "--class", "payloads", "--before", "2026-01-01T00:00:00Z",
                              "--output", "json"}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("\"certificate\""));
  EXPECT_EQ(RunAs(kOperator, {"purge", "--class", "all", "--before", "2026-01-01"}), kExitUsage);
  EXPECT_EQ(RunAs(kOperator, {"purge", "--class", "payloads", "--before", "soon"}), kExitUsage);
}

TEST_F(CustodyCommandsTest, Rebuilds) {
  AddPerson();
  ASSERT_EQ(RunAs(kOperator, {"rebuild"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("是 yes"));
  ExpectVerified();
}

TEST_F(CustodyCommandsTest, TheMasterKeyIsRotated) {
  AddPerson();
  ASSERT_EQ(Run({"keys", "init", dir_.File("keys"), "--name", "next.key"}), kExitOk) << err_.str();
  ASSERT_EQ(RunAs(kOperator, {"keys", "rotate", "--to", dir_.File("keys/next.key")}), kExitOk)
      << err_.str();
  Stop();
  EXPECT_EQ(VerifyData(dir_.File("data")), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("MASTER_KEY_WRONG"));
  master_key_ = dir_.File("keys/next.key");
  EXPECT_EQ(VerifyData(dir_.File("data")), kExitOk) << err_.str();
}

TEST_F(CustodyCommandsTest, KeysAreMadeWhereNobodyElseReads) {
  const auto mode = [](const std::string& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
  };
  EXPECT_EQ(mode(dir_.File("keys")), 0700u);
  EXPECT_EQ(mode(master_key_), 0600u);
  EXPECT_EQ(Run({"keys", "init", dir_.File("keys")}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("already"));
  std::filesystem::create_directory(dir_.File("open"));
  std::filesystem::permissions(dir_.File("open"), std::filesystem::perms(0755));
  EXPECT_EQ(Run({"keys", "init", dir_.File("open")}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("mode 0700"));
  EXPECT_EQ(Run({"keys", "init", dir_.File("keys"), "--name", "../x"}), kExitUsage);
}

TEST_F(CustodyCommandsTest, ABackupIsRestoredWithoutThoseErasedSince) {
  const std::string gone = AddPerson(1);
  const std::string stays = AddPerson(2);
  ASSERT_EQ(RunAs(kOperator, {"backup", dir_.File("backup"), "--head", dir_.File("head.json")}),
            kExitOk)
      << err_.str();
  EXPECT_EQ(RunAs(kOperator, {"backup", dir_.File("backup")}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("ALREADY_EXISTS"));
  std::vector<std::string> erase = Erasing(gone);
  erase.push_back("--yes");
  ASSERT_EQ(RunAs(kSupervisor, erase), kExitOk) << err_.str();
  ASSERT_EQ(RunAs(kAuditor, {"audit", "head", "--save", dir_.File("later.json")}), kExitOk);
  // While the hub serves, the ring is its own.
  EXPECT_EQ(Restore(dir_.File("backup"), dir_.File("restored")), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("UNAVAILABLE"));
  EXPECT_FALSE(std::filesystem::exists(dir_.File("restored")));
  Stop();
  ASSERT_EQ(Restore(dir_.File("backup"), dir_.File("restored"), {"--head", dir_.File("head.json")}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("people 人员     1"), HasSubstr("equal")));
  EXPECT_EQ(VerifyData(dir_.File("restored")), kExitOk) << err_.str();
  ASSERT_EQ(Restore(dir_.File("backup"), dir_.File("again"),
                    {"--head", dir_.File("later.json"), "--output", "json"}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("\"relation\": \"LATER\""));
  EXPECT_EQ(Restore(dir_.File("backup"), dir_.File("again")), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("exists already"));
  EXPECT_EQ(Restore(dir_.File("keys"), dir_.File("other")), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("has no journal"));
  Serve(dir_.File("restored"));
  EXPECT_TRUE(engine_->GetCase(stays, {}, "").ok());
  EXPECT_TRUE(absl::IsNotFound(engine_->GetCase(gone, {}, "").status()));
  ExpectVerified();
}

TEST_F(CustodyCommandsTest, AHeadIsFollowedAndAnOlderHistoryFound) {
  AddPerson(1);
  const std::string kept = dir_.File("kept.json");
  ASSERT_EQ(RunAs(kOperator, {"backup", dir_.File("backup")}), kExitOk) << err_.str();
  AddPerson(2);
  ASSERT_EQ(RunAs(kAuditor, {"audit", "head", "--save", kept}), kExitOk) << err_.str();
  ASSERT_EQ(RunAs(kAuditor, {"audit", "head", "--since", kept}), kExitOk) << err_.str();
  AddPerson(3);
  ASSERT_EQ(RunAs(kAuditor, {"audit", "head", "hub", "--since", kept, "--save", kept}), kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("verified"));
  AQ_ASSERT_OK_AND_ASSIGN(const AuditFile file, ReadAuditFile(kept));
  EXPECT_EQ(file.heads.size(), 2u);
  EXPECT_EQ(
      RunAs(kAuditor, {"audit", "head", "--since", kept, "--public-key", std::string(64, 'a')}),
      kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("SIGNATURE_INVALID"));
  Stop();
  ASSERT_EQ(Restore(dir_.File("backup"), dir_.File("restored"), {"--head", kept}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("later than the restored log"));
  Serve(dir_.File("restored"));
  EXPECT_EQ(RunAs(kAuditor, {"audit", "head", "--since", kept}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("LOG_CUT_OFF"));
  for (int i = 4; i < 14; ++i) AddPerson(i);
  EXPECT_EQ(RunAs(kAuditor, {"audit", "head", "--since", kept}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("LOG_FORKED"));
  ASSERT_EQ(RunAs(kAuditor, {"audit", "head", "--save", dir_.File("other.json")}), kExitOk);
  EXPECT_TRUE(PythonAccepts({"kept.json"}));
  EXPECT_FALSE(PythonAccepts({"kept.json", "other.json"}));
  Stop();
  EXPECT_EQ(Run({"audit", "verify", "--data", dir_.File("restored"), "--against", kept}),
            kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("LOG_EDITED"));
  EXPECT_EQ(Run({"audit", "verify", "--data", dir_.File("restored"), "--against", kept,
                 dir_.File("other.json")}),
            kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("LOG_FORKED"));
  // A restore that is not the beginning of what was signed is no restore.
  EXPECT_EQ(Restore(dir_.File("restored"), dir_.File("third"), {"--head", kept}), kExitError);
  EXPECT_FALSE(std::filesystem::exists(dir_.File("third")));
}

TEST_F(CustodyCommandsTest, ADirectoryIsAuditedAndExportedWithoutKeys) {
  AddPerson();
  const std::string head = dir_.File("head.json");
  const std::string own = dir_.File("own.json");
  ASSERT_EQ(RunAs(kAuditor, {"audit", "head", "hub", "--save", head}), kExitOk) << err_.str();
  ASSERT_EQ(RunAs(kPolice, {"audit", "head", "--own", "--save", own}), kExitOk) << err_.str();
  ASSERT_EQ(RunAs(kPolice, {"audit", "head", "--own", "--since", own}), kExitOk) << err_.str();
  Stop();
  const std::string data = dir_.File("data");
  ASSERT_EQ(Run({"audit", "verify", "--data", data}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("agencies/police"), HasSubstr("not checked")));
  ASSERT_EQ(Run({"audit", "verify", "--data", data, "--against", head, own, "--output", "json"}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"accepted\": true"), HasSubstr("\"heads\": 2")));
  EXPECT_EQ(Run({"audit", "verify", "--data", dir_.File("keys")}), kExitError);
  EXPECT_EQ(Run({"audit", "export", "--data", data, "--out", dir_.File("out.json")}), kExitUsage);
  ASSERT_EQ(
      Run({"audit", "export", "--data", data, "--out", dir_.File("out.json"), "--head", head, own}),
      kExitOk)
      << err_.str();
  AQ_ASSERT_OK_AND_ASSIGN(const AuditFile file, ReadAuditFile(dir_.File("out.json")));
  EXPECT_EQ(file.heads.size(), 2u);
  EXPECT_TRUE(PythonAccepts({"out.json", "head.json", "own.json"}));
}

TEST_F(CustodyCommandsTest, AnAgencyVerifiesItsRecord) {
  AddPerson();
  ASSERT_EQ(RunAs(kPolice, {"proof", "--format", "changes", "--record-key", "P1", "--save",
                            dir_.File("record.json")}),
            kExitOk)
      << err_.str();
  EXPECT_TRUE(PythonAccepts({"record.json"}));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("agencies/police"), HasSubstr("as the hub says"),
                                Not(HasSubstr(engine::IdNumber(1)))));
  ASSERT_EQ(RunAs(kPolice, {"proof", "--format", "changes", "--record-key", "P1", "--head",
                            dir_.File("record.json")}),
            kExitOk)
      << err_.str();
  EXPECT_EQ(RunAs(kPolice, {"proof", "--format", "changes", "--record-key", "P1", "--public-key",
                            std::string(64, 'a')}),
            kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("SIGNATURE_INVALID"));
  EXPECT_EQ(RunAs(kPolice, {"proof", "--format", "changes", "--record-key", "P9"}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("ERASED"));
}

// The journal has the keys of held records sealed.
TEST_F(CustodyCommandsTest, TheQuarantineShowsKeysOfHeldRecords) {
  Submit("changes", "P7|张安|421299199001011111||421202003010\n");
  const auto waiting = engine_->ListQuarantine("police", "", 10);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  ASSERT_EQ(waiting->items.size(), 1u);
  ASSERT_EQ(waiting->items[0].records_size(), 1);
  EXPECT_EQ(waiting->items[0].records(0).record_key(), "P7");
  ASSERT_EQ(RunAs(kOperator, {"quarantine", "show", waiting->items[0].payload()}), kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("P7"));
}

TEST_F(CustodyCommandsTest, OfflineVerifyNeedsTheKeys) {
  Stop();
  EXPECT_EQ(Run({"verify", "--data", dir_.File("data")}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--ring"));
  EXPECT_EQ(Run({"verify", "--data", dir_.File("data"), "--ring", dir_.File("keys/none"),
                 "--master-key", master_key_}),
            kExitError);
  EXPECT_EQ(VerifyData(dir_.File("keys")), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("is not a data directory"));
}

}  // namespace
}  // namespace anqiao::ctl
