# fieldkms_version: the header "fieldkms/version.h", made from project(VERSION).
configure_file("${PROJECT_SOURCE_DIR}/cmake/version.h.in"
  "${PROJECT_BINARY_DIR}/generated/fieldkms/version.h" @ONLY)
add_library(fieldkms_version INTERFACE)
target_include_directories(fieldkms_version INTERFACE "${PROJECT_BINARY_DIR}/generated")

# fieldkms_precompiled(NAME EXECUTABLE|LIBRARY HEADERS... DEPS... [OPTIONS...]): headers
# of others that take longer to read than the code that includes them, read once for
# all targets that fieldkms_use_precompiled(TARGET NAME) names. Never headers of ours:
# each file still includes what it uses.
function(fieldkms_precompiled name kind)
  if(NOT FIELDKMS_PRECOMPILED)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPS;OPTIONS" ${ARGN})
  set(source "${PROJECT_BINARY_DIR}/generated/precompiled/${name}.cc")
  file(GENERATE OUTPUT "${source}" CONTENT "int main() { return 0; }\n")
  # Its users must be of its kind: compilers take no header made with -fPIC for -fPIE.
  if(kind STREQUAL "LIBRARY")
    add_library(${name} STATIC "${source}")
  else()
    add_executable(${name} "${source}")
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  target_compile_options(${name} PRIVATE ${FIELDKMS_WARNINGS} ${ARG_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/generated/precompiled")
endfunction()

function(fieldkms_use_precompiled target name)
  if(FIELDKMS_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

# fieldkms_library(NAME [PRECOMPILED NAME] [TOGETHER [APART...]] SOURCES... DEPS...): one static
# library a folder. With no SOURCES, a header-only one. TOGETHER: eight files are compiled as one,
# where reading generated headers takes longer than the code; but those that have private names
# which others have, too, are compiled APART.
function(fieldkms_library name)
  cmake_parse_arguments(ARG "TOGETHER" "PRECOMPILED" "SOURCES;APART;DEPS;PRIVATE_DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
    target_compile_options(${name} PRIVATE ${FIELDKMS_WARNINGS})
    if(ARG_PRECOMPILED)
      fieldkms_use_precompiled(${name} ${ARG_PRECOMPILED})
    endif()
    if(ARG_TOGETHER AND FIELDKMS_PRECOMPILED)
      set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
      set_source_files_properties(${ARG_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} INTERFACE ${ARG_DEPS})
  endif()
endfunction()

# fieldkms_executable(NAME SOURCES... DEPS...): a binary in build/bin.
function(fieldkms_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  target_compile_options(${name} PRIVATE ${FIELDKMS_WARNINGS})
endfunction()

# fieldkms_test(NAME LABELS... SOURCES... DEPS... [TIMEOUT seconds]): a GoogleTest
# binary, run by ctest under its labels: unit, contract, integration, fault or soak;
# and `concurrent` where it runs threads, for the ThreadSanitizer build. Target
# tests_LABEL builds all tests of a label.
#
# What is tested is optimised; the tests themselves need not be, and GoogleTest and
# RapidCheck are most of the build.
# -pthread comes with some libraries, and all users of a precompiled header must agree.
set(FIELDKMS_TEST_OPTIONS -O0 -U_FORTIFY_SOURCE -pthread)
function(fieldkms_test name)
  cmake_parse_arguments(ARG "OPTIMISED" "TIMEOUT" "LABELS;SOURCES;DEPS;ENVIRONMENT" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} fieldkms_test_paths GTest::gmock
    GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${FIELDKMS_WARNINGS})
  # A test of what optimising does asks for OPTIMISED.
  if(ARG_OPTIMISED)
    target_compile_options(${name} PRIVATE -O2)
  else()
    target_compile_options(${name} PRIVATE ${FIELDKMS_TEST_OPTIONS})
    fieldkms_use_precompiled(${name} precompiled_tests)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "${ARG_ENVIRONMENT}")
  foreach(label ${ARG_LABELS})
    fieldkms_build_with_tests(${label} ${name})
  endforeach()
endfunction()

# fieldkms_build_with_tests(LABEL TARGET...): what the tests of a label need built.
function(fieldkms_build_with_tests label)
  if(NOT TARGET tests_${label})
    add_custom_target(tests_${label})
  endif()
  add_dependencies(tests_${label} ${ARGN})
endfunction()
