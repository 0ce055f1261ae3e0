// An adapter's shared library and its manifest: what is checked before anything of it is used.
//
// Every error is FAILED_PRECONDITION (ADAPTER_UNUSABLE); its message begins with the path.

#ifndef ANQIAO_HUB_ADAPTER_LIBRARY_H_
#define ANQIAO_HUB_ADAPTER_LIBRARY_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "anqiao/adapter/v1/adapter.pb.h"
#include "plugins/sdk/anqiao_adapter.h"

namespace anqiao::adapter {

absl::Status Unusable(absl::string_view path, absl::string_view message);

inline constexpr std::size_t kBuildIdLength = 16;
inline constexpr std::size_t kLibraryBytesMax = std::size_t{256} << 20;

// SHA-256 of the file, its first kBuildIdLength hexadecimal digits. Checks that it is a shared
// library for the machine that this hub was built for. Runs nothing of it.
absl::StatusOr<std::string> BuildIdOf(const std::string& path);

// "path" as dlopen takes it: without a slash it would search the system's folders.
std::string PathToOpen(const std::string& path);

// Loads the library, for ever, and gives the entry's answer, checked. Runs foreign code.
absl::StatusOr<const aq_adapter*> FindEntry(const std::string& path);

absl::Status CheckManifest(const std::string& path, const v1::Manifest& manifest);
// Parses and checks.
absl::StatusOr<v1::Manifest> ParseManifest(const std::string& path, absl::string_view bytes);

}  // namespace anqiao::adapter

#endif  // ANQIAO_HUB_ADAPTER_LIBRARY_H_
