#include "hub/server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "hub/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kGood[] = R"(data_directory: ./data
catalogue_directory: policies
clock_start: "2026-06-30T09:00:00+08:00"
agency_listener: {address: "127.0.0.1:0", certificate: s.crt, key: s.key, client_ca: ca.crt}
hub_listener: {address: "127.0.0.1:8702", certificate: s.crt, key: s.key, client_ca: ca.crt}
agencies:
  - id: police
    display_name: 咸安区公安分局
    kind: police
    adapter: {library: lib.so, samples: samples}
    formats: [roster, orders]
    payload_bytes_max: 1024
    shrink_share_max: 0.5
keys: {ring: keys/ring, master_key: s.key}
)";

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"policies", "samples"}) {
      std::filesystem::create_directory(directory_.File(name));
    }
    for (const char* name : {"s.crt", "s.key", "ca.crt", "lib.so"}) {
      std::ofstream(directory_.File(name)) << "x";
    }
  }
  absl::StatusOr<Config> Parse(const std::string& text, bool insecure = false) {
    return ParseConfig(text, directory_.File("hub.yaml"), insecure);
  }
  // The good configuration with "from" replaced.
  absl::StatusOr<Config> Changed(const std::string& from, const std::string& to) {
    const std::string text = absl::StrReplaceAll(kGood, {{from, to}});
    EXPECT_NE(text, kGood) << from;
    return Parse(text);
  }
  testing::TempDir directory_;
};

TEST_F(ConfigTest, AnAgencyMayBeTheOfficeOfAnotherSubdistrict) {
  AQ_ASSERT_OK_AND_ASSIGN(const Config config, Changed("kind: police", "kind: subdistrict_office"));
  EXPECT_EQ(config.agencies[0].options.kind, "subdistrict_office");
}

TEST_F(ConfigTest, AnAgencyMayWaitForItsFirstAdapter) {
  for (const char* adapter : {"", "    adapter: {samples: samples, hang_ms: 100}\n"}) {
    AQ_ASSERT_OK_AND_ASSIGN(const Config config,
                            Changed("    adapter: {library: lib.so, samples: samples}\n", adapter));
    EXPECT_EQ(config.agencies[0].library, "");
  }
}

TEST_F(ConfigTest, TheListenerWatchIsOnUnlessTurnedOff) {
  for (const auto& [text, on] : {std::pair<std::string, bool>{"", true},
                                 {"listener_watch: on\n", true},
                                 {"listener_watch: off\n", false}}) {
    AQ_ASSERT_OK_AND_ASSIGN(const Config config, Parse(kGood + text));
    EXPECT_EQ(config.listener_watch, on) << text;
  }
  EXPECT_THAT(Parse(absl::StrCat(kGood, "listener_watch: maybe\n")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be on or off")));
}

TEST_F(ConfigTest, TheEntitlementWatchIsOnUnlessTurnedOffAndACandidateNeedNotBeThere) {
  AQ_ASSERT_OK_AND_ASSIGN(const Config plain, Parse(kGood));
  EXPECT_TRUE(plain.entitlement_watch);
  EXPECT_EQ(plain.candidate_catalogue_directory, "");
  AQ_ASSERT_OK_AND_ASSIGN(
      const Config set,
      Parse(absl::StrCat(kGood, "entitlement_watch: off\ncandidate_catalogue_directory: next\n",
                         "candidate_identity_model_file: zh-3.yaml\n")));
  EXPECT_FALSE(set.entitlement_watch);
  EXPECT_EQ(set.candidate_catalogue_directory, directory_.File("next"));
  EXPECT_EQ(set.candidate_identity_model_file, directory_.File("zh-3.yaml"));
  EXPECT_EQ(set.identity_model_file, "");
  EXPECT_THAT(Parse(absl::StrCat(kGood, "entitlement_watch: maybe\n")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must be on or off")));
  EXPECT_FALSE(Parse(absl::StrCat(kGood, "candidate_identity_model_file: \"\"\n")).ok());
  EXPECT_FALSE(Parse(absl::StrCat(kGood, "identity_model_file: not-there.yaml\n")).ok());
  EXPECT_THAT(Parse(absl::StrCat(kGood, "candidate_catalogue_directory: \"\"\n")),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ConfigTest, AdaptersRunInWorkersWithinLimits) {
  AQ_ASSERT_OK_AND_ASSIGN(const Config plain, Parse(kGood));
  EXPECT_TRUE(plain.agencies[0].in_workers);
  EXPECT_EQ(plain.agencies[0].limits.memory_bytes_max, std::uint64_t{1} << 30);
  EXPECT_EQ(plain.agencies[0].limits.hang, absl::Seconds(10));
  EXPECT_EQ(plain.agencies[0].limits.deadline, absl::Seconds(120));
  AQ_ASSERT_OK_AND_ASSIGN(
      const Config set,
      Changed("samples: samples}",
              "samples: samples, isolation: in_process, memory_bytes_max: 33554432, hang_ms: 50, "
              "deadline_ms: 70}"));
  EXPECT_FALSE(set.agencies[0].in_workers);
  EXPECT_EQ(set.agencies[0].limits.memory_bytes_max, std::uint64_t{32} << 20);
  EXPECT_EQ(set.agencies[0].limits.hang, absl::Milliseconds(50));
  EXPECT_EQ(set.agencies[0].limits.deadline, absl::Milliseconds(70));
  const std::pair<const char*, const char*> wrong[] = {
      {"isolation: none", "isolation must be worker or in_process"},
      {"memory_bytes_max: 1", "memory_bytes_max must be a whole number from 16777216"},
      {"hang_ms: 9", "hang_ms must be a whole number from 10"},
      {"deadline_ms: 0", "deadline_ms must be a whole number from 10"},
      {"hang_ms: 200000", "hang_ms must not be more than deadline_ms"}};
  for (const auto& [text, message] : wrong) {
    EXPECT_THAT(Changed("samples: samples}", absl::StrCat("samples: samples, ", text, "}")),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }
}

TEST_F(ConfigTest, DeliveriesLeaveOneWay) {
  const std::string formats = "    formats: [roster, orders]\n";
  const auto with = [&](const std::string& deliver) {
    return Changed(formats, absl::StrCat(formats, "    deliver: ", deliver, "\n"));
  };
  AQ_ASSERT_OK_AND_ASSIGN(Config config, Parse(kGood));
  EXPECT_EQ(config.agencies[0].options.delivery_way, journal::v1::DELIVERY_WAY_STREAM);
  AQ_ASSERT_OK_AND_ASSIGN(config, with("{folder: {path: out}}"));
  EXPECT_EQ(config.agencies[0].options.delivery_way, journal::v1::DELIVERY_WAY_FOLDER);
  ASSERT_TRUE(config.agencies[0].outbox.has_value());
  EXPECT_EQ(config.agencies[0].outbox->agency, "police");
  EXPECT_EQ(config.agencies[0].outbox->path, directory_.File("out"));
  EXPECT_FALSE(config.agencies[0].outbox->await_ack);
  AQ_ASSERT_OK_AND_ASSIGN(
      config, with("{folder: {path: out, ack: file, in_flight: 7, poll: 2, envelope: protobuf}}"));
  EXPECT_TRUE(config.agencies[0].outbox->await_ack);
  EXPECT_EQ(config.agencies[0].outbox->in_flight, 7);
  EXPECT_EQ(config.agencies[0].outbox->poll, absl::Seconds(2));
  EXPECT_EQ(config.agencies[0].outbox->form, transport::EnvelopeForm::kProtobuf);
  AQ_ASSERT_OK_AND_ASSIGN(config,
                          with("{http: {url: \"https://a.example/in\", ca: ca.crt, certificate: "
                               "s.crt, key: s.key, connections: 3, token_file: s.key}}"));
  EXPECT_EQ(config.agencies[0].options.delivery_way, journal::v1::DELIVERY_WAY_HTTP);
  ASSERT_TRUE(config.agencies[0].http_delivery.has_value());
  EXPECT_EQ(config.agencies[0].http_delivery->options.connections, 3);
  EXPECT_EQ(config.agencies[0].http_delivery->tls.ca, directory_.File("ca.crt"));
  const std::pair<const char*, const char*> wrong[] = {
      {"{}", ":12:14: deliver must have either folder or http"},
      {"{folder: {path: out}, http: {url: \"https://a/\", ca: ca.crt}}", "either folder or http"},
      {"{mail: x}", "unknown key mail in deliver"},
      {"{folder: {}}", "key path is missing in folder"},
      {"{folder: {path: \"\"}}", "path is empty"},
      {"{folder: {path: out, ack: maybe}}", ":12:40: ack must be written or file"},
      {"{folder: {path: out, in_flight: 3}}", "in_flight is for ack: file"},
      {"{folder: {path: out, ack: file, in_flight: 257}}", "in_flight must be a whole number"},
      {"{folder: {path: out, envelope: xml}}", "envelope must be json or protobuf"},
      {"{http: {url: \"http://a/\", ca: ca.crt}}", "url must be https://"},
      {"{http: {url: \"https://a/\"}}", "key ca is missing in http"},
      {"{http: {url: \"https://a/\", ca: none.crt}}", "ca: there is no file"},
      {"{http: {url: \"https://a/\", ca: ca.crt, key: s.key}}", "go together in http"},
      {"{http: {url: \"https://a/\", ca: ca.crt, connections: 17}}", "connections must be a"}};
  for (const auto& [deliver, message] : wrong) {
    EXPECT_THAT(with(deliver), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << deliver;
  }
}

TEST_F(ConfigTest, NoAgencyIsDeliveredToWhereAnotherIs) {
  const auto two = [&](const std::string& first, const std::string& second) {
    const std::string text = absl::StrReplaceAll(
        kGood, {{"keys: {", absl::StrCat("    ", first,
                                         "\n  - id: tax\n    display_name: 税务\n    kind: tax\n"
                                         "    formats: [businesses]\n    ",
                                         second, "\nkeys: {")}});
    return Parse(text);
  };
  AQ_EXPECT_OK(two("deliver: {folder: {path: out}}", "deliver: {folder: {path: out2}}").status());
  const std::pair<const char*, const char*> wrong[] = {
      {"deliver: {folder: {path: out}}", "deliver: {folder: {path: out}}"},
      {"deliver: {folder: {path: out}}", "deliver: {folder: {path: ./out/}}"},
      {"deliver: {folder: {path: out}}", "deliver: {folder: {path: out/tax}}"},
      {"deliver: {folder: {path: all/out}}", "deliver: {folder: {path: all}}"},
      {"deliver: {folder: {path: samples/out}}",
       "drop_folder: {path: samples, format: businesses}"},
      {"drop_folder: {path: in, format: roster}", "deliver: {folder: {path: in/done}}"},
      {"deliver: {http: {url: \"https://a/in\", ca: ca.crt}}",
       "deliver: {http: {url: \"https://a:443/in\", ca: ca.crt}}"}};
  for (const auto& [first, second] : wrong) {
    EXPECT_THAT(two(first, second), StatusIs(absl::StatusCode::kInvalidArgument)) << first << "\n"
                                                                                  << second;
  }
}

TEST_F(ConfigTest, ReadsEverythingWithPathsFromTheFile) {
  AQ_ASSERT_OK_AND_ASSIGN(const Config config, Parse(kGood));
  EXPECT_EQ(config.data_directory, directory_.File("data"));
  EXPECT_EQ(config.catalogue_directory, directory_.File("policies"));
  EXPECT_EQ(config.keys.ring, directory_.File("keys/ring"));
  EXPECT_EQ(config.keys.master_key, directory_.File("s.key"));
  EXPECT_EQ(config.keys.cipher_suite, "aes-256-gcm-sha256");
  EXPECT_TRUE(config.keys.hide_keys);
  EXPECT_TRUE(config.keys.keep_logs);
  EXPECT_EQ(absl::ToUnixSeconds(*config.clock_start), 1'782'781'200);
  EXPECT_EQ(config.agency_listener.certificate, directory_.File("s.crt"));
  EXPECT_EQ(config.hub_listener.address, "127.0.0.1:8702");
  ASSERT_EQ(config.agencies.size(), 1u);
  const AgencyConfig& agency = config.agencies[0];
  EXPECT_EQ(agency.library, directory_.File("lib.so"));
  EXPECT_EQ(agency.samples, directory_.File("samples"));
  EXPECT_THAT(agency.options.formats, ElementsAre("roster", "orders"));
  EXPECT_EQ(agency.options.payload_bytes_max, 1024u);
  EXPECT_EQ(agency.options.payload_records_max, 200'000u);
  EXPECT_EQ(agency.options.shrink_share_max, 0.5);
}

TEST_F(ConfigTest, AnAgencyHasDropFolders) {
  AQ_ASSERT_OK_AND_ASSIGN(
      const Config config,
      Changed("shrink_share_max: 0.5",
              "drop_folder: [{path: in, format: roster}, {path: /tmp, format: orders, poll: 60}]"));
  const auto& folders = config.agencies[0].drop_folders;
  ASSERT_EQ(folders.size(), 2u);
  EXPECT_EQ(folders[0].agency, "police");
  EXPECT_EQ(folders[0].path, directory_.File("in"));
  EXPECT_EQ(folders[0].format, "roster");
  EXPECT_EQ(folders[0].poll, absl::Seconds(5));
  EXPECT_EQ(folders[1].path, "/tmp");
  EXPECT_EQ(folders[1].poll, absl::Minutes(1));
  AQ_EXPECT_OK(Changed("shrink_share_max: 0.5", "drop_folder: {path: in, format: roster}"));
}

TEST_F(ConfigTest, HttpIsDeclaredPerAgency) {
  AQ_ASSERT_OK_AND_ASSIGN(
      const Config config,
      Parse(absl::StrReplaceAll(
          kGood, {{"shrink_share_max: 0.5",
                   "http_push: on\n    http_poll: [{url: \"https://a.example/x?y=1\", format: "
                   "roster, ca: ca.crt}, "
                   "{url: \"https://a.example/z\", format: orders, interval: 60, ca: ca.crt, "
                   "certificate: s.crt, "
                   "key: s.key, token_file: s.key, receipt_url: \"https://a.example/receipts\"}]"},
                  {"clock_start",
                   "http_push_listener: {address: \"127.0.0.1:0\", certificate: s.crt, key: s.key, "
                   "client_ca: "
                   "ca.crt, connections_max: 9}\nclock_start"}})));
  ASSERT_TRUE(config.http_push_listener.has_value());
  EXPECT_EQ(config.http_push_listener->client_ca, directory_.File("ca.crt"));
  EXPECT_EQ(config.http_push_connections_max, 9);
  EXPECT_TRUE(config.agencies[0].http_push);
  const std::vector<PollConfig>& polls = config.agencies[0].polls;
  ASSERT_EQ(polls.size(), 2u);
  EXPECT_EQ(polls[0].options.url.target, "/x?y=1");
  EXPECT_EQ(polls[0].options.interval, absl::Minutes(5));
  EXPECT_EQ(polls[0].tls.certificate + polls[0].options.token_file, "");
  EXPECT_FALSE(polls[0].options.receipt_url.has_value());
  EXPECT_EQ(polls[1].options.agency, "police");
  EXPECT_EQ(polls[1].options.format, "orders");
  EXPECT_EQ(polls[1].options.interval, absl::Minutes(1));
  EXPECT_EQ(polls[1].tls.ca, directory_.File("ca.crt"));
  EXPECT_EQ(polls[1].tls.key, directory_.File("s.key"));
  EXPECT_EQ(polls[1].options.token_file, directory_.File("s.key"));
  EXPECT_EQ(polls[1].options.receipt_url->target, "/receipts");
}

TEST_F(ConfigTest, SaysWhatIsWrongWithHttp) {
  const std::pair<const char*, const char*> wrong[] = {
      {"http_push: on", "there is no http_push_listener"},
      {"http_push: yes", "must be on or off"},
      {"http_poll: x", "must be a mapping"},
      {"http_poll: {format: roster}", "key url is missing"},
      {"http_poll: {url: \"http://127.0.0.1/x\", format: roster}", "url must be https://"},
      {"http_poll: {url: \"https://a/x\", format: roster}", "key ca is missing"},
      {"http_poll: {url: \"https://a/x\", format: tests, ca: ca.crt}",
       "one of the agency's formats"},
      {"http_poll: {url: \"https://a/x\", format: roster, ca: none.crt}", "no file"},
      {"http_poll: {url: \"https://a/x\", format: roster, ca: ca.crt, key: s.key}", "go together"},
      {"http_poll: {url: \"https://a/x\", format: roster, ca: ca.crt, interval: 0}", "from 1 to"},
      {"http_poll: {url: \"https://a/x\", format: roster, ca: ca.crt, token_file: none}",
       "no file"},
      {"http_poll: {url: \"https://a/x\", format: roster, ca: ca.crt, receipt_url: "
       "\"https://b/x\"}",
       "on the host and port of url"},
      {"http_poll: [{url: \"https://a/x\", format: roster, ca: ca.crt}, {url: \"https://a:443/x\", "
       "format: roster, ca: ca.crt}]",
       "twice"}};
  for (const auto& [text, message] : wrong) {
    EXPECT_THAT(Changed("shrink_share_max: 0.5", text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  }
  AQ_ASSERT_OK_AND_ASSIGN(
      const Config insecure,
      Parse(absl::StrReplaceAll(kGood,
                                {{"shrink_share_max: 0.5",
                                  "http_poll: {url: \"http://127.0.0.1:81/x\", format: roster}"}}),
            true));
  EXPECT_FALSE(insecure.agencies[0].polls[0].options.url.tls);
}

TEST_F(ConfigTest, AJurisdictionIsADivisionCodesPrefix) {
  AQ_ASSERT_OK_AND_ASSIGN(const Config national, Parse(kGood));
  EXPECT_EQ(national.jurisdiction, "");
  AQ_ASSERT_OK_AND_ASSIGN(const Config local,
                          Parse(absl::StrCat(kGood, "jurisdiction: \"421202003000\"\n")));
  EXPECT_EQ(local.jurisdiction, "421202003000");
}

TEST_F(ConfigTest, TheProviderDirectoryIsAFile) {
  AQ_ASSERT_OK_AND_ASSIGN(const Config without, Parse(kGood));
  EXPECT_EQ(without.provider_directory, "");
  std::ofstream(directory_.File("providers.yaml")) << "x";
  AQ_ASSERT_OK_AND_ASSIGN(const Config with,
                          Parse(absl::StrCat(kGood, "provider_directory: providers.yaml\n")));
  EXPECT_EQ(with.provider_directory, directory_.File("providers.yaml"));
}

TEST_F(ConfigTest, SaysTheFileLineAndColumnOfEveryFault) {
  const struct {
    const char* from;
    const char* to;
    const char* place;
    const char* message;
  } kCases[] = {
      {"clock_start:", "clock_begin:", "3:1", "unknown key clock_begin"},
      {"catalogue_directory: policies", "data_directory: x", "2:1", "key data_directory twice"},
      {"catalogue_directory: policies\n", "", "1:1", "key catalogue_directory is missing"},
      {"catalogue_directory: policies", "catalogue_directory: [policies]", "2:22",
       "must be a text"},
      {"catalogue_directory: policies", "catalogue_directory: none", "2:22", "no directory"},
      {"clock_start: \"2026-06-30T09:00:00+08:00\"", "provider_directory: none.yaml", "3:21",
       "no file"},
      {"clock_start: \"2026-06-30T09:00:00+08:00\"", "jurisdiction: \"4212O2\"", "3:15",
       "digits of a division code"},
      {"+08:00", "", "3:14", "must be an instant"},
      {"clock_start: \"2026-06-30T09:00:00+08:00\"", "metrics_address: \"127.0.0.1\"", "3:18",
       "host:port"},
      {"clock_start: \"2026-06-30T09:00:00+08:00\"", "metrics_address: \"0.0.0.0:9\"", "3:18",
       "must be a loopback address"},
      {"clock_start: \"2026-06-30T09:00:00+08:00\"", "metrics_beyond_loopback: 1", "3:26",
       "true or false"},
      {"127.0.0.1:8702", "127.0.0.1", "5:25", "host:port"},
      {"127.0.0.1:8702", "127.0.0.1:65536", "5:25", "host:port"},
      {"hub_listener: {address", "hub_listener: {adress", "5:16", "unknown key adress"},
      {"\"127.0.0.1:0\", certificate: s.crt", "\"127.0.0.1:0\", certificate: none.crt", "4:56",
       "no file"},
      {"agencies:\n", "agencies: 7\nclock_start: \"x\"\nx:\n", "7:1", "twice"},
      {"id: police", "id: Police", "7:9", "lower_snake_case"},
      {"kind: police", "kind: court", "9:11", "kind must be"},
      {"library: lib.so", "library: none.so", "10:24", "no file"},
      {"samples: samples", "samples: none", "10:41", "no directory"},
      {"formats: [roster, orders]", "formats: roster", "11:14", "must be a list"},
      {"payload_bytes_max: 1024", "payload_bytes_max: many", "12:24", "whole number"},
      {"payload_bytes_max: 1024", "payload_bytes_max: -1", "12:24", "whole number"},
      {"payload_bytes_max: 1024", "payload_bytes_max: 99999999999999999999", "12:24",
       "whole number"},
      {"shrink_share_max: 0.5", "shrink_share_max: nan", "13:23", "from 0 to 1"},
      {"shrink_share_max: 0.5", "shrink_share_max: 1.5", "13:23", "from 0 to 1"},
      {"shrink_share_max: 0.5", "drop_folder: in", "13:18", "must be a mapping"},
      {"shrink_share_max: 0.5", "drop_folder: {path: in}", "13:18", "key format is missing"},
      {"shrink_share_max: 0.5", "drop_folder: {path: in, format: tests}", "13:37",
       "one of the agency's formats, roster, orders"},
      {"shrink_share_max: 0.5", "drop_folder: {path: none/in, format: roster}", "13:25",
       "no directory to make"},
      {"shrink_share_max: 0.5", "drop_folder: {path: in, format: roster, poll: 0}", "13:51",
       "from 1 to 3600"},
      {"shrink_share_max: 0.5", "drop_folder: {path: in, format: roster, pol: 1}", "13:45",
       "unknown key pol"},
      {"shrink_share_max: 0.5",
       "drop_folder: [{path: in, format: roster}, {path: ./in, format: orders}]", "7:5", "twice"},
      {"shrink_share_max: 0.5", "shrink_share: 0.5", "13:5", "unknown key shrink_share"}};
  for (const auto& each : kCases) {
    const absl::StatusOr<Config> config = Changed(each.from, each.to);
    ASSERT_THAT(config, StatusIs(absl::StatusCode::kInvalidArgument)) << each.to;
    EXPECT_THAT(std::string(config.status().message()),
                HasSubstr(directory_.File("hub.yaml") + ":" + each.place + ": "))
        << each.to;
    EXPECT_THAT(std::string(config.status().message()), HasSubstr(each.message));
    EXPECT_EQ(ReasonOf(config.status()), reason::kConfigurationInvalid);
  }
}

TEST_F(ConfigTest, ServesMetricsOnLoopbackUnlessToldOtherwise) {
  const char kFrom[] = "clock_start: \"2026-06-30T09:00:00+08:00\"";
  EXPECT_EQ(Parse(kGood)->metrics_address, "");
  EXPECT_EQ(Changed(kFrom, "metrics_address: \"127.0.0.1:9\"")->metrics_address, "127.0.0.1:9");
  EXPECT_EQ(Changed(kFrom, "metrics_address: \"0.0.0.0:9\"\nmetrics_beyond_loopback: true")
                ->metrics_address,
            "0.0.0.0:9");
}

TEST_F(ConfigTest, RefusesTheSameAgencyTwice) {
  const std::string text = kGood;
  const std::size_t agency = text.find("  - id:"), keys = text.find("keys: {");
  const std::string twice = text.substr(agency, keys - agency);
  const absl::StatusOr<Config> config = Parse(text.substr(0, keys) + twice + text.substr(keys));
  EXPECT_THAT(config, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("hub.yaml:14:5: agency police twice")));
}

TEST_F(ConfigTest, RefusesWhatIsNotYaml) {
  EXPECT_THAT(Parse("data_directory: [\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not valid YAML")));
  for (const char* text : {"", "- a\n", "7", "null"}) {
    EXPECT_THAT(Parse(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("mapping")))
        << text;
  }
}

TEST_F(ConfigTest, InsecureListenersNeedNoFiles) {
  const std::string text =
      absl::StrReplaceAll(kGood, {{", certificate: s.crt, key: s.key, client_ca: ca.crt", ""}});
  AQ_EXPECT_OK(Parse(text, true));
  EXPECT_THAT(Parse(text, false), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("key certificate is missing")));
}

TEST_F(ConfigTest, SaysThatTheFileCannotBeRead) {
  EXPECT_THAT(LoadConfig(directory_.File("none.yaml"), false),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(LoadConfig(directory_.path(), false), StatusIs(absl::StatusCode::kNotFound));
  std::ofstream(directory_.File("large.yaml")) << std::string((1 << 20) + 1, '#');
  EXPECT_THAT(LoadConfig(directory_.File("large.yaml"), false),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("larger than")));
  std::ofstream(directory_.File("hub.yaml")) << kGood;
  AQ_EXPECT_OK(LoadConfig(directory_.File("hub.yaml"), false));
}

}  // namespace
}  // namespace anqiao::server
