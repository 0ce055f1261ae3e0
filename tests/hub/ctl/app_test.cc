// Runs whole commands against a hub that only pretends, over mutual TLS.

#include "hub/ctl/app.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "anqiao/exchange/v1/exchange.grpc.pb.h"
#include "anqiao/hub/v1/cases.grpc.pb.h"
#include "anqiao/hub/v1/eligibility.grpc.pb.h"
#include "anqiao/hub/v1/operations.grpc.pb.h"
#include "anqiao/hub/v1/referrals.grpc.pb.h"
#include "hub/ctl/certificates.h"
#include "hub/ctl/failure.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kCases = 1234;

class FakeCases : public hub::v1::CaseService::Service {
 public:
  grpc::Status GetCase(grpc::ServerContext*, const hub::v1::GetCaseRequest* request,
                       hub::v1::Case* response) override {
    if (request->name() != "cases/0007") {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such case");
    }
    response->set_name(request->name());
    response->set_display_name("安示例");
    response->set_registered(true);
    response->set_phase(hub::v1::PHASE_COMMUNITY_DETOX);
    auto* event = response->add_events();
    event->mutable_date()->set_year(2026);
    event->set_kind("COMMUNITY_DETOX_ORDERED");
    event->set_text_zh("责令社区戒毒");
    return grpc::Status::OK;
  }
  // Pages of what was asked for, named by number.
  grpc::Status ListCases(grpc::ServerContext*, const hub::v1::ListCasesRequest* request,
                         hub::v1::ListCasesResponse* response) override {
    const int first = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    const int end = std::min(kCases, first + request->page_size());
    for (int i = first; i < end; ++i) {
      hub::v1::Case* item = response->add_cases();
      item->set_name(absl::StrCat("cases/", i));
      item->set_display_name("安示例");
    }
    if (end < kCases) response->set_next_page_token(std::to_string(end));
    return grpc::Status::OK;
  }
  grpc::Status GetCensus(grpc::ServerContext*, const hub::v1::GetCensusRequest* request,
                         hub::v1::Census* response) override {
    *response->mutable_as_of_date() = request->as_of_date();
    response->set_registered_count(417);
    response->set_compulsory_isolation_count(43);
    return grpc::Status::OK;
  }
};

class FakeReferrals : public hub::v1::ReferralService::Service {
 public:
  grpc::Status GetReferral(grpc::ServerContext*, const hub::v1::GetReferralRequest* request,
                           hub::v1::Referral* response) override {
    response->set_name(request->name());
    response->set_etag("e7");
    return grpc::Status::OK;
  }
  grpc::Status SendReferral(grpc::ServerContext*, const hub::v1::SendReferralRequest* request,
                            hub::v1::Referral* response) override {
    sent = *request;
    response->set_name(request->name());
    response->set_state(hub::v1::REFERRAL_STATE_SENT);
    return grpc::Status::OK;
  }
  grpc::Status ListDisclosures(grpc::ServerContext*, const hub::v1::ListDisclosuresRequest*,
                               hub::v1::ListDisclosuresResponse* response) override {
    hub::v1::DisclosureEntry* entry = response->add_disclosures();
    entry->set_agency("agencies/workshop");
    entry->set_agency_display_name("某公司");
    entry->set_basis("CONSENT");
    entry->mutable_basis_title()->set_zh("本人单独同意");
    entry->mutable_basis_title()->set_en("separate consent");
    entry->set_consent("consents/c1");
    entry->set_purpose("referral:workshop");
    entry->set_view("TrainingView");
    entry->add_fields("beneficiary.name");
    entry->add_field_titles()->set_zh("姓名");
    entry->mutable_field_titles(0)->set_en("name");
    entry->set_view_hash("\x01\xff");
    entry = response->add_disclosures();
    entry->set_recipient_name("王小妹");
    entry->set_purpose("care-team:FAMILY");
    entry->mutable_purpose_title()->set_zh("家属");
    entry->mutable_purpose_title()->set_en("family");
    entry->set_basis("STATUTORY_DUTY");
    entry->set_basis_reference("戒毒条例 第十七条");
    entry->set_team_member("teamMembers/g1");
    entry->mutable_valid_from_date()->set_year(2026);
    entry->mutable_valid_from_date()->set_month(9);
    entry->mutable_valid_from_date()->set_day(21);
    return grpc::Status::OK;
  }
  hub::v1::SendReferralRequest sent;
};

class FakeOperations : public hub::v1::OperationsService::Service {
 public:
  grpc::Status VerifyProjections(
      grpc::ServerContext*, const hub::v1::VerifyProjectionsRequest*,
      grpc::ServerWriter<hub::v1::VerifyProjectionsResponse>* writer) override {
    hub::v1::VerifyProjectionsResponse response;
    response.set_entry_count(1);
    response.set_total_entry_count(2);
    writer->Write(response);
    response.mutable_result()->set_equal(equal);
    response.mutable_result()->add_differences("p: 3 keys");
    writer->Write(response);
    return grpc::Status::OK;
  }
  bool equal = true;
};

class FakeExchange : public exchange::v1::ExchangeService::Service {
 public:
  using SubmitStream =
      grpc::ServerReaderWriter<exchange::v1::SubmitResponse, exchange::v1::SubmitRequest>;
  using ReceiveStream =
      grpc::ServerReaderWriter<exchange::v1::ReceiveResponse, exchange::v1::ReceiveRequest>;

  grpc::Status Submit(grpc::ServerContext*, SubmitStream* stream) override {
    exchange::v1::SubmitRequest request;
    std::string payload;
    while (stream->Read(&request)) {
      if (request.has_header()) header = request.header();
      payload += request.data();
      ++chunks;
      if (!request.last()) continue;
      payloads.push_back(payload);
      exchange::v1::SubmitResponse response;
      response.set_request_id("r");
      auto* record = response.add_records();
      record->set_row(6);
      record->set_disposition(exchange::v1::DISPOSITION_HELD);
      auto* problem = record->add_problems();
      problem->set_row(6);
      problem->set_column(4);
      problem->set_field("身份证号码");
      problem->set_reason("CHECK_DIGIT_WRONG");
      problem->set_message("the last character must be the check digit");
      if (payload != "bad") response.clear_records();
      stream->Write(response);
      response.clear_records();
      response.mutable_summary()->set_accepted_count(payload == "bad" ? 0 : 1);
      response.mutable_summary()->set_held_count(payload == "bad" ? 1 : 0);
      stream->Write(response);
      payload.clear();
    }
    return grpc::Status::OK;
  }
  grpc::Status Receive(grpc::ServerContext*, ReceiveStream* stream) override {
    exchange::v1::ReceiveRequest request;
    stream->Read(&request);
    for (int i = 0; i < 2; ++i) {
      exchange::v1::ReceiveResponse response;
      response.mutable_delivery()->set_name(absl::StrCat("deliveries/", i));
      response.mutable_delivery()->mutable_closure();
      stream->Write(response);
    }
    while (stream->Read(&request)) acks.push_back(request.ack().delivery());
    return grpc::Status::OK;
  }
  grpc::Status AnswerReferral(grpc::ServerContext*,
                              const exchange::v1::AnswerReferralRequest* request,
                              exchange::v1::AnswerReferralResponse* response) override {
    answered = *request;
    response->set_etag("e2");
    return grpc::Status::OK;
  }

  exchange::v1::PayloadHeader header;
  exchange::v1::AnswerReferralRequest answered;
  std::vector<std::string> payloads, acks;
  int chunks = 0;
};

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

class AppTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const CertificateOptions options = {
        .directory = dir_.path(), .days = 2, .force = false, .now = clock_.Now()};
    AQ_ASSERT_OK(CreateAuthority(options));
    AQ_ASSERT_OK(IssueServer(options, "hub", {"localhost", "127.0.0.1"}));
    AQ_ASSERT_OK(IssueUser(options, "wang", "supervisor", ""));
    AQ_ASSERT_OK(IssueAgency(options, "police"));
    grpc::SslServerCredentialsOptions ssl(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ssl.pem_root_certs = ReadAll(dir_.File("ca.crt"));
    ssl.pem_key_cert_pairs.push_back(
        {ReadAll(dir_.File("servers/hub.key")), ReadAll(dir_.File("servers/hub.crt"))});
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(ssl), &port);
    builder.RegisterService(&cases_);
    builder.RegisterService(&referrals_);
    builder.RegisterService(&operations_);
    builder.RegisterService(&exchange_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  void TearDown() override { server_->Shutdown(); }

  int RunBare(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    return RunApp(arguments, {.out = out_, .err = err_, .clock = &clock_, .profile = profile_});
  }
  // With the connection's flags at the end.
  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--hub", address_, "--agency-listener", address_, "--certs",
                                       dir_.path(), "--as", "wang", "--agency", "police"});
    return RunBare(arguments);
  }
  std::string WriteFile(const std::string& name, const std::string& content) const {
    std::ofstream(dir_.File(name)) << content;
    return dir_.File(name);
  }

  anqiao::testing::TempDir dir_;
  const SystemClock clock_{};
  std::string profile_;
  FakeCases cases_;
  FakeReferrals referrals_;
  FakeOperations operations_;
  FakeExchange exchange_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  std::ostringstream out_, err_;
};

TEST_F(AppTest, HelpTellsTheExitCodes) {
  EXPECT_EQ(RunBare({"--help"}), kExitOk);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("Exit codes: 0 done"), HasSubstr("census")));
}

TEST_F(AppTest, TheAccountingOfDisclosuresIsPrintedInBothLanguages) {
  ASSERT_EQ(Run({"disclosures", "print", "cases/p1", "--language", "zh"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("个人信息提供情况清单"), HasSubstr("某公司"),
                                HasSubstr("本人单独同意"), HasSubstr("consents/c1"),
                                HasSubstr("姓名"), HasSubstr("sha256:01ff")));
  // Of a member of the care team who it is, in which role, since when.
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("接收方：王小妹"), HasSubstr("家属 (care-team:FAMILY)"),
                                HasSubstr("起止：2026-09-21 至 今"),
                                HasSubstr("帮教小组成员：teamMembers/g1")));
  ASSERT_EQ(Run({"disclosures", "print", "p1", "--language", "en"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("Accounting of disclosures"), HasSubstr("cases/p1"),
                                HasSubstr("separate consent"), HasSubstr("what was told: name")));
  // The list as before.
  ASSERT_EQ(Run({"disclosures", "cases/p1"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("beneficiary.name"));
  EXPECT_EQ(Run({"disclosures"}), kExitUsage);
  EXPECT_EQ(Run({"disclosures", "print", "p1", "--language", "fr"}), kExitUsage);
}

TEST_F(AppTest, MistakesOnTheCommandLineExitWithTwo) {
  EXPECT_EQ(RunBare({}), kExitUsage);
  EXPECT_EQ(RunBare({"frobnicate"}), kExitUsage);
  EXPECT_EQ(RunBare({"cases"}), kExitUsage);
  EXPECT_EQ(RunBare({"cases", "show"}), kExitUsage);
  EXPECT_EQ(RunBare({"census", "--output", "xml"}), kExitUsage);
  EXPECT_EQ(RunBare({"cases", "list", "--all", "--limit", "3"}), kExitUsage);
  EXPECT_EQ(RunBare({"cases", "list", "--limit", "0"}), kExitUsage);
  EXPECT_EQ(Run({"census", "--as-of", "yesterday"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--as-of must be a date"));
  EXPECT_EQ(RunBare({"census"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("say who you are"));
}

TEST_F(AppTest, CensusShowsBothLanguages) {
  ASSERT_EQ(Run({"census", "--as-of", "2026-06-30"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("As of 截至 2026-06-30"),
                                HasSubstr("强制戒毒 in compulsory"), HasSubstr("  417\n")));
}

TEST_F(AppTest, ListsStopAtTheLimitAndSaySo) {
  ASSERT_EQ(Run({"cases", "list", "--limit", "3"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("cases/2 "), Not(HasSubstr("cases/3 "))));
  EXPECT_THAT(err_.str(), HasSubstr("--all"));
}

TEST_F(AppTest, AllReadsEveryPage) {
  ASSERT_EQ(Run({"cases", "list", "--all", "--output", "json"}), kExitOk) << err_.str();
  hub::v1::ListCasesResponse response;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(out_.str(), &response).ok());
  EXPECT_EQ(response.cases_size(), kCases);
  EXPECT_THAT(response.next_page_token(), IsEmpty());
}

TEST_F(AppTest, ACaseIsShownWithItsEvents) {
  ASSERT_EQ(Run({"cases", "show", "0007"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("社区戒毒执行中 COMMUNITY_DETOX"),
                                HasSubstr("COMMUNITY_DETOX_ORDERED")));
}

TEST_F(AppTest, TheHubsErrorIsReported) {
  EXPECT_EQ(Run({"cases", "show", "0008"}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("error: NOT_FOUND: no such case"));
}

TEST_F(AppTest, AMethodThatTheListenerLacksIsExplained) {
  EXPECT_EQ(Run({"policies"}), kExitError);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("UNIMPLEMENTED"), HasSubstr("hint: ")));
}

TEST_F(AppTest, AClosedPortIsExplained) {
  server_->Shutdown();
  server_->Wait();
  EXPECT_EQ(Run({"census"}), kExitError);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("UNAVAILABLE"), HasSubstr("is anqiaod running")));
}

TEST_F(AppTest, AnotherAuthoritysServerIsNotTrusted) {
  AQ_ASSERT_OK(
      CreateAuthority({.directory = dir_.path(), .days = 2, .force = true, .now = clock_.Now()}));
  EXPECT_EQ(Run({"census"}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("hint: the server's certificate is not from this authority"));
}

TEST_F(AppTest, SendFetchesTheEtagIfNoneIsGiven) {
  const std::vector<std::string> send = {"referrals",
                                         "send",
                                         "7",
                                         "--basis",
                                         "STATUTORY_DUTY",
                                         "--reference",
                                         "就业促进法 第五十二条",
                                         "--notice-given"};
  ASSERT_EQ(Run(send), kExitOk) << err_.str();
  EXPECT_EQ(referrals_.sent.name(), "referrals/7");
  EXPECT_EQ(referrals_.sent.etag(), "e7");
  EXPECT_TRUE(referrals_.sent.notice_given());
  EXPECT_THAT(out_.str(), HasSubstr("SENT"));
  std::vector<std::string> with_etag = send;
  with_etag.insert(with_etag.end(), {"--etag", "mine"});
  ASSERT_EQ(Run(with_etag), kExitOk);
  EXPECT_EQ(referrals_.sent.etag(), "mine");
}

TEST_F(AppTest, MovingDoesNotSend) {
  EXPECT_EQ(Run({"referrals", "move", "7", "--action", "SEND"}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("referrals send"));
}

TEST_F(AppTest, VerifyExitsWithFourIfTheProjectionsDiffer) {
  EXPECT_EQ(Run({"verify"}), kExitOk) << err_.str();
  operations_.equal = false;
  EXPECT_EQ(Run({"verify"}), kExitDifferent);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("否 no"), HasSubstr("p: 3 keys")));
}

TEST_F(AppTest, OfflineVerifyNeedsADataDirectory) {
  EXPECT_EQ(RunBare({"verify", "--data", dir_.path()}), kExitUsage);
  EXPECT_THAT(err_.str(), HasSubstr("--data needs --ring and --master-key"));
  EXPECT_EQ(RunBare({"verify", "--data", dir_.path(), "--ring", "ring", "--master-key", "key"}),
            kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("is not a data directory"));
}

TEST_F(AppTest, SubmitSendsEachFileInChunks) {
  const std::string one = WriteFile("one.csv", "0123456789");
  const std::string two = WriteFile("two.csv", "");
  ASSERT_EQ(Run({"submit", "--format", "roster", "--chunk", "4", "--extract-time",
                 "2026-03-15T08:00:00.5+08:00", one, two}),
            kExitOk)
      << err_.str();
  EXPECT_THAT(exchange_.payloads, ::testing::ElementsAre("0123456789", ""));
  EXPECT_EQ(exchange_.chunks, 4);
  EXPECT_EQ(exchange_.header.format(), "roster");
  EXPECT_EQ(exchange_.header.file_name(), "two.csv");
  EXPECT_EQ(exchange_.header.extract_time().seconds(), 1773532800);
  EXPECT_EQ(exchange_.header.extract_time().nanos(), 500'000'000);
}

TEST_F(AppTest, SubmitShowsProblemsAndExitsWithThree) {
  EXPECT_EQ(Run({"submit", "--format", "roster", WriteFile("bad.csv", "bad")}), kExitHeld);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("CHECK_DIGIT_WRONG"), HasSubstr("身份证号码"), HasSubstr("HELD")));
}

TEST_F(AppTest, SubmitAsJsonIsOneObject) {
  EXPECT_EQ(Run({"submit", "--output", "json", "--format", "roster", WriteFile("bad.csv", "bad"),
                 WriteFile("good.csv", "good")}),
            kExitHeld);
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  hub::v1::Census any;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(out_.str(), &any, options).ok())
      << out_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("{\"payloads\":["), HasSubstr("\"heldCount\":\"1\"")));
}

TEST_F(AppTest, SubmitChecksItsArgumentsBeforeItSends) {
  const std::string file = WriteFile("one.csv", "x");
  EXPECT_EQ(Run({"submit", "--format", "roster", dir_.File("none.csv")}), kExitError);
  EXPECT_EQ(Run({"submit", "--format", "roster", "--request-id", "7", file}), kExitUsage);
  EXPECT_EQ(Run({"submit", "--format", "roster", "--request-id",
                 "123e4567-e89b-42d3-a456-426614174000", file, file}),
            kExitUsage);
  EXPECT_EQ(Run({"submit", "--format", "roster", "--chunk", "1048577", file}), kExitUsage);
  EXPECT_EQ(Run({"submit", "--format", "roster", "--extract-time", "now", file}), kExitUsage);
  EXPECT_EQ(Run({"submit", file}), kExitUsage);
  EXPECT_THAT(exchange_.payloads, IsEmpty());
}

TEST_F(AppTest, ReceiveAcknowledgesOnlyIfAsked) {
  ASSERT_EQ(Run({"receive", "--count", "2"}), kExitOk) << err_.str();
  EXPECT_THAT(exchange_.acks, IsEmpty());
  ASSERT_EQ(Run({"receive", "--count", "2", "--ack", "--output", "json"}), kExitOk) << err_.str();
  EXPECT_THAT(exchange_.acks, ::testing::ElementsAre("deliveries/0", "deliveries/1"));
  const std::vector<std::string> lines = absl::StrSplit(out_.str(), '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), 2u);
}

TEST_F(AppTest, ReceiveStopsWhenTheTimeIsOver) {
  EXPECT_EQ(Run({"receive", "--wait", "0.3"}), kExitOk) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("2 received"));
}

TEST_F(AppTest, WhatWasReceivedUntilTheTimeWasOverIsAcknowledged) {
  EXPECT_EQ(Run({"receive", "--wait", "0.3", "--ack"}), kExitOk) << err_.str();
  EXPECT_THAT(exchange_.acks, ::testing::ElementsAre("deliveries/0", "deliveries/1"));
}

TEST_F(AppTest, AnswerCarriesTheOutcome) {
  ASSERT_EQ(Run({"answer", "7", "REPORT_OUTCOME", "--etag", "e1", "--outcome", "GRANTED", "--date",
                 "2026-03-15", "--amount-yuan", "24000", "--valid-from", "2026-01"}),
            kExitOk)
      << err_.str();
  EXPECT_EQ(exchange_.answered.referral(), "referrals/7");
  EXPECT_EQ(exchange_.answered.answer().outcome().amount_fen(), 2'400'000);
  EXPECT_EQ(exchange_.answered.answer().outcome().code(), exchange::v1::OUTCOME_CODE_GRANTED);
  EXPECT_EQ(exchange_.answered.answer().outcome().valid_from_date().month(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("e2"));
  EXPECT_EQ(Run({"answer", "7", "REPORT_OUTCOME", "--etag", "e1"}), kExitUsage);
  EXPECT_EQ(Run({"answer", "7", "ACCEPT", "--etag", "e1", "--outcome", "HIRED"}), kExitUsage);
  EXPECT_EQ(Run({"answer", "7", "ACCEPT"}), kExitUsage);
}

TEST_F(AppTest, AProfileReplacesFlags) {
  profile_ = WriteFile("profile.yaml",
                       absl::StrCat("hub: ", address_, "\ncerts: .\nas: wang\noutput: json\n"));
  ASSERT_EQ(RunBare({"census"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("\"registeredCount\": \"417\""));
  EXPECT_EQ(RunBare({"census", "--output", "table"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("COUNT 人数"));
}

TEST_F(AppTest, CertificatesAreIssuedFromTheCommandLine) {
  anqiao::testing::TempDir fresh;
  ASSERT_EQ(RunBare({"certs", "init", fresh.path()}), kExitOk) << err_.str();
  EXPECT_EQ(RunBare({"certs", "init", fresh.path()}), kExitError);
  EXPECT_THAT(err_.str(), HasSubstr("--force"));
  ASSERT_EQ(RunBare({"certs", "issue", "--dir", fresh.path(), "user", "li", "--role", "auditor"}),
            kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("anqiao://users/li?role=auditor"));
  ASSERT_EQ(RunBare({"certs", "issue", "server", "hub", "--host", "localhost", "--host",
                     "127.0.0.1", "--dir", fresh.path()}),
            kExitOk);
  EXPECT_EQ(RunBare({"certs", "issue", "--dir", fresh.path(), "user", "li", "--role", "boss"}),
            kExitUsage);
  EXPECT_EQ(RunBare({"certs", "issue", "agency", "tax"}), kExitUsage);
}

}  // namespace
}  // namespace anqiao::ctl
