# Standard, warnings, sanitizers and speed-ups, all on one INTERFACE target: anqiao_options.

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(ANQIAO_CCACHE ccache)
if(ANQIAO_CCACHE)
  # So that it also keeps what was compiled with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${ANQIAO_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${ANQIAO_CCACHE})
endif()

add_library(anqiao_options INTERFACE)
target_compile_features(anqiao_options INTERFACE cxx_std_20)
target_include_directories(anqiao_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(anqiao_options INTERFACE -Wall -Wextra -Werror -Wno-unused-parameter -pthread)
if(ANQIAO_CCACHE)
  # ccache reads the preprocessed text of what includes a precompiled header, and its time must not be in it.
  target_compile_options(anqiao_options INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>
    "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports impossible overlaps and bounds in std::string (GCC bugs 105651, 105329); with precompiled headers it no longer
  # knows that they are the library's. clang and the sanitizers watch the same.
  target_compile_options(anqiao_options INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(anqiao_options INTERFACE -Wthread-safety)
endif()

if(ANQIAO_SANITIZE STREQUAL "asan")
  set(ANQIAO_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all
      -fno-omit-frame-pointer -O1 -gline-tables-only)
elseif(ANQIAO_SANITIZE STREQUAL "tsan")
  set(ANQIAO_SANITIZE_FLAGS -fsanitize=thread -fno-omit-frame-pointer -O1 -gline-tables-only)
elseif(NOT ANQIAO_SANITIZE STREQUAL "")
  message(FATAL_ERROR "ANQIAO_SANITIZE must be empty, asan or tsan, got '${ANQIAO_SANITIZE}'")
endif()
if(ANQIAO_FUZZ)
  # What is fuzzed is instrumented, not only the targets' own files: else libFuzzer sees nothing of it.
  list(APPEND ANQIAO_SANITIZE_FLAGS -fsanitize=fuzzer-no-link)
endif()
if(ANQIAO_SANITIZE_FLAGS)
  add_compile_options(${ANQIAO_SANITIZE_FLAGS})
  add_link_options(${ANQIAO_SANITIZE_FLAGS})
endif()

# GCC 12 finds its own mold through -fuse-ld, as clang 14 does.
find_program(ANQIAO_MOLD mold)
if(ANQIAO_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
