// Every field of every message of the API and the journal carries a sensitivity label, and what a
// recipient is told of a request has no place for sensitive personal information. Every file
// in protos/ is read: a new one needs no line here.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "anqiao/label/v1/sensitivity.pb.h"

namespace anqiao {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

// Files of the API and the journal, by their names. Adapter protos cannot carry options: the lite
// runtime has none.
class ProtosTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream in(ANQIAO_DESCRIPTORS, std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    ASSERT_TRUE(set.ParseFromIstream(&in));
    for (const google::protobuf::FileDescriptorProto& proto : set.file()) {
      const FileDescriptor* file = pool_.BuildFile(proto);
      ASSERT_NE(file, nullptr) << proto.name();
      if (proto.name().rfind("anqiao/", 0) == 0 && proto.name().rfind("anqiao/adapter/", 0) != 0) {
        files_.push_back(file);
      }
    }
  }
  const Descriptor* Message(const std::string& name) const {
    return pool_.FindMessageTypeByName(name);
  }

  google::protobuf::DescriptorPool pool_;
  std::vector<const FileDescriptor*> files_;
};

label::v1::Sensitivity LabelOf(const FieldDescriptor& field) {
  return field.options().GetExtension(label::v1::sensitivity);
}

void CollectUnlabelled(const Descriptor& message, std::vector<std::string>& unlabelled) {
  // A map's entry is the compiler's; the map field itself carries the label.
  if (message.options().map_entry()) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (LabelOf(field) == label::v1::SENSITIVITY_UNSPECIFIED) {
      unlabelled.push_back(field.full_name());
    }
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    CollectUnlabelled(*message.nested_type(i), unlabelled);
  }
}

// Fields of "message", and of what it is made of, with one of these labels.
void CollectLabelled(const Descriptor& message, const std::set<label::v1::Sensitivity>& labels,
                     std::set<const Descriptor*>& seen, std::vector<std::string>& found) {
  if (!seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (labels.count(LabelOf(field)) > 0) found.push_back(field.full_name());
    if (field.message_type() != nullptr) {
      CollectLabelled(*field.message_type(), labels, seen, found);
    }
  }
}

TEST_F(ProtosTest, EveryFieldCarriesALabel) {
  std::vector<std::string> unlabelled;
  int messages = 0;
  for (const FileDescriptor* file : files_) {
    for (int i = 0; i < file->message_type_count(); ++i, ++messages) {
      CollectUnlabelled(*file->message_type(i), unlabelled);
    }
  }
  EXPECT_GT(files_.size(), 15U);
  EXPECT_GT(messages, 80);
  EXPECT_EQ(unlabelled, std::vector<std::string>{});
}

TEST_F(ProtosTest, AFieldWithoutALabelIsFound) {
  std::vector<std::string> unlabelled;
  CollectUnlabelled(*google::protobuf::FileOptions::descriptor(), unlabelled);
  EXPECT_FALSE(unlabelled.empty());
}

// Nor what stays with operators, nor secrets. What the police and another sub-district's office are
// owed by law is another matter: it has branches of its own, and there is no way from the others to
// what they hold.
TEST_F(ProtosTest, NothingDeliveredIsSensitive) {
  const Descriptor* delivery = Message("anqiao.exchange.v1.Delivery");
  ASSERT_NE(delivery, nullptr);
  const std::set<const Descriptor*> owed = {Message("anqiao.exchange.v1.DutyReport"),
                                            Message("anqiao.exchange.v1.FileTransfer")};
  EXPECT_EQ(owed.count(nullptr), 0U);
  std::set<const Descriptor*> seen = owed;
  std::vector<std::string> found;
  CollectLabelled(*delivery,
                  {label::v1::SENSITIVITY_INTERNAL, label::v1::SENSITIVITY_SPECIAL,
                   label::v1::SENSITIVITY_SECRET},
                  seen, found);
  EXPECT_EQ(found, (std::vector<std::string>{"anqiao.exchange.v1.Delivery.report",
                                             "anqiao.exchange.v1.Delivery.transfer"}));
  EXPECT_EQ(seen.count(Message("anqiao.exchange.v1.FileOrder")), 0U);
  const Descriptor* request = Message("anqiao.exchange.v1.ServiceRequest");
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(seen.count(request), 1U);
  for (int i = 0; i < request->field_count(); ++i) {
    if (request->field(i)->message_type() == nullptr) continue;
    EXPECT_EQ(seen.count(request->field(i)->message_type()), 1U) << request->field(i)->full_name();
  }
}

TEST_F(ProtosTest, ASensitiveFieldIsFound) {
  const Descriptor* observation = Message("anqiao.journal.v1.Observation");
  ASSERT_NE(observation, nullptr);
  std::set<const Descriptor*> seen;
  std::vector<std::string> found;
  CollectLabelled(*observation, {label::v1::SENSITIVITY_SPECIAL}, seen, found);
  EXPECT_FALSE(found.empty());
}

}  // namespace
}  // namespace anqiao
