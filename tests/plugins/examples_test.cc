#include "tests/plugins/adapter_contract.h"

namespace anqiao::testing {
namespace {

// The samples stand beside the sources, not in a folder of the adapter's name.
INSTANTIATE_TEST_SUITE_P(Examples, AdapterContract,
                         ::testing::ValuesIn(std::vector<std::string> ANQIAO_EXAMPLES));

class ExamplesTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ExamplesTest, RefuseToWriteWhatALineCannotHold) {
  AQ_ASSERT_OK_AND_ASSIGN(const auto adapter, adapter::Adapter::Load(LibraryOf(GetParam()), ""));
  AQ_ASSERT_OK_AND_ASSIGN(const auto instance, adapter->Open());
  const auto vacancy = [](const std::string& post, const std::string& count = "") {
    adapter::v1::Record record;
    record.set_kind(adapter::v1::RECORD_KIND_VACANCY);
    record.set_key("G1");
    const auto add = [&record](adapter::v1::Field field, const std::string& value) {
      adapter::v1::FieldValue* added = record.add_values();
      added->set_field(field);
      added->set_value(value);
    };
    add(adapter::v1::FIELD_EMPLOYER_CODE, "92421299MA4KXYQ7X7");
    add(adapter::v1::FIELD_POST, post);
    if (!count.empty()) add(adapter::v1::FIELD_POST_COUNT, count);
    return record;
  };
  AQ_ASSERT_OK_AND_ASSIGN(const std::string bytes,
                          instance->Encode("vacancies", {vacancy("保洁员", "3"), vacancy("𠮷")}));
  EXPECT_EQ(bytes, "G1;92421299MA4KXYQ7X7;保洁员;3\nG1;92421299MA4KXYQ7X7;𠮷;\n");
  for (const adapter::v1::Record& bad :
       {vacancy("a;b"), vacancy("a\nb"), vacancy(""), vacancy("a", "x"), vacancy("a", "007"),
        vacancy(std::string(5000, 'x'))}) {
    EXPECT_THAT(instance->Encode("vacancies", {bad}), StatusIs(absl::StatusCode::kInvalidArgument))
        << bad.values(1).value().substr(0, 8);
  }
  adapter::v1::Record bad = vacancy("a");
  bad.set_removed(true);
  EXPECT_THAT(instance->Encode("vacancies", {bad}), StatusIs(absl::StatusCode::kInvalidArgument));
  bad = vacancy("a");
  bad.set_kind(adapter::v1::RECORD_KIND_TEST);
  EXPECT_THAT(instance->Encode("vacancies", {bad}), StatusIs(absl::StatusCode::kInvalidArgument));
  bad = vacancy("a");
  *bad.add_values() = bad.values(1);
  EXPECT_THAT(instance->Encode("vacancies", {bad}), StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Examples, ExamplesTest,
                         ::testing::ValuesIn(std::vector<std::string> ANQIAO_EXAMPLES));

}  // namespace
}  // namespace anqiao::testing
