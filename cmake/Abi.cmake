# Which version of the NvDs ABI to build for: DSBIND_ABI, or that of the SDK at DEEPSTREAM_ROOT.
set(DSBIND_ABI "" CACHE STRING "NvDs ABI to build for: 7.1, 8.0, 9.0 or 9.1 (the default)")
set(DEEPSTREAM_ROOT "" CACHE PATH "Folder of a DeepStream SDK whose ABI to build for")

set(abi "${DSBIND_ABI}")
if(NOT abi AND DEEPSTREAM_ROOT)
  # Each release has a file with a line such as "Version: 8.0".
  if(EXISTS "${DEEPSTREAM_ROOT}/version")
    file(STRINGS "${DEEPSTREAM_ROOT}/version" line REGEX "[0-9]+\\.[0-9]+" LIMIT_COUNT 1)
    string(REGEX MATCH "[0-9]+\\.[0-9]+" abi "${line}")
  endif()
  if(NOT abi)
    message(FATAL_ERROR "There is no DeepStream SDK in DEEPSTREAM_ROOT=${DEEPSTREAM_ROOT}: its file "
                        "'version' tells none. Name the ABI by DSBIND_ABI=7.1, 8.0, 9.0 or 9.1")
  endif()
endif()
if(NOT abi)
  set(abi 9.1)
elseif(abi STREQUAL "7.0")
  # Metadata and surfaces are those of 7.1.
  set(abi 7.1)
endif()

set(DSBIND_ABI_TABLE ${PROJECT_SOURCE_DIR}/native/abi/deepstream-${abi}.json)
if(NOT EXISTS ${DSBIND_ABI_TABLE})
  message(FATAL_ERROR "dsbind knows the ABI of DeepStream 7.1, 8.0, 9.0 and 9.1, not of ${abi}")
endif()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${DSBIND_ABI_TABLE})

# The headers ask for it by including dsbind_abi.h, which this folder has in the place of theirs.
set(DSBIND_ABI_DIR ${PROJECT_BINARY_DIR}/abi)
string(REPLACE "." "0" DSBIND_ABI_NUMBER ${abi})
file(READ ${PROJECT_SOURCE_DIR}/native/include/dsbind_abi.h header)
string(REGEX REPLACE "define DSBIND_ABI [0-9]+" "define DSBIND_ABI ${DSBIND_ABI_NUMBER}"
       header "${header}")
file(CONFIGURE OUTPUT ${DSBIND_ABI_DIR}/dsbind_abi.h CONTENT "${header}" @ONLY)
message(STATUS "NvDs ABI: DeepStream ${abi}")
