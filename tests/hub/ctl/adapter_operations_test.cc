// The commands that operate adapters, and corrections, as they are typed, against a hub in this
// process.

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/adapter/adapter_slot.h"
#include "hub/ctl/app.h"
#include "hub/ctl/failure.h"
#include "hub/rpc/listener.h"
#include "tests/hub/engine/engine_fixture.h"
#include "tests/testing/fake_adapter.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kOperator[] = "anqiao://users/li?role=operator";
constexpr char kSupervisor[] = "anqiao://users/wang?role=supervisor";
constexpr char kCaseworker[] = "anqiao://users/fang?role=caseworker";
constexpr char kPolice[] = "anqiao://agencies/police";
constexpr char kEmployment[] = "anqiao://agencies/employment";

// A "library" is a file whose text is the build's id; "broken" fails its samples. The build
// "renames" calls everybody 李安.
absl::StatusOr<std::unique_ptr<adapter::Adapter>> LoadFake(const std::string& library,
                                                           const std::string& samples) {
  std::ifstream file(library);
  std::string id;
  file >> id;
  if (id == "broken") {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
                 absl::StrCat(library, ": sample first differs (", samples, ")"));
  }
  std::function<void(adapter::v1::Record*)> change;
  if (id == "renames") {
    change = [](adapter::v1::Record* record) {
      for (adapter::v1::FieldValue& value : *record->mutable_values()) {
        if (value.field() == adapter::v1::FIELD_PERSON_NAME) value.set_value("李安");
      }
    };
  }
  return std::unique_ptr<adapter::Adapter>(
      std::make_unique<anqiao::testing::FakeAdapter>(id, std::move(change)));
}

class AdapterOperationsTest : public engine::EngineFixture {
 protected:
  void SetUp() override {
    police_ = std::make_unique<adapter::AdapterSlot>(
        nullptr, adapter::AdapterSlot::Options{.library = "",
                                               .samples = "",
                                               .copies_directory = dir_.File("copies"),
                                               .loader = LoadFake});
    options_.agencies[0].adapter = police_.get();
    Open();
    AQ_ASSERT_OK_AND_ASSIGN(listeners_, rpc::Listeners::Start({.agency = {.address = "127.0.0.1:0"},
                                                               .hub = {.address = "127.0.0.1:0"},
                                                               .insecure_loopback = true},
                                                              engine_.get()));
  }
  void TearDown() override {
    listeners_->Shutdown(absl::Seconds(1));
    listeners_.reset();
    EngineFixture::TearDown();
  }

  int RunAs(const std::string& uri, std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.end(),
                     {"--insecure", "--as-uri", uri, "--hub", listeners_->hub_address(),
                      "--agency-listener", listeners_->agency_address()});
    return RunApp(arguments, {.out = out_, .err = err_, .clock = &system_clock_, .profile = ""});
  }
  int Operate(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "adapter");
    return RunAs(kOperator, std::move(arguments));
  }
  std::string Library(const std::string& id) {
    const std::string path = dir_.File(id + ".so");
    std::ofstream(path, std::ios::trunc) << id;
    return path;
  }
  void PutToUse(const std::string& id) {
    ASSERT_EQ(Operate({"load", "police", "--library", Library(id)}), kExitOk) << err_.str();
    ASSERT_EQ(Operate({"reload", "police", "--build", id}), kExitOk) << err_.str();
  }
  std::string Row(int number) {
    return absl::StrCat("P", number, "|张安|", engine::IdNumber(number), "||421202003010\n");
  }
  static std::string ReadFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  anqiao::testing::TempDir dir_;
  const SystemClock system_clock_{};
  std::unique_ptr<adapter::AdapterSlot> police_;
  std::unique_ptr<rpc::Listeners> listeners_;
  std::ostringstream out_, err_;
};

TEST_F(AdapterOperationsTest, TheFirstAdapterIsLoadedThenPutToUse) {
  ASSERT_EQ(Operate({"list"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("adapters/police"), HasSubstr("ABSENT"),
                                HasSubstr("adapters/employment"), HasSubstr("LOADED")));
  EXPECT_EQ(Operate({"reload", "police"}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("no library was loaded"));

  ASSERT_EQ(Operate({"load", "police", "--library", Library("first")}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("ABSENT"), HasSubstr("first (-) " + dir_.File("first.so")),
                    HasSubstr("not in use yet 尚未启用: anqiaoctl adapter reload police")));
  ASSERT_EQ(Operate({"reload", "adapters/police", "--build", "first"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("LOADED"), HasSubstr("roster, changes"),
                    HasSubstr("after a restart the agency has no adapter: name it in the")));
  EXPECT_EQ(Operate({"reload", "police", "--build", "second"}), kExitError);

  ASSERT_EQ(Operate({"--output", "json", "show", "police"}), kExitOk) << err_.str();
  google::protobuf::Struct shown;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(out_.str(), &shown).ok()) << out_.str();
  EXPECT_EQ(shown.fields().at("state").string_value(), "ADAPTER_STATE_LOADED");
  EXPECT_EQ(shown.fields().at("current").struct_value().fields().at("build").string_value(),
            "first");
}

TEST_F(AdapterOperationsTest, SaysWhyABuildIsRefusedAndToWhom) {
  EXPECT_EQ(Operate({"load", "police", "--library", Library("broken"), "--samples", dir_.path()}),
            kExitError);
  EXPECT_THAT(err_.str(),
              AllOf(HasSubstr(dir_.File("broken.so") + ": sample first differs (" + dir_.path()),
                    HasSubstr("ADAPTER_UNUSABLE")));
  EXPECT_EQ(Operate({"load", "police", "--library", dir_.File("none.so")}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr(dir_.File("none.so")));
  EXPECT_EQ(Operate({"load", "nobody", "--library", Library("first")}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("AGENCY_NOT_FOUND"));
  EXPECT_EQ(Operate({"load", "police"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--library is required"));
  EXPECT_EQ(RunAs(kCaseworker, {"adapter", "load", "police", "--library", Library("first")}),
            kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("PERMISSION_DENIED"));
  EXPECT_TRUE(police_->absent());
}

TEST_F(AdapterOperationsTest, ADisabledAdapterTakesNothingUntilItIsEnabled) {
  PutToUse("first");
  ASSERT_EQ(Operate({"disable", "police", "--reason", "MAPPING_WRONG"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("DISABLED"), HasSubstr("MAPPING_WRONG")));
  const std::string file = dir_.File("changes.txt");
  std::ofstream(file) << Row(1);
  EXPECT_NE(RunAs(kPolice, {"submit", "--format", "changes", file}), kExitOk);
  EXPECT_THAT(out_.str() + err_.str(), HasSubstr("disabled for now"));
  ASSERT_EQ(Operate({"enable", "police"}), kExitOk) << err_.str();
  EXPECT_EQ(RunAs(kPolice, {"submit", "--format", "changes", file}), kExitOk) << err_.str();
  ASSERT_EQ(Operate({"show", "police"}), kExitOk);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("decoded 已解析   1\n"), HasSubstr("refused 已拒绝   1\n")));
}

TEST_F(AdapterOperationsTest, ShadowTellsRecordsAndFieldsAndShowsValuesToSupervisors) {
  PutToUse("first");
  Submit("changes", Row(1) + "P2|王平|?||421202003010\n");
  const std::string other = Library("renames");
  ASSERT_EQ(Operate({"shadow", "police", "--library", other}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("first"), HasSubstr("renames"), HasSubstr("CHANGED"),
                                Not(HasSubstr("李安"))));
  EXPECT_EQ(Operate({"shadow", "police", "--library", other, "--values"}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("supervisors"));
  ASSERT_EQ(RunAs(kSupervisor, {"adapter", "shadow", "police", "--library", other, "--values"}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("[name: \"张安\"] -> [name: \"李安\"]"));
  EXPECT_EQ(Operate({"shadow", "police"}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("no library was named"));
  EXPECT_EQ(Operate({"shadow", "police", "--last", "0"}), kExitUsage);
}

TEST_F(AdapterOperationsTest, CorrectionsGoToWhoSentThemAndToOperators) {
  SubmitAndWait(Command("employment", "jobless",
                        absl::StrCat("J1|张安|?|2026-01-05|421202\nJ2|王平|", engine::IdNumber(2),
                                     "|2026-01-05|421202\n"),
                        "first-of-march"));
  ASSERT_EQ(RunAs(kEmployment, {"corrections", "--request-id", "first-of-march"}), kExitOk)
      << err_.str();
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("J1"), HasSubstr("填写的值不符合要求"), Not(HasSubstr("J2"))));
  ASSERT_EQ(RunAs(kEmployment, {"corrections", "--request-id", "first-of-march", "--language", "en",
                                "--out", dir_.path()}),
            kExitOk)
      << err_.str();
  std::string path = out_.str();
  path.pop_back();
  EXPECT_EQ(std::filesystem::path(path).parent_path(), dir_.path());
  EXPECT_THAT(ReadFile(path), HasSubstr("must have 18 characters"));

  EXPECT_EQ(RunAs(kPolice, {"corrections", "--request-id", "first-of-march"}), kExitError);
  EXPECT_EQ(RunAs(kEmployment, {"corrections"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("either --request-id, as an agency, or --payload"));
  EXPECT_EQ(RunAs(kEmployment, {"corrections", "--request-id", "a", "--payload", "b"}), kExitUsage);
  EXPECT_EQ(RunAs(kEmployment, {"corrections", "--request-id", "a", "--language", "fr"}),
            kExitUsage);
  EXPECT_EQ(RunAs(kOperator, {"corrections", "--payload", "none"}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("NOT_FOUND"));

  ASSERT_EQ(RunAs(kOperator, {"--output", "json", "quarantine", "list"}), kExitOk) << err_.str();
  google::protobuf::Struct listed;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(out_.str(), &listed).ok());
  const std::string name = listed.fields()
                               .at("payloads")
                               .list_value()
                               .values(0)
                               .struct_value()
                               .fields()
                               .at("name")
                               .string_value();
  const std::string file = dir_.File("corrections.csv");
  ASSERT_EQ(RunAs(kOperator, {"corrections", "--payload", name, "--out", file}), kExitOk)
      << err_.str();
  EXPECT_THAT(ReadFile(file), HasSubstr("J1"));
  EXPECT_EQ(
      RunAs(kOperator, {"corrections", "--payload", name, "--out", dir_.File("no/such/folder")}),
      kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("cannot write"));
}

}  // namespace
}  // namespace anqiao::ctl
