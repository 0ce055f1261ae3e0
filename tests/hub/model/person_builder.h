// Makes a PersonDocument record by record.

#ifndef ANQIAO_TESTS_HUB_MODEL_PERSON_BUILDER_H_
#define ANQIAO_TESTS_HUB_MODEL_PERSON_BUILDER_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "hub/model/civil_date.h"

namespace anqiao::model {

inline CivilDate Day(absl::string_view text) {
  return text.empty() ? CivilDate{} : CivilDate::Parse(text).value();
}

inline void SetDay(type::v1::CivilDate* to, absl::string_view text) {
  if (!text.empty()) *to = Day(text).ToProto();
}

struct OrderDates {
  absl::string_view decided, received = "", reported = "", ended = "";
  journal::v1::OrderEnd reason = journal::v1::ORDER_END_UNSPECIFIED;
  int term_months = 0;
  absl::string_view document = "";
};

class PersonBuilder {
 public:
  PersonBuilder() { document_.set_person("p1"); }

  journal::v1::PersonRecord& Add(adapter::v1::RecordKind kind, absl::string_view agency,
                                 std::int64_t source_version = 1) {
    journal::v1::PersonRecord& record = *document_.add_records();
    record.mutable_record()->set_agency(std::string(agency));
    record.mutable_record()->set_format("f");
    record.mutable_record()->set_kind(kind);
    record.mutable_record()->set_key(absl::StrCat("k", document_.records_size()));
    record.set_source_version(source_version);
    return record;
  }

  journal::v1::RegisterFact& Register(absl::string_view seizure, absl::string_view status = "",
                                      absl::string_view number = "R1") {
    journal::v1::RegisterFact& fact = *Add(adapter::v1::RECORD_KIND_REGISTER, "police")
                                           .mutable_observation()
                                           ->mutable_register_();
    fact.set_register_number(std::string(number));
    fact.set_control_status(std::string(status));
    SetDay(fact.mutable_seizure_date(), seizure);
    return fact;
  }

  journal::v1::OrderFact& Order(journal::v1::OrderKind kind, const OrderDates& dates) {
    journal::v1::OrderFact& fact =
        *Add(adapter::v1::RECORD_KIND_ORDER, "police").mutable_observation()->mutable_order();
    fact.set_kind(kind);
    SetDay(fact.mutable_decided_date(), dates.decided);
    SetDay(fact.mutable_received_date(), dates.received);
    SetDay(fact.mutable_reported_date(), dates.reported);
    SetDay(fact.mutable_ended_date(), dates.ended);
    fact.set_end_reason(dates.reason);
    fact.set_term_months(dates.term_months);
    fact.set_document_number(std::string(dates.document));
    return fact;
  }

  void Test(absl::string_view date, bool positive, absl::string_view kind) {
    journal::v1::TestFact& fact =
        *Add(adapter::v1::RECORD_KIND_TEST, "police").mutable_observation()->mutable_test();
    SetDay(fact.mutable_date(), date);
    fact.set_positive(positive);
    fact.set_kind(std::string(kind));
  }

  journal::v1::PersonDocument& document() { return document_; }

 private:
  journal::v1::PersonDocument document_;
};

}  // namespace anqiao::model

#endif  // ANQIAO_TESTS_HUB_MODEL_PERSON_BUILDER_H_
