#include "hub/identity/blocking.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/model/names.h"

namespace anqiao::identity {
namespace {

constexpr std::array<std::pair<KeyPartKind, absl::string_view>, 10> kParts = {
    {{KeyPartKind::kValue, "value"},
     {KeyPartKind::kBeginning, "beginning"},
     {KeyPartKind::kReading, "reading"},
     {KeyPartKind::kAnyReading, "any_reading"},
     {KeyPartKind::kSurnameReading, "surname_reading"},
     {KeyPartKind::kYear, "year"},
     {KeyPartKind::kProvince, "province"},
     {KeyPartKind::kFirst14, "first_14"},
     {KeyPartKind::kFrom7, "from_7"},
     {KeyPartKind::kWithoutBirth, "without_birth"}}};

constexpr std::size_t kBeginningCharacters = 3;
constexpr std::size_t kWholeIdCharacters = 18;

// The first "count" characters of UTF-8 text.
absl::string_view Beginning(absl::string_view text, std::size_t count) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80 && count-- == 0) break;
  }
  return text.substr(0, i);
}

// What a value gives for a part: as many pieces as can become keys.
class Pieces {
 public:
  Pieces(const Value& value, KeyPartKind kind) {
    if (!value.empty()) Take(value, kind);
  }

  const absl::string_view* begin() const { return pieces_.data(); }
  const absl::string_view* end() const { return pieces_.data() + count_; }
  std::size_t size() const { return count_; }

 private:
  void Add(absl::string_view piece) {
    if (count_ < pieces_.size()) pieces_[count_++] = piece;
  }
  void Add(const std::vector<std::string>& pieces) {
    for (const std::string& piece : pieces) Add(piece);
  }
  void AddPart(absl::string_view text, std::size_t from, std::size_t size) {
    if (text.size() >= from + size) Add(text.substr(from, size));
  }

  void Take(const Value& value, KeyPartKind kind) {
    const absl::string_view text = value.text;
    const bool whole_id = text.size() == kWholeIdCharacters;
    switch (kind) {
      case KeyPartKind::kValue:
        if (model::HasUnknownCharacter(text)) return;
        Add(value.further);
        return Add(text);
      case KeyPartKind::kBeginning:
        return Add(Beginning(text, kBeginningCharacters));
      case KeyPartKind::kReading:
        return value.readings.empty() ? Add(text) : Add(value.readings);
      case KeyPartKind::kAnyReading:
        Take(value, KeyPartKind::kReading);
        for (const std::string& name : value.further) {
          std::vector<std::string> readings = ReadingsOfName(name);
          if (readings.empty()) readings.push_back(name);
          further_.insert(further_.end(), readings.begin(), readings.end());
        }
        return Add(further_);
      case KeyPartKind::kSurnameReading:
        return value.readings.empty() ? Add(text.substr(text.rfind(' ') + 1))
                                      : Add(value.surname_readings);
      case KeyPartKind::kYear:
        return AddPart(text, 0, 4);
      case KeyPartKind::kProvince:
        return AddPart(text, 0, 2);
      case KeyPartKind::kFirst14:
        if (whole_id) AddPart(text, 0, 14);
        return;
      case KeyPartKind::kFrom7:
        if (whole_id) return AddPart(text, 6, 12);
        // No twelve characters of a whole one.
        made_ = absl::StrCat("=", text);
        return Add(made_);
      case KeyPartKind::kWithoutBirth:
        if (!whole_id) return;
        made_ = absl::StrCat(text.substr(0, 6), text.substr(14));
        return Add(made_);
    }
  }

  std::array<absl::string_view, kKeysPerRecipeMax> pieces_;
  std::size_t count_ = 0;
  std::string made_;
  std::vector<std::string> further_;
};

void Extend(std::string& key, absl::string_view piece) {
  key.push_back('\x1f');
  key.append(piece.data(), piece.size());
}

}  // namespace

absl::string_view KeyPartName(KeyPartKind kind) {
  for (const auto& [each, name] : kParts) {
    if (each == kind) return name;
  }
  return "";
}

std::optional<KeyPartKind> ParseKeyPart(absl::string_view name) {
  for (const auto& [kind, each] : kParts) {
    if (each == name) return kind;
  }
  return std::nullopt;
}

std::vector<KeyMaterial> MakeKeys(const std::vector<KeyRecipe>& recipes, const Profile& profile) {
  std::vector<KeyMaterial> keys;
  keys.reserve(recipes.size());
  VisitKeys(recipes, profile, [&](std::size_t recipe, absl::string_view bytes) {
    keys.push_back({recipe, std::string(bytes)});
  });
  return keys;
}

void VisitKeys(const std::vector<KeyRecipe>& recipes, const Profile& profile,
               absl::FunctionRef<void(std::size_t recipe, absl::string_view bytes)> visit) {
  // Filled anew for each recipe, so that their memory is used again.
  std::array<std::string, kKeysPerRecipeMax> buffers[2];
  for (std::size_t recipe = 0; recipe < recipes.size(); ++recipe) {
    auto *made = &buffers[0], *longer = &buffers[1];
    char number[20];
    made->front().assign(number, std::to_chars(number, number + sizeof(number), recipe).ptr);
    std::size_t count = 1;
    for (const KeyPart& part : recipes[recipe].parts) {
      const Pieces pieces(profile[part.attribute], part.kind);
      if (pieces.size() == 1) {
        for (std::size_t i = 0; i < count; ++i) Extend((*made)[i], *pieces.begin());
        continue;
      }
      std::size_t longer_count = 0;
      for (const absl::string_view piece : pieces) {
        for (std::size_t i = 0; i < count && longer_count < kKeysPerRecipeMax; ++i) {
          std::string& key = (*longer)[longer_count++];
          key = (*made)[i];
          Extend(key, piece);
        }
      }
      std::swap(made, longer);
      count = longer_count;
      if (count == 0) break;
    }
    const auto end = made->begin() + static_cast<std::ptrdiff_t>(count);
    if (count > 1) std::sort(made->begin(), end);
    for (auto key = made->begin(); key != end; ++key) {
      if (key == made->begin() || *key != *(key - 1)) visit(recipe, *key);
    }
  }
}

std::vector<KeyRecipe> DefaultRecipes(const Schema& schema) {
  using enum AttributeKind;
  using enum KeyPartKind;
  std::vector<KeyRecipe> recipes;
  if (FindKind(schema, kName).has_value()) {
    const auto add = [&](std::initializer_list<std::pair<AttributeKind, KeyPartKind>> parts,
                         std::size_t records_max = 50) {
      KeyRecipe recipe;
      for (const auto& [attribute, part] : parts) {
        const std::optional<std::size_t> place = FindKind(schema, attribute);
        if (!place.has_value()) return;
        recipe.parts.push_back({*place, part});
      }
      recipe.records_max = records_max;
      recipes.push_back(std::move(recipe));
    };
    add({{kNationalId, kFrom7}});
    add({{kNationalId, kWithoutBirth}, {kName, kSurnameReading}});
    add({{kIssuedNumber, kValue}});
    add({{kName, kAnyReading}, {kBirthDate, kValue}});
    add({{kPhone, kValue}, {kName, kSurnameReading}});
    // The more people a place has, the more share these by chance.
    add({{kAddress, kValue}, {kName, kSurnameReading}}, 16);
    add({{kBirthDate, kValue}, {kDivision, kValue}}, 8);
    add({{kName, kReading}, {kDivision, kValue}}, 8);
    add({{kName, kValue}}, 4);
    if (!recipes.empty()) return recipes;
  }
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].kind != kSex) recipes.push_back({{{i, kValue}}, 100});
  }
  // An issued number begins with its issuer, whom many have.
  const auto tells_little = [&](std::size_t i) {
    return schema[i].kind == kSex || schema[i].kind == kIssuedNumber;
  };
  for (std::size_t i = 0; i < schema.size(); ++i) {
    for (std::size_t j = i + 1; j < schema.size(); ++j) {
      if (tells_little(i) || tells_little(j)) continue;
      recipes.push_back({{{i, kBeginning}, {j, kBeginning}}, 30});
    }
  }
  return recipes;
}

}  // namespace anqiao::identity
