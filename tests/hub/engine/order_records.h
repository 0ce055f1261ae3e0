// Orders of the police out of lines of testing::FakeAdapter.

#ifndef ANQIAO_TESTS_HUB_ENGINE_ORDER_RECORDS_H_
#define ANQIAO_TESTS_HUB_ENGINE_ORDER_RECORDS_H_

#include <string>

#include "anqiao/adapter/v1/adapter.pb.h"

namespace anqiao::engine {

// A record of the police whose key begins with "O" is an order of community detox, reported on
// 2026-05-20; with "Q" one that has ended.
inline void MakeOrder(adapter::v1::Record* record) {
  if (record->key().empty() || (record->key()[0] != 'O' && record->key()[0] != 'Q')) return;
  record->set_kind(adapter::v1::RECORD_KIND_ORDER);
  const auto add = [&](adapter::v1::Field field, const std::string& text) {
    adapter::v1::FieldValue* value = record->add_values();
    value->set_field(field);
    value->set_value(text);
    value->set_column(9);
  };
  add(adapter::v1::FIELD_ORDER_KIND, "COMMUNITY_DETOX");
  add(adapter::v1::FIELD_DOCUMENT_NUMBER, "虚构决〔2026〕7号");
  add(adapter::v1::FIELD_DECIDED_DATE, "2026-05-06");
  add(adapter::v1::FIELD_RECEIVED_DATE, "2026-05-08");
  add(adapter::v1::FIELD_REPORTED_DATE, "2026-05-20");
  if (record->key()[0] == 'Q') add(adapter::v1::FIELD_ENDED_DATE, "2026-08-01");
}

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_ORDER_RECORDS_H_
