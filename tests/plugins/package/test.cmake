# Installs the SDK into a new folder, builds the adapter beside this file there, far from the sources, loads it and runs its
# sample: cmake -DBUILD=... -DSOURCE=... -DWORK=... -DSAMPLES_TOOL=... -DFLAGS=... -DC_COMPILER=... -DCXX_COMPILER=... -P test.cmake

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component sdk --prefix ${WORK}/prefix)
file(COPY ${CMAKE_CURRENT_LIST_DIR}/adapter/ DESTINATION ${WORK}/adapter)
run(${CMAKE_COMMAND} -S ${WORK}/adapter -B ${WORK}/build -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_C_COMPILER=${C_COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER}
    "-DCMAKE_C_FLAGS=${FLAGS}" "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DCMAKE_MODULE_LINKER_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build ${WORK}/build)

file(STRINGS ${WORK}/build/compile_commands.json mentions REGEX "${SOURCE}/")
if(mentions)
  message(FATAL_ERROR "the adapter was built against the sources, not the installed files:\n${mentions}")
endif()
foreach(name shelter bare)
  run(nm -D --defined-only --format=just-symbols ${WORK}/build/plugins/libanqiao_${name}.so)
  string(STRIP "${output}" output)
  if(NOT output STREQUAL "anqiao_adapter_v1")
    message(FATAL_ERROR "libanqiao_${name}.so must export anqiao_adapter_v1 only, exports:\n${output}")
  endif()
endforeach()

run(${SAMPLES_TOOL} ${WORK}/build/plugins/libanqiao_shelter.so ${WORK}/adapter/samples)
run(${CMAKE_COMMAND} -E compare_files ${WORK}/adapter/samples/guests.expected
    ${CMAKE_CURRENT_LIST_DIR}/adapter/samples/guests.expected)
file(REMOVE_RECURSE ${WORK})
