#include "hub/identity/blocking.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hub/model/names.h"

namespace anqiao::identity {
namespace {

constexpr std::array<std::pair<KeyPartKind, absl::string_view>, 9> kParts = {
    {{KeyPartKind::kValue, "value"},
     {KeyPartKind::kBeginning, "beginning"},
     {KeyPartKind::kReading, "reading"},
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

// What a value gives for a part; nothing if it has not got it.
std::vector<std::string> PartsOf(const Value& value, KeyPartKind kind) {
  const auto piece = [&](std::size_t from, std::size_t size) -> std::vector<std::string> {
    if (value.text.size() < from + size) return {};
    return {value.text.substr(from, size)};
  };
  const auto id_piece = [&](std::size_t from, std::size_t size) -> std::vector<std::string> {
    if (value.text.size() != kWholeIdCharacters) return {};
    return piece(from, size);
  };
  if (value.empty()) return {};
  switch (kind) {
    case KeyPartKind::kValue: {
      if (model::HasUnknownCharacter(value.text)) return {};
      std::vector<std::string> all = value.further;
      all.push_back(value.text);
      return all;
    }
    case KeyPartKind::kBeginning:
      return {std::string(Beginning(value.text, kBeginningCharacters))};
    case KeyPartKind::kReading:
      if (value.readings.empty()) return {value.text};
      return value.readings;
    case KeyPartKind::kSurnameReading:
      if (value.readings.empty()) return {value.text.substr(value.text.rfind(' ') + 1)};
      return value.surname_readings;
    case KeyPartKind::kYear:
      return piece(0, 4);
    case KeyPartKind::kProvince:
      return piece(0, 2);
    case KeyPartKind::kFirst14:
      return id_piece(0, 14);
    case KeyPartKind::kFrom7:
      return id_piece(6, 12);
    case KeyPartKind::kWithoutBirth: {
      if (value.text.size() != kWholeIdCharacters) return {};
      return {absl::StrCat(value.text.substr(0, 6), value.text.substr(14))};
    }
  }
  return {};
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
  for (std::size_t recipe = 0; recipe < recipes.size(); ++recipe) {
    std::vector<std::string> made = {absl::StrCat(recipe)};
    for (const KeyPart& part : recipes[recipe].parts) {
      std::vector<std::string> longer;
      for (const std::string& value : PartsOf(profile[part.attribute], part.kind)) {
        for (const std::string& begun : made) {
          if (longer.size() < kKeysPerRecipeMax)
            longer.push_back(absl::StrCat(begun, "\x1f", value));
        }
      }
      made = std::move(longer);
    }
    std::sort(made.begin(), made.end());
    made.erase(std::unique(made.begin(), made.end()), made.end());
    for (std::string& bytes : made) keys.push_back({recipe, std::move(bytes)});
  }
  return keys;
}

std::vector<KeyRecipe> DefaultRecipes(const Schema& schema) {
  using enum AttributeKind;
  using enum KeyPartKind;
  std::vector<KeyRecipe> recipes;
  if (FindKind(schema, kName).has_value()) {
    const auto add = [&](std::initializer_list<std::pair<AttributeKind, KeyPartKind>> parts) {
      KeyRecipe recipe;
      for (const auto& [attribute, part] : parts) {
        const std::optional<std::size_t> place = FindKind(schema, attribute);
        if (!place.has_value()) return;
        recipe.parts.push_back({*place, part});
      }
      recipes.push_back(std::move(recipe));
    };
    add({{kNationalId, kValue}});
    add({{kNationalId, kFirst14}, {kName, kSurnameReading}});
    add({{kNationalId, kFrom7}});
    add({{kNationalId, kWithoutBirth}});
    add({{kName, kValue}, {kBirthDate, kValue}});
    add({{kName, kReading}, {kBirthDate, kValue}});
    add({{kBirthDate, kValue}, {kDivision, kValue}});
    add({{kName, kValue}, {kBirthDate, kYear}, {kDivision, kProvince}});
    add({{kPhone, kValue}, {kName, kSurnameReading}});
    add({{kAddress, kValue}, {kName, kSurnameReading}});
    add({{kName, kReading}, {kDivision, kValue}});
    add({{kName, kReading}, {kBirthDate, kYear}});
    if (!recipes.empty()) return recipes;
  }
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].kind != kSex) recipes.push_back({{{i, kValue}}, 100});
  }
  for (std::size_t i = 0; i < schema.size(); ++i) {
    for (std::size_t j = i + 1; j < schema.size(); ++j) {
      if (schema[i].kind == kSex || schema[j].kind == kSex) continue;
      recipes.push_back({{{i, kBeginning}, {j, kBeginning}}, 30});
    }
  }
  return recipes;
}

}  // namespace anqiao::identity
