#include "hub/policy/employer_relief_table.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/base/status_macros.h"

namespace anqiao::policy {
namespace {

using model::YamlNode;

constexpr std::int64_t kBaseFenMax = 100'000'000;
constexpr std::int64_t kRisePermilleMax = 10'000;
constexpr MonthNumber kOpen = std::numeric_limits<MonthNumber>::max();

absl::StatusOr<std::int64_t> Bounded(const YamlNode& node, std::int64_t min, std::int64_t max) {
  AQ_ASSIGN_OR_RETURN(const std::int64_t number, node.Number());
  if (number < min || number > max) {
    return node.Wrong(absl::StrCat("must be from ", min, " to ", max));
  }
  return number;
}

// Whole months from "from" to "to"; without "to" it goes on.
absl::Status ReadMonths(const YamlNode& node, const YamlNode::Map& keys, MonthNumber& first,
                        MonthNumber& last) {
  AQ_ASSIGN_OR_RETURN(const model::CivilDate from, keys.at("from").Day());
  if (from.day != 1) return keys.at("from").Wrong("must be the first day of a month");
  first = MonthOf(from);
  last = kOpen;
  if (const auto it = keys.find("to"); it != keys.end()) {
    AQ_ASSIGN_OR_RETURN(const model::CivilDate to, it->second.Day());
    if (to.AddDays(1).day != 1) return it->second.Wrong("must be the last day of a month");
    last = MonthOf(to);
    if (last < first) return node.Wrong("ends before it begins");
  }
  return absl::OkStatus();
}

// The rows follow each other without gap or overlap and cover the months.
template <typename Row>
absl::Status CheckCovered(const YamlNode& node, const std::vector<Row>& rows, MonthNumber first,
                          MonthNumber last) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i - 1].last == kOpen || rows[i].first != rows[i - 1].last + 1) {
      return node.Wrong("the dates leave a gap or overlap");
    }
  }
  if (rows.front().first > first || rows.back().last < last) {
    return node.Wrong("the dates must cover every month in which a run may go on");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadNames(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> items, node.Items(kRowsMax));
  std::vector<std::string> names;
  for (const YamlNode& item : items) {
    AQ_ASSIGN_OR_RETURN(std::string name, item.Text());
    names.push_back(std::move(name));
  }
  return names;
}

absl::Status ReadRates(const YamlNode& node, ReliefTax& tax) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map rates, node.AnyKeys(kRowsMax));
  if (rates.empty()) return node.Wrong("expected a rate for each place");
  for (const auto& [place, rate] : rates) {
    AQ_ASSIGN_OR_RETURN(const std::int64_t permille, Bounded(rate, 0, 1000));
    tax.rates.emplace(place, static_cast<int>(permille));
  }
  return absl::OkStatus();
}

absl::StatusOr<ReliefTax> ReadTax(const YamlNode& node, const ReliefOrder& order) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys,
                      node.Keys({"code", "title", "settled"}, {"base", "rates"}));
  ReliefTax tax;
  AQ_ASSIGN_OR_RETURN(tax.code, keys.at("code").Text());
  if (order.Find(tax.code) != nullptr) return node.Wrong("a tax with this code came before");
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map title, keys.at("title").Keys({"zh", "en"}, {}));
  AQ_ASSIGN_OR_RETURN(tax.title_zh, title.at("zh").Text());
  AQ_ASSIGN_OR_RETURN(tax.title_en, title.at("en").Text());
  AQ_ASSIGN_OR_RETURN(const std::string settled, keys.at("settled").Text());
  if (settled != "monthly" && settled != "annually") {
    return keys.at("settled").Wrong("must be monthly or annually");
  }
  tax.annual = settled == "annually";
  if (keys.contains("base") != keys.contains("rates"))
    return node.Wrong("base and rates go together");
  if (!keys.contains("base")) return tax;
  AQ_ASSIGN_OR_RETURN(tax.base, keys.at("base").Text());
  const ReliefTax* base = order.Find(tax.base);
  if (base == nullptr || base->annual || tax.annual || !base->base.empty()) {
    return keys.at("base").Wrong("must be a monthly tax that came before and is no surcharge");
  }
  AQ_RETURN_IF_ERROR(ReadRates(keys.at("rates"), tax));
  return tax;
}

}  // namespace

const ReliefTax* ReliefOrder::Find(absl::string_view code) const {
  for (const ReliefTax& tax : taxes) {
    if (tax.code == code) return &tax;
  }
  return nullptr;
}

ReliefQuota EmployerReliefTable::QuotaIn(MonthNumber month) const {
  const model::CivilDate first = model::CivilDate::Of(YearOf(month), month % 12 + 1, 1);
  ReliefQuota quota;
  if (const DatedValue* base = ValueOn(base_, first)) {
    quota.year_fen = base->value;
    quota.unverified = base->unverified;
  }
  if (const DatedValue* factor = ValueOn(factor_, first)) {
    quota.permille = factor->value;
    quota.unverified = quota.unverified || factor->unverified;
  }
  return quota;
}

const ReliefOrder* EmployerReliefTable::OrderIn(MonthNumber month) const {
  for (const ReliefOrder& order : orders_) {
    if (order.first <= month && month <= order.last) return &order;
  }
  return nullptr;
}

void EmployerReliefTable::TakeQuotas(const PolicyMap& policies) {
  const Policy& policy = policies.find(policy_)->second;
  base_ = policy.parameters.at(base_name_);
  factor_ = policy.parameters.at(factor_name_);
}

absl::Status EmployerReliefTable::ReadQuota(const YamlNode& node, const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys, node.Keys({"policy", "base", "factor"}, {}));
  AQ_ASSIGN_OR_RETURN(policy_, keys.at("policy").Text());
  const auto policy = policies.find(policy_);
  if (policy == policies.end()) return keys.at("policy").Wrong("there is no such policy");
  AQ_ASSIGN_OR_RETURN(base_name_, keys.at("base").Text());
  AQ_ASSIGN_OR_RETURN(factor_name_, keys.at("factor").Text());
  for (const char* key : {"base", "factor"}) {
    AQ_ASSIGN_OR_RETURN(const std::string name, keys.at(key).Text());
    const auto parameter = policy->second.parameters.find(name);
    if (parameter == policy->second.parameters.end()) {
      return keys.at(key).Wrong("there is no such parameter");
    }
    const std::int64_t max = std::string(key) == "base" ? kBaseFenMax : kRisePermilleMax;
    for (const DatedValue& row : parameter->second) {
      if (row.value > max) return keys.at(key).Wrong(absl::StrCat("must be at most ", max));
    }
  }
  TakeQuotas(policies);
  for (MonthNumber month = window_first_; month < window_last_ + run_months_; ++month) {
    const model::CivilDate first = model::CivilDate::Of(YearOf(month), month % 12 + 1, 1);
    if (ValueOn(base_, first) == nullptr || ValueOn(factor_, first) == nullptr) {
      return node.Wrong(absl::StrCat("the policy has no value for ", first.ToString(),
                                     ", when a run may still go on"));
    }
  }
  return absl::OkStatus();
}

absl::Status EmployerReliefTable::ReadOrders(const YamlNode& node) {
  AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> rows, node.Items(kRowsMax));
  for (const YamlNode& item : rows) {
    AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys,
                        item.Keys({"from", "source", "taxes"}, {"to", "unverified"}));
    ReliefOrder order;
    AQ_RETURN_IF_ERROR(ReadMonths(item, keys, order.first, order.last));
    if (order.first % 12 != 0) return keys.at("from").Wrong("must be the first day of a year");
    AQ_RETURN_IF_ERROR(keys.at("source").Text().status());
    if (const auto it = keys.find("unverified"); it != keys.end()) {
      AQ_ASSIGN_OR_RETURN(order.unverified, it->second.Flag());
    }
    AQ_ASSIGN_OR_RETURN(const std::vector<YamlNode> taxes, keys.at("taxes").Items(kRowsMax));
    for (const YamlNode& tax : taxes) {
      AQ_ASSIGN_OR_RETURN(ReliefTax read, ReadTax(tax, order));
      for (const auto& [place, rate] : read.rates) {
        if (std::find(places_.begin(), places_.end(), place) == places_.end()) {
          places_.push_back(place);
        }
      }
      order.taxes.push_back(std::move(read));
    }
    orders_.push_back(std::move(order));
  }
  for (const ReliefOrder& order : orders_) {
    for (const ReliefTax& tax : order.taxes) {
      if (!tax.base.empty() && tax.rates.size() != places_.size()) {
        return node.Wrong(absl::StrCat("every surcharge needs a rate for each of the places, ",
                                       tax.code, " has other ones"));
      }
    }
  }
  return CheckCovered(node, orders_, window_first_, window_last_ + run_months_ - 1);
}

absl::StatusOr<EmployerReliefTable> EmployerReliefTable::Read(const YamlNode& file,
                                                              const PolicyMap& policies) {
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map keys,
                      file.Keys({"table", "source", "window", "run_months", "contract_months_min",
                                 "categories", "quota", "orders"},
                                {}));
  AQ_ASSIGN_OR_RETURN(const std::string name, keys.at("table").Text());
  if (name != "employer-relief") return keys.at("table").Wrong("must be employer-relief");
  AQ_RETURN_IF_ERROR(keys.at("source").Text().status());
  EmployerReliefTable table;
  const YamlNode& window = keys.at("window");
  AQ_ASSIGN_OR_RETURN(const YamlNode::Map ends, window.Keys({"from", "to"}, {}));
  AQ_RETURN_IF_ERROR(ReadMonths(window, ends, table.window_first_, table.window_last_));
  if (table.window_last_ - table.window_first_ >= 240) return window.Wrong("over twenty years");
  AQ_ASSIGN_OR_RETURN(const std::int64_t run, Bounded(keys.at("run_months"), 1, 120));
  AQ_ASSIGN_OR_RETURN(const std::int64_t contract, Bounded(keys.at("contract_months_min"), 0, 120));
  table.run_months_ = static_cast<int>(run);
  table.contract_months_min_ = static_cast<int>(contract);
  AQ_ASSIGN_OR_RETURN(table.categories_, ReadNames(keys.at("categories")));
  AQ_RETURN_IF_ERROR(table.ReadQuota(keys.at("quota"), policies));
  AQ_RETURN_IF_ERROR(table.ReadOrders(keys.at("orders")));
  return table;
}

}  // namespace anqiao::policy
