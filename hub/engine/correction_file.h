// The file in which an agency finds what it must correct, in its own rows, columns and encoding.
//
// Of a format that splits into rows (adapter.proto, Splits): titles and headers and the rows with
// problems, byte for byte as they were sent, each with one more value that says what is wrong. Of
// everything else: a comma-separated list of row, column, field, reason and message. Pure.

#ifndef ANQIAO_HUB_ENGINE_CORRECTION_FILE_H_
#define ANQIAO_HUB_ENGINE_CORRECTION_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "anqiao/journal/v1/entry.pb.h"
#include "hub/engine/engine.h"

namespace anqiao::engine {

struct CorrectionRequest {
  std::string format, file_name;
  std::string content_type;                   // as the adapter declares it
  std::optional<adapter::v1::Splits> splits;  // as the adapter declares it
  std::string language;                       // "zh" or "en"
  absl::string_view bytes;                    // of the payload, without what was erased
  // Problems of the payload as a whole.
  std::vector<journal::v1::StoredProblem> problems;
  struct Row {
    std::uint64_t number = 0;  // as the agency counts
    std::uint64_t place = 0;   // among the rows of "bytes", from 1; 0: cannot be told
    std::vector<journal::v1::StoredProblem> problems;
  };
  std::vector<Row> rows;  // by number
};

CorrectionFile MakeCorrectionFile(const CorrectionRequest& request);

// What a reason means, in the words of "language"; of an unknown one the reason itself.
std::string ReasonText(absl::string_view reason, absl::string_view language);

}  // namespace anqiao::engine

#endif  // ANQIAO_HUB_ENGINE_CORRECTION_FILE_H_
