// Nothing that is stored depends on the order of arrival but the ids: twenty orders with removals
// and returns, of a generated district of 100,000 records, of the file that is kept here, and of
// others' files where they are (ANQIAO_IDENTITY_DATA). AQ_ORDER_PEOPLE sets the size of the
// district.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
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
#include "tests/hub/identity/linkage_testing.h"
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

// What is stored of each record, in their order, with record keys for ids: a hash of it.
std::vector<std::uint64_t> Stored(const MemoryTables& tables, const Records& records) {
  std::map<RecordId, absl::string_view> first_keys;
  std::vector<const LinkageTables::Node*> nodes;
  for (const TrainingRecord& record : records) {
    nodes.push_back(*tables.Find(*tables.IdOf(record.key)));
    const auto [at, inserted] = first_keys.emplace(nodes.back()->cluster, record.key);
    if (!inserted) at->second = std::min<absl::string_view>(at->second, record.key);
  }
  std::vector<std::uint64_t> stored;
  for (const LinkageTables::Node* node : nodes) {
    std::string text = DescribeNode(
        *node, [&](RecordId id) { return (*tables.Find(id))->key; },
        [&](RecordId cluster) { return first_keys.at(cluster); });
    for (const KeyHash key : node->keys) absl::StrAppend(&text, " ", *tables.CountMembers(key));
    stored.push_back(PublicHash(text));
  }
  return stored;
}

std::vector<std::size_t> Shuffled(std::size_t size, std::mt19937_64& random) {
  std::vector<std::size_t> order(size);
  for (std::size_t i = 0; i < size; ++i) order[i] = i;
  for (std::size_t i = size; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

void ExpectTheSameInAnyOrder(const Model& model, const Records& records) {
  MemoryTables first_tables;
  Linkage first(model, first_tables);
  for (const TrainingRecord& record : records) {
    AQ_ASSERT_OK(first.Put(first_tables.size() + 1, record.key, record.profile));
  }
  const std::vector<std::uint64_t> stored = Stored(first_tables, records);
  AQ_ASSERT_OK_AND_ASSIGN(const std::vector<Review> reviews, first.Reviews(first_tables.Records()));
  for (std::uint64_t seed = 1; seed <= kOrders; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937_64 random(seed);
    MemoryTables tables;
    Linkage linkage(model, tables);
    RecordId last = 0;
    const auto put = [&](std::size_t i) {
      AQ_ASSERT_OK(linkage.Put(++last, records[i].key, records[i].profile));
    };
    // Now and then one that came before goes, and comes back at the end; one comes twice.
    std::vector<std::size_t> gone, came;
    for (const std::size_t i : Shuffled(records.size(), random)) {
      put(i);
      came.push_back(i);
      const std::size_t other = came[random() % came.size()];
      if (random() % 5 == 0) {
        AQ_ASSERT_OK_AND_ASSIGN(const LinkageChange change, linkage.Remove(records[other].key));
        if (change.removed_from != kNoRecord) gone.push_back(other);
      }
      if (random() % 50 == 0 && *tables.IdOf(records[other].key) != kNoRecord) {
        // As another, and as it was.
        AQ_ASSERT_OK(linkage.Put(++last, records[other].key, records[i].profile));
        put(other);
      }
    }
    for (const std::size_t i : gone) put(i);
    ASSERT_EQ(tables.size(), records.size());
    ASSERT_TRUE(Stored(tables, records) == stored);
    AQ_ASSERT_OK_AND_ASSIGN(const std::vector<Review> again, linkage.Reviews(tables.Records()));
    ASSERT_EQ(again.size(), reviews.size());
    for (std::size_t i = 0; i < again.size(); ++i) {
      ASSERT_EQ(again[i].key, reviews[i].key);
      ASSERT_EQ(again[i].other, reviews[i].other);
    }
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
        {record.record_id, ProfileOf(model.schema, {record.name, record.sex, record.birth_date,
                                                    record.id_number, record.phone, record.division,
                                                    record.address, record.issued_number})});
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
    std::vector<std::string> cells(row.begin() + 2, row.begin() + 9);
    cells.emplace_back();  // no issued number
    records.push_back({row[0], ProfileOf(model.schema, cells)});
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
