// Readers and writers of the SDK called as a host would call them, and what they said.

#ifndef ANQIAO_TESTS_PLUGINS_SDK_OUTCOME_H_
#define ANQIAO_TESTS_PLUGINS_SDK_OUTCOME_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/readers.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/writers.h"

namespace anqiao::sdk {

struct Outcome {
  aq_status status = AQ_OK;
  std::vector<v1::Record> records;
  std::string encoded;
  struct Said {
    std::string reason;
    std::uint32_t severity;
    std::uint64_t row, byte_offset;
    std::uint32_t column;
    std::string field;
    std::string message;
  };
  std::vector<Said> said;

  bool Says(const std::string& reason, std::uint64_t row) const {
    for (const Said& one : said) {
      if (one.reason == reason && one.row == row) return true;
    }
    return false;
  }
  // All that was said, for a failing test.
  std::string Text() const {
    std::string text;
    for (const Said& one : said) {
      text += one.reason + " row " + std::to_string(one.row) + " column " +
              std::to_string(one.column) + " " + one.field + ": " + one.message + "\n";
    }
    return text;
  }
};

class RecordingHost {
 public:
  explicit RecordingHost(Outcome& outcome) {
    host_ = {sizeof(aq_host), AQ_ABI_MINOR, &outcome, &cursor_,
             OnRecord,        OnDiagnostic, nullptr,  nullptr};
  }
  const aq_host& host() const { return host_; }

 private:
  static std::string TextOf(aq_bytes bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data), bytes.length);
  }
  static int OnRecord(void* context, aq_bytes bytes) {
    v1::Record record;
    EXPECT_TRUE(record.ParseFromArray(bytes.data, static_cast<int>(bytes.length)));
    // Byte for byte what the generated code would write.
    EXPECT_EQ(record.SerializeAsString(), TextOf(bytes));
    static_cast<Outcome*>(context)->records.push_back(record);
    return 0;
  }
  static int OnDiagnostic(void* context, const aq_diag* diag) {
    static_cast<Outcome*>(context)->said.push_back({TextOf(diag->reason), diag->severity, diag->row,
                                                    diag->byte_offset, diag->column,
                                                    TextOf(diag->field), TextOf(diag->message)});
    return 0;
  }

  aq_cursor cursor_ = {sizeof(aq_cursor), 0, 0, 0};
  aq_host host_;
};

inline Outcome Decode(const Format& format, std::string_view payload) {
  Outcome outcome;
  const RecordingHost host(outcome);
  Report report(host.host());
  outcome.status = DecodeShape(format, payload, report);
  return outcome;
}

inline Outcome Encode(const Format& format, std::span<const v1::Record> records) {
  Outcome outcome;
  const RecordingHost host(outcome);
  Report report(host.host());
  outcome.status = EncodeShape(format, records, outcome.encoded, report);
  return outcome;
}

inline std::string Gb(std::string_view utf8) {
  std::string out;
  EXPECT_EQ(Transcoder(Encoding::kGb18030).FromUtf8(utf8, out), Transcoder::npos);
  return out;
}

}  // namespace anqiao::sdk

#endif  // ANQIAO_TESTS_PLUGINS_SDK_OUTCOME_H_
