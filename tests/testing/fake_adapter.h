// An adapter without a library: one record a line, values separated by "|".
//
//   roster, changes  key|name|id number|seizure date|division     register, whole and as changes
//   jobless          key|name|id number|registered on|division    unemployment, changes
//   answers          uuid|referral|etag|action|reason|outcome|outcome's date
//   requests         only encodes
//
// A key that begins with "-" is a removed record. Lines of one word are commands: "BROKEN" fails
// the payload, "FAULT" fails it without saying why, "CUT" truncates it, "FORBIDDEN" is content that
// must not be held, "BAD" is a row that cannot be read, "HEADER" a row that is no record, with a
// note.

#ifndef ANQIAO_TESTS_TESTING_FAKE_ADAPTER_H_
#define ANQIAO_TESTS_TESTING_FAKE_ADAPTER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/adapter/adapter.h"
#include "hub/base/errors.h"

namespace anqiao::testing {

class FakeInstance : public adapter::AdapterInstance {
 public:
  // "change" is done to every record that is emitted.
  explicit FakeInstance(std::function<void(adapter::v1::Record*)> change = nullptr)
      : change_(std::move(change)) {}

  absl::Status Decode(absl::string_view format, absl::string_view payload, absl::string_view,
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
      if (line == "FAULT") return absl::InternalError("the adapter is at fault");
      if (line == "HEADER") {
        sink.diagnostic(
            {reason::kUnknownColumn, row, 3, "column", 0, "not taken up", Severity::kWarning});
        continue;
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
      adapter::v1::Record record = Parse(format, line, row);
      if (change_) change_(&record);
      sink.record(std::move(record));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Encode(absl::string_view format,
                                     const std::vector<adapter::v1::Record>& records) override {
    if (records.size() != 1) return absl::InvalidArgumentError("one record at a time");
    std::string native(format);
    for (const adapter::v1::FieldValue& value : records[0].values()) {
      absl::StrAppend(&native, "|", value.value());
    }
    return native;
  }

 private:
  const std::function<void(adapter::v1::Record*)> change_;

  static std::vector<adapter::v1::Field> FieldsOf(absl::string_view format) {
    using namespace adapter::v1;  // NOLINT(google-build-using-namespace): the names of one enum.
    if (format == "answers") {
      return {FIELD_REFERRAL,      FIELD_ETAG,         FIELD_ANSWER_ACTION,
              FIELD_ANSWER_REASON, FIELD_OUTCOME_CODE, FIELD_OUTCOME_DATE};
    }
    if (format == "jobless") {
      return {FIELD_PERSON_NAME, FIELD_ID_NUMBER, FIELD_UNEMPLOYED_SINCE, FIELD_DIVISION};
    }
    return {FIELD_PERSON_NAME, FIELD_ID_NUMBER, FIELD_SEIZURE_DATE, FIELD_DIVISION};
  }

  static void Add(adapter::v1::Field field, const std::string& text, std::size_t column,
                  adapter::v1::Record* record) {
    if (text.empty() || record->removed()) return;
    adapter::v1::FieldValue* value = record->add_values();
    value->set_field(field);
    value->set_value(text);
    value->set_column(static_cast<std::uint32_t>(column));
  }

  static adapter::v1::Record Parse(absl::string_view format, const std::string& line,
                                   std::uint64_t row) {
    const std::vector<std::string> parts = absl::StrSplit(line, '|');
    adapter::v1::Record record;
    record.set_kind(format == "answers"   ? adapter::v1::RECORD_KIND_REFERRAL_ANSWER
                    : format == "jobless" ? adapter::v1::RECORD_KIND_UNEMPLOYMENT
                                          : adapter::v1::RECORD_KIND_REGISTER);
    record.set_row(row);
    record.set_removed(parts[0][0] == '-');
    record.set_key(record.removed() ? parts[0].substr(1) : parts[0]);
    if (record.kind() == adapter::v1::RECORD_KIND_REGISTER) {
      Add(adapter::v1::FIELD_REGISTER_NUMBER, parts[0], 1, &record);
    }
    const std::vector<adapter::v1::Field> fields = FieldsOf(format);
    for (std::size_t i = 1; i < parts.size() && i <= fields.size(); ++i) {
      Add(fields[i - 1], parts[i], i + 1, &record);
    }
    return record;
  }
};

class FakeAdapter : public adapter::Adapter {
 public:
  explicit FakeAdapter(std::string build_id = "0123456789abcdef",
                       std::function<void(adapter::v1::Record*)> change = nullptr)
      : build_id_(std::move(build_id)), change_(std::move(change)) {
    manifest_.set_name("fake");
    for (const std::string name : {"roster", "changes", "jobless", "answers", "requests"}) {
      adapter::v1::Format* format = manifest_.add_formats();
      format->set_name(name);
      format->set_mode(name == "roster" ? adapter::v1::MODE_SNAPSHOT : adapter::v1::MODE_DELTA);
      if (name == "jobless") {
        format->set_content_type("text/plain; charset=utf-8");
        format->mutable_splits()->set_delimiter("|");
      }
      format->set_decodes(name != "requests");
      format->set_encodes(name == "requests");
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
    return std::unique_ptr<adapter::AdapterInstance>(std::make_unique<FakeInstance>(change_));
  }

 private:
  adapter::v1::Manifest manifest_;
  const std::string build_id_;
  const std::function<void(adapter::v1::Record*)> change_;
};

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_FAKE_ADAPTER_H_
