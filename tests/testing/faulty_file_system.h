// A RocksDB file system over a FaultyDisk, which loses power, is full, or answers EIO on demand.
// Everything that a store writes through an Env over it is kept in memory.
//
//   auto files = std::make_shared<FaultyFileSystem>(seed);
//   std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
//   files->CutPowerAfter(17);
//   ... use and destroy a store on env.get() ...
//   files->RestorePower();
//
// Files that were open when the power was cut answer EIO for ever; so do all others until
// RestorePower. RocksDB's own log of messages is dropped.
//
// Thread-safe.

#ifndef ANQIAO_TESTS_TESTING_FAULTY_FILE_SYSTEM_H_
#define ANQIAO_TESTS_TESTING_FAULTY_FILE_SYSTEM_H_

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/testing/faulty_disk.h"

namespace anqiao::testing {

enum class FileKind { kLog, kTable, kBlob, kManifest, kCurrent, kHead, kDirectory, kOther };
enum class FileCall { kOpen, kRead, kMake, kWrite, kSync, kRename, kRemove };

// Where a call happens: "folder" is the last directory above the file.
struct FaultSite {
  FileCall call;
  FileKind kind;
  std::string folder;

  friend bool operator<(const FaultSite& a, const FaultSite& b) {
    return std::tie(a.call, a.kind, a.folder) < std::tie(b.call, b.kind, b.folder);
  }
  friend bool operator==(const FaultSite& a, const FaultSite& b) {
    return std::tie(a.call, a.kind, a.folder) == std::tie(b.call, b.kind, b.folder);
  }
};
FaultSite SiteOf(FileCall call, const std::string& path);
// "sync log in journal".
std::string NameOf(const FaultSite& site);

class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(std::uint64_t seed);

  const char* Name() const override { return "FaultyFileSystem"; }

  // Cuts the power inside the n-th call from now that changes something, n > 0.
  void CutPowerAfter(std::uint64_t n);
  void CutPower();
  bool power_lost() const;
  // Requires: no store is open on this. The disk holds what survived.
  void RestorePower();

  // The n-th call at "site" from now, and if "onwards" all after it, answer EIO.
  void FailCall(const FaultSite& site, std::uint64_t n, bool onwards);
  void ClearFaults();
  // How often FailCall's fault happened.
  std::uint64_t faults() const;
  // Calls at each site since this was last asked.
  std::map<FaultSite, std::uint64_t> TakeCalls();

  // The disk takes up to "bytes" in all. If "at_sync", writing goes on beyond them, as with delayed
  // allocation, and syncing fails.
  void SetCapacity(std::uint64_t bytes, bool at_sync = false);
  // From when the next log file is made on there is room for "bytes" more, at sync.
  void FillUpAtNextLog(std::uint64_t bytes);

  // One sync in ten takes up to 3 ms, so that what threads do falls together in other ways.
  void set_naps(bool naps) { naps_ = naps; }

  // Syncing does nothing and says that it did.
  void set_ignores_sync(bool ignores);

  std::uint64_t used() const;
  FaultyDisk::Image Save() const;
  void Load(const FaultyDisk::Image& image);

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewRandomRWFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* result,
                                    rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus FileExists(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetChildren(const std::string& directory, const rocksdb::IOOptions& options,
                                std::vector<std::string>* result,
                                rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetChildrenFileAttributes(const std::string& directory,
                                              const rocksdb::IOOptions& options,
                                              std::vector<rocksdb::FileAttributes>* result,
                                              rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus Truncate(const std::string& path, std::size_t size,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus CreateDir(const std::string& path, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus DeleteDir(const std::string& path, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetFileSize(const std::string& path, const rocksdb::IOOptions& options,
                                std::uint64_t* size, rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetFileModificationTime(const std::string& path,
                                            const rocksdb::IOOptions& options, std::uint64_t* time,
                                            rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetAbsolutePath(const std::string& path, const rocksdb::IOOptions& options,
                                    std::string* result, rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus LockFile(const std::string& path, const rocksdb::IOOptions& options,
                             rocksdb::FileLock** lock, rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus NewLogger(const std::string& path, const rocksdb::IOOptions& options,
                              std::shared_ptr<rocksdb::Logger>* result,
                              rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                 std::uint64_t* bytes, rocksdb::IODebugContext* context) override;
  rocksdb::IOStatus IsDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                bool* result, rocksdb::IODebugContext* context) override;

 private:
  friend class FaultyFile;

  // What an open file knows of itself.
  struct Handle {
    std::string path;
    FaultyDisk::FilePtr file;
    std::uint64_t life = 0;
  };

  // The four below hold mu_ and do one call of a file, with its faults.
  rocksdb::IOStatus Read(const Handle& handle, std::uint64_t offset, std::size_t size,
                         rocksdb::Slice* result, char* scratch);
  rocksdb::IOStatus Write(const Handle& handle, std::uint64_t offset, const rocksdb::Slice& bytes);
  rocksdb::IOStatus Append(const Handle& handle, const rocksdb::Slice& bytes);
  void Nap();
  rocksdb::IOStatus SetSize(const Handle& handle, std::uint64_t size);
  rocksdb::IOStatus Sync(const Handle& handle);

  // These require mu_ to be held.
  rocksdb::IOStatus Begin(FileCall call, const std::string& path);
  rocksdb::IOStatus Opened(const std::string& path, Handle* handle);
  rocksdb::IOStatus Made(const std::string& path, bool directory, Handle* handle);
  rocksdb::IOStatus Renamed(const std::string& from, const std::string& to);
  rocksdb::IOStatus WriteAt(const Handle& handle, std::uint64_t offset,
                            const rocksdb::Slice& bytes);
  // Cuts the power if the call that just did its work was the one to.
  rocksdb::IOStatus End();
  void Lose();
  std::uint64_t Room() const;

  mutable std::mutex mu_;
  FaultyDisk::Random random_;
  FaultyDisk disk_;
  // Handles of earlier lives are dead.
  std::uint64_t life_ = 1;
  bool lost_ = false;
  std::uint64_t calls_to_loss_ = 0;  // 0: no loss is planned.
  std::map<FaultSite, std::uint64_t> calls_;
  std::unique_ptr<FaultSite> fault_site_;
  std::uint64_t fault_in_ = 0;
  bool fault_onwards_ = false;
  std::uint64_t faults_ = 0;
  std::uint64_t capacity_ = std::numeric_limits<std::uint64_t>::max();
  bool full_at_sync_ = false;
  std::optional<std::uint64_t> room_at_next_log_;
  std::atomic<bool> naps_ = false;
  bool ignores_sync_ = false;
  std::set<std::string> locks_;
};

}  // namespace anqiao::testing

#endif  // ANQIAO_TESTS_TESTING_FAULTY_FILE_SYSTEM_H_
