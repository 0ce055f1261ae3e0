// What every adapter must do, run for each plugin over its own samples.
//
//   AQ_ADAPTER_CONTRACT(Police, "police");
//
// Needs ANQIAO_PLUGINS_DIRECTORY (libraries) and ANQIAO_SAMPLES_ROOT (plugins/ of the sources).

#ifndef ANQIAO_TESTS_PLUGINS_ADAPTER_CONTRACT_H_
#define ANQIAO_TESTS_PLUGINS_ADAPTER_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/adapter/adapter.h"
#include "hub/adapter/samples.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::testing {

struct Decoded {
  absl::Status status;
  std::vector<adapter::v1::Record> records;
  std::vector<adapter::Diagnostic> diagnostics;
};

inline Decoded Decode(adapter::AdapterInstance& instance, absl::string_view format,
                      absl::string_view payload, absl::string_view file_name = "") {
  Decoded decoded;
  const adapter::DecodeSink sink = {
      [&decoded](adapter::v1::Record record) { decoded.records.push_back(std::move(record)); },
      [&decoded](adapter::Diagnostic diagnostic) {
        decoded.diagnostics.push_back(std::move(diagnostic));
      }};
  decoded.status = instance.Decode(format, payload, file_name, sink);
  return decoded;
}

// What a record says, without its place: fields with their values, in order of the fields.
inline std::vector<std::string> MeaningOf(const adapter::v1::Record& record) {
  std::vector<std::pair<int, std::string>> values;
  for (const adapter::v1::FieldValue& value : record.values()) {
    values.emplace_back(value.field(), value.value());
  }
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> meaning;
  for (const auto& [field, value] : values) meaning.push_back(std::to_string(field) + "=" + value);
  return meaning;
}

inline std::string LibraryOf(const std::string& name) {
  return ANQIAO_PLUGINS_DIRECTORY "/libanqiao_" + name + ".so";
}
// Of an example "example_c" they are in examples/c.
inline std::string SamplesOf(const std::string& name) {
  const std::string folder =
      name.rfind("example_", 0) == 0 ? "examples/" + name.substr(sizeof "example_" - 1) : name;
  return ANQIAO_SAMPLES_ROOT "/" + folder + "/samples";
}

class AdapterContract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    AQ_ASSERT_OK_AND_ASSIGN(adapter_, adapter::Adapter::Load(LibraryOf(GetParam()), ""));
    AQ_ASSERT_OK_AND_ASSIGN(instance_, adapter_->Open());
    AQ_ASSERT_OK_AND_ASSIGN(samples_, adapter::ReadSamples(SamplesOf(GetParam())));
  }

  std::unique_ptr<adapter::Adapter> adapter_;
  std::unique_ptr<adapter::AdapterInstance> instance_;
  std::vector<adapter::Sample> samples_;
};

TEST_P(AdapterContract, GivesWhatItsSamplesSay) {
  for (const adapter::Sample& sample : samples_) {
    AQ_EXPECT_OK(adapter::RunSample(*instance_, sample));
  }
}

TEST_P(AdapterContract, HasASampleOfEveryFormatThatItDecodes) {
  std::set<std::string> formats;
  for (const adapter::Sample& sample : samples_) formats.insert(sample.format);
  for (const adapter::v1::Format& format : adapter_->manifest().formats()) {
    if (!format.decodes()) continue;
    EXPECT_EQ(formats.count(format.name()), 1U) << format.name();
  }
}

TEST_P(AdapterContract, GivesTheSameTwiceAndFromAnotherInstance) {
  AQ_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<adapter::AdapterInstance> other, adapter_->Open());
  for (const adapter::Sample& sample : samples_) {
    const std::string first =
        adapter::DescribeDecode(*instance_, sample.format, sample.payload, "");
    EXPECT_EQ(adapter::DescribeDecode(*instance_, sample.format, sample.payload, ""), first);
    EXPECT_EQ(adapter::DescribeDecode(*other, sample.format, sample.payload, ""), first);
  }
}

TEST_P(AdapterContract, PlacesLieWithinThePayload) {
  for (const adapter::Sample& sample : samples_) {
    const Decoded decoded = Decode(*instance_, sample.format, sample.payload, sample.file_name);
    std::uint64_t row = 0;
    for (const adapter::v1::Record& record : decoded.records) {
      EXPECT_GT(record.row(), row) << sample.name;
      row = record.row();
      EXPECT_LT(record.byte_offset(), sample.payload.size()) << sample.name;
      EXPECT_FALSE(record.key().empty()) << sample.name;
      for (const adapter::v1::FieldValue& value : record.values())
        EXPECT_FALSE(value.value().empty());
    }
    for (const adapter::Diagnostic& diagnostic : decoded.diagnostics) {
      EXPECT_LE(diagnostic.byte_offset, sample.payload.size()) << sample.name;
      EXPECT_FALSE(diagnostic.message.empty()) << sample.name;
    }
  }
}

// The last record of a text without its final line break may have lost the end of its last value:
// it is the only one that may differ.
TEST_P(AdapterContract, TruncationAnywhereInventsNoRecord) {
  for (const adapter::Sample& sample : samples_) {
    std::set<std::string> whole;
    for (const adapter::v1::Record& record :
         Decode(*instance_, sample.format, sample.payload, "").records) {
      whole.insert(record.SerializeAsString());
    }
    const std::size_t step = sample.payload.size() / 64 + 1;
    for (std::size_t size = 0; size < sample.payload.size(); size += step) {
      const std::string cut = sample.payload.substr(0, size);
      const Decoded decoded = Decode(*instance_, sample.format, cut, "");
      if (!decoded.status.ok()) continue;
      for (const adapter::v1::Record& record : decoded.records) {
        if (cut.find('\n', record.byte_offset()) == std::string::npos) continue;
        EXPECT_EQ(whole.count(record.SerializeAsString()), 1U)
            << sample.name << " cut at " << size << ", row " << record.row();
      }
    }
  }
}

TEST_P(AdapterContract, SurvivesDamagedBytes) {
  std::mt19937 random(20260301);  // NOLINT(cert-msc51-cpp): the same every time
  for (const adapter::Sample& sample : samples_) {
    for (int round = 0; round < 200; ++round) {
      std::string damaged = sample.payload;
      for (int flips = 0; flips < 1 + round % 8 && !damaged.empty(); ++flips) {
        static constexpr char kNasty[] = {'"', '\n', '|', ',', '<', '{', '\0', '\x81', '\xFF'};
        damaged[random() % damaged.size()] = kNasty[random() % sizeof kNasty];
      }
      const Decoded decoded = Decode(*instance_, sample.format, damaged, "");
      EXPECT_THAT(decoded.status.code(),
                  ::testing::AnyOf(absl::StatusCode::kOk, absl::StatusCode::kInvalidArgument))
          << sample.name << " round " << round << ": " << decoded.status;
    }
  }
}

TEST_P(AdapterContract, RefusesEmptyPayloadsAndUnknownFormats) {
  for (const adapter::v1::Format& format : adapter_->manifest().formats()) {
    if (!format.decodes()) continue;
    EXPECT_THAT(Decode(*instance_, format.name(), "").status,
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(Decode(*instance_, "no_such_format", "x").status,
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(AdapterContract, WhatItEncodesItDecodesToTheSame) {
  for (const adapter::Sample& sample : samples_) {
    const adapter::v1::Format* format = adapter_->FindFormat(sample.format);
    if (format == nullptr || !format->encodes() || !format->decodes()) continue;
    const Decoded first = Decode(*instance_, sample.format, sample.payload, "");
    if (!first.status.ok()) continue;
    AQ_ASSERT_OK_AND_ASSIGN(const std::string bytes,
                            instance_->Encode(sample.format, first.records));
    const Decoded second = Decode(*instance_, sample.format, bytes, "");
    AQ_ASSERT_OK(second.status);
    // Only what was passed on as written is said again, in its row.
    for (const adapter::Diagnostic& diagnostic : second.diagnostics) {
      EXPECT_EQ(diagnostic.severity, adapter::Diagnostic::Severity::kWarning) << sample.name;
      EXPECT_EQ(diagnostic.reason, "VALUE_INVALID") << sample.name;
    }
    ASSERT_EQ(second.records.size(), first.records.size()) << sample.name;
    for (std::size_t i = 0; i < first.records.size(); ++i) {
      EXPECT_EQ(second.records[i].key(), first.records[i].key());
      EXPECT_EQ(second.records[i].removed(), first.records[i].removed());
      EXPECT_EQ(MeaningOf(second.records[i]), MeaningOf(first.records[i]));
    }
  }
}

#define AQ_ADAPTER_CONTRACT(suite, name) \
  INSTANTIATE_TEST_SUITE_P(suite, AdapterContract, ::testing::Values(std::string(name)))

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_PLUGINS_ADAPTER_CONTRACT_H_
