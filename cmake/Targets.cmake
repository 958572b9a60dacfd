# How each kind of target is built and where it is installed.
set(DSBIND_LIB_DIR dsbind/_native/lib)
set(DSBIND_PLUGIN_DIR dsbind/_native/plugins)
set(DSBIND_INCLUDE_DIR ${PROJECT_SOURCE_DIR}/native/include)
set(DSBIND_OUT ${PROJECT_BINARY_DIR}/stage/dsbind)

add_library(dsbind_options INTERFACE)
target_compile_definitions(dsbind_options INTERFACE _GNU_SOURCE)
target_compile_options(dsbind_options INTERFACE -Wall -Wextra $<$<BOOL:${DSBIND_WERROR}>:-Werror>)
if(DSBIND_SANITIZE)
  target_compile_options(dsbind_options INTERFACE -fsanitize=${DSBIND_SANITIZE}
                                                 -fno-omit-frame-pointer)
  target_link_options(dsbind_options INTERFACE -fsanitize=${DSBIND_SANITIZE})
endif()

add_library(dsbind_headers INTERFACE)
target_include_directories(dsbind_headers INTERFACE ${DSBIND_ABI_DIR} ${DSBIND_INCLUDE_DIR})
target_link_libraries(dsbind_headers INTERFACE PkgConfig::GST)

# dsbind_library(NAME SOURCES...): one of the NvDs libraries, under its own name.
function(dsbind_library name)
  add_library(${name} SHARED ${ARGN})
  target_link_libraries(${name} PRIVATE dsbind_options PUBLIC dsbind_headers)
  set_target_properties(${name} PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${DSBIND_OUT}/_native/lib
    BUILD_RPATH_USE_ORIGIN ON BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN")
  install(TARGETS ${name} LIBRARY DESTINATION ${DSBIND_LIB_DIR})
endfunction()

# dsbind_plugin(NAME SOURCES...): one GStreamer plugin. It reaches the NvDs C API through the
# runtime's forwarders, never by linking a library.
function(dsbind_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE dsbind_options dsbind_headers dsbind_elements dsbind_runtime)
  set_target_properties(${name} PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${DSBIND_OUT}/_native/plugins
    BUILD_RPATH "$ORIGIN/../lib" INSTALL_RPATH "$ORIGIN/../lib")
  target_compile_definitions(${name} PRIVATE DSBIND_VERSION="${PROJECT_VERSION}")
  install(TARGETS ${name} LIBRARY DESTINATION ${DSBIND_PLUGIN_DIR})
endfunction()

# dsbind_test(NAME SOURCES...): a native test program, run by ctest and by pytest.
function(dsbind_test name)
  if(NOT DSBIND_NATIVE_TESTS)
    return()
  endif()
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE dsbind_options dsbind_headers)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests
    BUILD_RPATH ${DSBIND_OUT}/_native/lib)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
