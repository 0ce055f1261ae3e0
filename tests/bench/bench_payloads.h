// Payloads for benchmarks, of made-up people only: formats as in hub/doc/formats.md.

#ifndef ANQIAO_TESTS_BENCH_BENCH_PAYLOADS_H_
#define ANQIAO_TESTS_BENCH_BENCH_PAYLOADS_H_

#include <cstdint>
#include <string>

namespace anqiao::bench {

// The police's `tests` format (GB18030). Rows "first" to "first + count - 1" of an endless register
// in which every person is tested five times: with the header row. The same numbers give the same
// bytes; "salt" makes the rows of another run new.
std::string TestsPayload(std::uint64_t first, int count, int salt);

// The employment agency's `unemployment` format (XML), a roster. Rows: of the people whom the rows
// "first" to "first + count - 1" of that register test, every "every"th is registered.
std::string UnemploymentRows(std::uint64_t first, int count, int every);
std::string UnemploymentPayload(const std::string& rows);

}  // namespace anqiao::bench

#endif  // ANQIAO_TESTS_BENCH_BENCH_PAYLOADS_H_
