#include "hub/adapter/scaffold/alias_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace anqiao::scaffold {
namespace {

bool Contains(const std::vector<std::string>& list, absl::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::string ComparableHeader(absl::string_view header) {
  std::string text = absl::StrReplaceAll(header, {{" ", ""},
                                                  {"\t", ""},
                                                  {"\r", ""},
                                                  {"\n", ""},
                                                  {"\xC2\xA0", ""},
                                                  {"\xE3\x80\x80", ""},
                                                  {"\xEF\xBB\xBF", ""},
                                                  {"（", "("},
                                                  {"）", ")"}});
  absl::AsciiStrToLower(&text);
  if (const std::size_t open = text.rfind('('); absl::EndsWith(text, ")") && open > 0) {
    text.resize(open);
  }
  return text;
}

AliasTable AliasTable::BuiltIn() { return AliasTable(kAliases); }

AliasTable::AliasTable(absl::string_view text) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    Add(std::string(line), absl::StrSplit(line, ' ', absl::SkipEmpty()));
  }
}

void AliasTable::Add(const std::string& line, const std::vector<std::string>& words) {
  if (words.size() >= 4 && words[0] == "field") {
    fields_[words[1]] = {words[1], words[2], {}};
    for (std::size_t i = 3; i < words.size(); ++i) {
      if (!names_.emplace(ComparableHeader(words[i]), words[1]).second) faults_.push_back(line);
    }
  } else if (words.size() >= 3 && words[0] == "codes" && fields_.count(words[1]) != 0) {
    for (std::size_t i = 2; i < words.size(); ++i) {
      fields_[words[1]].codes.push_back(absl::StrSplit(words[i], absl::MaxSplits('=', 1)));
    }
  } else if (words.size() >= 2 && words[0] == "subject") {
    subject_.assign(words.begin() + 1, words.end());
  } else if (words.size() >= 6 && words[0] == "kind") {
    KnownKind kind{words[1], {}, {}, {}};
    std::vector<std::string>* part = nullptr;
    for (std::size_t i = 2; i < words.size(); ++i) {
      if (words[i] == "needs") {
        part = &kind.needs;
      } else if (words[i] == "takes") {
        part = &kind.takes;
      } else if (words[i] == "key") {
        part = &kind.key;
      } else if (part != nullptr && words[i] != "-") {
        part->push_back(words[i]);
      }
    }
    kinds_.push_back(std::move(kind));
  } else {
    faults_.push_back(line);
  }
}

const KnownField* AliasTable::Find(absl::string_view header) const {
  const auto name = names_.find(ComparableHeader(header));
  if (name == names_.end()) return nullptr;
  return &fields_.at(name->second);
}

bool AliasTable::Takes(const KnownKind& kind, absl::string_view field) const {
  const bool subject = kind.name != "EMPLOYER" && kind.name != "VACANCY";
  return Contains(kind.needs, field) || Contains(kind.takes, field) ||
         (subject && Contains(subject_, field));
}

}  // namespace anqiao::scaffold
