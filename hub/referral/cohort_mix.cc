#include "hub/referral/cohort_mix.h"

#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/model/yaml_reader.h"
#include "hub/policy/policy.h"

namespace anqiao::referral {
namespace {

using model::YamlNode;

constexpr std::size_t kCohortRowsMax = 64;
constexpr std::int64_t kCellMax = 1000;
constexpr std::int64_t kMillibitsMax = 20'000;
constexpr double kMillibits = 1000.0;
constexpr double kHalf = 0.5;

absl::StatusOr<std::int64_t> Bounded(const YamlNode& node, std::int64_t least,
                                     std::int64_t greatest) {
  AQ_ASSIGN_OR_RETURN(const std::int64_t number, node.Number());
  if (number >= least && number <= greatest) return number;
  return node.Wrong(absl::StrCat("must be from ", least, " to ", greatest));
}

absl::StatusOr<MixRule> ReadRow(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(
      const YamlNode::Map keys,
      node.Keys({"from", "source", "cell_min", "evidence_millibits_max"}, {"to", "unverified"}));
  MixRule rule;
  AQ_RETURN_IF_ERROR(policy::ReadTime(node, keys, rule.from, rule.to));
  AQ_ASSIGN_OR_RETURN(rule.source, keys.at("source").Text());
  if (const auto it = keys.find("unverified"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(rule.unverified, it->second.Flag());
  }
  AQ_ASSIGN_OR_RETURN(rule.cell_min, Bounded(keys.at("cell_min"), 2, kCellMax));
  AQ_ASSIGN_OR_RETURN(const std::int64_t millibits,
                      Bounded(keys.at("evidence_millibits_max"), 1, kMillibitsMax));
  rule.evidence_bits_max = static_cast<double>(millibits) / kMillibits;
  return rule;
}

// Months, one after the other, whose numbers are not shown and would follow from those of the year.
class Hidden {
 public:
  void Add(const Cohorts& month, std::int64_t cell_min) {
    ++months_;
    sum_ += month;
    if (month.total() >= cell_min) return;
    ++small_months_;
    small_people_ += month.total();
  }
  // Their sum tells nothing of one of them.
  bool MayBeSummed(std::int64_t cell_min) const {
    if (months_ == 0) return true;
    const bool small = small_months_ == 0 || (small_months_ >= 2 && small_people_ >= cell_min);
    return months_ >= 2 && sum_.AreBoth(cell_min) && small;
  }

 private:
  int months_ = 0, small_months_ = 0;
  Cohorts sum_;
  std::int64_t small_people_ = 0;
};

absl::StatusOr<const MixRule*> RuleOf(const MixTable& table, int year, int month) {
  const model::CivilDate day = model::CivilDate::Of(year, month).LastDay();
  if (const MixRule* rule = table.On(day); rule != nullptr) return rule;
  return Error(absl::StatusCode::kFailedPrecondition, reason::kConfigurationInvalid,
               absl::StrCat(kMixFile, ": no row is in force on ", day.ToString()))
      .Meta("day", day.ToString());
}

void Show(const Cohorts& cohorts, const Cohorts& all, std::int64_t cell_min, MixLine* line) {
  line->people = cohorts.total();
  line->cohorts = cohorts;
  // Beside the counts it tells how all cases divide.
  if (!all.AreBoth(cell_min)) return;
  constexpr double kPlaces = 100.0;
  line->evidence_bits = std::round(EvidenceBits(cohorts, all) * kPlaces) / kPlaces;
}

// The lines of one channel, its year first. "counted" is what the year shows, "judged" all of it.
absl::StatusOr<std::vector<MixLine>> ChannelLines(const MixTable& table, const MixInput& input,
                                                  const Channel& channel,
                                                  const std::array<Cohorts, 12>& months,
                                                  Cohorts* counted, Cohorts* judged) {
  std::vector<MixLine> lines(1);
  Hidden hidden;
  std::int64_t cell_min = 0;
  for (int month = 1; month <= input.months; ++month) {
    const Cohorts& cohorts = months[static_cast<std::size_t>(month - 1)];
    AQ_ASSIGN_OR_RETURN(const MixRule* rule, RuleOf(table, input.year, month));
    cell_min = rule->cell_min;
    *judged += cohorts;
    if (cohorts.total() > 0) {
      MixLine& line = lines.emplace_back();
      line.month = month;
      line.mixing = Judge(cohorts, input.all, *rule);
      if (cohorts.AreBoth(cell_min)) {
        Show(cohorts, input.all, cell_min, &line);
      } else {
        if (cohorts.total() >= cell_min) line.people = cohorts.total();
        hidden.Add(cohorts, cell_min);
      }
    }
    if (!hidden.MayBeSummed(cell_min)) continue;
    hidden = Hidden();
    *counted = *judged;
    lines[0].counted_months = month;
  }
  if (judged->total() == 0) return std::vector<MixLine>();
  AQ_ASSIGN_OR_RETURN(const MixRule* rule, RuleOf(table, input.year, input.months));
  lines[0].mixing = Judge(*judged, input.all, *rule);
  if (counted->total() > 0) {
    Show(*counted, input.all, cell_min, lines.data());
  } else {
    lines[0].counted_months = 0;
  }
  for (MixLine& line : lines) {
    line.agency = channel.first;
    line.service = channel.second;
  }
  return lines;
}

}  // namespace

const MixRule* MixTable::On(const model::CivilDate& day) const {
  for (const MixRule& rule : rules) {
    if (rule.from <= day && (rule.to.empty() || day <= rule.to)) return &rule;
  }
  return nullptr;
}

absl::StatusOr<MixTable> ParseMixTable(const std::string& file, const std::string& content) {
  AQ_ASSIGN_OR_RETURN(const YamlNode node, YamlNode::Parse(file, content));
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, node.Keys({"table", "rows"}, {}));
  AQ_ASSIGN_OR_RETURN(const std::string name, keys.at("table").Text());
  if (name != "cohort-mix") return keys.at("table").Wrong("must be cohort-mix");
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> rows, keys.at("rows").Items(kCohortRowsMax));
  MixTable table;
  for (const YamlNode& row : rows) {
    AQ_ASSIGN_OR_RETURN(MixRule rule, ReadRow(row));
    if (!table.rules.empty()) {
      const model::CivilDate& last = table.rules.back().to;
      if (last.empty() || last.AddDays(1) != rule.from) {
        return row.Wrong("must begin the day after the row before ends");
      }
    }
    table.rules.push_back(std::move(rule));
  }
  return table;
}

double EvidenceBits(const Cohorts& asked, const Cohorts& all) {
  const auto odds = [](const Cohorts& cohorts) {
    return (static_cast<double>(cohorts.known) + kHalf) /
           (static_cast<double>(cohorts.others) + kHalf);
  };
  return std::log2(odds(asked) / odds(all));
}

Mixing Judge(const Cohorts& asked, const Cohorts& all, const MixRule& rule) {
  if (asked.total() < 2 * rule.cell_min) return Mixing::kThin;
  if (EvidenceBits(asked, all) > rule.evidence_bits_max) return Mixing::kOneSided;
  return asked.AreBoth(rule.cell_min) ? Mixing::kMixed : Mixing::kThin;
}

absl::StatusOr<std::vector<MixLine>> MixLines(const MixTable& table, const MixInput& input) {
  std::vector<MixLine> lines(1);
  Cohorts counted, judged;
  for (const auto& [channel, months] : input.channels) {
    Cohorts channel_counted, channel_judged;
    AQ_ASSIGN_OR_RETURN(std::vector<MixLine> more, ChannelLines(table, input, channel, months,
                                                                &channel_counted, &channel_judged));
    counted += channel_counted;
    judged += channel_judged;
    lines.insert(lines.end(), more.begin(), more.end());
  }
  if (judged.total() == 0) return std::vector<MixLine>();
  AQ_ASSIGN_OR_RETURN(const MixRule* rule, RuleOf(table, input.year, input.months));
  lines[0].mixing = Judge(judged, input.all, *rule);
  if (counted.total() > 0) Show(counted, input.all, rule->cell_min, lines.data());
  return lines;
}

}  // namespace anqiao::referral
