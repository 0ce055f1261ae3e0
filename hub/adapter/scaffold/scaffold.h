// "anqiaoctl adapter new": a folder with a new adapter, from a sample of what the agency sends.
//
//   AQ_ASSIGN_OR_RETURN(const Scaffolded made,
//                       ScaffoldAdapter({.name = "night_school", .sample = "list.csv",
//                                        .encoding = "gb18030", .directory = "night_school"}));
//
// The values of the sample are looked at and not copied: rows that cannot be anybody's stand in
// their place.

#ifndef ANQIAO_HUB_ADAPTER_SCAFFOLD_SCAFFOLD_H_
#define ANQIAO_HUB_ADAPTER_SCAFFOLD_SCAFFOLD_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace anqiao::scaffold {

struct ScaffoldOptions {
  std::string name;  // lower_snake_case
  std::string sample;
  std::string encoding;   // see SampleOptions
  std::string format;     // lower_snake_case; empty: "records"
  std::string directory;  // must not exist, or be empty
  // See SampleOptions for these.
  std::size_t header_row = 0;
  std::size_t header_rows = 0;
  std::string widths = "";
  std::string sheet = "";
};

struct Scaffolded {
  std::vector<std::string> files;  // paths
  std::size_t columns = 0;
  std::size_t placed = 0;
  std::size_t decisions = 0;  // places marked DECIDE
  std::string kind;
  std::string shape;  // in words
  // What could not be inferred, or should be looked at: "备注: not placed".
  std::vector<std::string> notes;
};

// INVALID_ARGUMENT: a name is none, or the sample cannot be read (ReadSampleTable).
// FAILED_PRECONDITION (ADAPTER_UNUSABLE): the folder is not empty, or a file cannot be read or
// written.
absl::StatusOr<Scaffolded> ScaffoldAdapter(const ScaffoldOptions& options);

}  // namespace anqiao::scaffold

#endif  // ANQIAO_HUB_ADAPTER_SCAFFOLD_SCAFFOLD_H_
