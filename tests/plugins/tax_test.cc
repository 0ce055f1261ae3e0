#include "tests/plugins/adapter_contract.h"

namespace anqiao::testing {
namespace {

AQ_ADAPTER_CONTRACT(Tax, "tax");

adapter::v1::Record Request() {
  adapter::v1::Record record;
  record.set_kind(adapter::v1::RECORD_KIND_SERVICE_REQUEST);
  record.set_key("referrals/r1");
  const auto add = [&record](adapter::v1::Field field, const char* value) {
    adapter::v1::FieldValue* added = record.add_values();
    added->set_field(field);
    added->set_value(value);
  };
  add(adapter::v1::FIELD_REFERRAL, "referrals/r1");
  add(adapter::v1::FIELD_ETAG, "e1");
  add(adapter::v1::FIELD_SERVICE, "tax-relief-self-employed");
  add(adapter::v1::FIELD_PERSON_NAME, "样例甲");
  add(adapter::v1::FIELD_ID_NUMBER, "421299198503150026");
  add(adapter::v1::FIELD_BUSINESS_CODE, "92421299MA4KXYQ7X7");
  add(adapter::v1::FIELD_REGISTRATION_DATE, "2025-07");
  add(adapter::v1::FIELD_CATEGORY, "UNEMPLOYED_HALF_YEAR");
  return record;
}

class TaxRequestsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(adapter_, adapter::Adapter::Load(LibraryOf("tax"), ""));
    AQ_ASSERT_OK_AND_ASSIGN(instance_, adapter_->Open());
  }
  std::unique_ptr<adapter::Adapter> adapter_;
  std::unique_ptr<adapter::AdapterInstance> instance_;
};

TEST_F(TaxRequestsTest, AreLinesOfFixedBytes) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::string bytes, instance_->Encode("requests", {Request()}));
  const std::string head = "HQQSJ    0000000000000001\n";
  ASSERT_EQ(bytes.substr(0, head.size()), head);
  const std::string line = bytes.substr(head.size(), bytes.find('\n', head.size()) - head.size());
  ASSERT_EQ(line.size(), 229U);
  EXPECT_EQ(line.substr(0, 14), "Qreferrals/r1 ");
  EXPECT_EQ(line.substr(93, 6), "\xD1\xF9\xC0\xFD\xBC\xD7");  // 样例甲 in GB18030
  EXPECT_EQ(line.substr(133, 18), "421299198503150026");
  EXPECT_EQ(line.substr(171, 26), "92421299MA4KXYQ7X720250701");
  EXPECT_EQ(bytes.substr(head.size() + line.size()), "\nT00000001\n");
}

TEST_F(TaxRequestsTest, FallBackOnTheEmployerAndTheContract) {
  adapter::v1::Record record = Request();
  record.mutable_values(5)->set_field(adapter::v1::FIELD_EMPLOYER_CODE);
  record.mutable_values(6)->set_field(adapter::v1::FIELD_CONTRACT_START_DATE);
  record.mutable_values(6)->set_value("2025-09-03");
  AQ_ASSERT_OK_AND_ASSIGN(const std::string bytes, instance_->Encode("requests", {record}));
  EXPECT_EQ(bytes.substr(26 + 171, 26), "92421299MA4KXYQ7X720250903");
}

TEST_F(TaxRequestsTest, AreRefusedIfAValueIsMissingOrTooLong) {
  adapter::v1::Record record = Request();
  record.mutable_values(1)->set_value("");
  EXPECT_THAT(instance_->Encode("requests", {record}),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("etag")));
  record = Request();
  record.mutable_values(3)->set_value(std::string(41, 'x'));
  EXPECT_THAT(instance_->Encode("requests", {record}),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("41 bytes")));
  record.set_kind(adapter::v1::RECORD_KIND_TEST);
  EXPECT_THAT(instance_->Encode("requests", {record}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(instance_->Encode("no_such_format", {}), StatusIs(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace anqiao::testing
