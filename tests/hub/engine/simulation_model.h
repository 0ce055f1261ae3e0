// What the simulation's people know: what they sent, what they were answered, what they were
// handed.
//
// Plain maps, and checks of them against a journal and against what the engine shows.

#ifndef ANQIAO_TESTS_HUB_ENGINE_SIMULATION_MODEL_H_
#define ANQIAO_TESTS_HUB_ENGINE_SIMULATION_MODEL_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "anqiao/exchange/v1/exchange.pb.h"
#include "hub/engine/engine.h"

namespace anqiao::engine {

// A payload that an agency hands in until it has an answer.
struct SimulatedPayload {
  std::string agency, format, request_id, text;
  std::int64_t extract_seconds = 0;
  int sent = 0;
  bool answered = false;
  std::string receipt;  // as first answered
};

// A command of the caseworker.
struct SimulatedCommand {
  enum class Kind { kCreate, kSend, kMove } kind = Kind::kCreate;
  CreateReferralCommand create;
  SendReferralCommand send;
  MoveReferralCommand move;
  int sent = 0;
  bool answered = false;
  std::string referral;  // as first answered

  const std::string& request_id() const {
    return kind == Kind::kCreate ? create.request_id
           : kind == Kind::kSend ? send.request_id
                                 : move.request_id;
  }
};

// What the journal says, read entry by entry.
struct JournalView {
  std::vector<std::string> entries;
  std::map<std::string, std::vector<std::string>>
      receipts;                               // request id: of payloads closed with it
  std::map<std::string, int> commands;        // request id: changes it made
  std::map<std::string, std::string> queued;  // delivery: agency
  std::set<std::string> acknowledged, dead;   // deliveries
};

class SimulationModel {
 public:
  std::vector<SimulatedPayload> payloads;
  std::vector<SimulatedCommand> commands;
  std::map<std::string, std::string> received;  // delivery: agency that was handed it
  std::set<std::string> acknowledged;           // deliveries whose ack was answered with OK

  // Each says what is wrong, or nothing.
  // The answer to a payload; "content": it was sent with its own content, not with another's.
  std::string OnAnswer(std::size_t payload, bool own_content,
                       const std::vector<exchange::v1::SubmitResponse>& responses);
  // "was_answered": it had been answered when this answer was asked for.
  std::string OnCommand(std::size_t command, bool own_content, bool was_answered,
                        const absl::Status& status, const std::string& referral);
  std::string OnDelivery(const std::string& agency, const std::string& delivery);
  // After a restart: what was acknowledged is in the journal, once, and what was there before still
  // is.
  std::string OnJournal(const JournalView& journal);
  // At the end, when everything was answered and every agency has taken what it was handed.
  std::string OnEnd(const JournalView& journal, Engine* engine);

 private:
  std::string CheckRecords(Engine* engine) const;
  // Nobody is proposed twice, and everybody once who may be.
  static std::string CheckProposals(Engine* engine);

  std::vector<std::string> earlier_;  // the journal as of the last restart
};

// True if the same may be sent again later with another outcome.
bool IsTransient(absl::StatusCode code);

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_SIMULATION_MODEL_H_
