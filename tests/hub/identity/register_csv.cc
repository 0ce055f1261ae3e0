// Writes a register of made-up people as CSV, for training and for trying the resolver out.
//
//   register_csv --people N --seed S --out FILE [--shuffle ORDER] [--mistakes SCALE]
//                [--issued-numbers 1]
//
// Columns: rec_id,source,name,sex,birth_date,id_no,phone,division,address,person_id, and before the
// last one issued_number if it is wanted. With --shuffle the records arrive in the order that ORDER
// decides, and the register is kept in memory.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "tests/testing/register_generator.h"

namespace anqiao::testing {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;

void AppendField(absl::string_view field, std::string& line) {
  if (field.find_first_of(",\"\r\n") == absl::string_view::npos) {
    absl::StrAppend(&line, field, ",");
  } else {
    absl::StrAppend(&line, "\"", absl::StrReplaceAll(field, {{"\"", "\"\""}}), "\",");
  }
}

void AppendRow(const LabelledRecord& record, bool issued_numbers, std::string& out) {
  for (const std::string* field :
       {&record.record_id, &record.source, &record.name, &record.sex, &record.birth_date,
        &record.id_number, &record.phone, &record.division, &record.address}) {
    AppendField(*field, out);
  }
  if (issued_numbers) AppendField(record.issued_number, out);
  absl::StrAppend(&out, record.person, "\n");
}

int Usage() {
  std::cerr << "usage: register_csv --people N --seed S --out FILE [--shuffle ORDER] "
               "[--mistakes SCALE] [--issued-numbers 1]\n";
  return 2;
}

int Main(int argc, char** argv) {
  RegisterOptions options;
  std::string path;
  std::uint64_t order = 0;
  bool shuffled = false, issued_numbers = false;
  if (argc % 2 == 0) return Usage();
  for (int i = 1; i < argc; i += 2) {
    const absl::string_view flag = argv[i];
    const absl::string_view value = argv[i + 1];
    bool valid = true;
    if (flag == "--people") {
      valid = absl::SimpleAtoi(value, &options.people) && options.people >= 0;
    } else if (flag == "--seed") {
      valid = absl::SimpleAtoi(value, &options.seed);
    } else if (flag == "--mistakes") {
      valid = absl::SimpleAtod(value, &options.mistakes_scale) && options.mistakes_scale >= 0;
    } else if (flag == "--shuffle") {
      valid = shuffled = absl::SimpleAtoi(value, &order);
    } else if (flag == "--issued-numbers") {
      valid = absl::SimpleAtob(value, &issued_numbers);
    } else if (flag == "--out") {
      path = std::string(value);
    } else {
      valid = false;
    }
    if (!valid) return Usage();
  }
  if (path.empty()) return Usage();

  std::ofstream out(path, std::ios::binary);
  std::string buffer =
      absl::StrCat("rec_id,source,name,sex,birth_date,id_no,phone,division,address,",
                   issued_numbers ? "issued_number," : "", "person_id\n");
  const auto write = [&](const LabelledRecord& record) {
    AppendRow(record, issued_numbers, buffer);
    if (buffer.size() < kBufferBytes) return;
    out << buffer;
    buffer.clear();
  };
  const RegisterGenerator generator(options);
  if (shuffled) {
    for (const LabelledRecord& record : generator.ShuffledRecords(order)) write(record);
  } else {
    generator.Visit(0, options.people, write);
  }
  out << buffer;
  out.close();
  if (!out) {
    std::cerr << "cannot write " << path << "\n";
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace anqiao::testing

int main(int argc, char** argv) { return anqiao::testing::Main(argc, argv); }
