set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 17)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Optimised as a release, with line tables only: full debug information of gRPC's
# templates triples the build.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

# Warnings are errors, in our code only (see targets.cmake).
set(FIELDKMS_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Werror)

add_compile_options(-fstack-protector-strong -fno-omit-frame-pointer)
add_link_options(-Wl,-z,relro,-z,now)
if(NOT FIELDKMS_SANITIZE AND NOT FIELDKMS_FUZZ AND NOT FIELDKMS_COVERAGE)
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()

if(FIELDKMS_SANITIZE MATCHES "address" AND NOT FIELDKMS_FUZZ)
  # UBSan doubles what the optimiser has to read: without optimising, the build takes
  # half the time, and no check is optimised away.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O0")
endif()
if(FIELDKMS_SANITIZE)
  add_compile_options(-fsanitize=${FIELDKMS_SANITIZE} -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${FIELDKMS_SANITIZE})
endif()
if(FIELDKMS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(FIELDKMS_COVERAGE)
  add_compile_options(--coverage -O0)
  add_link_options(--coverage)
endif()

# A precompiled header from ccache is as good as one made now, whatever its headers' times.
add_compile_options("$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")

# Nothing that is built knows in which directory that was: builds are the same everywhere, and one
# clone finds in the compiler's cache what another has left there.
add_compile_options("-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")
find_program(FIELDKMS_CCACHE ccache)
if(FIELDKMS_CCACHE)
  # pch_defines: or it would not cache what uses a precompiled header.
  set(launcher "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" "${FIELDKMS_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
find_program(FIELDKMS_MOLD mold)
if(FIELDKMS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
