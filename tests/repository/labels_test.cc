// Every field of every message of the API and the journal carries a sensitivity label.

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "anqiao/exchange/v1/audit.pb.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "anqiao/exchange/v1/service_request.pb.h"
#include "anqiao/hub/v1/adapters.pb.h"
#include "anqiao/hub/v1/cases.pb.h"
#include "anqiao/hub/v1/consents.pb.h"
#include "anqiao/hub/v1/eligibility.pb.h"
#include "anqiao/hub/v1/operations.pb.h"
#include "anqiao/hub/v1/referrals.pb.h"
#include "anqiao/journal/v1/entitlement.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "anqiao/journal/v1/record.pb.h"
#include "anqiao/journal/v1/state.pb.h"
#include "anqiao/label/v1/sensitivity.pb.h"
#include "anqiao/type/v1/civil_date.pb.h"

namespace anqiao {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

std::vector<const FileDescriptor*> Files() {
  return {exchange::v1::SignedTreeHead::descriptor()->file(),
          exchange::v1::SubmitRequest::descriptor()->file(),
          exchange::v1::ServiceRequest::descriptor()->file(),
          hub::v1::Adapter::descriptor()->file(),
          hub::v1::Case::descriptor()->file(),
          hub::v1::Consent::descriptor()->file(),
          hub::v1::Entitlement::descriptor()->file(),
          hub::v1::Referral::descriptor()->file(),
          hub::v1::Agency::descriptor()->file(),
          journal::v1::Entry::descriptor()->file(),
          journal::v1::Observation::descriptor()->file(),
          journal::v1::EntitlementAnswer::descriptor()->file(),
          journal::v1::PersonDocument::descriptor()->file(),
          type::v1::CivilDate::descriptor()->file()};
}

void CollectUnlabelled(const Descriptor& message, std::vector<std::string>& unlabelled) {
  // A map's entry is the compiler's; the map field itself carries the label.
  if (message.options().map_entry()) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.options().GetExtension(label::v1::sensitivity) ==
        label::v1::SENSITIVITY_UNSPECIFIED) {
      unlabelled.push_back(field.full_name());
    }
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    CollectUnlabelled(*message.nested_type(i), unlabelled);
  }
}

TEST(SensitivityLabels, EveryFieldCarriesOne) {
  std::vector<std::string> unlabelled;
  int messages = 0;
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->message_type_count(); ++i, ++messages) {
      CollectUnlabelled(*file->message_type(i), unlabelled);
    }
  }
  EXPECT_GT(messages, 80);
  EXPECT_EQ(unlabelled, std::vector<std::string>{});
}

TEST(SensitivityLabels, AFieldWithoutOneIsFound) {
  std::vector<std::string> unlabelled;
  CollectUnlabelled(*google::protobuf::FileOptions::descriptor(), unlabelled);
  EXPECT_FALSE(unlabelled.empty());
}

}  // namespace
}  // namespace anqiao
