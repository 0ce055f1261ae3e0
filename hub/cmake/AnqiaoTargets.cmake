# One library a folder, with its dependency list in plain sight.
#
#   anqiao_library(NAME store SRCS keys.cc ... DEPS anqiao::base PRIVATE_DEPS RocksDB::rocksdb-shared PRECOMPILED journal [SEPARATE])
#   anqiao_test(NAME store_keys_test SRCS keys_test.cc DEPS anqiao::store LABELS unit [OPTIMIZED])
#   anqiao_fuzz_target(NAME keys_fuzz SRCS keys_fuzz.cc DEPS anqiao::store)
#   anqiao_proto_library(NAME journal_proto PROTOS anqiao/journal/v1/entry.proto ... [GRPC] DEPS anqiao::type_proto)

include(GoogleTest)

# Most of a compilation is reading headers: files of a library are therefore compiled several at a time, so that two of them may not
# give one name to different things, not even in unnamed namespaces. ANQIAO_UNITY=OFF compiles each on its own, which is quicker while
# one file is being worked on.
option(ANQIAO_UNITY "Compile the files of a library several at a time" ON)

function(anqiao_unity target)
  if(ANQIAO_UNITY)
    get_target_property(sources ${target} SOURCES)
    list(LENGTH sources files)
    math(EXPR batches "(${files} + 15) / 16")
    math(EXPR size "(${files} + ${batches} - 1) / ${batches}")
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
  endif()
endfunction()

# Under ASan, optimizing what only carries messages about takes longer than it saves.
set(ANQIAO_CARRIER_OPTIONS)
if(ANQIAO_SANITIZE STREQUAL "asan")
  set(ANQIAO_CARRIER_OPTIONS -O0)
endif()

function(anqiao_library)
  cmake_parse_arguments(A "SEPARATE" "NAME;PRECOMPILED" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(anqiao_${A_NAME} STATIC ${A_SRCS})
  add_library(anqiao::${A_NAME} ALIAS anqiao_${A_NAME})
  target_link_libraries(anqiao_${A_NAME} PUBLIC anqiao_options ${A_DEPS} PRIVATE ${A_PRIVATE_DEPS})
  if(A_PRECOMPILED STREQUAL "rpc")
    target_compile_options(anqiao_${A_NAME} PRIVATE ${ANQIAO_CARRIER_OPTIONS})
  endif()
  if(A_PRECOMPILED)
    anqiao_precompiled(anqiao_${A_NAME} ${A_PRECOMPILED})
  endif()
  if(NOT A_SEPARATE)
    anqiao_unity(anqiao_${A_NAME})
  endif()
endfunction()

# What tests/testing/tsan_absl.cc puts itself in front of.
set(ANQIAO_TSAN_WRAPPED
  _ZN4absl7debian35Mutex4LockEv
  _ZN4absl7debian35Mutex10ReaderLockEv
  _ZN4absl7debian35Mutex7TryLockEv
  _ZN4absl7debian35Mutex13ReaderTryLockEv
  _ZN4absl7debian35Mutex6UnlockEv
  _ZN4absl7debian35Mutex12ReaderUnlockEv
  _ZN4absl7debian37CondVar4WaitEPNS0_5MutexE
  _ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE
  _ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE
  _ZN4absl7debian312Notification6NotifyEv
  _ZNK4absl7debian312Notification19WaitForNotificationEv
  _ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE
)

# Without a symbolizer TSan cannot match suppressions that name functions.
find_program(ANQIAO_SYMBOLIZER NAMES llvm-symbolizer-14 llvm-symbolizer)
if(ANQIAO_SYMBOLIZER)
  set(ANQIAO_TSAN_SYMBOLIZER ":external_symbolizer_path=${ANQIAO_SYMBOLIZER}")
endif()

# What is tested is compiled as it ships; the test itself need not be: optimizing it is most of compiling it, and under a sanitizer
# nearly all. OPTIMIZED is for the few that work long themselves. TSan's suppressions know Abseil's inline functions as they are inlined.
set(ANQIAO_TEST_OPTIONS -O0)
if(ANQIAO_SANITIZE STREQUAL "tsan")
  set(ANQIAO_TEST_OPTIONS -O1)
endif()

function(anqiao_test)
  cmake_parse_arguments(A "OPTIMIZED" "NAME;TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  # The widest that its dependencies have.
  set(precompiled base)
  if(A_DEPS MATCHES "anqiao::(rpc|ctl|transport|server_lib)")
    set(precompiled rpc)
  elseif(A_DEPS MATCHES "anqiao::(engine|store|policy|referral|identity|model)")
    set(precompiled journal)
  endif()
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_executable(${A_NAME} ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE anqiao_options ${A_DEPS} GTest::gmock GTest::gtest_main)
  if(A_OPTIMIZED)
    target_compile_options(${A_NAME} PRIVATE -O1)
  else()
    target_compile_options(${A_NAME} PRIVATE ${ANQIAO_TEST_OPTIONS})
  endif()
  if(NOT A_OPTIMIZED AND NOT A_SRCS MATCHES "\\.c(;|$)")
    anqiao_precompiled(${A_NAME} ${precompiled})
  endif()
  if(ANQIAO_SANITIZE STREQUAL "tsan")
    target_sources(${A_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests/testing/tsan_absl.cc)
    foreach(symbol ${ANQIAO_TSAN_WRAPPED})
      target_link_options(${A_NAME} PRIVATE LINKER:--wrap=${symbol})
    endforeach()
  endif()
  # One ctest entry an executable: thousands of process starts would cost more than the tests do.
  add_test(NAME ${A_NAME} COMMAND ${A_NAME})
  set_tests_properties(${A_NAME} PROPERTIES LABELS "${A_LABELS}" TIMEOUT ${A_TIMEOUT}
                       ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan-suppressions${ANQIAO_TSAN_SYMBOLIZER};LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan-suppressions:print_suppressions=0")
endfunction()

# Most of what the hub does is allocate and free small messages beside large buffers; glibc's malloc spends a third of the time on
# putting them together again, and keeps more. The hub, anqiaoctl, and what measures as they would. A sanitizer brings its own.
find_library(ANQIAO_JEMALLOC jemalloc)
function(anqiao_allocator target)
  if(ANQIAO_JEMALLOC AND NOT ANQIAO_SANITIZE)
    target_link_libraries(${target} PRIVATE ${ANQIAO_JEMALLOC})
  endif()
endfunction()

# A libFuzzer binary with ANQIAO_FUZZ, else a test that replays tests/fuzz/corpus/<name> and the folders of CORPORA. RUNS:
# also a test <name>_runs of that many executions. tests/fuzz/README.md says more.
function(anqiao_fuzz_target)
  cmake_parse_arguments(A "" "NAME;RUNS" "SRCS;DEPS;CORPORA" ${ARGN})
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${A_NAME} ${A_CORPORA})
  add_executable(${A_NAME} ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE anqiao_options ${A_DEPS})
  if(ANQIAO_FUZZ)
    target_compile_options(${A_NAME} PRIVATE -fsanitize=fuzzer)
    target_link_options(${A_NAME} PRIVATE -fsanitize=fuzzer)
    set(replay -runs=0)
    # What is found goes to the first folder, which must not be the corpus.
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${A_NAME})
    file(MAKE_DIRECTORY ${found})
    set(runs -runs=${A_RUNS} -seed=1 -timeout=10 -print_final_stats=1 ${found})
  else()
    target_sources(${A_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_main.cc)
    target_link_libraries(${A_NAME} PRIVATE anqiao::adapter_mutate)
    set(replay)
    set(runs --runs ${A_RUNS} --seed 1)
  endif()
  add_test(NAME ${A_NAME} COMMAND ${A_NAME} ${replay} ${corpus})
  set_tests_properties(${A_NAME} PROPERTIES LABELS unit TIMEOUT 120)
  if(A_RUNS)
    add_test(NAME ${A_NAME}_runs COMMAND ${A_NAME} ${runs} ${corpus})
    set_tests_properties(${A_NAME}_runs PROPERTIES LABELS "unit;slow" TIMEOUT 600)
  endif()
endfunction()

# Generates into ${PROJECT_BINARY_DIR}/protos, so that "anqiao/journal/v1/entry.pb.h" is the include path.
function(anqiao_proto_library)
  cmake_parse_arguments(A "GRPC;LITE" "NAME" "PROTOS;DEPS" ${ARGN})
  set(root ${PROJECT_SOURCE_DIR}/protos)
  set(out ${PROJECT_BINARY_DIR}/protos)
  file(MAKE_DIRECTORY ${out})
  set(sources)
  foreach(proto ${A_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    set(generated ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(args --cpp_out=${out})
    if(A_GRPC)
      list(APPEND generated ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      list(APPEND args --grpc_out=${out} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
    endif()
    file(GLOB_RECURSE every_proto CONFIGURE_DEPENDS ${root}/anqiao/type/*.proto ${root}/anqiao/label/*.proto ${root}/google/*.proto)
    add_custom_command(OUTPUT ${generated}
      COMMAND protobuf::protoc -I${root} ${args} ${root}/${proto}
      DEPENDS ${root}/${proto} ${every_proto} VERBATIM)
    list(APPEND sources ${generated})
  endforeach()
  add_library(anqiao_${A_NAME} STATIC ${sources})
  add_library(anqiao::${A_NAME} ALIAS anqiao_${A_NAME})
  target_compile_features(anqiao_${A_NAME} PUBLIC cxx_std_20)
  target_include_directories(anqiao_${A_NAME} SYSTEM PUBLIC ${out})
  target_compile_options(anqiao_${A_NAME} PRIVATE ${ANQIAO_CARRIER_OPTIONS})
  anqiao_unity(anqiao_${A_NAME})
  # What protoc writes for messages gives the same names in every file; what it writes for services does not.
  set(messages ${sources})
  list(FILTER messages INCLUDE REGEX "\\.pb\\.cc$")
  list(FILTER messages EXCLUDE REGEX "\\.grpc\\.pb\\.cc$")
  set_source_files_properties(${messages} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  if(A_LITE)
    target_link_libraries(anqiao_${A_NAME} PUBLIC protobuf::libprotobuf-lite)
  else()
    target_link_libraries(anqiao_${A_NAME} PUBLIC protobuf::libprotobuf ${A_DEPS})
  endif()
  if(A_GRPC)
    target_link_libraries(anqiao_${A_NAME} PUBLIC gRPC::grpc++)
  endif()
endfunction()
