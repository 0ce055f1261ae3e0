// Who is who: what somebody should look at, why records are one person's, and what people say.

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/engine/engine_impl.h"
#include "hub/engine/identity_tables.h"
#include "hub/engine/pages.h"
#include "hub/engine/person.h"
#include "hub/engine/values.h"
#include "hub/store/keys.h"

namespace anqiao::engine {
namespace {

using identity::RecordId;
using journal::v1::PersonDocument;
using journal::v1::PersonRecord;

absl::Status NoSuchRecord() {
  return Error(absl::StatusCode::kNotFound, reason::kRecordNotFound, "there is no such record");
}

// The resolver over what is stored; changes nothing.
class StoredLinkage {
 public:
  StoredLinkage(const store::Snapshot& snapshot, const identity::Model& model)
      : snapshot_(snapshot),
        model_(model),
        tables_([&snapshot]() -> const store::Snapshot& { return snapshot; }, &heads_),
        linkage_(model, tables_) {}

  const identity::Linkage& linkage() const { return linkage_; }

  // NOT_FOUND (RECORD_NOT_FOUND): there is no such record.
  // Of a number, or an id.
  absl::StatusOr<RecordId> IdOf(RecordId record) {
    AQ_ASSIGN_OR_RETURN(const RecordId id, tables_.IdOfNumber(NumberOf(record)));
    if (id == identity::kNoRecord) return NoSuchRecord();
    return id;
  }
  absl::StatusOr<const identity::LinkageTables::Node*> NodeOf(RecordId record) {
    AQ_ASSIGN_OR_RETURN(const RecordId id, IdOf(record));
    return tables_.Find(id);
  }

  absl::StatusOr<const PersonDocument*> PersonWith(RecordId record) {
    AQ_ASSIGN_OR_RETURN(const identity::LinkageTables::Node* node, NodeOf(record));
    const std::string id = PersonId(node->cluster);
    const auto [at, added] = people_.try_emplace(id);
    if (added) {
      AQ_ASSIGN_OR_RETURN(auto person,
                          ReadDocument<PersonDocument>(snapshot_, store::PersonKey(id)));
      if (!person.has_value()) return Lost();
      at->second = *std::move(person);
    }
    return &at->second;
  }

  absl::StatusOr<PersonRecord> RecordOf(RecordId record) {
    AQ_ASSIGN_OR_RETURN(const PersonDocument* person, PersonWith(record));
    for (const PersonRecord& each : person->records()) {
      if (each.record_id() == NumberOf(record)) return each;
    }
    return Lost();
  }

  absl::StatusOr<IdentityPair> PairOf(RecordId record, RecordId other) {
    AQ_ASSIGN_OR_RETURN(const identity::LinkageTables::Node* a, NodeOf(record));
    AQ_ASSIGN_OR_RETURN(const identity::LinkageTables::Node* b, NodeOf(other));
    AQ_ASSIGN_OR_RETURN(const identity::Profile x, ProfileWith(record));
    AQ_ASSIGN_OR_RETURN(const identity::Profile y, ProfileWith(other));
    const identity::Comparison comparison = identity::Compare(model_.schema, x, y);
    const identity::Score score = identity::ScorePair(model_, comparison, x, y);
    IdentityPair pair;
    AQ_ASSIGN_OR_RETURN(pair.record, RecordOf(record));
    AQ_ASSIGN_OR_RETURN(pair.other_record, RecordOf(other));
    AQ_ASSIGN_OR_RETURN(const PersonDocument* first, PersonWith(record));
    AQ_ASSIGN_OR_RETURN(const PersonDocument* second, PersonWith(other));
    pair.person = first->person();
    pair.other = second->person();
    for (std::size_t i = 0; i < model_.schema.size(); ++i) {
      pair.attributes.push_back({model_.schema[i].name, comparison.levels[i], score.parts[i]});
    }
    pair.weight = score.total;
    for (const identity::LinkageTables::Edge& edge : a->edges) {
      if (NumberOf(edge.to) == NumberOf(other)) pair.verdict = edge.verdict;
    }
    if (a->cluster != b->cluster && pair.verdict != identity::Verdict::kNotSame) {
      pair.reason = std::string(identity::ReviewReason(model_, score));
    }
    const store::Sequence low = std::min(NumberOf(record), NumberOf(other));
    const store::Sequence high = std::max(NumberOf(record), NumberOf(other));
    const std::string a_etag = CaseEtag(*first), b_etag = CaseEtag(*second);
    pair.etag =
        Hex(Sha256(absl::StrCat(
                "pair/", low, "/", high, "/", NumberOf(record) == low ? a_etag : b_etag, "/",
                NumberOf(record) == low ? b_etag : a_etag, "/", static_cast<int>(pair.verdict))))
            .substr(0, 16);
    return pair;
  }

 private:
  absl::StatusOr<identity::Profile> ProfileWith(RecordId record) {
    AQ_ASSIGN_OR_RETURN(const RecordId id, IdOf(record));
    AQ_ASSIGN_OR_RETURN(const IdentityTables::Leader leader, tables_.LeaderOf(id));
    return identity::UnpackProfile(leader.node->profile, model_.schema.size());
  }

  static absl::Status Lost() {
    return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                 "a record is not with the person that it is linked to");
  }

  const store::Snapshot& snapshot_;
  const identity::Model& model_;
  IdentityTables::Heads heads_;
  IdentityTables tables_;
  identity::Linkage linkage_;
  std::map<std::string, PersonDocument> people_;
};

// Whether both people may be seen.
absl::StatusOr<bool> IsVisible(const ReferralBook& book,
                               const std::pair<std::string, std::string>& people,
                               const model::CivilDate& today, const std::string& jurisdiction) {
  if (jurisdiction.empty()) return true;
  for (const std::string& person : {people.first, people.second}) {
    const absl::Status found = book.FindCase(person, today, jurisdiction).status();
    if (absl::IsNotFound(found)) return false;
    AQ_RETURN_IF_ERROR(found);
  }
  return true;
}

absl::StatusOr<bool> IsVisible(const ReferralBook& book, const IdentityPair& pair,
                               const model::CivilDate& today, const std::string& jurisdiction) {
  return IsVisible(book, std::pair(pair.person, pair.other), today, jurisdiction);
}

// The two records that speak most for two people's being one; null: nothing does.
const journal::v1::PersonReview* ReviewWith(const PersonDocument& person,
                                            const std::string& other) {
  for (const journal::v1::PersonReview& review : person.reviews()) {
    if (review.other() == other) return &review;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<Page<IdentityPair>> EngineImpl::ListIdentityReviews(
    const std::string& case_id, const std::string& after, int limit,
    const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  const ReferralBook book = BookOf(*snapshot);
  // The place of a review is its two people.
  const std::size_t cut = after.find('~');
  const store::KeyRange range =
      cut == std::string::npos ? store::ReviewRange("", "")
                               : store::ReviewRange(after.substr(0, cut), after.substr(cut + 1));
  Page<IdentityPair> page;
  std::string last;
  absl::Status failure;
  const auto visit = [&](const store::ReviewParts& parts) -> absl::StatusOr<bool> {
    AQ_ASSIGN_OR_RETURN(const bool visible, IsVisible(book, std::pair(parts.person, parts.other),
                                                      Today(), jurisdiction));
    if (!visible) return true;
    StoredLinkage stored(*snapshot, ModelOf(options_).model);
    AQ_ASSIGN_OR_RETURN(const auto person,
                        ReadDocument<PersonDocument>(*snapshot, store::PersonKey(parts.person)));
    const journal::v1::PersonReview* review =
        person.has_value() ? ReviewWith(*person, parts.other) : nullptr;
    if (review == nullptr) {
      return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
                   "the index of reviews names one that is not there");
    }
    AQ_ASSIGN_OR_RETURN(IdentityPair pair,
                        stored.PairOf(review->record_id(), review->other_record_id()));
    return AddToPage(std::move(pair), absl::StrCat(parts.person, "~", parts.other), limit, &last,
                     &page);
  };
  if (!case_id.empty()) {
    AQ_ASSIGN_OR_RETURN(const CaseView view, book.FindCase(case_id, Today(), jurisdiction));
    std::set<std::string> keys;
    for (const journal::v1::PersonReview& review : view.document.reviews()) {
      const auto& [a, b] = std::minmax(view.document.person(), review.other());
      keys.insert(store::ReviewKey(a, b));
    }
    for (auto key = keys.lower_bound(range.begin); key != keys.end(); ++key) {
      AQ_ASSIGN_OR_RETURN(const store::ReviewParts parts, store::DecodeReviewKey(*key));
      AQ_ASSIGN_OR_RETURN(const bool more, visit(parts));
      if (!more) break;
    }
    return page;
  }
  AQ_RETURN_IF_ERROR(
      snapshot->Scan(range.begin, range.end, [&](absl::string_view key, absl::string_view) {
        const absl::StatusOr<store::ReviewParts> parts = store::DecodeReviewKey(key);
        failure = parts.status();
        if (!failure.ok()) return false;
        const absl::StatusOr<bool> more = visit(*parts);
        failure = more.status();
        return failure.ok() && *more;
      }));
  AQ_RETURN_IF_ERROR(failure);
  return page;
}

absl::StatusOr<IdentityExplanation> EngineImpl::ExplainIdentity(const std::string& case_id,
                                                                const std::string& jurisdiction) {
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  const ReferralBook book = BookOf(*snapshot);
  AQ_ASSIGN_OR_RETURN(const CaseView view, book.FindCase(case_id, Today(), jurisdiction));
  StoredLinkage stored(*snapshot, ModelOf(options_).model);
  IdentityExplanation why;
  why.person = view.document.person();
  why.records = {view.document.records().begin(), view.document.records().end()};
  AQ_ASSIGN_OR_RETURN(const RecordId first, stored.IdOf(why.records.front().record_id()));
  AQ_ASSIGN_OR_RETURN(const identity::Explanation explanation, stored.linkage().Explain(first));
  why.model = explanation.model;
  for (const identity::Explanation::Inside& inside : explanation.inside) {
    if (why.links.size() == kLinksExplainedMax) {
      why.links_left_off = explanation.inside.size() - kLinksExplainedMax;
      break;
    }
    IdentityExplanation::Link& link = why.links.emplace_back();
    link.step = inside.step;
    AQ_ASSIGN_OR_RETURN(link.pair, stored.PairOf(inside.a, inside.b));
  }
  std::size_t looked_at = 0;
  const auto refuse = [&](RecordId a, RecordId b, identity::Refusal refusal) -> absl::Status {
    if (++looked_at > kLinksExplainedMax) {
      ++why.refused_left_off;
      return absl::OkStatus();
    }
    IdentityExplanation::Refused item;
    item.refusal = refusal;
    AQ_ASSIGN_OR_RETURN(item.pair, stored.PairOf(a, b));
    if (item.pair.person == item.pair.other) return absl::OkStatus();
    AQ_ASSIGN_OR_RETURN(const bool visible, IsVisible(book, item.pair, Today(), jurisdiction));
    if (visible) why.refused.push_back(std::move(item));
    return absl::OkStatus();
  };
  for (const identity::Explanation::Refused& refused : explanation.refused) {
    AQ_RETURN_IF_ERROR(refuse(refused.a, refused.b, refused.refusal));
  }
  // Those who were told apart have no link that could be refused.
  for (const PersonRecord& record : why.records) {
    AQ_ASSIGN_OR_RETURN(const identity::LinkageTables::Node* node,
                        stored.NodeOf(record.record_id()));
    for (const identity::LinkageTables::Edge& edge : node->edges) {
      if (edge.verdict != identity::Verdict::kNotSame) continue;
      AQ_RETURN_IF_ERROR(refuse(record.record_id(), edge.to, identity::Refusal::kToldApart));
    }
  }
  return why;
}

absl::StatusOr<IdentityPair> EngineImpl::GetIdentityPair(RecordId record, RecordId other_record,
                                                         const std::string& jurisdiction) {
  if (record == other_record) return InvalidField("other_record", "must be another record");
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  StoredLinkage stored(*snapshot, ModelOf(options_).model);
  AQ_ASSIGN_OR_RETURN(IdentityPair pair, stored.PairOf(record, other_record));
  AQ_ASSIGN_OR_RETURN(const bool visible,
                      IsVisible(BookOf(*snapshot), pair, Today(), jurisdiction));
  if (!visible) return NoSuchRecord();
  return pair;
}

absl::StatusOr<std::vector<IdentityPair>> EngineImpl::JudgeIdentity(
    const Principal& principal, const JudgeIdentityCommand& command,
    const std::string& jurisdiction) {
  if (std::none_of(
          std::begin(kJudgeReasons), std::end(kJudgeReasons),
          [&](const JudgeReason& reason_of) { return reason_of.code == command.reason; })) {
    return InvalidField("reason", "must be one of the reasons of hub/doc/codes.md for judging");
  }
  if (command.decisions.empty() || command.decisions.size() > kDecisionsMax) {
    return InvalidField("decisions", absl::StrCat("must be 1 to ", kDecisionsMax));
  }
  std::set<std::pair<RecordId, RecordId>> pairs;
  std::vector<std::string> parts = {"judge", command.reason};
  for (const JudgeIdentityCommand::Decision& decision : command.decisions) {
    const std::pair<RecordId, RecordId> pair = std::minmax(decision.record, decision.other_record);
    if (pair.first == pair.second || !pairs.insert(pair).second) {
      return InvalidField("decisions", "must each be of two records, each two once");
    }
    parts.push_back(absl::StrCat(decision.record, "/", decision.other_record, "/",
                                 static_cast<int>(decision.verdict), "/", decision.etag));
  }
  const std::string hash = HashOf({parts.begin(), parts.end()});
  const absl::StatusOr<journal::v1::Entry> entry = RunReferralCommand(
      principal, command.request_id, hash,
      [&](Writer::Turn& turn, ReferralBook& book) -> absl::StatusOr<journal::v1::Entry> {
        StoredLinkage stored(turn.snapshot(), ModelOf(options_).model);
        journal::v1::Entry made;
        SetTime(turn.now(), made.mutable_commit_time());
        *made.mutable_principal() = principal;
        journal::v1::IdentityJudged* judged = made.mutable_identity_judged();
        std::map<RecordId, std::size_t> added;  // verdicts, by this command
        judged->set_reason(command.reason);
        judged->set_request_id(command.request_id);
        judged->set_request_hash(hash);
        for (const JudgeIdentityCommand::Decision& decision : command.decisions) {
          AQ_ASSIGN_OR_RETURN(const IdentityPair pair,
                              stored.PairOf(decision.record, decision.other_record));
          AQ_ASSIGN_OR_RETURN(
              const bool visible,
              IsVisible(book, pair, model::CivilDate::At(turn.now()), jurisdiction));
          if (!visible) return NoSuchRecord();
          if (pair.etag != decision.etag) {
            return Error(absl::StatusCode::kAborted, reason::kEtagMismatch,
                         absl::StrCat("records ", decision.record, " and ", decision.other_record,
                                      " have changed since they were read: read them again"));
          }
          const bool more = decision.verdict != identity::Verdict::kNone &&
                            pair.verdict == identity::Verdict::kNone;
          for (const RecordId record : {decision.record, decision.other_record}) {
            if (!more) continue;
            AQ_ASSIGN_OR_RETURN(const identity::LinkageTables::Node* node, stored.NodeOf(record));
            std::size_t verdicts = added[record]++;
            for (const auto& edge : node->edges) {
              if (edge.verdict != identity::Verdict::kNone) ++verdicts;
            }
            if (verdicts >= kVerdictsPerRecordMax) {
              return Error(absl::StatusCode::kFailedPrecondition, reason::kTooManyVerdicts,
                           absl::StrCat("record ", record, " has ", verdicts,
                                        " verdicts, which is as many as one may have"));
            }
          }
          const auto& [first, second] = std::minmax(decision.record, decision.other_record);
          journal::v1::JudgedPair* said = judged->add_pairs();
          said->set_record_id(first);
          said->set_other_record_id(second);
          said->set_verdict(static_cast<journal::v1::IdentityVerdict>(decision.verdict));
        }
        return made;
      });
  AQ_RETURN_IF_ERROR(entry.status());
  AQ_RETURN_IF_ERROR(AwaitEverything());
  AQ_ASSIGN_OR_RETURN(const auto snapshot, Fresh());
  StoredLinkage stored(*snapshot, ModelOf(options_).model);
  std::vector<IdentityPair> after;
  const ReferralBook book = BookOf(*snapshot);
  for (const JudgeIdentityCommand::Decision& decision : command.decisions) {
    absl::StatusOr<IdentityPair> pair = stored.PairOf(decision.record, decision.other_record);
    // A repeat: erased since, or no longer for these eyes.
    if (absl::IsNotFound(pair.status())) continue;
    AQ_RETURN_IF_ERROR(pair.status());
    AQ_ASSIGN_OR_RETURN(const bool visible, IsVisible(book, *pair, Today(), jurisdiction));
    if (visible) after.push_back(*std::move(pair));
  }
  return after;
}

}  // namespace anqiao::engine
