#include "tests/hub/engine/simulation_model.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace anqiao::engine {
namespace {

using exchange::v1::SubmitResponse;

// Row, key and disposition of every record.
std::string ReceiptOf(const std::vector<SubmitResponse>& responses) {
  std::string receipt;
  for (const SubmitResponse& response : responses) {
    for (const exchange::v1::RecordReceipt& record : response.records()) {
      absl::StrAppend(&receipt, record.row(), " ", record.record_key(), " ",
                      static_cast<int>(record.disposition()), ";");
    }
  }
  return receipt;
}

}  // namespace

bool IsTransient(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted;
}

std::string SimulationModel::OnAnswer(std::size_t at, bool own_content,
                                      const std::vector<SubmitResponse>& responses) {
  SimulatedPayload& payload = payloads[at];
  const auto code = static_cast<absl::StatusCode>(responses.back().summary().status().code());
  if (IsTransient(code)) return "";
  const std::string what = absl::StrCat("payload ", payload.request_id, ": ");
  if (!own_content) {
    return code == absl::StatusCode::kAlreadyExists
               ? ""
               : absl::StrCat(what, "other content under its id was answered with ",
                              absl::StatusCodeToString(code));
  }
  if (code != absl::StatusCode::kOk)
    return absl::StrCat(what, "was answered with ", absl::StatusCodeToString(code));
  const std::string receipt = ReceiptOf(responses);
  if (payload.answered && !responses.back().summary().repeated()) {
    return absl::StrCat(what, "took effect twice");
  }
  if (payload.answered && receipt != payload.receipt) {
    return absl::StrCat(what, "answered with ", payload.receipt, " and now with ", receipt);
  }
  payload.answered = true;
  payload.receipt = receipt;
  return "";
}

std::string SimulationModel::OnCommand(std::size_t at, bool own_content, bool was_answered,
                                       const absl::Status& status, const std::string& referral) {
  SimulatedCommand& command = commands[at];
  if (IsTransient(status.code())) return "";
  const std::string what = absl::StrCat("command ", command.request_id(), ": ");
  if (!own_content) {
    return absl::IsAlreadyExists(status)
               ? ""
               : absl::StrCat(what, "other content under its id was answered with ",
                              absl::StatusCodeToString(status.code()));
  }
  if (!status.ok()) {
    // Somebody else moved the referral first, or it may not be sent.
    const bool overtaken = !was_answered && command.kind != SimulatedCommand::Kind::kCreate &&
                           (absl::IsAborted(status) || absl::IsFailedPrecondition(status));
    return overtaken
               ? ""
               : absl::StrCat(what, "was answered with ", absl::StatusCodeToString(status.code()));
  }
  if (command.answered && referral != command.referral) {
    return absl::StrCat(what, "made ", command.referral, " and now ", referral);
  }
  command.answered = true;
  command.referral = referral;
  return "";
}

std::string SimulationModel::OnDelivery(const std::string& agency, const std::string& delivery) {
  if (acknowledged.count(delivery) > 0) {
    return absl::StrCat("delivery ", delivery, " was handed out after its ack");
  }
  const auto [it, inserted] = received.emplace(delivery, agency);
  return it->second == agency ? "" : absl::StrCat("delivery ", delivery, " went to two agencies");
}

std::string SimulationModel::OnJournal(const JournalView& journal) {
  if (journal.entries.size() < earlier_.size()) return "the journal is shorter than it was";
  for (std::size_t i = 0; i < earlier_.size(); ++i) {
    if (journal.entries[i] != earlier_[i]) return absl::StrCat("entry ", i + 1, " changed");
  }
  earlier_ = journal.entries;
  for (const auto& [id, receipts] : journal.receipts) {
    if (receipts.size() > 1) return absl::StrCat("payload ", id, " was closed twice");
  }
  for (const auto& [id, count] : journal.commands) {
    if (count > 1) return absl::StrCat("command ", id, " took effect twice");
  }
  for (const SimulatedPayload& payload : payloads) {
    if (!payload.answered) continue;
    const auto it = journal.receipts.find(payload.request_id);
    if (it == journal.receipts.end()) {
      return absl::StrCat("payload ", payload.request_id, " was acknowledged and is lost");
    }
    if (it->second.front() != payload.receipt) {
      return absl::StrCat("payload ", payload.request_id, " has another receipt in the journal");
    }
  }
  for (const SimulatedCommand& command : commands) {
    if (command.answered && journal.commands.count(command.request_id()) == 0) {
      return absl::StrCat("command ", command.request_id(), " was acknowledged and is lost");
    }
  }
  for (const std::string& delivery : acknowledged) {
    if (journal.acknowledged.count(delivery) == 0) {
      return absl::StrCat("the ack of ", delivery, " was acknowledged and is lost");
    }
  }
  for (const auto& [delivery, agency] : received) {
    const auto queued = journal.queued.find(delivery);
    if (queued == journal.queued.end()) {
      return absl::StrCat("delivery ", delivery, " was handed out and is lost");
    }
    if (queued->second != agency) {
      return absl::StrCat("delivery ", delivery, " for ", queued->second, " went to ", agency);
    }
  }
  return "";
}

std::string SimulationModel::OnEnd(const JournalView& journal, Engine* engine) {
  for (const SimulatedPayload& payload : payloads) {
    if (payload.sent > 0 && !payload.answered) {
      return absl::StrCat("payload ", payload.request_id, " never had an answer");
    }
  }
  std::size_t dead = 0;
  for (const auto& [delivery, agency] : journal.queued) {
    if (journal.acknowledged.count(delivery) > 0) continue;
    if (journal.dead.count(delivery) == 0) {
      return absl::StrCat("delivery ", delivery, " is neither delivered nor handed out nor dead");
    }
    ++dead;
  }
  const auto agencies = engine->ListAgencies();
  if (!agencies.ok()) return "the agencies cannot be listed";
  std::size_t dead_shown = 0;
  for (const AgencyStatus& agency : *agencies) {
    if (agency.pending_deliveries != 0) return "deliveries are pending after all were taken";
    dead_shown += static_cast<std::size_t>(agency.dead_deliveries);
  }
  if (dead_shown != dead) return "the dead deliveries shown are not those of the journal";
  const std::string proposals = CheckProposals(engine);
  return proposals.empty() ? CheckRecords(engine) : proposals;
}

std::string SimulationModel::CheckProposals(Engine* engine) {
  const auto referrals = engine->ListReferrals({}, "", 1000, "");
  if (!referrals.ok()) return "the referrals cannot be listed";
  std::map<std::string, int> proposed;  // by case, those that live
  for (const journal::v1::ReferralDocument& referral : referrals->items) {
    const bool by_hub = referral.history(0).principal().kind() == journal::v1::PRINCIPAL_KIND_HUB;
    if (!by_hub || referral::IsEnd(referral.state())) continue;
    if (++proposed[referral.draft().case_id()] > 1) return "a service was proposed twice";
  }
  const auto cases = engine->ListCases({}, "", 1000, "");
  if (!cases.ok()) return "the cases cannot be listed";
  for (const CaseView& view : cases->items) {
    const bool watched = view.folded.registered && view.folded.known_to_employment;
    if (watched && view.document.referrals().empty()) return "somebody was never proposed";
  }
  return "";
}

std::string SimulationModel::CheckRecords(Engine* engine) const {
  struct Newest {
    std::int64_t version = -1;
    bool ended = false;
  };
  std::map<std::pair<std::string, std::string>, Newest> expected;  // agency, key
  for (const SimulatedPayload& payload : payloads) {
    if (!payload.answered) continue;
    for (const absl::string_view line : absl::StrSplit(payload.text, '\n', absl::SkipEmpty())) {
      if (line == "BAD") continue;
      std::string key(line.substr(0, line.find('|')));
      const bool ended = key[0] == '-';
      if (ended) key = key.substr(1);
      // What was answered as unchanged is not journalled, and so does not count as a newer version.
      if (!absl::StrContains(payload.receipt, absl::StrCat(" ", key, " 1;"))) continue;
      Newest& newest = expected[{payload.agency, key}];
      if (payload.extract_seconds > newest.version) newest = {payload.extract_seconds, ended};
    }
  }
  const auto cases = engine->ListCases({}, "", 1000, "");
  if (!cases.ok()) return "the cases cannot be listed";
  std::map<std::pair<std::string, std::string>, Newest> shown;
  for (const CaseView& view : cases->items) {
    for (const journal::v1::PersonRecord& record : view.document.records()) {
      shown[{record.record().agency(), record.record().key()}] = {
          record.source_version() / 1'000'000, record.ended()};
    }
  }
  for (const auto& [record, newest] : expected) {
    const auto it = shown.find(record);
    const std::string what = absl::StrCat("record ", record.second, " of ", record.first);
    // An end that comes before anything else leaves nothing to show.
    if (it == shown.end()) {
      if (!newest.ended) return absl::StrCat(what, " is lost");
      continue;
    }
    if (it->second.ended != newest.ended) return absl::StrCat(what, " has ended, or has not");
    if (!newest.ended && it->second.version != newest.version) {
      return absl::StrCat(what, " has version ", it->second.version, ", expected ", newest.version);
    }
  }
  for (const auto& [record, version] : shown) {
    if (expected.count(record) == 0) return absl::StrCat("record ", record.second, " is nobody's");
  }
  return "";
}

}  // namespace anqiao::engine
