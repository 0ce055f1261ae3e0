// What is known of a person in one record, brought to a form that can be compared: one value for
// each attribute of a schema.
//
//   const Schema schema = {{"name", AttributeKind::kName}, {"born", AttributeKind::kBirthDate}};
//   Profile profile = {NormalizeValue(schema[0], "王 秀英"), NormalizeValue(schema[1],
//   "1985/3/15")};
//
// Pure.

#ifndef ANQIAO_HUB_IDENTITY_ATTRIBUTES_H_
#define ANQIAO_HUB_IDENTITY_ATTRIBUTES_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace anqiao::identity {

enum class AttributeKind {
  kName,       // a whole name
  kGivenName,  // a name in two columns; values that stand in each other's are recognised
  kSurname,
  kBirthDate,
  kNationalId,    // citizen identity number, GB 11643
  kIdentifier,    // any other number or code of a person; compared as text
  kIssuedNumber,  // "issuer/number": what an agency calls its own client
  kPhone,
  kAddress,   // a whole address or a part of one
  kDivision,  // GB/T 2260 and longer codes
  kSex,
  kOther,  // anything else
};
inline constexpr std::size_t kAttributeKinds = 12;

// "name", "given_name", "surname", "birth_date", "national_id", "identifier", "issued_number",
// "phone", "address", "division", "sex", "other".
absl::string_view AttributeKindName(AttributeKind kind);
std::optional<AttributeKind> ParseAttributeKind(absl::string_view name);

struct Attribute {
  std::string name;
  AttributeKind kind = AttributeKind::kOther;
  // For kBirthDate, the order of the parts in values that could be read in two ways, such as
  // "03/04/1985": some order of "Y", "M" and "D". Empty: the year first, else the day. Four digits
  // that stand apart at the front are the year in any case.
  std::string date_order = {};
};
using Schema = std::vector<Attribute>;

inline constexpr std::size_t kAttributesMax = 16;
// Phones, and names beside the present one, of one record. More are not compared.
inline constexpr std::size_t kFurtherValuesMax = 8;
// Bytes of a value that are looked at.
inline constexpr std::size_t kValueBytesMax = 1024;

// INVALID_ARGUMENT unless there are 1 to kAttributesMax attributes with different names, and at
// most one of each kind but kIdentifier, kAddress and kOther.
absl::Status CheckSchema(const Schema& schema);
// Place of the first attribute of "kind".
std::optional<std::size_t> FindKind(const Schema& schema, AttributeKind kind);

// The same for all kinds, looked up once.
class Places {
 public:
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

  // Requires: at most kAttributesMax attributes.
  explicit Places(const Schema& schema);

  std::size_t operator[](AttributeKind kind) const {
    return places_[static_cast<std::size_t>(kind)];
  }
  std::size_t size() const { return size_; }
  // Of the attribute at this place.
  AttributeKind KindAt(std::size_t place) const { return kinds_[place]; }

 private:
  std::array<std::size_t, kAttributeKinds> places_;
  std::array<AttributeKind, kAttributesMax> kinds_{};
  std::size_t size_ = 0;
};

struct Value {
  // Empty: not given. Names: variants folded, no spaces between Han characters. Dates: "YYYYMMDD"
  // or less of it; the digits as given if there is no such day. National id: 18 characters if
  // valid, else as given. Phones: E.164 if possible. Han addresses: "road|number|number...". Issued
  // numbers: the issuer as given, a slash, the number as an identifier.
  std::string text;
  // Former names, further phones.
  std::vector<std::string> further;
  // Of whole names with Han characters: how "text" sounds, and its surname; two if the surname has
  // two readings.
  std::vector<std::string> readings, surname_readings;
  // National id: the check digit is right. Elsewhere true if the value is what the kind says.
  bool valid = false;

  bool empty() const { return text.empty(); }
};

// One for each attribute of a schema, in its order.
using Profile = std::vector<Value>;

// "text" as a record has it, in UTF-8. What is generic or says that there is none ("无", "N/A",
// "不详"), or too little to tell anybody by (a masked number), is empty.
Value NormalizeValue(const Attribute& attribute, absl::string_view text);
// A value that has others beside it, such as a former name; empty ones are left out.
Value NormalizeValues(const Attribute& attribute, absl::string_view text,
                      const std::vector<std::string>& further);

// A record without a birth date has the one within its national id. Requires: of this schema.
void CompleteProfile(const Schema& schema, Profile& profile);

// A profile as one string, a fraction of its size, and back. Requires of UnpackProfile: what
// PackProfile gave for a schema of "attributes" attributes.
std::string PackProfile(const Profile& profile);
Profile UnpackProfile(absl::string_view packed, std::size_t attributes);
// Into a profile of as many attributes, whose memory is used again.
void UnpackProfile(absl::string_view packed, Profile& profile);

// As Value::readings of a whole name that is normalized.
std::vector<std::string> ReadingsOfName(absl::string_view name);

// The issuer of an issued number, with the slash.
absl::string_view IssuerOf(absl::string_view issued_number);

// The birth date within a national id as "YYYYMMDD", of a number with a wrong check digit too;
// empty if there is none.
absl::string_view BirthDateWithin(const Value& national_id);

}  // namespace anqiao::identity

#endif  // ANQIAO_HUB_IDENTITY_ATTRIBUTES_H_
