#include "hub/policy/explain.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace anqiao::policy {
namespace {

using journal::v1::EntitlementAnswer;
using journal::v1::LeafAnswer;
using journal::v1::ParameterAnswer;
using model::CivilDate;

class Words {
 public:
  explicit Words(Language language) : zh_(language == Language::kZh) {}

  const char* Of(const char* zh, const char* en) const { return zh_ ? zh : en; }
  bool zh() const { return zh_; }

  const char* TruthOf(Truth truth) const {
    if (truth == journal::v1::TRUTH_TRUE) return Of("是", "yes");
    return truth == journal::v1::TRUTH_FALSE ? Of("否", "no") : Of("未知", "unknown");
  }

  std::string ResultOf(const EntitlementAnswer& answer) const {
    switch (answer.result()) {
      case journal::v1::ENTITLEMENT_RESULT_ELIGIBLE:
        return Of("符合条件", "eligible");
      case journal::v1::ENTITLEMENT_RESULT_NOT_ELIGIBLE:
        return Of("不符合条件", "not eligible");
      case journal::v1::ENTITLEMENT_RESULT_ELIGIBLE_FROM:
        return absl::StrCat(Of("届时符合条件，自 ", "eligible from "),
                            CivilDate::FromProto(answer.eligible_from_date()).ToString());
      default:
        return Of("待定", "not known");
    }
  }

  const char* Holder(absl::string_view kind) const {
    if (kind == "civil_affairs") return Of("民政", "civil affairs");
    if (kind == "employment") return Of("人社", "employment bureau");
    if (kind == "person") return Of("本人", "the person");
    if (kind == "tax") return Of("税务", "tax office");
    return kind == "police" ? Of("公安", "police") : Of("任一部门", "any agency");
  }

 private:
  const bool zh_;
};

std::string YuanText(std::int64_t fen) { return absl::StrFormat("%d.%02d", fen / 100, fen % 100); }

class Explainer {
 public:
  Explainer(const Policy& policy, const EntitlementAnswer& answer, absl::string_view reader,
            Language language)
      : policy_(policy),
        answer_(answer),
        reader_(reader),
        whole_(reader == kCaseworker),
        words_(language) {}

  std::vector<std::string> Lines() {
    AddHead();
    AddNode(policy_.conditions, 0);
    AddMissing();
    if (whole_) AddParameters();
    return std::move(lines_);
  }

 private:
  bool Shows(const Leaf& leaf) const { return whole_ || MaySee(reader_, FactKinds()[leaf.fact]); }
  bool ShowsAny(const Expression& node) const {
    if (node.kind == Expression::Kind::kLeaf) return Shows(policy_.leaves[node.leaf]);
    return std::any_of(node.children.begin(), node.children.end(),
                       [this](const Expression& child) { return ShowsAny(child); });
  }

  void Add(int depth, absl::string_view text) {
    lines_.push_back(absl::StrCat(std::string(static_cast<std::size_t>(depth) * 2, ' '), text));
  }
  std::string Mark(bool unverified) const {
    return unverified ? words_.Of("（未核实）", " (unverified)") : "";
  }

  void AddHead() {
    Add(0, absl::StrCat(words_.zh() ? answer_.title_zh() : answer_.title_en(),
                        Mark(answer_.unverified())));
    Add(0,
        absl::StrCat(words_.Of("结论：", "answer: "), words_.ResultOf(answer_),
                     words_.Of("（截至 ", " (as of "),
                     CivilDate::FromProto(answer_.as_of_date()).ToString(), words_.Of("）", ")")));
    if (answer_.amount_fen() > 0) AddAmount();
    if (whole_ && answer_.has_next_change_date()) {
      Add(0, absl::StrCat(words_.Of("仅因时间的下次变化：", "next change by time alone: "),
                          CivilDate::FromProto(answer_.next_change_date()).ToString()));
    }
    Add(0, absl::StrCat(words_.Of("依据：", "legal basis: "), policy_.law));
  }

  void AddAmount() {
    std::string text = absl::StrCat(words_.Of("最高金额：", "amount, at most: "),
                                    YuanText(answer_.amount_fen()), words_.Of("元", " yuan"));
    absl::StrAppend(&text, " = ",
                    words_.zh() ? answer_.amount_formula_zh() : answer_.amount_formula());
    const bool unverified = AmountUnverified(policy_, CivilDate::FromProto(answer_.as_of_date()));
    Add(0, absl::StrCat(text, Mark(unverified)));
  }

  void AddNode(const Expression& node, int depth) {
    if (!ShowsAny(node)) return;
    if (node.kind == Expression::Kind::kLeaf) {
      AddLeaf(node.leaf, depth);
      return;
    }
    const int count = static_cast<int>(node.children.size());
    std::string title;
    if (node.kind == Expression::Kind::kNot) {
      title = words_.Of("不得", "not");
    } else if (node.threshold == count) {
      title = words_.Of("全部满足", "all of");
    } else if (node.threshold == 1) {
      title = words_.Of("满足任一", "any of");
    } else {
      title = absl::StrCat(words_.Of("至少满足 ", "at least "), node.threshold,
                           words_.Of(" 项", " of"));
    }
    if (whole_) absl::StrAppend(&title, " [", words_.TruthOf(Decide(node, Leaves())), "]");
    Add(depth, title);
    for (const Expression& child : node.children) AddNode(child, depth + 1);
  }

  const Truths& Leaves() {
    if (truths_.empty()) {
      for (const LeafAnswer& leaf : answer_.leaves()) truths_.push_back(leaf.truth());
    }
    return truths_;
  }

  void AddLeaf(std::size_t index, int depth) {
    const LeafAnswer& leaf = answer_.leaves(static_cast<int>(index));
    std::string text = absl::StrCat("[", words_.TruthOf(leaf.truth()), "] ",
                                    words_.zh() ? leaf.label_zh() : leaf.label_en());
    std::vector<std::string> details = {leaf.fact()};
    const bool own = leaf.source() == reader_ || leaf.source() == "any";
    if ((whole_ || own) && !leaf.value().empty()) {
      details.front() = absl::StrCat(leaf.fact(), " = ", leaf.value());
    }
    details.push_back(words_.Holder(leaf.source()));
    if ((whole_ || own) && leaf.has_fact_date()) {
      details.push_back(CivilDate::FromProto(leaf.fact_date()).ToString());
    }
    details.push_back(leaf.law());
    absl::StrAppend(&text, words_.Of("（", " ("), absl::StrJoin(details, "; "),
                    words_.Of("）", ")"), Mark(leaf.unverified()));
    if (whole_ && leaf.decisive()) absl::StrAppend(&text, words_.Of(" *关键", " *decisive"));
    Add(depth, text);
  }

  void AddMissing() {
    for (const journal::v1::MissingFact& missing : answer_.missing()) {
      const FactKind* kind = FindFactKind(missing.fact());
      if (kind == nullptr || (!whole_ && !MaySee(reader_, *kind))) continue;
      Add(0, absl::StrCat(words_.Of("缺少：", "missing: "), missing.fact(), " (",
                          missing.condition(), words_.Of("；由 ", "; held by "),
                          words_.Holder(missing.holder()), words_.Of(" 掌握)", ")")));
    }
  }

  void AddParameters() {
    for (const ParameterAnswer& parameter : answer_.parameters()) {
      std::string text = absl::StrCat(words_.Of("参数：", "parameter: "), parameter.name(), " = ",
                                      parameter.value(), " (", parameter.source());
      if (!parameter.profile().empty()) {
        absl::StrAppend(&text, words_.Of("；地区 ", "; profile "), parameter.profile());
      }
      Add(0, absl::StrCat(text, ")", Mark(parameter.unverified())));
    }
    Add(0,
        absl::StrCat(words_.Of("目录：", "catalogue: "), answer_.catalogue_hash(),
                     answer_.jurisdiction().empty() ? "" : words_.Of("；辖区 ", "; jurisdiction "),
                     answer_.jurisdiction()));
  }

  const Policy& policy_;
  const EntitlementAnswer& answer_;
  const absl::string_view reader_;
  const bool whole_;
  const Words words_;
  Truths truths_;
  std::vector<std::string> lines_;
};

}  // namespace

bool IsReader(absl::string_view reader) {
  return reader == kCaseworker || reader == "civil_affairs" || reader == "employment" ||
         reader == "tax";
}

std::vector<std::string> Explain(const Policy& policy, const EntitlementAnswer& answer,
                                 absl::string_view reader, Language language) {
  if (!IsReader(reader) || answer.policy() != policy.summary.id ||
      answer.leaves_size() != static_cast<int>(policy.leaves.size())) {
    return {};
  }
  return Explainer(policy, answer, reader, language).Lines();
}

}  // namespace anqiao::policy
