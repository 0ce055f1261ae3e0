#include "hub/adapter/library.h"

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "hub/adapter/call.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"

namespace anqiao::adapter {
namespace {

constexpr char kSymbol[] = "anqiao_adapter_v1";
constexpr std::size_t kManifestBytesMax = std::size_t{1} << 20;
constexpr int kFormatsMax = 256;

constexpr unsigned kLoongArch = 258;  // newer than some <elf.h>

std::string MachineName(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_386:
      return "i386";
    case EM_AARCH64:
      return "aarch64";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390";
    case kLoongArch:
      return "loongarch";
    default:
      return absl::StrCat("machine ", machine);
  }
}

// The machine that this file was compiled for.
#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#else
#error "say here which ELF machine this is"
#endif

absl::Status CheckElf(const std::string& path, absl::string_view bytes) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof header || bytes.substr(0, SELFMAG) != absl::string_view(ELFMAG)) {
    return Unusable(path, "cannot be loaded: it is no ELF file");
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  const int bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
  if (bits != 64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != kMachine) {
    return Unusable(
        path, absl::StrCat("cannot be loaded: it is for ", MachineName(header.e_machine), " of ",
                           bits, " bits, this hub runs on ", MachineName(kMachine),
                           " of 64 bits, little-endian"));
  }
  if (header.e_type != ET_DYN) {
    return Unusable(path, "cannot be loaded: it is an ELF file, but no shared library");
  }
  return absl::OkStatus();
}

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

absl::Status Unusable(absl::string_view path, absl::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason::kAdapterUnusable,
               absl::StrCat(path, ": ", message));
}

absl::Status CheckManifest(const std::string& path, const v1::Manifest& manifest) {
  if (!IsName(manifest.name()))
    return Unusable(path, "the manifest's name must be lower_snake_case");
  if (manifest.version().empty()) return Unusable(path, "the manifest has no version");
  if (manifest.formats().empty() || manifest.formats_size() > kFormatsMax) {
    return Unusable(path, absl::StrCat("the manifest has ", manifest.formats_size(),
                                       " formats, expected 1 to ", kFormatsMax));
  }
  std::set<std::string> names;
  for (const v1::Format& format : manifest.formats()) {
    if (!IsName(format.name())) return Unusable(path, "a format's name must be lower_snake_case");
    if (!names.insert(format.name()).second) {
      return Unusable(path, absl::StrCat("the manifest has format ", format.name(), " twice"));
    }
    if (format.mode() != v1::MODE_SNAPSHOT && format.mode() != v1::MODE_DELTA) {
      return Unusable(path, absl::StrCat("format ", format.name(), " has no mode"));
    }
    if (!format.decodes() && !format.encodes()) {
      return Unusable(path, absl::StrCat("format ", format.name(), " neither decodes nor encodes"));
    }
    if (format.kinds().empty()) {
      return Unusable(path, absl::StrCat("format ", format.name(), " has no kind of record"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Manifest> ParseManifest(const std::string& path, absl::string_view bytes) {
  v1::Manifest manifest;
  if (bytes.size() > kManifestBytesMax ||
      !manifest.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Unusable(path, "the manifest cannot be parsed");
  }
  AQ_RETURN_IF_ERROR(CheckManifest(path, manifest));
  return manifest;
}

std::string PathToOpen(const std::string& path) {
  return path.find('/') == std::string::npos ? "./" + path : path;
}

absl::StatusOr<std::string> BuildIdOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return Unusable(path, "there is no such file, or it cannot be read");
  const auto size = in.tellg();
  if (size <= 0 || static_cast<std::size_t>(size) > kLibraryBytesMax) {
    return Unusable(path, absl::StrCat("expected a file of 1 to ", kLibraryBytesMax, " bytes"));
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  in.seekg(0);
  if (!in.read(bytes.data(), size)) return Unusable(path, "cannot be read");
  AQ_RETURN_IF_ERROR(CheckElf(path, bytes));
  return Hex(Sha256(bytes)).substr(0, kBuildIdLength);
}

absl::StatusOr<const aq_adapter*> FindEntry(const std::string& path) {
  // Never closed: code of the library may still be referred to.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* error = dlerror();
    return Unusable(path, absl::StrCat("cannot be loaded: ",
                                       Bounded(error != nullptr ? error : "", kMessageBytesMax)));
  }
  using Entry = const aq_adapter* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, kSymbol));
  if (entry == nullptr) return Unusable(path, absl::StrCat("has no symbol ", kSymbol));
  const aq_adapter* abi = entry();
  if (abi == nullptr) return Unusable(path, absl::StrCat(kSymbol, " returned nothing"));
  if (!AQ_HAS(abi, extension)) {
    return Unusable(path, absl::StrCat("its aq_adapter has ", abi->size,
                                       " bytes, expected at least ", sizeof(aq_adapter)));
  }
  if (abi->abi_minor > AQ_ABI_MINOR) {
    return Unusable(path, absl::StrCat("needs ABI version 1.", abi->abi_minor, ", this hub has 1.",
                                       AQ_ABI_MINOR));
  }
  if (abi->manifest == nullptr || abi->open == nullptr || abi->close == nullptr ||
      abi->decode == nullptr || abi->encode == nullptr) {
    return Unusable(path, "its aq_adapter lacks a function");
  }
  return abi;
}

}  // namespace anqiao::adapter
