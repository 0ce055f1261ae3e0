#include "hub/store/log_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "hub/store/rocks_store_internal.h"
#include "tests/hub/store/store_contract.h"
#include "tests/testing/faulty_file_system.h"

namespace anqiao::store {

// Only its helpers are used here.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

namespace {

// A store of three groups, as a power failure leaves it: HEAD was synced before them.
class LogTailTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string head;
    {
      AQ_ASSERT_OK_AND_ASSIGN(auto store, Open());
      // HEAD of an empty journal is the older, true one.
      head = *files_->Save()["/s/HEAD"];
      AQ_ASSERT_OK_AND_ASSIGN(const Epoch epoch, store->AcquireWriter());
      for (const std::string text : {"first", "second", "third"}) {
        AQ_ASSERT_OK(store->Append(epoch, Entries({text + std::string(50000, '.')})));
      }
      image_ = files_->Save();
    }
    for (const auto& [path, bytes] : image_) {
      if (path.rfind("/s/journal/", 0) == 0 && path.find(".log") != std::string::npos) log_ = path;
    }
    image_["/s/HEAD"] = head;
  }

  absl::StatusOr<std::unique_ptr<Store>> Open() {
    return OpenRocksStoreOn(env_.get(), {.directory = "/s"});
  }

  // Changes a byte inside the entry that begins with "text".
  void Damage(const std::string& text) {
    std::string& bytes = *image_[log_];
    bytes[bytes.find(text) + 100] ^= 1;
    files_->Load(image_);
  }

  std::shared_ptr<testing::FaultyFileSystem> files_ =
      std::make_shared<testing::FaultyFileSystem>(1);
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  testing::FaultyDisk::Image image_;
  std::string log_;
};

TEST_F(LogTailTest, AGarbledLastRecordIsCutOffAndKept) {
  const std::size_t before = image_[log_]->size();
  Damage("third");
  EXPECT_THAT(CutTornTails(*files_, "/s/journal"), IsOkAndHolds(true));
  const testing::FaultyDisk::Image after = files_->Save();
  EXPECT_EQ(after.at(log_)->size() + after.at("/s/journal/TORN")->size(), before);
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_EQ(store->synced_sequence(), 2u);
}

TEST_F(LogTailTest, DamageBeforeAWholeRecordIsLeft) {
  Damage("second");
  EXPECT_THAT(CutTornTails(*files_, "/s/journal"), IsOkAndHolds(false));
  EXPECT_EQ(*files_->Save()[log_], *image_[log_]);
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(LogTailTest, AWholeLogIsLeft) {
  files_->Load(image_);
  EXPECT_THAT(CutTornTails(*files_, "/s/journal"), IsOkAndHolds(false));
  EXPECT_FALSE(files_->FileExists("/s/journal/TORN", {}, nullptr).ok());
}

TEST_F(LogTailTest, AWriterOpensAfterATornWriteAndAReaderDoesNot) {
  Damage("third");
  EXPECT_THAT(OpenRocksStoreOn(env_.get(), {.directory = "/s", .read_only = true}),
              StatusIs(absl::StatusCode::kDataLoss));
  AQ_ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_EQ(store->synced_sequence(), 2u);
}

}  // namespace
}  // namespace anqiao::store
