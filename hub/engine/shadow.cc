// The shadow run of another build: kept payloads are decoded twice and compared. Reads only.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/adapters.h"
#include "hub/engine/decode.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/receipts.h"
#include "hub/engine/values.h"
#include "hub/store/key_ring.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using journal::v1::Observation;
using journal::v1::PersonDocument;
using journal::v1::QuarantineDocument;
using Verdict = DecodedRecord::Verdict;
using Fields = std::vector<ShadowReport::Field>;

constexpr std::size_t kListedMax = 1000;
constexpr std::size_t kValueBytesMax = 200;

bool IsTaken(const DecodedRecord* record) {
  return record != nullptr &&
         (record->verdict == Verdict::kTake || record->verdict == Verdict::kRepeat);
}

std::string TextOf(const Message& message, const FieldDescriptor& field) {
  const std::unique_ptr<Message> only(message.New());
  // One field of a copy: whatever its type, it prints as protobuf prints it.
  only->CopyFrom(message);
  std::vector<const FieldDescriptor*> present;
  only->GetReflection()->ListFields(*only, &present);
  for (const FieldDescriptor* other : present) {
    if (other != &field) only->GetReflection()->ClearField(only.get(), other);
  }
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);  // names are to be read
  std::string text;
  printer.PrintToString(*only, &text);
  return Bounded(std::string(absl::StripTrailingAsciiWhitespace(text)), kValueBytesMax);
}

// Paths of the fields in which two messages of one type differ.
void Compare(const Message& current, const Message& shadow, const std::string& path,
             Fields* fields) {
  const Reflection& reflection = *current.GetReflection();
  for (int i = 0; i < current.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *current.GetDescriptor()->field(i);
    const std::string name = path.empty() ? field.name() : absl::StrCat(path, ".", field.name());
    if (!field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!reflection.HasField(current, &field) && !reflection.HasField(shadow, &field)) continue;
      Compare(reflection.GetMessage(current, &field), reflection.GetMessage(shadow, &field), name,
              fields);
      continue;
    }
    std::string before = TextOf(current, field), after = TextOf(shadow, field);
    if (before != after) fields->push_back({name, std::move(before), std::move(after)});
  }
}

Fields Differences(const DecodedRecord& current, const DecodedRecord& shadow) {
  Fields fields;
  if (current.removed != shadow.removed) {
    fields.push_back(
        {"removed", current.removed ? "true" : "false", shadow.removed ? "true" : "false"});
  }
  if (current.answer.has_value() && shadow.answer.has_value()) {
    Compare(*current.answer, *shadow.answer, "answer", &fields);
  } else if (!current.removed && !shadow.removed) {
    Compare(current.observation, shadow.observation, "", &fields);
  }
  return fields;
}

// What of a case differs.
std::vector<std::string> AspectsOf(const model::Case& a, const model::Case& b) {
  std::vector<std::string> aspects;
  const auto add = [&](bool differs, const char* aspect) {
    if (differs) aspects.emplace_back(aspect);
  };
  const auto facts = [](const model::Case& folded) {
    std::string text;
    const auto append = [&](const auto& list) {
      for (const auto& stated : list) absl::StrAppend(&text, Canonical(stated.fact), ";");
      text += '|';
    };
    append(folded.orders);
    append(folded.tests);
    append(folded.household_reliefs);
    append(folded.unemployments);
    append(folded.certificates);
    append(folded.difficulties);
    append(folded.trainings);
    append(folded.employments);
    append(folded.businesses);
    append(folded.tax_reliefs);
    return text;
  };
  const auto identity = [](const model::Case& folded) {
    const auto& outward = folded.outward;
    return std::tie(folded.name, folded.id_number, folded.sex, folded.division_code,
                    folded.birth_date, folded.phones, outward.name, outward.id_number,
                    outward.phone, outward.division_code);
  };
  add(a.phase != b.phase || a.phase_since != b.phase_since || a.flags != b.flags, "PHASE");
  add(a.registered != b.registered || a.register_numbers != b.register_numbers ||
          a.deceased != b.deceased,
      "REGISTERED");
  add(identity(a) != identity(b), "IDENTITY");
  add(!std::equal(
          a.events.begin(), a.events.end(), b.events.begin(), b.events.end(),
          [](const auto& x, const auto& y) { return x.date == y.date && x.kind == y.kind; }),
      "EVENTS");
  add(!std::equal(a.deadlines.begin(), a.deadlines.end(), b.deadlines.begin(), b.deadlines.end(),
                  [](const auto& x, const auto& y) {
                    return x.rule == y.rule && x.date == y.date && x.overdue == y.overdue;
                  }),
      "DEADLINES");
  add(facts(a) != facts(b) || a.standings != b.standings, "FACTS");
  return aspects;
}

// Gathers the differences of payload after payload.
class Comparison {
 public:
  Comparison(const store::Snapshot& snapshot, bool with_values, ShadowReport* report)
      : snapshot_(snapshot), with_values_(with_values), report_(*report) {}

  absl::Status Add(const QuarantineDocument& document, const DecodedPayload& current,
                   const DecodedPayload& shadow) {
    std::map<std::pair<std::string, std::uint64_t>,
             std::pair<const DecodedRecord*, const DecodedRecord*>>
        pairs;
    const auto key = [](const DecodedRecord& record) {
      // Rows without a key are known by their number.
      return std::pair(record.store_key, record.store_key.empty() ? record.row : 0);
    };
    for (const DecodedRecord& record : current.records) pairs[key(record)].first = &record;
    for (const DecodedRecord& record : shadow.records) pairs[key(record)].second = &record;
    for (const auto& [unused, pair] : pairs) {
      AQ_RETURN_IF_ERROR(AddPair(document, pair.first, pair.second));
    }
    return absl::OkStatus();
  }

  // The cases of the records that differ.
  absl::Status Finish(const model::CivilDate& today) {
    for (const auto& [person, changes] : people_) {
      AQ_ASSIGN_OR_RETURN(auto document,
                          ReadDocument<PersonDocument>(snapshot_, store::PersonKey(person)));
      if (!document.has_value()) continue;
      const model::Case before = model::FoldCase(*document, today);
      for (journal::v1::PersonRecord& record : *document->mutable_records()) {
        const auto it = changes.find(store::RecordKey(record.record()));
        if (it == changes.end()) continue;
        record.set_ended(it->second.ended);
        if (!it->second.ended) *record.mutable_observation() = it->second.observation;
      }
      std::vector<std::string> aspects = AspectsOf(before, model::FoldCase(*document, today));
      if (aspects.empty()) continue;
      if (report_.cases.size() >= kListedMax) {
        report_.truncated = true;
        break;
      }
      report_.cases.push_back({person, std::move(aspects)});
    }
    return absl::OkStatus();
  }

 private:
  struct Change {
    bool ended = false;
    Observation observation;
  };

  absl::Status AddPair(const QuarantineDocument& document, const DecodedRecord* current,
                       const DecodedRecord* shadow) {
    const bool before = IsTaken(current), after = IsTaken(shadow);
    ShadowReport::Record difference;
    if (before && after) {
      difference.fields = Differences(*current, *shadow);
      if (difference.fields.empty()) {
        ++report_.same;
        return absl::OkStatus();
      }
      ++report_.changed;
    } else if (before) {
      difference.change = ShadowReport::Change::kRemoved;
      ++report_.removed;
      if (shadow != nullptr) {
        for (const auto& problem : shadow->problems) difference.reasons.push_back(problem.reason());
      }
    } else if (after) {
      difference.change = ShadowReport::Change::kAdded;
      ++report_.added;
    } else {
      ++report_.same;
      return absl::OkStatus();
    }
    if (after || before) AQ_RETURN_IF_ERROR(NoteCase(document, current, shadow));
    if (report_.records.size() >= kListedMax) {
      report_.truncated = true;
      return absl::OkStatus();
    }
    difference.payload = document.payload();
    difference.row = (current != nullptr ? current : shadow)->row;
    if (!with_values_) {
      for (ShadowReport::Field& field : difference.fields) field.current = field.shadow = "";
    }
    report_.records.push_back(std::move(difference));
    return absl::OkStatus();
  }

  // Only what the payload said last of a record that is on file would change its person's case.
  absl::Status NoteCase(const QuarantineDocument& document, const DecodedRecord* current,
                        const DecodedRecord* shadow) {
    const DecodedRecord& either = IsTaken(shadow) ? *shadow : *current;
    if (either.answer.has_value() || either.store_key.empty()) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(const auto head,
                        ReadDocument<journal::v1::RecordHead>(snapshot_, either.store_key));
    if (!head.has_value() || head->person().empty() ||
        head->source_version() > document.source_version()) {
      return absl::OkStatus();
    }
    Change& change = people_[head->person()][either.store_key];
    // What would not be taken up was never on file.
    change.ended = !IsTaken(shadow) || shadow->removed;
    if (!change.ended) change.observation = shadow->observation;
    return absl::OkStatus();
  }

  const store::Snapshot& snapshot_;
  const bool with_values_;
  ShadowReport& report_;
  std::map<std::string, std::map<std::string, Change>> people_;
};

DecodedPayload DecodeWith(const AgencyOptions& agency, const QuarantineDocument& document,
                          const std::string& bytes, const std::shared_ptr<adapter::Adapter>& build,
                          adapter::AdapterInstance* instance, const model::CivilDate& today) {
  SubmitCommand command;
  command.agency = agency.id;
  command.header.set_format(document.format());
  command.header.set_file_name(document.file_name());
  command.payload = bytes;
  DecodedPayload decoded = BeginDecode(agency, std::move(command));
  decoded.adapter = build;
  Decode(instance, today, &decoded);
  return decoded;
}

}  // namespace

absl::StatusOr<ShadowReport> EngineImpl::ShadowAdapter(const ShadowCommand& command) {
  AQ_ASSIGN_OR_RETURN(const AdapterView view, GetAdapter(command.agency));
  const AgencyOptions& agency = *view.options;
  adapter::LoadedBuild shadow;
  if (!command.library.empty()) {
    AQ_ASSIGN_OR_RETURN(shadow, agency.adapter->Load(command.library, command.samples));
  } else if (view.slot.candidate.has_value()) {
    shadow = *view.slot.candidate;
  } else {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
                 absl::StrCat("no other build of agency ", agency.id,
                              "'s adapter is loaded, and no library was named"));
  }
  if (agency.adapter->absent()) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
                 absl::StrCat("agency ", agency.id, " has no adapter yet to compare with"));
  }
  AQ_RETURN_IF_ERROR(CheckAdapterFormats(agency, shadow));
  const std::shared_ptr<adapter::Adapter>& current = view.slot.current.adapter;
  ShadowReport report;
  report.current_build = current->build_id();
  report.shadow_build = shadow.adapter->build_id();
  // Holds whole payloads twice: one at a time.
  absl::MutexLock lock(&rereading_mu_);
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<store::Snapshot> snapshot, Fresh());
  std::deque<QuarantineDocument> documents;
  AQ_RETURN_IF_ERROR(LatestQuarantine(*snapshot, agency.id,
                                      static_cast<std::size_t>(command.payloads), &documents));
  AQ_ASSIGN_OR_RETURN(const auto current_instance, current->Open());
  AQ_ASSIGN_OR_RETURN(const auto shadow_instance, shadow.adapter->Open());
  Comparison comparison(*snapshot, command.with_values, &report);
  for (const QuarantineDocument& document : documents) {
    const absl::StatusOr<std::string> bytes = KeptBytes(document);
    if (absl::IsNotFound(bytes.status())) {
      ++report.unreadable;
      continue;
    }
    AQ_RETURN_IF_ERROR(bytes.status());
    ++report.payloads;
    const DecodedPayload before =
        DecodeWith(agency, document, *bytes, current, current_instance.get(), Today());
    const DecodedPayload after =
        DecodeWith(agency, document, *bytes, shadow.adapter, shadow_instance.get(), Today());
    AQ_RETURN_IF_ERROR(comparison.Add(document, before, after));
  }
  AQ_RETURN_IF_ERROR(comparison.Finish(Today()));
  return report;
}

absl::Status EngineImpl::LatestQuarantine(const store::Snapshot& snapshot,
                                          const std::string& agency, std::size_t count,
                                          std::deque<QuarantineDocument>* documents) const {
  const store::KeyRange range = store::FamilyRange(store::Family::kQuarantine);
  bool readable = true;
  AQ_RETURN_IF_ERROR(
      snapshot.Scan(range.begin, range.end, [&](absl::string_view, absl::string_view value) {
        QuarantineDocument document;
        readable = document.ParseFromArray(value.data(), static_cast<int>(value.size()));
        if (!readable || document.agency() != agency) return readable;
        // Their rows are decoded anew.
        document.clear_records();
        documents->push_back(std::move(document));
        if (documents->size() > count) documents->pop_front();
        return true;
      }));
  if (readable) return absl::OkStatus();
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "a stored document cannot be read");
}

absl::StatusOr<std::string> EngineImpl::KeptBytes(const QuarantineDocument& document) const {
  const absl::Status not_kept = Error(absl::StatusCode::kNotFound, reason::kPayloadNotKept,
                                      "the payload's bytes are not, or no longer, kept");
  if (store_->ring() != nullptr && document.bytes_key() != 0) {
    AQ_ASSIGN_OR_RETURN(const bool purged, store_->ring()->IsDestroyed(document.bytes_key()));
    if (purged) return not_kept;
  }
  absl::StatusOr<std::string> bytes = store_->GetBlob(document.payload());
  if (absl::IsNotFound(bytes.status())) return not_kept;
  return bytes;
}

}  // namespace anqiao::engine
