#include "hub/referral/dispatch_view.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "hub/base/errors.h"
#include "hub/referral/dispatch_codes.h"
#include "hub/referral/field_titles.h"
#include "hub/referral/recipients.h"

namespace anqiao::referral {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using model::CivilDate;

journal::v1::OrderFact Order(journal::v1::OrderKind kind, const CivilDate& decided,
                             const std::string& number) {
  journal::v1::OrderFact order;
  order.set_kind(kind);
  order.set_document_number(number);
  order.set_register_number("G1");
  *order.mutable_decided_date() = decided.ToProto();
  return order;
}

// Under community rehabilitation since an order of 2026-03-01; before there was compulsory
// isolation.
model::Case Person() {
  model::Case person;
  person.as_of = CivilDate::Of(2026, 9, 21);
  person.name = "张安";
  person.id_number = "421299199001010018";
  person.outward.name = "张安外";
  person.outward.phone = "+8619001234567";
  person.outward.division_code = "421202003001";
  person.phase = model::Phase::kCommunityRehabilitation;
  person.phase_since = CivilDate::Of(2026, 3, 10);
  person.orders.push_back(
      {Order(journal::v1::ORDER_KIND_COMPULSORY_ISOLATION, CivilDate::Of(2024, 2, 1), "隔1号"),
       "police"});
  journal::v1::OrderFact order =
      Order(journal::v1::ORDER_KIND_COMMUNITY_REHABILITATION, CivilDate::Of(2026, 3, 1), "复2号");
  *order.mutable_reported_date() = CivilDate::Of(2026, 3, 10).ToProto();
  person.orders.push_back({order, "police"});
  person.unemployments.emplace_back();
  person.employments.emplace_back().fact.set_employer_name("示例公司");
  person.household_reliefs.emplace_back().fact.set_household_key("H1");
  return person;
}

DispatchTerms Terms(const char* code = "REFUSED") {
  return {code, CivilDate::Of(2026, 9, 14), "REPORT_DUTY", "虚构报3号"};
}

TEST(DispatchViewTest, AReportHoldsTheOrderAndTheEvent) {
  const auto built = BuildReport(Person(), Terms());
  ASSERT_TRUE(built.ok()) << built.status();
  const exchange::v1::DutyReport& report = built->delivery.report();
  EXPECT_EQ(report.code(), "R01");
  EXPECT_EQ(report.subject().name(), "张安");
  EXPECT_EQ(report.order().kind(), "M3");
  EXPECT_EQ(report.order().document_number(), "复2号");
  EXPECT_EQ(report.file_number(), "G1");
  EXPECT_EQ(built->name, "DutyReport");
  EXPECT_THAT(built->fields,
              ElementsAre("code", "document_number", "event_date", "file_number", "legal_basis",
                          "order.decided_date", "order.document_number", "order.kind",
                          "order.reported_date", "subject.id_number", "subject.name"));
  EXPECT_THAT(built->delivery.DebugString(), Not(HasSubstr("示例公司")));
}

TEST(DispatchViewTest, AFileHoldsWhatHoldsAndNeverWhereSomebodyLivesOrWorks) {
  const auto built = BuildTransfer(Person(), Terms());
  ASSERT_TRUE(built.ok()) << built.status();
  const exchange::v1::FileTransfer& transfer = built->delivery.transfer();
  // Who it is comes from the other agencies, as in every view but a report.
  EXPECT_EQ(transfer.subject().name(), "张安外");
  EXPECT_EQ(transfer.subject().id_number(), "");
  ASSERT_EQ(transfer.orders_size(), 1);
  EXPECT_EQ(transfer.orders(0).document_number(), "复2号");
  EXPECT_EQ(transfer.phase(), "S10");
  EXPECT_EQ(CivilDate::FromProto(transfer.report_due_date()).ToString(), "2026-09-29");
  EXPECT_EQ(built->name, "FileTransfer");
  EXPECT_THAT(built->fields,
              ElementsAre("document_number", "legal_basis", "move_date", "order.decided_date",
                          "order.document_number", "order.kind", "order.reported_date", "phase",
                          "phase_since_date", "report_due_date", "subject.name"));
}

TEST(DispatchViewTest, AFileOfWhomOnlyThePoliceKnowNamesThemAsTheyDo) {
  model::Case person = Person();
  person.outward = {};
  const auto built = BuildTransfer(person, Terms());
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->delivery.transfer().subject().name(), "张安");
  EXPECT_EQ(built->delivery.transfer().subject().id_number(), person.id_number);
}

TEST(DispatchViewTest, NothingOfAFileWithoutAnOrderThatHolds) {
  model::Case person = Person();
  for (const model::Phase phase :
       {model::Phase::kNone, model::Phase::kRegistered, model::Phase::kCompulsoryIsolation,
        model::Phase::kCommunityRehabilitationDone, model::Phase::kCommunityRehabilitationRefused,
        model::Phase::kCleanThreeYears}) {
    person.phase = phase;
    EXPECT_FALSE(UnderOrder(person));
    EXPECT_EQ(ReasonOf(BuildReport(person, Terms()).status()), reason::kNoOrder);
    EXPECT_EQ(ReasonOf(BuildTransfer(person, Terms()).status()), reason::kNoOrder);
  }
  // On the register, without an order on file.
  person = Person();
  EXPECT_TRUE(UnderOrder(person));
  person.orders.pop_back();
  EXPECT_FALSE(UnderOrder(person));
  // An order that ended.
  person = Person();
  *person.orders[1].fact.mutable_ended_date() = person.as_of.ToProto();
  EXPECT_FALSE(UnderOrder(person));
}

TEST(DispatchViewTest, SaysWhatIsMissingOrWrong) {
  model::Case person = Person();
  person.name.clear();
  const absl::Status unnamed = BuildReport(person, Terms()).status();
  EXPECT_EQ(ReasonOf(unnamed), reason::kViewIncomplete);
  EXPECT_THAT(unnamed.ToString(), HasSubstr("subject.name"));
  person = Person();
  person.name.clear();
  EXPECT_EQ(ReasonOf(BuildTransfer(person, Terms()).status()), reason::kViewIncomplete);
  EXPECT_EQ(ReasonOf(BuildReport(Person(), Terms("RUMOUR")).status()), reason::kInvalidField);
  DispatchTerms early = Terms();
  early.event_date = CivilDate::Of(2026, 2, 28);
  EXPECT_EQ(ReasonOf(BuildReport(Person(), early).status()), reason::kInvalidField);
  EXPECT_EQ(ReasonOf(BuildTransfer(Person(), early).status()), reason::kInvalidField);
}

TEST(DispatchViewTest, BasesAreInForceFromADay) {
  const CivilDate today = CivilDate::Of(2026, 9, 21);
  EXPECT_NE(FindDispatchBasis("CASE_HANDLING", today), nullptr);
  EXPECT_EQ(FindDispatchBasis("CASE_HANDLING", CivilDate::Of(2025, 12, 31)), nullptr);
  EXPECT_EQ(FindDispatchBasis("CURIOSITY", today), nullptr);
  EXPECT_FALSE(Carries(*FindDispatchBasis("CHANGE_OF_PLACE", today), *FindReportKind("REFUSED")));
  EXPECT_FALSE(
      Carries(*FindDispatchBasis("REPORT_DUTY", today), *FindReportKind("LEFT_WITHOUT_REPORT")));
  EXPECT_TRUE(
      Carries(*FindDispatchBasis("CASE_HANDLING", today), *FindReportKind("LEFT_WITHOUT_REPORT")));
  EXPECT_TRUE(IsPublicOrgan(kSubdistrictOffice));
  EXPECT_TRUE(IsPublicOrgan(kPolice));
}

// Paths of everything that the message can hold.
void CollectPaths(const google::protobuf::Descriptor& message, const std::string& prefix,
                  std::set<std::string>* paths) {
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *message.field(i);
    const google::protobuf::Descriptor* inner = field.message_type();
    if (inner == nullptr || inner->name() == "CivilDate") {
      paths->insert(prefix + field.name());
    } else {
      CollectPaths(*inner, (field.is_repeated() ? "order" : field.name()) + ".", paths);
    }
  }
}

// There is no place for more than what has a title, so none for help, work or money.
TEST(DispatchViewTest, EveryFieldOfTheMessagesHasWordsAndThereAreNoOthers) {
  std::set<std::string> paths, titles;
  CollectPaths(*exchange::v1::DutyReport::descriptor(), "", &paths);
  CollectPaths(*exchange::v1::FileTransfer::descriptor(), "", &paths);
  for (const FieldTitle& title : DispatchFieldTitles()) titles.insert(std::string(title.field));
  EXPECT_EQ(paths, titles);
}

}  // namespace
}  // namespace anqiao::referral
