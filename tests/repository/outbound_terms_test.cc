// Nothing that an agency can see of the hub itself holds a word that tells why the sub-district
// knows a person: what its listener is made of, the catalogue's services, the coded reasons, the
// sender, the texts of errors. What the hub sends is scanned where it is made
// (tests/hub/engine/indistinguishable_test.cc, integration/outbound_scan.py).

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "anqiao/exchange/v1/audit.pb.h"
#include "anqiao/exchange/v1/dispatch.pb.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/exchange/v1/service_request.pb.h"
#include "hub/policy/catalogue.h"
#include "hub/referral/dispatch_codes.h"
#include "hub/referral/dispatch_view.h"
#include "hub/referral/reasons.h"
#include "hub/referral/recipients.h"
#include "hub/referral/view.h"
#include "tests/testing/forbidden_terms.h"

namespace anqiao {
namespace {

using testing::FindForbidden;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The texts in double quotes of a C++ source, but for those in comments and includes.
std::vector<std::string> TextsOf(const std::string& source) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const bool at_line = i == 0 || source[i - 1] == '\n';
    if (source.compare(i, 2, "//") == 0 || (at_line && source[i] == '#')) {
      i = source.find('\n', i);
      if (i == std::string::npos) break;
    } else if (source[i] == '\'') {
      i += source[i + 1] == '\\' ? 3 : 2;
    } else if (source[i] == '"') {
      std::string text;
      for (++i; i < source.size() && source[i] != '"'; ++i) {
        if (source[i] == '\\') ++i;
        text.push_back(source[i]);
      }
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

// What the agency listener's reflection serves: names, without comments.
TEST(OutboundTerms, AreInNoNameOfTheAgencyListener) {
  std::vector<const google::protobuf::FileDescriptor*> waiting = {
      exchange::v1::SubmitRequest::descriptor()->file(),
      exchange::v1::ServiceRequest::descriptor()->file(),
      exchange::v1::SignedTreeHead::descriptor()->file(),
      exchange::v1::DutyReport::descriptor()->file()};
  std::set<const google::protobuf::FileDescriptor*> seen;
  while (!waiting.empty()) {
    const google::protobuf::FileDescriptor* file = waiting.back();
    waiting.pop_back();
    if (!seen.insert(file).second) continue;
    google::protobuf::FileDescriptorProto proto;
    file->CopyTo(&proto);
    EXPECT_EQ(FindForbidden(proto.DebugString()), "") << file->name();
    for (int i = 0; i < file->dependency_count(); ++i) waiting.push_back(file->dependency(i));
  }
  EXPECT_GT(seen.size(), 5U);
}

// Agencies are given the files themselves, with their comments.
TEST(OutboundTerms, AreInNoFileOfTheExchange) {
  int files = 0;
  for (const char* folder : {"exchange", "type", "label"}) {
    const std::filesystem::path root = std::filesystem::path(ANQIAO_SOURCE) / "protos/anqiao";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".proto") continue;
      ++files;
      EXPECT_EQ(FindForbidden(ReadFile(entry.path())), "") << entry.path();
    }
  }
  EXPECT_GE(files, 5);
}

TEST(OutboundTerms, AreInNoServiceOfTheCatalogue) {
  const auto catalogue =
      policy::Catalogue::Load(absl::StrCat(ANQIAO_SOURCE, "/hub/policies"), "421202003000");
  ASSERT_TRUE(catalogue.ok()) << catalogue.status();
  for (const policy::PolicySummary& policy : (*catalogue)->policies()) {
    for (const std::string& text : {policy.service, policy.service_title, policy.view}) {
      EXPECT_EQ(FindForbidden(text), "") << policy.id;
    }
    // The category of a condition leaves with the request.
    const std::filesystem::path file =
        std::filesystem::path(ANQIAO_SOURCE) / "hub/policies" / absl::StrCat(policy.id, ".yaml");
    EXPECT_EQ(FindForbidden(ReadFile(file)), "") << file;
  }
  EXPECT_GT((*catalogue)->policies().size(), 10U);
}

TEST(OutboundTerms, AreInNoCodedReason) {
  for (const referral::ReasonCode& code : referral::ReasonCodes()) {
    for (const absl::string_view text : {code.code, code.title_zh, code.title_en}) {
      EXPECT_EQ(FindForbidden(text), "") << code.code;
    }
  }
}

// What the police and another sub-district's office read, and the kinds that they are of, say
// nothing to whoever has not got the table either.
TEST(OutboundTerms, AreInNoCodeOfADispatch) {
  for (const referral::ReportKind& kind : referral::ReportKinds()) {
    EXPECT_EQ(FindForbidden(kind.outward), "") << kind.code;
  }
  for (const referral::DispatchBasis& basis : referral::DispatchBases()) {
    EXPECT_EQ(FindForbidden(basis.code), "");
  }
  for (int phase = 0; phase <= static_cast<int>(model::Phase::kCommunityDetoxTerminated); ++phase) {
    EXPECT_EQ(FindForbidden(referral::OutwardPhase(static_cast<model::Phase>(phase))), "");
  }
  for (int kind = 0; kind < journal::v1::OrderKind_ARRAYSIZE; ++kind) {
    EXPECT_EQ(FindForbidden(referral::OutwardOrderKind(static_cast<journal::v1::OrderKind>(kind))),
              "");
  }
  // They are their own recipients: no provider that a request may name is of their kinds.
  for (const referral::RecipientKind& kind : referral::kRecipientKinds) {
    const bool told = kind.kind == referral::kPolice || kind.kind == referral::kSubdistrictOffice;
    EXPECT_TRUE(!told || kind.public_organ) << kind.kind;
  }
}

TEST(OutboundTerms, AreNotInTheSender) { EXPECT_EQ(FindForbidden(referral::kSender), ""); }

// Of the files whose errors and texts an agency can be answered with.
TEST(OutboundTerms, AreInNoErrorTextOfTheAgencyListener) {
  static constexpr const char* kFiles[] = {
      "rpc/exchange_service.cc",    "rpc/receive_stream.cc",
      "rpc/submit_stream.cc",       "rpc/status_conversion.cc",
      "rpc/resource_names.cc",      "rpc/authenticator.cc",
      "rpc/authorizer.cc",          "rpc/grpc_listener.cc",
      "rpc/health_service.cc",      "rpc/reflection_service.cc",
      "engine/receipts.cc",         "engine/deliveries.cc",
      "engine/corrections.cc",      "engine/correction_file.cc",
      "engine/intake.cc",           "engine/plan.cc",
      "engine/decode.cc",           "referral/machine.cc",
      "transport/push_exchange.cc", "transport/push_request.cc"};
  std::size_t texts = 0;
  for (const char* file : kFiles) {
    const std::string source = ReadFile(std::filesystem::path(ANQIAO_SOURCE) / "hub" / file);
    EXPECT_NE(source, "") << file;
    for (const std::string& text : TextsOf(source)) {
      ++texts;
      EXPECT_EQ(FindForbidden(text), "") << file << ": " << text;
    }
  }
  EXPECT_GT(texts, 200U);
  EXPECT_EQ(TextsOf("#include \"x\"\n// \"y\"\nf('\"', \"a\\\"b\", \"\");\n"),
            (std::vector<std::string>{"a\"b", ""}));
}

}  // namespace
}  // namespace anqiao
