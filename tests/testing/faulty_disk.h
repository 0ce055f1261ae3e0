// A disk in memory that knows what was synced, so that losing power can take the rest away.
//
// What reaches the disk without a sync is decided as badly as a local file system may do it:
//   - Of a file that only grew: a prefix of the growth, sometimes with a garbled or zeroed last
//     sector or a zeroed page in the middle. Bytes that were synced before stay.
//   - Of a file that was overwritten: each 512-byte sector has some earlier or later state of its
//     own (sectors are written whole), and sometimes one sector is garbled.
//   - Of names made, renamed and removed, unless their directory was synced: the first of them, in
//     order, as ext4, XFS and Btrfs journal them (RocksDB relies on it). A name that is kept may
//     lead to an empty file. Syncing a file does not keep its name.
//   - After a sync that failed, what it was to write counts as written in the cache, as in Linux:
//     a later sync does not write it again.
//
// Thread-compatible.

#ifndef ANQIAO_TESTS_TESTING_FAULTY_DISK_H_
#define ANQIAO_TESTS_TESTING_FAULTY_DISK_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace anqiao::testing {

class FaultyDisk {
 public:
  using Random = std::mt19937_64;

  struct File {
    bool directory = false;
    // As a reader sees them.
    std::string bytes;

   private:
    friend class FaultyDisk;
    struct Change {
      std::uint64_t offset = 0;
      std::string bytes;
      bool truncates = false;  // To "offset".
    };
    std::string durable_;
    std::vector<Change> unsynced_;
  };
  // Stays usable after its name is removed.
  using FilePtr = std::shared_ptr<File>;

  // Bytes of each file, nullopt for a directory.
  using Image = std::map<std::string, std::optional<std::string>>;

  // Holds the directory "/" only.
  FaultyDisk();

  // Null: there is no such name.
  FilePtr Find(const std::string& path) const;
  // Names right below "directory", without it.
  std::vector<std::string> Children(const std::string& directory) const;
  // Bytes of all files.
  std::uint64_t used() const;

  // Requires: the directory above "path" exists. Replaces what had the name.
  FilePtr Make(const std::string& path, bool directory = false);
  void Remove(const std::string& path);
  // Requires: "from" exists, in the same directory as "to".
  void Rename(const std::string& from, const std::string& to);
  void Write(File& file, std::uint64_t offset, absl::string_view bytes);
  void Truncate(File& file, std::uint64_t size);

  void Sync(File& file);
  void SyncDirectory(const std::string& directory);
  // A sync that failed: an arbitrary part is written, and the rest never will be.
  void FailSync(File& file, Random& random);

  // Drops an arbitrary part of what was not synced.
  void LosePower(Random& random);

  // What a reader sees now; everything is durable after Load.
  Image Save() const;
  void Load(const Image& image);

 private:
  using Names = std::map<std::string, FilePtr>;
  // Empty names: nothing is removed or added.
  struct NameChange {
    std::string directory, removed, added;
    FilePtr file;
  };

  static void Apply(const NameChange& change, Names& names);
  static void Apply(const File::Change& change, std::string& bytes);
  static void PersistSomeGrowth(File& file, Random& random);
  static void PersistSomeSectors(File& file, Random& random);
  static void PersistSome(File& file, Random& random);

  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_;
};

// "path" without doubled slashes and one at its end. All paths above are taken as this.
std::string NormalPath(const std::string& path);
// The directory above "path".
std::string DirectoryOf(const std::string& path);

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_FAULTY_DISK_H_
