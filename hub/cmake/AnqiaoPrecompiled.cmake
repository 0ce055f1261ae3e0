# Headers that most files of a layer read anyhow, read once: half of a build is reading them. Nothing may rely on them: a file includes
# what it uses, and ANQIAO_PRECOMPILED=OFF builds without.
#
#   anqiao_precompiled(LIBRARY_OR_TEST base | journal | rpc)

option(ANQIAO_PRECOMPILED "Use precompiled headers" ON)

set(ANQIAO_PRECOMPILED_base
  <algorithm> <cstdint> <functional> <map> <memory> <optional> <string> <utility> <vector>
  [["absl/container/flat_hash_map.h"]] [["absl/status/status.h"]] [["absl/status/statusor.h"]] [["absl/strings/str_cat.h"]]
  [["absl/strings/str_join.h"]] [["absl/strings/string_view.h"]] [["absl/synchronization/mutex.h"]] [["absl/time/time.h"]])
set(ANQIAO_PRECOMPILED_journal ${ANQIAO_PRECOMPILED_base}
  [["anqiao/exchange/v1/audit.pb.h"]] [["anqiao/exchange/v1/exchange.pb.h"]] [["anqiao/journal/v1/entry.pb.h"]]
  [["anqiao/journal/v1/state.pb.h"]])
set(ANQIAO_PRECOMPILED_rpc ${ANQIAO_PRECOMPILED_journal} [["grpcpp/grpcpp.h"]])
set(ANQIAO_PRECOMPILED_LINKS_base absl::flat_hash_map absl::statusor absl::strings absl::synchronization absl::time)
set(ANQIAO_PRECOMPILED_LINKS_journal ${ANQIAO_PRECOMPILED_LINKS_base} anqiao::exchange_proto anqiao::journal_proto)
set(ANQIAO_PRECOMPILED_LINKS_rpc ${ANQIAO_PRECOMPILED_LINKS_journal} gRPC::grpc++)

# A compiler takes such headers only for what is compiled as they were: libraries and tests each have their own.
function(anqiao_precompiled target headers)
  if(NOT ANQIAO_PRECOMPILED)
    return()
  endif()
  get_target_property(type ${target} TYPE)
  string(TOLOWER ${type} type)
  set(holder anqiao_precompiled_${headers}_${type})
  if(NOT TARGET ${holder})
    set(source ${PROJECT_BINARY_DIR}/${holder}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "int main() { return 0; }\n")
    set(extra)
    if(type STREQUAL "executable")
      add_executable(${holder} EXCLUDE_FROM_ALL ${source})
      set(extra <gmock/gmock.h> <gtest/gtest.h>)
      target_link_libraries(${holder} PRIVATE GTest::gmock)
      target_compile_options(${holder} PRIVATE ${ANQIAO_TEST_OPTIONS})
    else()
      add_library(${holder} STATIC EXCLUDE_FROM_ALL ${source})
      if(headers STREQUAL "rpc")
        target_compile_options(${holder} PRIVATE ${ANQIAO_CARRIER_OPTIONS})
      endif()
    endif()
    target_link_libraries(${holder} PRIVATE anqiao_options ${ANQIAO_PRECOMPILED_LINKS_${headers}})
    target_precompile_headers(${holder} PRIVATE ${ANQIAO_PRECOMPILED_${headers}} ${extra})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${holder})
endfunction()
