// A store of each format version, as it was written then, still opens and holds what it should.
//
// To make the files of a new version: AQ_MAKE_GOLDEN=tests/hub/store/golden/v2 store_golden_test
// --gtest_filter=*Make*. The files of a version are never made again.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/hub/store/fault_runs.h"
#include "tests/hub/store/store_contract.h"

namespace anqiao::store {

// Only its helpers are used here.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

namespace {

namespace fs = std::filesystem;

constexpr Sequence kLast = 40;

std::string EntryOf(Sequence sequence) {
  return absl::StrCat("golden entry ", sequence, std::string(sequence % 7 * 20, 'x'));
}
// "large" lies in a blob file, the others in a table.
std::string BlobOf(absl::string_view name) {
  return absl::StrCat("golden blob ", name, std::string(name == "large" ? 6000 : 10, 'y'));
}

// Two lives: the first one's entries are in table files, the second one's in the log.
void Fill(Store& store, Sequence first, Sequence last) {
  AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, store.AcquireWriter());
  for (Sequence at = first; at <= last; at += 2) {
    AppendGroup group = Entries({EntryOf(at), EntryOf(at + 1)});
    if (at == 3) group.blobs = {{"large", BlobOf("large")}, {"removed", BlobOf("removed")}};
    if (at == 31) group.blobs = {{"small", BlobOf("small")}};
    if (at == 33) group.removed_blobs = {"removed"};
    AQ_ASSERT_OK(store.Append(epoch, group));
    AQ_ASSERT_OK(ApplyRows(store, {{absl::StrCat("row", at % 6), absl::StrCat(at)}}, at + 1));
  }
}

TEST(GoldenTest, MakesWhatTheEnvironmentAsksFor) {
  const char* directory = std::getenv("AQ_MAKE_GOLDEN");
  if (directory == nullptr) GTEST_SKIP() << "AQ_MAKE_GOLDEN is not set";
  const FaultyMachine machine(1);
  for (const Sequence first : {1, 21}) {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, machine.Open(OpenRocksStoreOn));
    Fill(*store, first, first + 19);
  }
  const std::string root = "/srv/anqiao/data/";
  for (const auto& [path, bytes] : machine.files->Save()) {
    if (!bytes.has_value() || !absl::StartsWith(path, root)) continue;
    if (absl::StrContains(path, "/OPTIONS-") || absl::EndsWith(path, "/LOCK")) continue;
    const fs::path target = fs::path(directory) / path.substr(root.size());
    fs::create_directories(target.parent_path());
    std::ofstream(target, std::ios::binary) << *bytes;
  }
}

TEST(GoldenTest, Version1OpensAndHoldsWhatItShould) {
  const testing::TempDir directory;
  fs::copy(ANQIAO_GOLDEN_DIRECTORY "/v1", directory.path(), fs::copy_options::recursive);
  EXPECT_THAT(OpenRocksStore({.directory = directory.path()}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  for (int i = 0; i < 2; ++i) {
    AQ_ASSERT_OK_AND_ASSIGN(auto store, OpenRocksStore({.directory = directory.path(),
                                                        .read_only = true,
                                                        .scratch_directory = {},
                                                        .older_format = true}));
    std::vector<std::string> entries;
    for (Sequence at = 1; at <= kLast; ++at) entries.push_back(EntryOf(at));
    EXPECT_EQ(ReadAll(*store), entries);
    EXPECT_THAT(store->GetBlob("large"), IsOkAndHolds(BlobOf("large")));
    EXPECT_THAT(store->GetBlob("small"), IsOkAndHolds(BlobOf("small")));
    EXPECT_THAT(store->GetBlob("removed"), StatusIs(absl::StatusCode::kNotFound));
    const auto snapshot = store->NewSnapshot();
    EXPECT_EQ(snapshot->sequence(), kLast);
    EXPECT_EQ(ScanAll(*snapshot), (Rows{{"row1", "37"}, {"row3", "39"}, {"row5", "35"}}));
  }
}

}  // namespace
}  // namespace anqiao::store
