#include "hub/model/yaml_reader.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::model {
namespace {

std::string PlaceAt(const std::string& file, const YAML::Mark& mark) {
  return absl::StrCat(file, ":", std::max(mark.line, 0) + 1, ":", std::max(mark.column, 0) + 1);
}

absl::Status WrongAt(const std::string& file, absl::string_view reason, const YAML::Mark& mark,
                     absl::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, reason,
               absl::StrCat(PlaceAt(file, mark), ": ", message))
      .Meta("file", file);
}

}  // namespace

absl::StatusOr<YamlNode> YamlNode::Parse(const std::string& file, const std::string& content,
                                         absl::string_view reason) {
  if (content.size() > kFileBytesMax) {
    return WrongAt(file, reason, YAML::Mark::null_mark(),
                   absl::StrCat("the file must have at most ", kFileBytesMax, " bytes"));
  }
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(content);
    if (documents.size() != 1) {
      return WrongAt(file, reason, YAML::Mark::null_mark(), "expected one document");
    }
    return YamlNode(std::make_shared<const Origin>(Origin{file, std::string(reason)}),
                    documents.front());
  } catch (const YAML::Exception& exception) {
    return WrongAt(file, reason, exception.mark, exception.msg);
  }
}

absl::StatusOr<YamlNode::Map> YamlNode::AnyKeys(std::size_t count_max) const {
  if (!node_.IsMap()) return Wrong("expected keys with values");
  if (node_.size() > count_max) return Wrong(absl::StrCat("more than ", count_max, " keys"));
  Map keys;
  for (const auto& pair : node_) {
    const YamlNode key(origin_, pair.first);
    AQ_ASSIGN_OR_RETURN(const std::string name, key.Text());
    if (!keys.emplace(name, YamlNode(origin_, pair.second)).second) {
      return key.Wrong(absl::StrCat("repeated key ", name));
    }
  }
  return keys;
}

absl::StatusOr<YamlNode::Map> YamlNode::Keys(const std::vector<absl::string_view>& required,
                                             const std::vector<absl::string_view>& optional) const {
  AQ_ASSIGN_OR_RETURN(Map keys, AnyKeys(required.size() + optional.size() + 16));
  for (const auto& pair : node_) {
    const std::string& name = pair.first.Scalar();
    if (std::find(required.begin(), required.end(), name) == required.end() &&
        std::find(optional.begin(), optional.end(), name) == optional.end()) {
      return YamlNode(origin_, pair.first).Wrong(absl::StrCat("unknown key ", name));
    }
  }
  for (const absl::string_view name : required) {
    if (!keys.contains(std::string(name))) return Wrong(absl::StrCat("missing key ", name));
  }
  return keys;
}

absl::StatusOr<std::vector<YamlNode>> YamlNode::Items(std::size_t count_max) const {
  if (!node_.IsSequence() || node_.size() == 0) return Wrong("expected a list that is not empty");
  if (node_.size() > count_max) return Wrong(absl::StrCat("more than ", count_max, " items"));
  std::vector<YamlNode> items;
  for (const auto& item : node_) items.push_back(YamlNode(origin_, item));
  return items;
}

absl::StatusOr<std::string> YamlNode::Text() const {
  if (!node_.IsScalar() || node_.Scalar().empty()) return Wrong("expected text");
  if (node_.Scalar().size() > 1000) return Wrong("text of more than 1000 bytes");
  return node_.Scalar();
}

absl::StatusOr<std::int64_t> YamlNode::Number() const {
  std::int64_t number = 0;
  if (!node_.IsScalar() || node_.Scalar().size() > 16 ||
      !absl::SimpleAtoi(node_.Scalar(), &number)) {
    return Wrong("expected a whole number of at most 15 digits");
  }
  return number;
}

absl::StatusOr<double> YamlNode::Decimal() const {
  double number = 0;
  if (!node_.IsScalar() || node_.Scalar().size() > 32 ||
      !absl::SimpleAtod(node_.Scalar(), &number) || !std::isfinite(number)) {
    return Wrong("expected a number");
  }
  return number;
}

absl::StatusOr<bool> YamlNode::Flag() const {
  if (node_.IsScalar() && node_.Scalar() == "true") return true;
  if (node_.IsScalar() && node_.Scalar() == "false") return false;
  return Wrong("expected true or false");
}

absl::StatusOr<CivilDate> YamlNode::Day() const {
  if (node_.IsScalar()) {
    const std::optional<CivilDate> date = CivilDate::Parse(node_.Scalar());
    if (date.has_value() && date->has_day()) return *date;
  }
  return Wrong("expected a day such as 2026-03-15");
}

std::string YamlNode::Place() const { return PlaceAt(origin_->file, node_.Mark()); }

absl::Status YamlNode::Wrong(absl::string_view message) const {
  return WrongAt(origin_->file, origin_->reason, node_.Mark(), message);
}

}  // namespace anqiao::model
