// Samples: payloads with what an adapter must make of them.
//
// A sample is NAME.in, the bytes as the agency sends them, beside NAME.expected:
//
//   format: roster
//   file: roster.csv
//   ---
//   record REGISTER ...
//
// The lines above "---" say how the payload is handed over ("file" may be left out); below stands,
// word for word, what DescribeDecode gives.

#ifndef ANQIAO_HUB_ADAPTER_SAMPLES_H_
#define ANQIAO_HUB_ADAPTER_SAMPLES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/adapter/adapter.h"

namespace anqiao::adapter {

struct Sample {
  std::string name;  // without ".in"
  std::string format;
  std::string file_name;
  std::string payload;
  std::string expected;
};

// The samples of a directory, by name. FAILED_PRECONDITION (ADAPTER_UNUSABLE): it cannot be read,
// has no sample, or one is not complete; at most 1,000 samples of 16 MiB.
absl::StatusOr<std::vector<Sample>> ReadSamples(const std::string& directory);

// What a decode gave, as text: records, diagnostics and the status, in the order in which they
// came.
std::string DescribeDecode(AdapterInstance& instance, absl::string_view format,
                           absl::string_view payload, absl::string_view file_name);

// Decodes it twice, in workers in two of them. FAILED_PRECONDITION (ADAPTER_UNUSABLE): the sample
// gives something else, or not the same twice; the message names the sample and the first line that
// differs.
absl::Status RunSample(AdapterInstance& instance, const Sample& sample);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_SAMPLES_H_
