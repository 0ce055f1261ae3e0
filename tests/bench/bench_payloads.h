// Payloads for benchmarks: the police's `tests` format (GB18030, hub/doc/formats.md), of made-up
// people only.

#ifndef ANQIAO_TESTS_BENCH_BENCH_PAYLOADS_H_
#define ANQIAO_TESTS_BENCH_BENCH_PAYLOADS_H_

#include <cstdint>
#include <string>

namespace anqiao::bench {

// Rows "first" to "first + count - 1" of an endless register in which every person is tested five
// times: with the header row. The same numbers give the same bytes; "salt" makes the rows of
// another run new.
std::string TestsPayload(std::uint64_t first, int count, int salt);

}  // namespace anqiao::bench

#endif  // ANQIAO_TESTS_BENCH_BENCH_PAYLOADS_H_
