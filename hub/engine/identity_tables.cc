#include "hub/engine/identity_tables.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"
#include "hub/identity/model_file.h"
#include "hub/model/case.h"
#include "hub/model/civil_date.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using identity::AttributeKind;
using identity::KeyHash;
using identity::RecordId;
using journal::v1::BlockDocument;
using journal::v1::IdentityNode;

// Members of a key in one document. More than any recipe of a shipped model listens to: further
// pages are read only of a key that was more frequent once, and by a model that wants them.
constexpr std::size_t kPageMembers = 128;
constexpr std::uint64_t kFurtherPages = 4096;

absl::Status Contradiction() {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "the resolver's tables contradict themselves");
}

std::uint64_t FurtherPage(RecordId record) { return 1 + NumberOf(record) % kFurtherPages; }

BlockPage::Members& MembersIn(BlockPage& page, bool police) {
  return police ? page.police : page.ours;
}

IdentityNode ToProto(const identity::LinkageTables::Node& node) {
  IdentityNode out;
  out.set_key(node.key);
  out.set_profile(node.profile);
  out.mutable_keys()->Reserve(static_cast<int>(node.keys.size()));
  for (const KeyHash key : node.keys) out.add_keys(key);
  for (const identity::LinkageTables::Edge& edge : node.edges) {
    journal::v1::IdentityEdge* added = out.add_edges();
    added->set_to(edge.to);
    added->set_weight(edge.weight);
    added->set_verdict(static_cast<journal::v1::IdentityVerdict>(edge.verdict));
    added->set_scored(edge.scored);
  }
  out.set_id(node.id);
  out.set_sound(node.sound);
  out.set_cluster(node.cluster);
  out.set_crowded(node.crowded);
  out.set_like(node.like);
  out.mutable_alike()->Add(node.alike.begin(), node.alike.end());
  out.set_judged(node.judged);
  return out;
}

// Takes the strings.
identity::LinkageTables::Node FromProto(IdentityNode& in) {
  identity::LinkageTables::Node node;
  node.key = std::move(*in.mutable_key());
  node.profile = std::move(*in.mutable_profile());
  node.keys.assign(in.keys().begin(), in.keys().end());
  node.edges.reserve(in.edges_size());
  for (const journal::v1::IdentityEdge& edge : in.edges()) {
    node.edges.push_back(
        {edge.to(), edge.weight(), static_cast<identity::Verdict>(edge.verdict()), edge.scored()});
  }
  node.id = in.id();
  node.sound = in.sound();
  node.cluster = in.cluster();
  node.crowded = in.crowded();
  node.like = in.like();
  node.alike.assign(in.alike().begin(), in.alike().end());
  node.judged = in.judged();
  return node;
}

// "YYYYMMDD", or less of it.
std::string DigitsOf(const model::CivilDate& date) {
  std::string text = date.ToString();
  text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
  return text;
}

identity::Value ValueOf(const identity::Attribute& attribute, const std::string& agency,
                        const journal::v1::Subject& subject) {
  switch (attribute.kind) {
    case AttributeKind::kName:
      return identity::NormalizeValues(
          attribute, subject.name(),
          {subject.former_names().begin(), subject.former_names().end()});
    case AttributeKind::kNationalId:
      return identity::NormalizeValue(attribute, subject.id_number());
    case AttributeKind::kSex:
      return identity::NormalizeValue(attribute, subject.sex());
    case AttributeKind::kBirthDate:
      // What was read out of the number says nothing new.
      if (subject.birth_date_derived()) return {};
      return identity::NormalizeValue(attribute,
                                      DigitsOf(model::CivilDate::FromProto(subject.birth_date())));
    case AttributeKind::kPhone:
      if (subject.phones().empty()) return {};
      return identity::NormalizeValues(attribute, subject.phones(0),
                                       {subject.phones().begin() + 1, subject.phones().end()});
    case AttributeKind::kAddress:
      return identity::NormalizeValue(attribute, subject.address());
    case AttributeKind::kDivision:
      return identity::NormalizeValue(attribute, subject.division_code());
    case AttributeKind::kIssuedNumber:
      if (subject.agency_number().empty()) return {};
      return identity::NormalizeValue(attribute,
                                      absl::StrCat(agency, "/", subject.agency_number()));
    default:
      return {};
  }
}

}  // namespace

identity::Profile ProfileOf(const identity::Schema& schema, const std::string& agency,
                            const journal::v1::Subject& subject) {
  std::vector<identity::Value> values;
  values.reserve(schema.size());
  for (const identity::Attribute& attribute : schema) {
    values.push_back(ValueOf(attribute, agency, subject));
  }
  return identity::MakeProfile(schema, identity::ShippedStopList(), std::move(values));
}

std::string PersonId(RecordId cluster) { return NameOf('p', NumberOf(cluster)); }

store::Sequence FirstRecordOf(absl::string_view person) { return SequenceOf('p', person); }

std::size_t NodeDocument::ByteSizeLong() const {
  return node.key.size() + node.profile.size() + 8 * node.keys.size() + 24 * node.edges.size() +
         8 * node.alike.size() + 48;
}

std::string Canonical(const NodeDocument& document) { return Canonical(ToProto(document.node)); }

std::string OwnerOf(const NodeDocument& document) { return PersonId(document.node.cluster); }

template <>
absl::StatusOr<std::optional<NodeDocument>> ReadDocument(const store::Snapshot& snapshot,
                                                         const std::string& key) {
  AQ_ASSIGN_OR_RETURN(std::optional<IdentityNode> stored,
                      ReadDocument<IdentityNode>(snapshot, key));
  if (!stored.has_value()) return std::optional<NodeDocument>();
  return std::optional<NodeDocument>(NodeDocument{FromProto(*stored)});
}

std::string Canonical(const BlockPage& page) {
  // Its memory is used again.
  thread_local BlockDocument out;
  out.Clear();
  for (const RecordId record : page.ours.records) out.add_records(record);
  for (const RecordId record : page.police.records) out.add_police_records(record);
  out.set_further(page.ours.further);
  out.set_police_further(page.police.further);
  return Canonical(static_cast<const google::protobuf::MessageLite&>(out));
}

template <>
absl::StatusOr<std::optional<BlockPage>> ReadDocument(const store::Snapshot& snapshot,
                                                      const std::string& key) {
  AQ_ASSIGN_OR_RETURN(const std::optional<BlockDocument> stored,
                      ReadDocument<BlockDocument>(snapshot, key));
  if (!stored.has_value()) return std::optional<BlockPage>();
  BlockPage page;
  page.ours.records.assign(stored->records().begin(), stored->records().end());
  page.ours.further = stored->further();
  page.police.records.assign(stored->police_records().begin(), stored->police_records().end());
  page.police.further = stored->police_further();
  return std::optional<BlockPage>(std::move(page));
}

void IdentityTables::Collect(store::ProjectionBatch* batch) {
  nodes_.Collect(batch);
  blocks_.Collect(batch);
}

void IdentityTables::Trim(std::size_t bytes_max, bool written) {
  nodes_.Trim(bytes_max, written);
  blocks_.Trim(bytes_max, written);
}

absl::StatusOr<RecordId> IdentityTables::IdOf(absl::string_view key) const {
  AQ_ASSIGN_OR_RETURN(const Heads::Row* row, heads_.Find(snapshot_(), std::string(key)));
  return row->document.record_id();
}

absl::StatusOr<RecordId> IdentityTables::IdOfNumber(store::Sequence number) const {
  for (const bool of_police : {false, true}) {
    AQ_ASSIGN_OR_RETURN(const Node* node, Find(RecordIdOf(number, of_police)));
    if (node != nullptr) return RecordIdOf(number, of_police);
  }
  return identity::kNoRecord;
}

absl::StatusOr<IdentityTables::Leader> IdentityTables::LeaderOf(RecordId record) const {
  Leader leader = {record};
  AQ_ASSIGN_OR_RETURN(leader.node, Find(record));
  if (leader.node == nullptr || leader.node->like == identity::kNoRecord) return leader;
  leader.record = leader.node->like;
  AQ_ASSIGN_OR_RETURN(leader.node, Find(leader.record));
  if (leader.node == nullptr) return Contradiction();
  return leader;
}

absl::StatusOr<const IdentityTables::Node*> IdentityTables::Find(RecordId record) const {
  AQ_ASSIGN_OR_RETURN(Nodes::Row * row, nodes_.Find(snapshot_(), store::NodeKey(record)));
  return row->exists ? &row->document.node : nullptr;
}

absl::StatusOr<IdentityTables::Node*> IdentityTables::Change(RecordId record) {
  const std::string key = store::NodeKey(record);
  AQ_ASSIGN_OR_RETURN(Nodes::Row * row, nodes_.Find(snapshot_(), key));
  if (!row->exists) return nullptr;
  nodes_.Touch(key, row);
  return &row->document.node;
}

absl::StatusOr<IdentityTables::Node*> IdentityTables::Create(RecordId record,
                                                             absl::string_view key) {
  const std::string node_key = store::NodeKey(record);
  AQ_ASSIGN_OR_RETURN(Nodes::Row * row, nodes_.Find(snapshot_(), node_key));
  if (row->exists) return absl::AlreadyExistsError("a record has this id");
  const std::string head_key(key);
  AQ_ASSIGN_OR_RETURN(Heads::Row * head, heads_.Find(snapshot_(), head_key));
  head->document.set_record_id(record);
  heads_.Touch(head_key, head);
  row->document.node.key = head_key;
  row->document.node.cluster = record;
  nodes_.Touch(node_key, row);
  return &row->document.node;
}

absl::Status IdentityTables::Erase(RecordId record) {
  const std::string key = store::NodeKey(record);
  AQ_ASSIGN_OR_RETURN(Nodes::Row * row, nodes_.Find(snapshot_(), key));
  AQ_ASSIGN_OR_RETURN(Heads::Row * head, heads_.Find(snapshot_(), row->document.node.key));
  head->document.clear_record_id();
  heads_.Touch(row->document.node.key, head);
  nodes_.Remove(key, row);
  return absl::OkStatus();
}

absl::StatusOr<IdentityTables::Page> IdentityTables::PageOf(KeyHash key, std::uint64_t page) const {
  Page found{.key = store::BlockKey(key, page)};
  AQ_ASSIGN_OR_RETURN(found.row, blocks_.Find(snapshot_(), found.key));
  return found;
}

absl::StatusOr<std::size_t> IdentityTables::AddMember(KeyHash key, RecordId record) {
  const bool police = IsOfPolice(record);
  AQ_ASSIGN_OR_RETURN(const Page first, PageOf(key, 0));
  blocks_.Touch(first.key, first.row);
  BlockPage::Members& members = MembersIn(first.row->document, police);
  if (members.records.size() < kPageMembers) {
    members.records.push_back(record);
  } else {
    AQ_ASSIGN_OR_RETURN(const Page further, PageOf(key, FurtherPage(record)));
    MembersIn(further.row->document, police).records.push_back(record);
    blocks_.Touch(further.key, further.row);
    ++members.further;
  }
  return first.row->document.count();
}

absl::StatusOr<std::size_t> IdentityTables::RemoveMember(KeyHash key, RecordId record) {
  const bool police = IsOfPolice(record);
  const auto changed = [&](const Page& page) {
    if (page.row->document.empty()) {
      blocks_.Remove(page.key, page.row);
    } else {
      blocks_.Touch(page.key, page.row);
    }
  };
  const auto take = [&](const Page& page) {
    auto& records = MembersIn(page.row->document, police).records;
    const auto at = std::find(records.begin(), records.end(), record);
    if (at == records.end()) return false;
    records.erase(at);
    changed(page);
    return true;
  };
  AQ_ASSIGN_OR_RETURN(const Page first, PageOf(key, 0));
  if (!take(first)) {
    AQ_ASSIGN_OR_RETURN(const Page further, PageOf(key, FurtherPage(record)));
    if (!take(further)) return Contradiction();
    --MembersIn(first.row->document, police).further;
    changed(first);
  }
  return first.row->document.count();
}

absl::StatusOr<std::size_t> IdentityTables::CountOutwardMembers(KeyHash key) const {
  AQ_ASSIGN_OR_RETURN(const Page page, PageOf(key, 0));
  return page.row->document.ours.count();
}

absl::StatusOr<std::size_t> IdentityTables::CountMembers(KeyHash key) const {
  AQ_ASSIGN_OR_RETURN(const Page page, PageOf(key, 0));
  return page.row->document.count();
}

absl::Status IdentityTables::List(KeyHash key, bool police, std::vector<RecordId>& members) const {
  AQ_ASSIGN_OR_RETURN(const Page first, PageOf(key, 0));
  const auto append = [&](BlockPage& page) {
    const auto& from = MembersIn(page, police).records;
    members.insert(members.end(), from.begin(), from.end());
    return static_cast<std::uint64_t>(from.size());
  };
  append(first.row->document);
  std::uint64_t left = MembersIn(first.row->document, police).further;
  for (std::uint64_t page = 1; left > 0; ++page) {
    if (page > kFurtherPages) return Contradiction();
    AQ_ASSIGN_OR_RETURN(const Page further, PageOf(key, page));
    left -= std::min(left, append(further.row->document));
  }
  return absl::OkStatus();
}

absl::Status IdentityTables::ListOutwardMembers(KeyHash key, std::vector<RecordId>& members) const {
  return List(key, false, members);
}

absl::Status IdentityTables::ListMembers(KeyHash key, std::vector<RecordId>& members) const {
  AQ_RETURN_IF_ERROR(List(key, false, members));
  return List(key, true, members);
}

}  // namespace anqiao::engine
