// An adapter without a library: one record a line, "key|name|id number|seizure date" on the
// register format ("roster", a snapshot) and its delta ("changes"). A key that begins with "-" is a
// removed record. Lines of one word are commands: "BROKEN" fails the payload, "CUT" truncates it,
// "FORBIDDEN" is content that must not be held, "BAD" is a row that cannot be read.

#ifndef ANQIAO_TESTS_TESTING_FAKE_ADAPTER_H_
#define ANQIAO_TESTS_TESTING_FAKE_ADAPTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "hub/adapter/adapter.h"
#include "hub/base/errors.h"

namespace anqiao::testing {

class FakeInstance : public adapter::AdapterInstance {
 public:
  absl::Status Decode(absl::string_view, absl::string_view payload, absl::string_view,
                      const adapter::DecodeSink& sink) override {
    std::uint64_t row = 0;
    using Severity = adapter::Diagnostic::Severity;
    const std::vector<std::string> lines = absl::StrSplit(payload, '\n', absl::SkipEmpty());
    for (const std::string& line : lines) {
      ++row;
      if (line == "BROKEN") {
        return Error(absl::StatusCode::kInvalidArgument, reason::kPayloadUndecodable,
                     "the payload cannot be decoded");
      }
      if (line == "CUT") {
        sink.diagnostic({reason::kPayloadTruncated, row, 0, "", 0, "ends in the middle of a row",
                         Severity::kPayload});
        return absl::OkStatus();
      }
      if (line == "FORBIDDEN" || line == "BAD") {
        sink.diagnostic({line == "BAD" ? reason::kRowCutOff : reason::kForbiddenContent, row, 2,
                         "column", 0, "cannot be used", Severity::kRecord});
        continue;
      }
      sink.record(Parse(line, row));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Encode(absl::string_view,
                                     const std::vector<adapter::v1::Record>& records) override {
    return std::string("native:") + std::to_string(records.size());
  }

 private:
  static adapter::v1::Record Parse(const std::string& line, std::uint64_t row) {
    const std::vector<std::string> parts = absl::StrSplit(line, '|');
    adapter::v1::Record record;
    record.set_kind(adapter::v1::RECORD_KIND_REGISTER);
    record.set_row(row);
    record.set_removed(parts[0][0] == '-');
    record.set_key(record.removed() ? parts[0].substr(1) : parts[0]);
    const adapter::v1::Field fields[] = {
        adapter::v1::FIELD_REGISTER_NUMBER, adapter::v1::FIELD_PERSON_NAME,
        adapter::v1::FIELD_ID_NUMBER, adapter::v1::FIELD_SEIZURE_DATE};
    for (std::size_t i = 0; i < parts.size() && i < 4; ++i) {
      if (parts[i].empty() || record.removed()) continue;
      adapter::v1::FieldValue* value = record.add_values();
      value->set_field(fields[i]);
      value->set_value(parts[i]);
      value->set_column(static_cast<std::uint32_t>(i + 1));
    }
    return record;
  }
};

class FakeAdapter : public adapter::Adapter {
 public:
  FakeAdapter() {
    manifest_.set_name("fake");
    for (const char* name : {"roster", "changes"}) {
      adapter::v1::Format* format = manifest_.add_formats();
      format->set_name(name);
      format->set_mode(std::string(name) == "roster" ? adapter::v1::MODE_SNAPSHOT
                                                     : adapter::v1::MODE_DELTA);
      format->set_decodes(true);
      format->set_encodes(true);
    }
  }
  const adapter::v1::Manifest& manifest() const override { return manifest_; }
  const std::string& build_id() const override { return build_id_; }
  const adapter::v1::Format* FindFormat(absl::string_view name) const override {
    for (const adapter::v1::Format& format : manifest_.formats()) {
      if (name == format.name()) return &format;
    }
    return nullptr;
  }
  absl::StatusOr<std::unique_ptr<adapter::AdapterInstance>> Open() override {
    return std::unique_ptr<adapter::AdapterInstance>(std::make_unique<FakeInstance>());
  }

 private:
  adapter::v1::Manifest manifest_;
  std::string build_id_ = "0123456789abcdef";
};

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_FAKE_ADAPTER_H_
