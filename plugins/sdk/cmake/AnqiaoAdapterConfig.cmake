# find_package(AnqiaoAdapter REQUIRED) gives
#   AnqiaoAdapter::sdk   the C++ layer: plugins/sdk/adapter.h, declare.h, code_tables.h
#   AnqiaoAdapter::abi   the C ABI alone: plugins/sdk/anqiao_adapter.h
#   anqiao_adapter(...)  see AnqiaoAdapterTargets.cmake
#   ANQIAO_ADAPTER_PROTO the path of adapter.proto, for other languages

include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Protobuf)
find_dependency(pugixml)
find_dependency(ZLIB)

get_filename_component(_prefix ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
set(ANQIAO_ADAPTER_EXPORT_MAP ${_prefix}/share/anqiao/export.map)
set(ANQIAO_ADAPTER_PROTO ${_prefix}/share/anqiao/protos/anqiao/adapter/v1/adapter.proto)

if(NOT TARGET AnqiaoAdapter::sdk)
  add_library(AnqiaoAdapter::abi INTERFACE IMPORTED)
  target_include_directories(AnqiaoAdapter::abi INTERFACE ${_prefix}/include/anqiao)

  add_library(AnqiaoAdapter::proto STATIC IMPORTED)
  set_target_properties(AnqiaoAdapter::proto PROPERTIES
    IMPORTED_LOCATION ${_prefix}/lib/libanqiao_adapter_proto.a
    INTERFACE_INCLUDE_DIRECTORIES ${_prefix}/include/anqiao
    INTERFACE_LINK_LIBRARIES protobuf::libprotobuf-lite)

  add_library(AnqiaoAdapter::sdk STATIC IMPORTED)
  set_target_properties(AnqiaoAdapter::sdk PROPERTIES
    IMPORTED_LOCATION ${_prefix}/lib/libanqiao_adapter_sdk.a
    INTERFACE_COMPILE_FEATURES cxx_std_20
    INTERFACE_LINK_LIBRARIES "AnqiaoAdapter::abi;AnqiaoAdapter::proto;pugixml::pugixml;ZLIB::ZLIB")
endif()
unset(_prefix)

include(${CMAKE_CURRENT_LIST_DIR}/AnqiaoAdapterTargets.cmake)
