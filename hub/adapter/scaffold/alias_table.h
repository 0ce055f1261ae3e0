// What columns are called: aliases.txt, read.
//
// Thread-safe once made.

#ifndef ANQIAO_HUB_ADAPTER_SCAFFOLD_ALIAS_TABLE_H_
#define ANQIAO_HUB_ADAPTER_SCAFFOLD_ALIAS_TABLE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace anqiao::scaffold {

// The text of aliases.txt.
extern const char kAliases[];

// A header for comparison: without blanks (also wide ones), in lower case, without what stands in
// round brackets at its end.
std::string ComparableHeader(absl::string_view header);

struct KnownField {
  std::string name;  // of anqiao.adapter.v1.Field, without FIELD_
  // text, codes, date, month, yuan, count, citizen_id, credit_code, division or phone
  std::string converter;
  std::vector<std::pair<std::string, std::string>> codes;  // native, value
};

struct KnownKind {
  std::string name;  // of anqiao.adapter.v1.RecordKind, without RECORD_KIND_
  std::vector<std::string> needs;
  std::vector<std::string> takes;
  std::vector<std::string> key;
};

class AliasTable {
 public:
  // The table that was built in. A line that is not understood is left out; a test holds that there
  // is none.
  static AliasTable BuiltIn();
  explicit AliasTable(absl::string_view text);

  // The field of a column with this header; null: not known.
  const KnownField* Find(absl::string_view header) const;
  const std::vector<KnownKind>& kinds() const { return kinds_; }
  // True if a record of "kind" may state "field".
  bool Takes(const KnownKind& kind, absl::string_view field) const;
  const std::vector<std::string>& faults() const { return faults_; }
  const std::map<std::string, KnownField>& fields() const { return fields_; }

 private:
  void Add(const std::string& line, const std::vector<std::string>& words);

  std::map<std::string, KnownField> fields_;
  std::map<std::string, std::string> names_;  // comparable header to field
  std::vector<std::string> subject_;
  std::vector<KnownKind> kinds_;
  std::vector<std::string> faults_;
};

}  // namespace anqiao::scaffold

#endif  // ANQIAO_HUB_ADAPTER_SCAFFOLD_ALIAS_TABLE_H_
