// From what an adapter read to what the hub keeps: judges identifiers, names, dates, divisions and
// phones.
//
// Pure: the same record and "today" give the same answer. Errors are values with the agency's own
// coordinates, never content.

#ifndef ANQIAO_HUB_MODEL_NORMALIZE_H_
#define ANQIAO_HUB_MODEL_NORMALIZE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "anqiao/adapter/v1/adapter.pb.h"
#include "anqiao/journal/v1/record.pb.h"
#include "hub/model/civil_date.h"

namespace anqiao::model {

// One thing that is wrong with a record.
struct Problem {
  // A constant of anqiao::reason.
  std::string reason;
  std::uint64_t row = 0;
  std::uint32_t column = 0;
  // The agency's header or path.
  std::string field;
  std::uint64_t byte_offset = 0;
  std::string message;
  // Only worth a note: the record is used all the same, the value is left out.
  bool warning = false;
};

inline constexpr int kProblemsMax = 32;

struct Normalized {
  // Meaningless if any problem is not a warning.
  journal::v1::Observation observation;
  std::vector<Problem> problems;

  bool usable() const;
};

// Hard errors (the record is held): a required field missing, a field not of its kind, an identity
// number with a wrong check digit or of an impossible date, an impossible or future date of a fact,
// a unified social credit code with a wrong check character, a key that is empty or too long,
// invalid UTF-8. Warnings (the value is left out): phone, division, sex or birth date that cannot
// be used; an identity number that was only cut short by a spreadsheet (last digits 000 after an
// exponent) is an error. "today" bounds dates that cannot lie in the future (tests, orders,
// seizure, registrations); one day of grace. REFERRAL_ANSWER records are not normalized here: the
// engine reads their values directly. Of a removed record only kind and key are judged, and its
// observation is empty. Every record about a person needs a name. At most kProblemsMax problems.
Normalized Normalize(const adapter::v1::Record& record, const CivilDate& today);

}  // namespace anqiao::model

#endif  // ANQIAO_HUB_MODEL_NORMALIZE_H_
