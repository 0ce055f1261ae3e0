// The national code tables that agencies spell out, for Codes(): native text to the code that the
// hub holds. Where several natives mean one code, encoding writes the first.
//
//   Codes({"性别"}, v1::FIELD_SEX, code_tables::kSexByName)

#ifndef ANQIAO_PLUGINS_SDK_CODE_TABLES_H_
#define ANQIAO_PLUGINS_SDK_CODE_TABLES_H_

#include <span>

#include "plugins/sdk/declare.h"

namespace anqiao::sdk::code_tables {

// GB/T 2261.1, sex: by its name (男, 男性), or by its code.
extern const std::span<const Code> kSexByName;
extern const std::span<const Code> kSexByCode;

// GB/T 2261.2, marital status.
extern const std::span<const Code> kMaritalStatusByName;
extern const std::span<const Code> kMaritalStatusByCode;

// GB/T 3304, ethnic groups: with or without 族.
extern const std::span<const Code> kEthnicityByName;
extern const std::span<const Code> kEthnicityByCode;

// GB/T 4658, education.
extern const std::span<const Code> kEducationByName;
extern const std::span<const Code> kEducationByCode;

}  // namespace anqiao::sdk::code_tables

#endif  // ANQIAO_PLUGINS_SDK_CODE_TABLES_H_
