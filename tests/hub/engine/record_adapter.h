// An adapter without a library for records of every kind. A line is a record:
//
//   key;field=value;field=value      fields by their numbers in anqiao.adapter.v1.Field
//   -key                             the record was removed
//   BAD                              a row that cannot be read
//
// The format says the kind: register, order, test, relief, jobless, certificate, difficulty,
// training, hire, business, answers. "requests" only encodes, into lines of field=value.

#ifndef ANQIAO_TESTS_HUB_ENGINE_RECORD_ADAPTER_H_
#define ANQIAO_TESTS_HUB_ENGINE_RECORD_ADAPTER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/adapter/adapter.h"
#include "hub/base/errors.h"

namespace anqiao::engine {

inline const std::vector<std::pair<std::string, adapter::v1::RecordKind>>& RecordFormats() {
  static const auto& formats = *new std::vector<std::pair<std::string, adapter::v1::RecordKind>>{
      {"register", adapter::v1::RECORD_KIND_REGISTER},
      {"order", adapter::v1::RECORD_KIND_ORDER},
      {"test", adapter::v1::RECORD_KIND_TEST},
      {"relief", adapter::v1::RECORD_KIND_HOUSEHOLD_RELIEF},
      {"jobless", adapter::v1::RECORD_KIND_UNEMPLOYMENT},
      {"certificate", adapter::v1::RECORD_KIND_CERTIFICATE},
      {"difficulty", adapter::v1::RECORD_KIND_DIFFICULTY},
      {"training", adapter::v1::RECORD_KIND_TRAINING},
      {"hire", adapter::v1::RECORD_KIND_EMPLOYMENT},
      {"business", adapter::v1::RECORD_KIND_BUSINESS},
      {"answers", adapter::v1::RECORD_KIND_REFERRAL_ANSWER}};
  return formats;
}

class RecordInstance : public adapter::AdapterInstance {
 public:
  absl::Status Decode(absl::string_view format, absl::string_view payload, absl::string_view,
                      const adapter::DecodeSink& sink) override {
    std::uint64_t row = 0;
    for (const std::string& line :
         static_cast<std::vector<std::string>>(absl::StrSplit(payload, '\n', absl::SkipEmpty()))) {
      ++row;
      if (line == "BAD") {
        sink.diagnostic({reason::kRowCutOff, row, 2, "column", 0, "cannot be used",
                         adapter::Diagnostic::Severity::kRecord});
      } else {
        sink.record(Parse(format, line, row));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Encode(absl::string_view format,
                                     const std::vector<adapter::v1::Record>& records) override {
    std::string native;
    for (const adapter::v1::Record& record : records) {
      absl::StrAppend(&native, format, ";", record.key());
      for (const adapter::v1::FieldValue& value : record.values()) {
        absl::StrAppend(&native, ";", static_cast<int>(value.field()), "=", value.value());
      }
      native += '\n';
    }
    return native;
  }

 private:
  static adapter::v1::Record Parse(absl::string_view format, const std::string& line,
                                   std::uint64_t row) {
    const std::vector<std::string> parts = absl::StrSplit(line, ';');
    adapter::v1::Record record;
    for (const auto& [name, kind] : RecordFormats()) {
      if (name == format) record.set_kind(kind);
    }
    record.set_row(row);
    record.set_removed(!parts[0].empty() && parts[0][0] == '-');
    record.set_key(record.removed() ? parts[0].substr(1) : parts[0]);
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const std::pair<std::string, std::string> part =
          absl::StrSplit(parts[i], absl::MaxSplits('=', 1));
      int field = 0;
      if (!absl::SimpleAtoi(part.first, &field) || part.second.empty()) continue;
      adapter::v1::FieldValue* value = record.add_values();
      value->set_field(static_cast<adapter::v1::Field>(field));
      value->set_value(part.second);
      value->set_column(static_cast<std::uint32_t>(i + 1));
    }
    return record;
  }
};

class RecordAdapter : public adapter::Adapter {
 public:
  RecordAdapter() {
    manifest_.set_name("records");
    for (const auto& [name, kind] : RecordFormats()) {
      adapter::v1::Format* format = manifest_.add_formats();
      format->set_name(name);
      format->set_mode(adapter::v1::MODE_DELTA);
      format->set_content_type("text/plain; charset=utf-8");
      format->mutable_splits()->set_delimiter(";");
      format->set_decodes(true);
    }
    adapter::v1::Format* requests = manifest_.add_formats();
    requests->set_name("requests");
    requests->set_mode(adapter::v1::MODE_DELTA);
    requests->set_encodes(true);
  }
  const adapter::v1::Manifest& manifest() const override { return manifest_; }
  const std::string& build_id() const override { return build_id_; }
  absl::StatusOr<std::unique_ptr<adapter::AdapterInstance>> Open() override {
    return std::unique_ptr<adapter::AdapterInstance>(std::make_unique<RecordInstance>());
  }

 private:
  adapter::v1::Manifest manifest_;
  const std::string build_id_ = "fedcba9876543210";
};

}  // namespace anqiao::engine

#endif  // ANQIAO_TESTS_HUB_ENGINE_RECORD_ADAPTER_H_
