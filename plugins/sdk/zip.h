// ZIP archives in memory, as far as Office Open XML needs them: stored and deflated entries, one
// disk, no encryption, no ZIP64. Through zlib, which protobuf needs anyway; a whole archive library
// would open the system's time zone and load a cryptographic library into every adapter.
//
// Thread-compatible.

#ifndef ANQIAO_PLUGINS_SDK_ZIP_H_
#define ANQIAO_PLUGINS_SDK_ZIP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sdk/fault.h"

namespace anqiao::sdk {

// Reads an archive that may be hostile. Bounds: 1,000 entries, 32 MiB inflated by all Reads
// together, and 250 times its packed size for an entry of more than 1 MiB.
class ZipReader {
 public:
  struct Entry {
    std::size_t offset = 0;  // of its local header
    std::uint16_t method = 0;
    std::uint32_t crc = 0;
    std::uint32_t packed_size = 0;
    std::uint32_t size = 0;
  };

  // Reads the directory. "bytes" must outlive the reader. PAYLOAD_TRUNCATED: the archive has no
  // end; PAYLOAD_UNDECODABLE: it is none, is damaged, uses what is not taken, or exceeds a bound.
  Fault Open(std::string_view bytes);

  // Null if there is none of this name.
  const Entry* Find(std::string_view name) const;

  // Replaces "out" with the entry's content, whose checksum was right. PAYLOAD_UNDECODABLE:
  // damaged, or a bound was exceeded; no more than the bounds was inflated.
  Fault Read(const Entry& entry, std::string& out);

 private:
  Fault ReadDirectory(std::size_t begin, std::size_t size, std::size_t count);

  std::string_view bytes_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::size_t inflated_ = 0;
};

// Writes deflated entries dated 1980-01-01, so that the same contents give the same bytes.
class ZipWriter {
 public:
  void Add(std::string_view name, std::string_view content);
  // The archive; nothing can be added afterwards. False: it would be larger than 4 GiB, or zlib
  // failed.
  bool Finish(std::string& out);

 private:
  std::string bytes_;
  std::string directory_;
  std::size_t count_ = 0;
  bool failed_ = false;
};

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_ZIP_H_
