# Finds everything from the system and names all that is missing in one message.
find_program(PKG_CONFIG_EXECUTABLE NAMES pkg-config pkgconf)
if(NOT PKG_CONFIG_EXECUTABLE)
  message(FATAL_ERROR "dsbind needs pkg-config to find its libraries. "
                      "On Debian or Ubuntu: apt-get install pkg-config")
endif()
find_package(PkgConfig REQUIRED)

set(missing "")
function(dsbind_require prefix module package)
  pkg_check_modules(${prefix} QUIET IMPORTED_TARGET GLOBAL "${module}")
  if(NOT ${prefix}_FOUND)
    set(missing ${missing} ${package} PARENT_SCOPE)
  endif()
endfunction()

dsbind_require(GST "gstreamer-1.0>=1.20" libgstreamer1.0-dev)
dsbind_require(GST_BASE "gstreamer-base-1.0>=1.20" libgstreamer1.0-dev)
dsbind_require(GST_VIDEO "gstreamer-video-1.0>=1.20" libgstreamer-plugins-base1.0-dev)
dsbind_require(GST_APP "gstreamer-app-1.0>=1.20" libgstreamer-plugins-base1.0-dev)
dsbind_require(GST_PBUTILS "gstreamer-pbutils-1.0>=1.20" libgstreamer-plugins-base1.0-dev)
dsbind_require(GST_RTSP_SERVER "gstreamer-rtsp-server-1.0>=1.20" libgstrtspserver-1.0-dev)
dsbind_require(CAIRO "cairo" libcairo2-dev)
dsbind_require(PANGOCAIRO "pangocairo" libpango1.0-dev)
dsbind_require(YAML_CPP "yaml-cpp" libyaml-cpp-dev)
dsbind_require(EIGEN "eigen3" libeigen3-dev)
dsbind_require(HIREDIS "hiredis>=0.14" libhiredis-dev)
dsbind_require(RDKAFKA "rdkafka>=1.6" librdkafka-dev)
dsbind_require(MOSQUITTO "libmosquitto>=2.0" libmosquitto-dev)
dsbind_require(RABBITMQ "librabbitmq>=0.10" librabbitmq-dev)

# Debian's libyuv has no pkg-config file.
find_path(YUV_INCLUDE_DIR libyuv.h)
find_library(YUV_LIBRARY yuv)
if(NOT YUV_INCLUDE_DIR OR NOT YUV_LIBRARY)
  list(APPEND missing libyuv-dev)
endif()

if(missing)
  list(REMOVE_DUPLICATES missing)
  list(JOIN missing " " packages)
  message(FATAL_ERROR "dsbind cannot be built: system packages are missing.\n"
                      "  On Debian or Ubuntu: apt-get install ${packages}\n"
                      "  packages.txt lists all that dsbind needs to build and run.")
endif()

add_library(dsbind::yuv UNKNOWN IMPORTED)
set_target_properties(dsbind::yuv PROPERTIES IMPORTED_LOCATION "${YUV_LIBRARY}"
                                             INTERFACE_INCLUDE_DIRECTORIES "${YUV_INCLUDE_DIR}")

if(DSBIND_PYTHON)
  if(SKBUILD_SABI_COMPONENT)
    find_package(Python REQUIRED COMPONENTS Interpreter Development.Module ${SKBUILD_SABI_COMPONENT})
  else()
    find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
  endif()
else()
  find_package(Python REQUIRED COMPONENTS Interpreter)
endif()
