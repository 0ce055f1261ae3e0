# anqiao_adapter(NAME police SRCS police.cc): a target anqiao_adapter_police that builds
# ${PROJECT_BINARY_DIR}/plugins/libanqiao_police.so, which exports anqiao_adapter_v1 and nothing else.
#
# With ABI_ONLY it is not linked to the C++ SDK: for adapters in C, or any language CMake compiles, that speak
# plugins/sdk/anqiao_adapter.h themselves.
#
# Used by this repository and, through find_package(AnqiaoAdapter), by adapters out of it.

function(anqiao_adapter)
  cmake_parse_arguments(A "ABI_ONLY" "NAME" "SRCS" ${ARGN})
  if(NOT A_NAME OR NOT A_SRCS OR A_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "anqiao_adapter takes NAME, SRCS and perhaps ABI_ONLY, got '${ARGN}'")
  endif()
  set(target anqiao_adapter_${A_NAME})
  add_library(${target} MODULE ${A_SRCS})
  if(A_ABI_ONLY)
    target_link_libraries(${target} PRIVATE AnqiaoAdapter::abi)
  else()
    target_link_libraries(${target} PRIVATE AnqiaoAdapter::sdk)
  endif()
  # Hidden visibility alone would leave hundreds of the C++ library's symbols exported.
  target_link_options(${target} PRIVATE -Wl,--version-script=${ANQIAO_ADAPTER_EXPORT_MAP})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME anqiao_${A_NAME}
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/plugins
    LINK_DEPENDS ${ANQIAO_ADAPTER_EXPORT_MAP})
endfunction()
