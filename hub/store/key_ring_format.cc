#include "hub/store/key_ring_format.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/store/checksum.h"

namespace anqiao::store {
namespace {

constexpr absl::string_view kMagic("AQRING1\0", 8);
constexpr std::size_t kCheckBytes = 4;
constexpr std::size_t kPreambleBytes = 8 + 2 * kNumberBytes;  // Magic, version, content length.
constexpr std::size_t kSlotContent = kSlotBytes - kCheckBytes;
constexpr char kLive = 'L';
constexpr char kDestroyed = 'D';

static_assert(CipherSuite::kWrappedMax + 2 <= kSlotContent);
static_assert(kPreambleBytes + kCheckBytes + 4 * kNumberBytes + 1 + kRingIdBytes + 1 +
                  kMasterIdMax + 1 + kNamedKeysMax * (2 + kKeyNameMax + CipherSuite::kWrappedMax) <=
              kHeaderBytes);

absl::Status DamagedHeader() {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               "the key ring's header is damaged, or the file is no key ring");
}

absl::Status DamagedSlot(KeyId id) {
  return Error(absl::StatusCode::kDataLoss, reason::kStorageLost,
               absl::StrCat("slot ", id, " of the key ring is damaged"));
}

// One byte of length, then the text.
void AppendText(std::string* out, absl::string_view text) {
  out->push_back(static_cast<char>(text.size()));
  out->append(text.data(), text.size());
}

// Reads front to back; after the first fault everything is empty and ok() is false.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : bytes_(bytes) {}

  absl::string_view Take(std::size_t size) {
    if (size > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const absl::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::uint64_t Number() {
    const absl::StatusOr<std::uint64_t> number = DecodeNumber(Take(kNumberBytes));
    return number.ok() ? *number : 0;
  }
  std::size_t Byte() {
    const absl::string_view byte = Take(1);
    return byte.empty() ? 0 : static_cast<unsigned char>(byte.front());
  }
  std::string Text(std::size_t size_max) {
    const std::size_t size = Byte();
    if (size > size_max) ok_ = false;
    return std::string(Take(size));
  }
  bool Ended() const { return ok_ && bytes_.empty(); }
  bool ok() const { return ok_; }

 private:
  absl::string_view bytes_;
  bool ok_ = true;
};

std::string SlotKey(absl::string_view ring_id, KeyId id) {
  return absl::StrCat(ring_id, EncodeNumber(id));
}

}  // namespace

std::string EncodeHeader(const RingHeader& header) {
  std::string content = EncodeNumber(header.generation);
  content.push_back(header.suite);
  absl::StrAppend(&content, header.ring_id, EncodeNumber(header.reserved_through),
                  EncodeNumber(header.synced_through), EncodeNumber(header.erased_through));
  AppendText(&content, header.master_id);
  content.push_back(static_cast<char>(header.named.size()));
  for (const auto& [name, wrapped] : header.named) {
    AppendText(&content, name);
    AppendText(&content, wrapped);
  }
  return Seal(kMagic, absl::StrCat(kMagic, EncodeNumber(kRingVersion), EncodeNumber(content.size()),
                                   content));
}

absl::StatusOr<RingHeader> DecodeHeader(absl::string_view bytes) {
  Reader preamble(bytes.substr(0, kPreambleBytes));
  if (preamble.Take(kMagic.size()) != kMagic) return DamagedHeader();
  const std::uint64_t version = preamble.Number();
  const std::uint64_t size = preamble.Number();
  if (!preamble.ok() || size > kHeaderBytes || bytes.size() < kPreambleBytes + size + kCheckBytes) {
    return DamagedHeader();
  }
  const absl::StatusOr<absl::string_view> whole =
      Unseal(kMagic, bytes.substr(0, kPreambleBytes + size + kCheckBytes));
  if (!whole.ok()) return DamagedHeader();
  if (version != kRingVersion) {
    return Error(absl::StatusCode::kFailedPrecondition, reason::kFormatVersionUnknown,
                 absl::StrCat("the key ring has format version ", version, "; this program knows ",
                              kRingVersion));
  }
  Reader reader(whole->substr(kPreambleBytes));
  RingHeader header;
  header.generation = reader.Number();
  header.suite = static_cast<char>(reader.Byte());
  header.ring_id = std::string(reader.Take(kRingIdBytes));
  header.reserved_through = reader.Number();
  header.synced_through = reader.Number();
  header.erased_through = reader.Number();
  header.master_id = reader.Text(kMasterIdMax);
  const std::size_t named = reader.Byte();
  if (named > kNamedKeysMax) return DamagedHeader();
  for (std::size_t i = 0; i < named; ++i) {
    std::string name = reader.Text(kKeyNameMax);
    header.named.emplace_back(std::move(name), reader.Text(CipherSuite::kWrappedMax));
  }
  if (!reader.Ended() || header.reserved_through > kKeyIdMax ||
      header.synced_through > header.reserved_through ||
      header.reserved_through - header.synced_through > kPoolMax) {
    return DamagedHeader();
  }
  return header;
}

std::string EncodeSlot(absl::string_view ring_id, KeyId id, const Slot& slot) {
  if (slot.state == SlotState::kVoid) return std::string(kSlotBytes, '\0');
  std::string content;
  content.reserve(kSlotContent);
  content.push_back(slot.state == SlotState::kLive ? kLive : kDestroyed);
  AppendText(&content, slot.wrapped);
  content.resize(kSlotContent, '\0');
  return Seal(SlotKey(ring_id, id), content);
}

absl::StatusOr<Slot> DecodeSlot(absl::string_view ring_id, KeyId id, absl::string_view bytes) {
  if (bytes.size() != kSlotBytes) return DamagedSlot(id);
  const auto is_zero = [](char c) { return c == '\0'; };
  if (std::all_of(bytes.begin(), bytes.end(), is_zero)) return Slot();
  const absl::StatusOr<absl::string_view> content = Unseal(SlotKey(ring_id, id), bytes);
  if (!content.ok()) return DamagedSlot(id);
  Reader reader(*content);
  const char state = static_cast<char>(reader.Byte());
  Slot slot;
  slot.wrapped = reader.Text(CipherSuite::kWrappedMax);
  if (state == kLive && !slot.wrapped.empty()) {
    slot.state = SlotState::kLive;
  } else if (state == kDestroyed && slot.wrapped.empty()) {
    slot.state = SlotState::kDestroyed;
  } else {
    return DamagedSlot(id);
  }
  const absl::string_view rest = content->substr(2 + slot.wrapped.size());
  if (!reader.ok() || !std::all_of(rest.begin(), rest.end(), is_zero)) return DamagedSlot(id);
  return slot;
}

}  // namespace anqiao::store
