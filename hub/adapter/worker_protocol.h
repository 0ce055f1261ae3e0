// What the hub and a worker say to each other over their socket, and the page that they share.
//
// A frame is its length (four bytes, little-endian, of what follows), its kind (one byte), its call
// (eight bytes, little-endian) and its fields: numbers as varints, texts as a varint length and
// bytes. The hub reads frames as written by an enemy: every length is checked before it is
// believed, and what is left over is an error.
//
// The hub draws a call at random for each frame that it sends, and an answer has that of its
// question: what an adapter writes between calls, or has learnt from an earlier one, answers none.
//
//   hub to worker   kLoad     memory_bytes_max, salt, path
//                   kDecode   format, file name, payload
//                   kEncode   format, records (a text of texts)
//   worker to hub   kLoaded   manifest
//                   kRefused  why
//                   kEntries  any number of entries
//                   kWritten  native bytes
//                   kFinished aq_status, position
//
// The last field of kDecode and kEncode is a number: 0, then the bytes follow as a text; or their
// count plus one, then they are in sealed shared memory whose descriptor comes with the frame.
//
// An entry is its kind, the position (row, column, byte offset) and: kRecord the record; kTooLong
// how many bytes it had; kDiagnostic its members; kMisbehaved a text. See
// hub/doc/adapter_workers.md.

#ifndef ANQIAO_HUB_ADAPTER_WORKER_PROTOCOL_H_
#define ANQIAO_HUB_ADAPTER_WORKER_PROTOCOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/adapter/call.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::adapter {

inline constexpr std::size_t kFrameBytesMax = std::size_t{4} << 20;
// A worker sends what it has gathered when it has as much of either. The first frame of a call has
// few entries and each further one twice as many: the hub reads while the worker decodes.
inline constexpr std::size_t kBatchBytes = std::size_t{256} << 10;
inline constexpr std::size_t kBatchEntriesMin = 16;
inline constexpr std::size_t kBatchEntriesMax = 1024;
// A payload up to this size goes into the frame, unless the adapter's options say otherwise.
inline constexpr std::size_t kInlineBytesMax = std::size_t{128} << 10;

enum class FrameKind : std::uint8_t {
  kLoad = 1,
  kDecode = 2,
  kEncode = 3,
  kLoaded = 16,
  kRefused = 17,
  kEntries = 18,
  kWritten = 19,
  kFinished = 20,
};

enum class EntryKind : std::uint8_t { kRecord = 1, kTooLong = 2, kDiagnostic = 3, kMisbehaved = 4 };

// Written by the worker, read by the hub, which believes nothing in it. It cannot be shrunk.
struct SharedPage {
  aq_cursor cursor;
  // Number of the system call that the sandbox stopped, plus one.
  std::atomic<std::uint32_t> forbidden_call;
  std::atomic<std::uint32_t> out_of_memory;
  // A callback came from another thread, or when no call was under way.
  std::atomic<std::uint32_t> foreign_callback;
};
inline constexpr std::size_t kSharedPageBytes = 4096;

// Builds one frame, or several that are sent together.
class FrameWriter {
 public:
  FrameWriter(FrameKind kind, std::uint64_t call) { Reset(kind, call); }
  void Reset(FrameKind kind, std::uint64_t call);
  void Number(std::uint64_t value);
  void Text(absl::string_view text);
  void At(const Position& at);
  void Entry(EntryKind kind, const Position& at);
  void Diagnostic(const RawDiagnostic& diagnostic);

  std::size_t size() const { return bytes_.size(); }
  // Begins another frame behind this one.
  void Next(FrameKind kind, std::uint64_t call);
  // All frames, each with its length.
  absl::string_view Finish();
  // Of the last.
  absl::string_view fields() const;

 private:
  void Begin(FrameKind kind, std::uint64_t call);

  std::string bytes_;
  std::size_t begin_ = 0;  // of the last frame
};

// Reads the fields of one frame or entry after another. After a fault everything reads as zero and
// empty.
class FrameReader {
 public:
  explicit FrameReader(absl::string_view body) : rest_(body) {}
  std::uint64_t Number();
  std::uint32_t Number32();
  // Borrowed from the frame.
  absl::string_view Text();
  Position At();
  RawDiagnostic Diagnostic();

  bool ok() const { return ok_; }
  bool done() const { return rest_.empty(); }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

struct Frame {
  FrameKind kind;
  std::uint64_t call;
  absl::string_view body;
};

// The first frame of "bytes" and its whole size in "size"; a size of 0: there is not all of it yet.
// INTERNAL: it is none.
absl::StatusOr<Frame> NextFrame(absl::string_view bytes, std::size_t* size);

// Hands the entries of a kEntries frame to "call" until it wants no more. "at" becomes the position
// of the last; "here" counts how many came from one position, over frames. INTERNAL: malformed.
absl::Status ReadEntries(absl::string_view body, Call& call, Position& at, std::uint64_t& here);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_WORKER_PROTOCOL_H_
