// The files of a drop folder, reached through the folder's descriptor only, so that no name leads
// out of it.
//
//   incoming/NAME  ──Claim──▶  .taken/NAME  ──Finish──▶  done/NAME or failed/NAME
//                                                         with NAME.receipt.json beside it
//
// A claimed file is the hub's: a sender who drops another one of the same name does not touch it.
// Every move is a rename within one file system; a receipt is on disk before its file is moved.
// What a crash leaves in .taken is read again.
//
// Thread-compatible.

#ifndef ANQIAO_HUB_TRANSPORT_FILE_STORE_H_
#define ANQIAO_HUB_TRANSPORT_FILE_STORE_H_

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anqiao::transport {

// What tells two contents of a name apart.
struct FileStamp {
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed_nanos = 0;  // when written last

  friend bool operator==(const FileStamp& a, const FileStamp& b) {
    return a.inode == b.inode && a.size == b.size && a.changed_nanos == b.changed_nanos;
  }
};

struct FoundFile {
  std::string name;
  FileStamp stamp;
  bool plain = false;   // else a link, a pipe or the like
  bool shared = false;  // has more than one name: its sender is not done
};

class FileStore {
 public:
  // Opens the folder, made with its sub-folders where they are missing.
  // FAILED_PRECONDITION (CONFIGURATION_INVALID): it cannot be made or written, or is a link.
  static absl::StatusOr<std::unique_ptr<FileStore>> Open(const std::string& path);
  ~FileStore();
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;

  // What lies in the folder, oldest first, without folders, hidden files and partial ones (*.part,
  // *.tmp, *.filepart, *~); at most 10,000. UNAVAILABLE: it cannot be read now.
  absl::StatusOr<std::vector<FoundFile>> List() const;
  // What was claimed and is not finished, in the same order.
  absl::StatusOr<std::vector<FoundFile>> ListClaimed() const;

  // NOT_FOUND: it is gone. ALREADY_EXISTS: one of this name is claimed already.
  absl::Status Claim(const std::string& name) const;
  // A claimed file's content and its stamp. INVALID_ARGUMENT: it is no plain file.
  // RESOURCE_EXHAUSTED: it has more than "bytes_max" bytes; "stamp" is told.
  absl::StatusOr<std::string> Read(const std::string& name, std::uint64_t bytes_max,
                                   FileStamp* stamp) const;
  // Writes the receipt and moves the claimed file beside it, unless its stamp is another by now
  // (ABORTED). If another file of that name lies there, ".TAG" is added to the name. "tag" is the
  // same for the same content. A null stamp is not compared.
  absl::Status Finish(const std::string& name, bool done, absl::string_view receipt,
                      const std::string& tag, const FileStamp* stamp) const;

 private:
  FileStore(std::string path, int incoming) : path_(std::move(path)), incoming_(incoming) {}
  absl::Status OpenParts();
  absl::StatusOr<std::vector<FoundFile>> ListOf(int folder, bool all) const;

  const std::string path_;
  const int incoming_;
  int taken_ = -1, done_ = -1, failed_ = -1;
};

}  // namespace anqiao::transport

#endif  // ANQIAO_HUB_TRANSPORT_FILE_STORE_H_
