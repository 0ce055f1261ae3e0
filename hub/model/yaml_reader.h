// Reading YAML strictly: every error says file:line:column, unknown and repeated keys are refused,
// no exception leaves.
//
// Pure.

#ifndef ANQIAO_HUB_MODEL_YAML_READER_H_
#define ANQIAO_HUB_MODEL_YAML_READER_H_

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/errors.h"
#include "hub/model/civil_date.h"

namespace anqiao::model {

inline constexpr std::size_t kFileBytesMax = std::size_t{256} * 1024;

// One node of a file. Every function fails with INVALID_ARGUMENT and the reason given to Parse.
class YamlNode {
 public:
  using Map = std::map<std::string, YamlNode>;

  // One document of at most kFileBytesMax.
  static absl::StatusOr<YamlNode> Parse(const std::string& file, const std::string& content,
                                        absl::string_view reason = reason::kCatalogueInvalid);

  // Every key of "required" and none that is in neither list.
  absl::StatusOr<Map> Keys(const std::vector<absl::string_view>& required,
                           const std::vector<absl::string_view>& optional) const;
  // Any keys, at most "count_max".
  absl::StatusOr<Map> AnyKeys(std::size_t count_max) const;
  // A list of one to "count_max" items.
  absl::StatusOr<std::vector<YamlNode>> Items(std::size_t count_max) const;
  // Text of 1 to 1,000 bytes.
  absl::StatusOr<std::string> Text() const;
  // A whole number of at most 15 digits, possibly negative.
  absl::StatusOr<std::int64_t> Number() const;
  // A number such as -12.75 or 1e-6.
  absl::StatusOr<double> Decimal() const;
  absl::StatusOr<bool> Flag() const;
  // A day.
  absl::StatusOr<CivilDate> Day() const;

  bool is_scalar() const { return node_.IsScalar(); }
  bool is_list() const { return node_.IsSequence(); }
  // "file:line:column".
  std::string Place() const;
  // INVALID_ARGUMENT at this node's place.
  absl::Status Wrong(absl::string_view message) const;

 private:
  struct Origin {
    std::string file, reason;
  };
  YamlNode(std::shared_ptr<const Origin> origin, const YAML::Node& node)
      : origin_(std::move(origin)), node_(node) {}

  // Shared: every node of a file names it.
  std::shared_ptr<const Origin> origin_;
  YAML::Node node_;
};

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_YAML_READER_H_
