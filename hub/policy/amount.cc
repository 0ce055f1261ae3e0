#include "hub/policy/amount.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "hub/base/status_macros.h"
#include "hub/policy/policy.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

using model::CivilDate;

constexpr std::int64_t kMonthsMax = 1200;
constexpr std::int64_t kPermilleMax = 10'000;
constexpr std::int64_t kShareMax = 1000;
constexpr std::int64_t kValueMax = 100'000'000'000;
// What is counted with is held to this, so that no product overflows.
constexpr std::int64_t kFenMax = 1'000'000'000'000;
constexpr std::int64_t kPeopleMax = 100;

struct KindKeys {
  absl::string_view name;
  AmountKind kind;
  std::vector<absl::string_view> required, optional;
};

const std::vector<KindKeys>& Kinds() {
  static const auto& kinds = *new std::vector<KindKeys>{
      {"rate", AmountKind::kRate, {"base"}, {"kind", "factor", "months", "used"}},
      {"ceiling", AmountKind::kCeiling, {"kind", "base"}, {}},
      {"monthly", AmountKind::kMonthly, {"kind", "base"}, {"factor", "months", "months_by", "of"}},
      {"share", AmountKind::kShare, {"kind", "of", "numerator", "denominator"}, {"months"}},
      {"range", AmountKind::kRange, {"kind", "base", "low", "high"}, {"months"}},
      {"supplement", AmountKind::kSupplement, {"kind", "base", "income", "size"}, {}},
      {"table", AmountKind::kTable, {"kind", "table", "of"}, {}}};
  return kinds;
}

absl::StatusOr<DatedTable> ReadDatedTable(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys,
                      node.Keys({"from", "source", "rows"}, {"to", "unverified"}));
  DatedTable table;
  AQ_RETURN_IF_ERROR(ReadTime(node, keys, table.from, table.to));
  AQ_ASSIGN_OR_RETURN(table.source, keys.at("source").Text());
  if (const auto it = keys.find("unverified"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(table.unverified, it->second.Flag());
  }
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> rows, keys.at("rows").Items(kRowsMax));
  for (const YamlNode& item : rows) {
    AQ_ASSIGN_OR_RETURN(const YamlNode::Map row, item.Keys({"value"}, {"at_least", "is"}));
    const bool by_text = row.contains("is");
    if (by_text == row.contains("at_least")) return item.Wrong("expected either at_least or is");
    if (!table.rows.empty() && by_text != table.by_text) {
      return item.Wrong("a table is by numbers or by texts, not both");
    }
    table.by_text = by_text;
    TableRow read;
    AQ_ASSIGN_OR_RETURN(read.value, row.at("value").Number());
    if (read.value < 0 || read.value > kValueMax) {
      return row.at("value").Wrong(absl::StrCat("must be from 0 to ", kValueMax));
    }
    if (by_text) {
      AQ_ASSIGN_OR_RETURN(read.is, row.at("is").Text());
      for (const TableRow& other : table.rows) {
        if (other.is == read.is) return item.Wrong("the same text came before");
      }
    } else {
      AQ_ASSIGN_OR_RETURN(read.at_least, row.at("at_least").Number());
      if (!table.rows.empty() && read.at_least <= table.rows.back().at_least) {
        return item.Wrong("at_least must rise from row to row");
      }
    }
    table.rows.push_back(std::move(read));
  }
  return table;
}

absl::StatusOr<ValueTable> ReadTable(const YamlNode& node, const PolicySummary& policy) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, node.Items(kRowsMax));
  ValueTable tables;
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(DatedTable table, ReadDatedTable(item));
    if (!tables.empty()) {
      const CivilDate& last = tables.back().to;
      if (last.empty() || table.from <= last) return item.Wrong("overlaps the dates before it");
      if (table.from != last.AddDays(1)) {
        return item.Wrong("leaves a gap after the dates before it");
      }
      if (table.by_text != tables.front().by_text) {
        return item.Wrong("a table is by numbers or by texts, not both");
      }
    }
    tables.push_back(std::move(table));
  }
  if (policy.effective_from < tables.front().from) {
    return items.front().Wrong("leaves a gap: begins after the policy");
  }
  const CivilDate& end = tables.back().to;
  if (!end.empty() && (policy.effective_to.empty() || end < policy.effective_to)) {
    return items.back().Wrong("leaves a gap: ends before the policy");
  }
  return tables;
}

// The parameter that "key" names, if it is there.
absl::Status ReadParameterName(const YamlNode::Map& keys, const char* key, const Policy& policy,
                               std::string& name) {
  const auto it = keys.find(key);
  if (it == keys.end()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(name, it->second.Text());
  return policy.parameters.contains(name) ? absl::OkStatus()
                                          : it->second.Wrong("there is no such parameter");
}

absl::Status ReadFactName(const YamlNode::Map& keys, const char* key, FactType type,
                          std::optional<std::size_t>& fact) {
  const auto it = keys.find(key);
  if (it == keys.end()) return absl::OkStatus();
  AQ_ASSIGN_OR_RETURN(const std::string name, it->second.Text());
  fact = FindFact(name);
  if (!fact.has_value()) return it->second.Wrong(absl::StrCat("unknown fact ", name));
  return FactKinds()[*fact].type == type ? absl::OkStatus()
                                         : it->second.Wrong("does not fit the fact");
}

absl::Status ReadTableName(const YamlNode& node, const Policy& policy, bool by_text,
                           std::string& name) {
  AQ_ASSIGN_OR_RETURN(name, node.Text());
  const auto table = policy.tables.find(name);
  if (table == policy.tables.end()) return node.Wrong("there is no such table");
  return table->second.front().by_text == by_text ? absl::OkStatus()
                                                  : node.Wrong("does not fit the table");
}

absl::Status ReadMonths(const YamlNode& node, const YamlNode::Map& keys, const Policy& policy,
                        Amount& amount) {
  if (const auto it = keys.find("months"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t months, it->second.Number());
    if (months < 1 || months > kMonthsMax) return it->second.Wrong("must be from 1 to 1200");
    amount.months = static_cast<int>(months);
  }
  const auto by = keys.find("months_by");
  if ((by != keys.end()) != (amount.kind == AmountKind::kMonthly && keys.contains("of"))) {
    return node.Wrong("months_by and of go together");
  }
  if (by == keys.end()) return absl::OkStatus();
  if (amount.months > 0) return node.Wrong("expected either months or months_by");
  AQ_RETURN_IF_ERROR(ReadTableName(by->second, policy, false, amount.table));
  for (const DatedTable& table : policy.tables.at(amount.table)) {
    for (const TableRow& row : table.rows) {
      if (row.value > kMonthsMax) return by->second.Wrong("has more than 1200 months");
    }
  }
  return ReadFactName(keys, "of", FactType::kNumber, amount.fact);
}

std::string Yuan(std::int64_t fen) { return absl::StrFormat("%d.%02d", fen / 100, fen % 100); }

// 1200 per mille as "1.2".
std::string Decimal(std::int64_t value, int zeros) {
  std::int64_t unit = 1;
  for (int i = 0; i < zeros; ++i) unit *= 10;
  std::string text = absl::StrFormat("%d.%0*d", value / unit, zeros, value % unit);
  while (text.back() == '0' && text[text.size() - 2] != '.') text.pop_back();
  return text;
}

std::int64_t Round(std::int64_t product, std::int64_t by) { return (product * 2 + by) / (by * 2); }

// What an amount is counted with on a day.
class Terms {
 public:
  Terms(const Policy& policy, const PersonFacts& facts) : policy_(policy), facts_(facts) {}

  const Amount& amount() const { return policy_.amount; }
  std::int64_t base() const { return Value(amount().base, 0); }
  std::int64_t factor() const { return Value(amount().factor, 1000); }
  std::int64_t Value(const std::string& parameter, std::int64_t otherwise) const {
    const DatedValue* row = ValueOn(policy_, parameter, facts_.on());
    return row == nullptr ? otherwise : row->value;
  }
  // Out of its time the policy gives nothing.
  bool in_force() const {
    if (!amount().base.empty()) return ValueOn(policy_, amount().base, facts_.on()) != nullptr;
    if (amount().kind == AmountKind::kShare) {
      return ValueOn(policy_, amount().numerator, facts_.on()) != nullptr;
    }
    return TableOn() != nullptr;
  }

  std::optional<std::int64_t> Number(const std::optional<std::size_t>& ordinal,
                                     std::int64_t max) const {
    if (!ordinal.has_value() || !facts_[*ordinal].known()) return std::nullopt;
    const auto* number = std::get_if<std::int64_t>(&facts_[*ordinal].value);
    if (number == nullptr) return std::nullopt;
    return std::clamp<std::int64_t>(*number, 0, max);
  }

  const DatedTable* TableOn() const {
    const auto it = policy_.tables.find(amount().table);
    if (it == policy_.tables.end()) return nullptr;
    for (const DatedTable& table : it->second) {
      if (table.from <= facts_.on() && (table.to.empty() || facts_.on() <= table.to)) {
        return &table;
      }
    }
    return nullptr;
  }
  // What the table gives; nullopt if the fact is not known. 0: no row is for it.
  std::optional<std::int64_t> LookedUp() const {
    const DatedTable* table = TableOn();
    if (table == nullptr) return 0;
    const Fact& fact = facts_[*amount().fact];
    if (!fact.known()) return std::nullopt;
    std::int64_t found = 0;
    if (const auto* number = std::get_if<std::int64_t>(&fact.value)) {
      for (const TableRow& row : table->rows) {
        if (row.at_least <= *number) found = row.value;
      }
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&fact.value)) {
      for (const TableRow& row : table->rows) {
        const bool named = std::find(texts->begin(), texts->end(), row.is) != texts->end();
        if (named) found = std::max(found, row.value);
      }
    }
    return found;
  }
  // The most that the table gives.
  std::int64_t Most() const {
    std::int64_t most = 0;
    const DatedTable* table = TableOn();
    if (table == nullptr) return 0;
    for (const TableRow& row : table->rows) most = std::max(most, row.value);
    return most;
  }

  // Months of a benefit a month: given, or from the table.
  std::int64_t months() const {
    return amount().table.empty() ? amount().months : LookedUp().value_or(Most());
  }
  std::int64_t months_left() const {
    const std::int64_t used = Number(amount().fact, kMonthsMax).value_or(0);
    return std::max<std::int64_t>(amount().months - used, 0);
  }

 private:
  const Policy& policy_;
  const PersonFacts& facts_;
};

std::int64_t OverMonths(const Terms& terms, std::int64_t month_fen) {
  const bool given = terms.amount().months > 0 || !terms.amount().table.empty();
  return given ? month_fen * terms.months() : month_fen;
}

class Formula {
 public:
  Formula(const Terms& terms, bool zh) : terms_(terms), zh_(zh) {}

  std::string Text() const {
    switch (terms_.amount().kind) {
      case AmountKind::kNone:
        return "";
      case AmountKind::kRate:
        return Rate();
      case AmountKind::kCeiling:
        return absl::StrCat(Of("最高", "at most "), Money(terms_.base()));
      case AmountKind::kMonthly:
        return absl::StrCat(Money(terms_.base()), Of("/月", " a month"), Factor(), Months());
      case AmountKind::kShare:
        return Share();
      case AmountKind::kRange:
        return absl::StrCat(Percent(terms_.amount().low), Of("至", " to "),
                            Percent(terms_.amount().high), Of(" × ", " of "), Money(terms_.base()),
                            Of("/月", " a month"), Months());
      case AmountKind::kSupplement:
        return Supplement();
      case AmountKind::kTable: {
        const std::optional<std::int64_t> found = terms_.LookedUp();
        return absl::StrCat(found.has_value() ? "" : Of("最高", "at most "),
                            Money(found.value_or(terms_.Most())),
                            Of("，按标准表", ", by the table"));
      }
    }
    return "";
  }

 private:
  const char* Of(const char* zh, const char* en) const { return zh_ ? zh : en; }
  std::string Money(std::int64_t fen) const { return absl::StrCat(Yuan(fen), Of("元", " yuan")); }
  std::string Percent(const std::string& parameter) const {
    std::string text = Decimal(terms_.Value(parameter, 1000), 1);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return absl::StrCat(text, "%");
  }
  std::string Factor() const {
    return terms_.amount().factor.empty() ? "" : absl::StrCat(" x ", Decimal(terms_.factor(), 3));
  }

  std::string Rate() const {
    std::string text = Money(terms_.base());
    const int months = terms_.amount().months;
    if (months > 0) absl::StrAppend(&text, Of("/年", " a year"));
    absl::StrAppend(&text, Factor());
    if (months == 0) return text;
    absl::StrAppend(&text, Of("，", ", for "));
    if (terms_.months_left() != months) {
      absl::StrAppend(&text, terms_.months_left(), Of("/", " of "));
    }
    return absl::StrCat(text, months, Of("个月", " months"));
  }

  std::string Months() const {
    if (terms_.amount().months == 0 && terms_.amount().table.empty()) return "";
    const bool open = !terms_.amount().table.empty() && !terms_.LookedUp().has_value();
    return absl::StrCat(Of("，", ", for "), open ? Of("最长", "at most ") : "", terms_.months(),
                        Of("个月", " months"));
  }

  std::string Share() const {
    const std::optional<std::int64_t> paid = terms_.Number(terms_.amount().fact, kFenMax);
    return absl::StrCat(terms_.Value(terms_.amount().numerator, 1), "/",
                        terms_.Value(terms_.amount().denominator, 1), Of(" × ", " of "),
                        paid.has_value() ? Money(*paid) : Of("实缴额", "what is paid"),
                        Of("/月", " a month"), Months());
  }

  std::string Supplement() const {
    const std::optional<std::int64_t> income = terms_.Number(terms_.amount().fact, kFenMax);
    const std::optional<std::int64_t> size = terms_.Number(terms_.amount().size_fact, kPeopleMax);
    if (!income.has_value() || !size.has_value() || *size == 0) {
      return absl::StrCat("(", Money(terms_.base()),
                          Of(" - 人均收入) x 家庭人数/月",
                             " - income per person) x people in the household, a month"));
    }
    return absl::StrCat("(", Money(terms_.base()), " - ", Money(*income), " / ", *size, ") x ",
                        *size, Of("/月", " a month"));
  }

  const Terms& terms_;
  const bool zh_;
};

}  // namespace

absl::Status ReadTables(const YamlNode& node, Policy& policy) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map tables, node.AnyKeys(kRowsMax));
  for (const auto& [name, table] : tables) {
    AQ_ASSIGN_OR_RETURN(policy.tables[name], ReadTable(table, policy.summary));
  }
  return absl::OkStatus();
}

absl::Status ReadAmount(const YamlNode& node, Policy& policy) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map any, node.AnyKeys(16));
  std::string name = "rate";
  if (const auto it = any.find("kind"); it != any.end()) {
    AQ_ASSIGN_OR_RETURN(name, it->second.Text());
  }
  const auto kind = std::find_if(Kinds().begin(), Kinds().end(),
                                 [&](const KindKeys& known) { return known.name == name; });
  if (kind == Kinds().end()) return any.at("kind").Wrong(absl::StrCat("unknown kind ", name));
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, node.Keys(kind->required, kind->optional));
  Amount amount;
  amount.kind = kind->kind;
  const std::pair<const char*, std::string*> parameters[] = {{"base", &amount.base},
                                                             {"factor", &amount.factor},
                                                             {"numerator", &amount.numerator},
                                                             {"denominator", &amount.denominator},
                                                             {"low", &amount.low},
                                                             {"high", &amount.high}};
  for (const auto& [key, parameter] : parameters) {
    AQ_RETURN_IF_ERROR(ReadParameterName(keys, key, policy, *parameter));
    if (parameter->empty()) continue;
    for (const DatedValue& row : policy.parameters.at(*parameter)) {
      const std::string objection = AmountObjection(amount, *parameter, row.value);
      if (!objection.empty()) return keys.at(key).Wrong(objection);
    }
  }
  if (amount.kind == AmountKind::kTable) {
    AQ_RETURN_IF_ERROR(ReadTableName(keys.at("table"), policy, true, amount.table));
    AQ_RETURN_IF_ERROR(ReadFactName(keys, "of", FactType::kTexts, amount.fact));
  } else {
    AQ_RETURN_IF_ERROR(ReadMonths(node, keys, policy, amount));
  }
  if (amount.kind == AmountKind::kShare) {
    AQ_RETURN_IF_ERROR(ReadFactName(keys, "of", FactType::kNumber, amount.fact));
  }
  AQ_RETURN_IF_ERROR(ReadFactName(keys, "used", FactType::kNumber, amount.fact));
  AQ_RETURN_IF_ERROR(ReadFactName(keys, "income", FactType::kNumber, amount.fact));
  AQ_RETURN_IF_ERROR(ReadFactName(keys, "size", FactType::kNumber, amount.size_fact));
  policy.amount = std::move(amount);
  return absl::OkStatus();
}

std::string AmountObjection(const Amount& amount, const std::string& parameter,
                            std::int64_t value) {
  if (parameter.empty()) return "";
  const bool factor =
      parameter == amount.factor || parameter == amount.low || parameter == amount.high;
  if (factor && value > kPermilleMax) return "a factor is at most 10000 per mille";
  const bool share = parameter == amount.numerator || parameter == amount.denominator;
  if (share && (value < 1 || value > kShareMax)) return "a share's terms are from 1 to 1000";
  return "";
}

std::string AmountText(const Amount& amount) {
  const auto kind = std::find_if(Kinds().begin(), Kinds().end(),
                                 [&](const KindKeys& known) { return known.kind == amount.kind; });
  if (kind == Kinds().end()) return "";
  std::vector<std::string> terms;
  const std::pair<const char*, const std::string*> names[] = {
      {"base", &amount.base},  {"factor", &amount.factor}, {"numerator", &amount.numerator},
      {"low", &amount.low},    {"high", &amount.high},     {"denominator", &amount.denominator},
      {"table", &amount.table}};
  for (const auto& [key, name] : names) {
    if (!name->empty()) terms.push_back(absl::StrCat(key, " ", *name));
  }
  for (const std::optional<std::size_t>& fact : {amount.fact, amount.size_fact}) {
    if (fact.has_value()) terms.push_back(absl::StrCat("fact ", FactKinds()[*fact].name));
  }
  if (amount.months > 0) terms.push_back(absl::StrCat(amount.months, " months"));
  return absl::StrCat(kind->name, ": ", absl::StrJoin(terms, ", "));
}

std::int64_t AmountOf(const Policy& policy, const PersonFacts& facts) {
  const Amount& amount = policy.amount;
  const Terms terms(policy, facts);
  if (amount.kind == AmountKind::kNone || !terms.in_force()) return 0;
  const std::int64_t once = Round(terms.base() * terms.factor(), 1000);
  switch (amount.kind) {
    case AmountKind::kRate:
      return amount.months == 0 ? once : Round(once * terms.months_left(), 12);
    case AmountKind::kCeiling:
      return terms.base();
    case AmountKind::kMonthly:
      return OverMonths(terms, once);
    case AmountKind::kShare: {
      const std::int64_t paid = terms.Number(amount.fact, kFenMax).value_or(0);
      return OverMonths(terms, Round(paid * terms.Value(amount.numerator, 1),
                                     terms.Value(amount.denominator, 1)));
    }
    case AmountKind::kRange:
      return OverMonths(terms, Round(terms.base() * terms.Value(amount.high, 1000), 1000));
    case AmountKind::kSupplement: {
      const std::optional<std::int64_t> income = terms.Number(amount.fact, kFenMax);
      const std::optional<std::int64_t> size = terms.Number(amount.size_fact, kPeopleMax);
      if (!income.has_value() || !size.has_value()) return 0;
      return std::max<std::int64_t>(terms.base() * *size - *income, 0);
    }
    case AmountKind::kTable:
      return terms.LookedUp().value_or(terms.Most());
    case AmountKind::kNone:
      break;
  }
  return 0;
}

std::string AmountFormula(const Policy& policy, const PersonFacts& facts, bool zh) {
  const Terms terms(policy, facts);
  if (policy.amount.kind == AmountKind::kNone || !terms.in_force()) return "";
  return Formula(terms, zh).Text();
}

bool AmountUnverified(const Policy& policy, const CivilDate& on) {
  const Amount& amount = policy.amount;
  for (const std::string* name : {&amount.base, &amount.factor, &amount.numerator,
                                  &amount.denominator, &amount.low, &amount.high}) {
    const DatedValue* row = ValueOn(policy, *name, on);
    if (row != nullptr && row->unverified) return true;
  }
  const auto table = policy.tables.find(amount.table);
  return table != policy.tables.end() &&
         std::any_of(table->second.begin(), table->second.end(), [&](const DatedTable& dated) {
           return dated.unverified && dated.from <= on && (dated.to.empty() || on <= dated.to);
         });
}

}  // namespace anqiao::policy
