#include "tests/testing/faulty_disk.h"

#include <algorithm>
#include <set>
#include <utility>

namespace anqiao::testing {
namespace {

constexpr std::size_t kSectorBytes = 512;
constexpr std::size_t kPageBytes = 4096;

// From 0 to "max".
std::uint64_t Up(FaultyDisk::Random& random, std::uint64_t max) {
  return std::uniform_int_distribution<std::uint64_t>(0, max)(random);
}

bool OneIn(FaultyDisk::Random& random, std::uint64_t n) { return Up(random, n - 1) == 0; }

void Garble(std::string& bytes, std::size_t begin, std::size_t end, FaultyDisk::Random& random) {
  const bool zero = OneIn(random, 2);
  for (std::size_t at = begin; at < std::min(end, bytes.size()); ++at) {
    bytes[at] = zero ? '\0' : static_cast<char>(Up(random, 255));
  }
}

}  // namespace

std::string NormalPath(const std::string& path) {
  std::string normal;
  for (const char c : path) {
    if (c != '/' || normal.empty() || normal.back() != '/') normal.push_back(c);
  }
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

std::string DirectoryOf(const std::string& any_path) {
  const std::string path = NormalPath(any_path);
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

FaultyDisk::FaultyDisk() { Load({}); }

FaultyDisk::FilePtr FaultyDisk::Find(const std::string& path) const {
  const auto at = names_.find(NormalPath(path));
  return at == names_.end() ? nullptr : at->second;
}

std::vector<std::string> FaultyDisk::Children(const std::string& any_directory) const {
  const std::string directory = NormalPath(any_directory);
  const std::string prefix = directory == "/" ? directory : directory + "/";
  std::vector<std::string> children;
  for (auto at = names_.upper_bound(prefix);
       at != names_.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at) {
    std::string child = at->first.substr(prefix.size());
    if (child.find('/') == std::string::npos) children.push_back(std::move(child));
  }
  return children;
}

std::uint64_t FaultyDisk::used() const {
  std::uint64_t bytes = 0;
  for (const auto& [path, file] : names_) bytes += file->bytes.size();
  return bytes;
}

FaultyDisk::FilePtr FaultyDisk::Make(const std::string& path, bool directory) {
  auto file = std::make_shared<File>();
  file->directory = directory;
  unsynced_.push_back({DirectoryOf(path), "", NormalPath(path), file});
  Apply(unsynced_.back(), names_);
  return file;
}

void FaultyDisk::Remove(const std::string& path) {
  unsynced_.push_back({DirectoryOf(path), NormalPath(path), "", nullptr});
  Apply(unsynced_.back(), names_);
}

void FaultyDisk::Rename(const std::string& from, const std::string& to) {
  unsynced_.push_back({DirectoryOf(to), NormalPath(from), NormalPath(to), Find(from)});
  Apply(unsynced_.back(), names_);
}

void FaultyDisk::Write(File& file, std::uint64_t offset, absl::string_view bytes) {
  file.unsynced_.push_back({offset, std::string(bytes), false});
  Apply(file.unsynced_.back(), file.bytes);
}

void FaultyDisk::Truncate(File& file, std::uint64_t size) {
  file.unsynced_.push_back({size, "", true});
  Apply(file.unsynced_.back(), file.bytes);
}

void FaultyDisk::Sync(File& file) {
  for (const File::Change& change : file.unsynced_) Apply(change, file.durable_);
  file.unsynced_.clear();
}

void FaultyDisk::SyncDirectory(const std::string& directory) {
  const std::string normal = NormalPath(directory);
  std::vector<NameChange> others;
  for (NameChange& change : unsynced_) {
    if (change.directory == normal) {
      Apply(change, durable_names_);
    } else {
      others.push_back(std::move(change));
    }
  }
  unsynced_ = std::move(others);
}

void FaultyDisk::FailSync(File& file, Random& random) {
  PersistSome(file, random);
  file.unsynced_.clear();
}

void FaultyDisk::LosePower(Random& random) {
  const std::size_t kept = Up(random, unsynced_.size());
  for (std::size_t i = 0; i < kept; ++i) Apply(unsynced_[i], durable_names_);
  unsynced_.clear();
  std::set<File*> files;
  for (auto at = durable_names_.begin(); at != durable_names_.end();) {
    // Names above sort before those below them.
    if (at->first != "/" && durable_names_.count(DirectoryOf(at->first)) == 0) {
      at = durable_names_.erase(at);
      continue;
    }
    files.insert(at->second.get());
    ++at;
  }
  for (File* file : files) {
    PersistSome(*file, random);
    file->unsynced_.clear();
    file->bytes = file->durable_;
  }
  names_ = durable_names_;
}

FaultyDisk::Image FaultyDisk::Save() const {
  Image image;
  for (const auto& [path, file] : names_) {
    image[path] = file->directory ? std::nullopt : std::make_optional(file->bytes);
  }
  return image;
}

void FaultyDisk::Load(const Image& image) {
  names_.clear();
  unsynced_.clear();
  const auto add = [this](const std::string& path, const std::optional<std::string>& bytes) {
    auto file = std::make_shared<File>();
    file->directory = !bytes.has_value();
    file->bytes = file->durable_ = bytes.value_or("");
    names_[path] = std::move(file);
  };
  add("/", std::nullopt);
  for (const auto& [path, bytes] : image) add(path, bytes);
  durable_names_ = names_;
}

void FaultyDisk::Apply(const NameChange& change, Names& names) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.file;
}

void FaultyDisk::Apply(const File::Change& change, std::string& bytes) {
  if (change.truncates) {
    bytes.resize(change.offset);
    return;
  }
  if (bytes.size() < change.offset + change.bytes.size()) {
    bytes.resize(change.offset + change.bytes.size());
  }
  bytes.replace(change.offset, change.bytes.size(), change.bytes);
}

void FaultyDisk::PersistSomeGrowth(File& file, Random& random) {
  std::string after = file.durable_;
  for (const File::Change& change : file.unsynced_) Apply(change, after);
  const std::size_t synced = file.durable_.size();
  const std::size_t growth = after.size() - synced;
  const std::size_t sector = Up(random, growth / kSectorBytes) * kSectorBytes;
  switch (Up(random, 3)) {
    case 0:  // Nothing of it.
      return;
    case 1:  // All of it.
      break;
    case 2:
      after.resize(synced + Up(random, growth));
      break;
    default:
      after.resize(std::max(synced, (synced + sector) / kSectorBytes * kSectorBytes));
  }
  if (OneIn(random, 3) && after.size() > synced) {
    const std::size_t last = (after.size() - 1) / kSectorBytes * kSectorBytes;
    Garble(after, std::max(synced, last), after.size(), random);
  } else if (OneIn(random, 8)) {
    const std::size_t page = (synced + Up(random, growth)) / kPageBytes * kPageBytes;
    std::fill(after.begin() + std::min(after.size(), std::max(synced, page)),
              after.begin() + std::min(after.size(), std::max(synced, page + kPageBytes)), '\0');
  }
  file.durable_ = std::move(after);
}

void FaultyDisk::PersistSomeSectors(File& file, Random& random) {
  std::set<std::uint64_t> sectors;
  std::string after = file.durable_;
  for (const File::Change& change : file.unsynced_) {
    Apply(change, after);
    // Cutting off writes no sector.
    if (change.truncates) continue;
    for (std::uint64_t at = change.offset / kSectorBytes;
         at <= (change.offset + change.bytes.size()) / kSectorBytes; ++at) {
      sectors.insert(at);
    }
  }
  std::string kept = file.durable_;
  kept.resize(after.size());
  for (const std::uint64_t sector : sectors) {
    std::string history = file.durable_;
    const std::size_t count = Up(random, file.unsynced_.size());
    for (std::size_t i = 0; i < count; ++i) Apply(file.unsynced_[i], history);
    history.resize(after.size());
    const std::size_t begin = std::min<std::size_t>(sector * kSectorBytes, after.size());
    kept.replace(begin, kSectorBytes, history.substr(begin, kSectorBytes));
  }
  if (!sectors.empty() && OneIn(random, 4)) {
    const std::uint64_t sector = *std::next(sectors.begin(), Up(random, sectors.size() - 1));
    Garble(kept, sector * kSectorBytes, (sector + 1) * kSectorBytes, random);
  }
  file.durable_ = std::move(kept);
}

void FaultyDisk::PersistSome(File& file, Random& random) {
  if (file.unsynced_.empty()) return;
  const bool shrank = std::any_of(file.unsynced_.begin(), file.unsynced_.end(),
                                  [](const File::Change& change) { return change.truncates; });
  if (shrank && OneIn(random, 2)) return;
  std::uint64_t end = file.durable_.size();
  for (const File::Change& change : file.unsynced_) {
    if (change.truncates || change.offset < end) return PersistSomeSectors(file, random);
    end = change.offset + change.bytes.size();
  }
  PersistSomeGrowth(file, random);
}

}  // namespace anqiao::testing
