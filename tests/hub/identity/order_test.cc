// The partition does not depend on the order of arrival: twenty orders with removals and returns,
// of a generated district of 100,000 records, of the file that is kept here, and of others' files
// where they are (ANQIAO_IDENTITY_DATA). AQ_ORDER_PEOPLE sets the size of the district.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "hub/identity/linkage.h"
#include "hub/identity/model_file.h"
#include "hub/identity/training.h"
#include "tests/testing/register_generator.h"
#include "tests/testing/status_matchers.h"

namespace anqiao::identity {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
constexpr int kPeople = 1'000, kOrders = 5;
constexpr std::size_t kFileRecordsMax = 1'000;
#else
constexpr int kPeople = 47'500, kOrders = 20;
constexpr std::size_t kFileRecordsMax = 10'000;
#endif

using Records = std::vector<TrainingRecord>;

// The clusters of all records, in their order.
std::vector<std::string> Clusters(const Linkage& linkage, const Records& records) {
  std::vector<std::string> clusters;
  for (const TrainingRecord& record : records) clusters.push_back(linkage.ClusterOf(record.key));
  return clusters;
}

std::vector<std::size_t> Shuffled(std::size_t size, std::mt19937_64& random) {
  std::vector<std::size_t> order(size);
  for (std::size_t i = 0; i < size; ++i) order[i] = i;
  for (std::size_t i = size; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

void ExpectTheSameInAnyOrder(const Model& model, const Records& records) {
  Linkage first(model);
  for (const TrainingRecord& record : records) first.Put(record.key, record.profile);
  const std::vector<std::string> clusters = Clusters(first, records);
  const std::size_t reviews = first.Reviews().size();
  for (std::uint64_t seed = 1; seed <= kOrders; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937_64 random(seed);
    Linkage linkage(model);
    const auto put = [&](std::size_t i) { linkage.Put(records[i].key, records[i].profile); };
    // Now and then one that came before goes, and comes back at the end; one comes twice.
    std::vector<std::size_t> gone, came;
    for (const std::size_t i : Shuffled(records.size(), random)) {
      put(i);
      came.push_back(i);
      const std::size_t other = came[random() % came.size()];
      if (random() % 5 == 0 && linkage.Remove(records[other].key)) gone.push_back(other);
      if (random() % 50 == 0 && linkage.Has(records[other].key)) put(other);
    }
    for (const std::size_t i : gone) put(i);
    ASSERT_EQ(linkage.size(), records.size());
    ASSERT_TRUE(Clusters(linkage, records) == clusters);
    ASSERT_EQ(linkage.Reviews().size(), reviews);
  }
}

Profile ProfileOf(const Schema& schema, const std::vector<std::string>& cells) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    values.push_back(NormalizeValue(schema[i], cells[i]));
  }
  return MakeProfile(schema, ShippedStopList(), std::move(values));
}

TEST(OrderTest, OfAGeneratedDistrict) {
  int people = kPeople;
  if (const char* wanted = std::getenv("AQ_ORDER_PEOPLE"); wanted != nullptr) {
    ASSERT_TRUE(absl::SimpleAtoi(wanted, &people));
  }
  const testing::RegisterGenerator generator({.seed = 5, .people = people});
  const Model model = SizedFor(ShippedModel(), static_cast<std::size_t>(people) * 2);
  Records records;
  generator.Visit(0, people, [&](const testing::LabelledRecord& record) {
    records.push_back(
        {record.record_id,
         ProfileOf(model.schema, {record.name, record.sex, record.birth_date, record.id_number,
                                  record.phone, record.division, record.address})});
  });
  ExpectTheSameInAnyOrder(model, records);
}

// Without quotation marks. The first column is the key.
std::vector<std::vector<std::string>> ReadRows(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::vector<std::string>> rows;
  std::string line;
  while (std::getline(in, line) && rows.size() <= kFileRecordsMax) {
    rows.push_back(absl::StrSplit(line, ','));
  }
  return rows;
}

TEST(OrderTest, OfTheFileKeptHere) {
  const Model& model = ShippedModel();
  const auto rows = ReadRows(ANQIAO_IDENTITY_TEST_DATA "/zh10k.csv");
  ASSERT_GT(rows.size(), 100);
  Records records;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::vector<std::string>& row = rows[i];
    records.push_back({row[0], ProfileOf(model.schema, {row.begin() + 2, row.begin() + 9})});
  }
  ExpectTheSameInAnyOrder(model, records);
}

struct OthersFile {
  const char* name;
  // In the order of the file's columns after the key.
  std::vector<AttributeKind> kinds;
};
class OthersFileTest : public ::testing::TestWithParam<OthersFile> {};

TEST_P(OthersFileTest, TheSameInAnyOrder) {
  const char* folder = std::getenv("ANQIAO_IDENTITY_DATA");
  if (folder == nullptr) GTEST_SKIP() << "ANQIAO_IDENTITY_DATA names no folder";
  const auto rows = ReadRows(absl::StrCat(folder, "/", GetParam().name, ".csv"));
  if (rows.empty()) GTEST_SKIP() << folder << " has no " << GetParam().name << ".csv";
  Model base;
  for (std::size_t i = 0; i < GetParam().kinds.size(); ++i) {
    base.schema.push_back({absl::StrCat("column", i), GetParam().kinds[i]});
  }
  base.recipes = DefaultRecipes(base.schema);
  Records records;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    records.push_back({rows[i][0], ProfileOf(base.schema, {rows[i].begin() + 1, rows[i].end()})});
  }
  AQ_ASSERT_OK_AND_ASSIGN(const Model model, Train(base, records, {.random_pairs = 100'000}));
  ExpectTheSameInAnyOrder(model, records);
}

std::vector<OthersFile> OthersFiles() {
  using enum AttributeKind;
  const std::vector<AttributeKind> febrl = {kGivenName, kSurname,   kAddress, kAddress,
                                            kAddress,   kAddress,   kOther,   kOther,
                                            kBirthDate, kIdentifier};
  return {{"febrl1", febrl},
          {"febrl2", febrl},
          {"fake_1000", {kGivenName, kSurname, kBirthDate, kAddress, kOther}}};
}
INSTANTIATE_TEST_SUITE_P(All, OthersFileTest, ::testing::ValuesIn(OthersFiles()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace anqiao::identity
