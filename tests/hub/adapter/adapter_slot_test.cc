#include "hub/adapter/adapter_slot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "hub/base/errors.h"
#include "tests/testing/fake_adapter.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace anqiao::adapter {
namespace {

namespace fs = std::filesystem;
using testing::FakeAdapter;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

class AdapterSlotTest : public ::testing::Test {
 protected:
  std::string Copy(const std::string& from, const std::string& name) {
    const std::string path = directory_.File(name);
    fs::copy_file(from, path, fs::copy_options::overwrite_existing);
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  std::unique_ptr<AdapterSlot> Slot(const std::string& samples = "") {
    const std::string library = Copy(ANQIAO_POLICE_LIBRARY, "configured.so");
    auto slot = AdapterSlot::Open(
        {.library = library,
         .samples = samples,
         .copies_directory = directory_.File("copies"),
         .loader = [](const auto& path, const auto& where) { return Adapter::Load(path, where); }});
    EXPECT_TRUE(slot.ok()) << slot.status();
    return *std::move(slot);
  }
  // The library with a few bytes more: another build of the same adapter.
  std::string OtherBuild(const std::string& name = "other.so") {
    const std::string path = Copy(ANQIAO_POLICE_LIBRARY, name);
    std::ofstream(path, std::ios::binary | std::ios::app) << "another build";
    return path;
  }

  testing::TempDir directory_;
};

TEST_F(AdapterSlotTest, LoadsBesideAndSwapsOnlyWhenToldTo) {
  const auto slot = Slot();
  const std::shared_ptr<Adapter> old = slot->current();
  AQ_ASSERT_OK_AND_ASSIGN(const LoadedBuild next, slot->Load(OtherBuild(), ""));
  EXPECT_EQ(slot->current(), old);
  EXPECT_NE(next.adapter->build_id(), old->build_id());
  slot->SetCandidate(next);
  EXPECT_EQ(slot->view().candidate->adapter, next.adapter);
  slot->Promote(next);
  EXPECT_EQ(slot->current(), next.adapter);
  EXPECT_FALSE(slot->view().candidate.has_value());
  // Who began with the old build goes on with it.
  EXPECT_TRUE(old->Open().ok());
}

TEST_F(AdapterSlotTest, FindsWhatTheConfiguredPathHasNow) {
  const auto slot = Slot();
  OtherBuild("configured.so");
  AQ_ASSERT_OK_AND_ASSIGN(const LoadedBuild next, slot->LoadConfigured());
  EXPECT_NE(next.adapter->build_id(), slot->current()->build_id());
}

TEST_F(AdapterSlotTest, RemovesCopiesOfBuildsThatAreGone) {
  const auto slot = Slot();
  AQ_ASSERT_OK(slot->Load(OtherBuild(), ""));
  const auto copies = [this] {
    return std::distance(fs::directory_iterator(directory_.File("copies")), {});
  };
  EXPECT_EQ(copies(), 2);
  RemoveCopiesExcept(directory_.File("copies"), {slot->current()->build_id()});
  EXPECT_EQ(copies(), 1);
  RemoveCopiesExcept(directory_.File("copies"), {});
  EXPECT_EQ(copies(), 0);
  RemoveCopiesExcept(directory_.File("none"), {});
}

TEST_F(AdapterSlotTest, ALoadedFileMayBeOverwritten) {
  const auto slot = Slot();
  const std::string path = OtherBuild();
  AQ_ASSERT_OK_AND_ASSIGN(const LoadedBuild next, slot->Load(path, ""));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << "no library any more";
  EXPECT_TRUE(next.adapter->Open().ok());
}

TEST_F(AdapterSlotTest, TakesOnlyPlainFilesThatOthersCannotWrite) {
  const auto slot = Slot();
  const auto refused = [&](const std::string& path, const char* why) {
    const auto loaded = slot->Load(path, "");
    EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(why))) << path;
    EXPECT_EQ(ReasonOf(loaded.status()), reason::kAdapterUnusable);
  };
  const std::string library = OtherBuild();
  fs::permissions(library, fs::perms::others_write, fs::perm_options::add);
  refused(library, "writable by everyone");
  fs::permissions(library, fs::perms::owner_all);
  fs::create_symlink(library, directory_.File("link.so"));
  refused(directory_.File("link.so"), "symbolic link");
  refused(directory_.path(), "not a plain file");
  refused("other.so", "complete path");
  refused(directory_.File("none.so"), "cannot be read");
  ASSERT_EQ(mkfifo(directory_.File("pipe").c_str(), 0600), 0);
  refused(directory_.File("pipe"), "not a plain file");
  std::ofstream(directory_.File("empty.so"));
  refused(directory_.File("empty.so"), "1 to");
  if (geteuid() == 0) {
    ASSERT_EQ(chown(library.c_str(), 12345, 0), 0);
    refused(library, "belongs to user 12345");
  }
}

TEST_F(AdapterSlotTest, SaysThePathThatWasGivenNotTheCopys) {
  const auto slot = Slot();
  const std::string path = directory_.File("text.so");
  std::ofstream(path) << "no library";
  const auto loaded = slot->Load(path, "");
  EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
  EXPECT_THAT(std::string(loaded.status().message()), Not(HasSubstr("copies")));
}

TEST_F(AdapterSlotTest, RefusesAnotherAdapterAndFailingSamples) {
  const std::string samples = directory_.File("samples");
  fs::copy(ANQIAO_SAMPLES_ROOT "/police/samples", samples);
  const auto slot = Slot(samples);
  fs::remove_all(samples);
  fs::copy(ANQIAO_SAMPLES_ROOT "/tax/samples", samples);
  EXPECT_THAT(slot->Load(Copy(ANQIAO_TAX_LIBRARY, "tax.so"), ""),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is adapter tax, expected a build of police")));
  EXPECT_THAT(slot->Load(OtherBuild(), ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("sample")));
  AQ_EXPECT_OK(slot->Load(OtherBuild(), ANQIAO_SAMPLES_ROOT "/police/samples"));
}

TEST_F(AdapterSlotTest, BeginsWithoutABuildAndTakesAnyAdapterAsItsFirst) {
  AdapterSlot slot(nullptr, {.library = "",
                             .samples = "",
                             .copies_directory = directory_.File("copies"),
                             .loader = [](const auto& path, const auto& where) {
                               return Adapter::Load(path, where);
                             }});
  EXPECT_TRUE(slot.absent());
  EXPECT_EQ(slot.view().state, AdapterSlot::State::kAbsent);
  EXPECT_EQ(ReasonOf(slot.CheckEnabled()), reason::kAdapterDisabled);
  EXPECT_THAT(slot.CheckEnabled(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not loaded")));
  EXPECT_EQ(slot.current()->FindFormat("roster"), nullptr);
  EXPECT_THAT(slot.current()->Open().status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(slot.LoadConfigured(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                              HasSubstr("configuration names none")));
  slot.Disable("NOT_YET");
  EXPECT_EQ(slot.view().state, AdapterSlot::State::kDisabled);
  slot.Enable();
  AQ_ASSERT_OK_AND_ASSIGN(const LoadedBuild first, slot.Load(OtherBuild(), ""));
  EXPECT_EQ(slot.view().state, AdapterSlot::State::kAbsent);
  slot.Promote(first);
  EXPECT_FALSE(slot.absent());
  EXPECT_EQ(slot.view().state, AdapterSlot::State::kLoaded);
  AQ_EXPECT_OK(slot.CheckEnabled());
  // From now on it is the place of this adapter.
  EXPECT_THAT(
      slot.Load(Copy(ANQIAO_TAX_LIBRARY, "tax.so"), ""),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expected a build of police")));
}

TEST_F(AdapterSlotTest, TellsWhyItIsDisabledOrFailed) {
  FakeAdapter fake;
  AdapterSlot slot(&fake);
  AQ_EXPECT_OK(slot.CheckEnabled());
  slot.NoteOpened(fake, absl::InternalError("no memory"));
  EXPECT_EQ(slot.view().state, AdapterSlot::State::kFailed);
  EXPECT_EQ(slot.view().reason, "no memory");
  slot.NoteOpened(fake, absl::OkStatus());
  EXPECT_EQ(slot.view().state, AdapterSlot::State::kLoaded);
  EXPECT_EQ(slot.view().counts.failed, 1);
  slot.Disable("MAPPING_WRONG");
  EXPECT_EQ(slot.view().state, AdapterSlot::State::kDisabled);
  EXPECT_EQ(slot.view().reason, "MAPPING_WRONG");
  const absl::Status status = slot.CheckEnabled();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ReasonOf(status), reason::kAdapterDisabled);
  slot.Enable();
  AQ_EXPECT_OK(slot.CheckEnabled());
  EXPECT_THAT(slot.Load("/some/library.so", ""),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("built in")));
}

TEST(PinnedInstanceTest, OpensAnewOnlyForAnotherBuild) {
  const auto first = std::make_shared<FakeAdapter>("first");
  const auto second = std::make_shared<FakeAdapter>("second");
  PinnedInstance pinned;
  AQ_ASSERT_OK_AND_ASSIGN(AdapterInstance* const one, pinned.Of(first));
  AQ_ASSERT_OK_AND_ASSIGN(AdapterInstance* const same, pinned.Of(first));
  EXPECT_EQ(one, same);
  EXPECT_EQ(first.use_count(), 2);
  AQ_EXPECT_OK(pinned.Of(second));
  EXPECT_EQ(first.use_count(), 1);
}

}  // namespace
}  // namespace anqiao::adapter
