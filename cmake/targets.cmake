# fieldkms_version: the header "fieldkms/version.h", made from project(VERSION).
configure_file("${PROJECT_SOURCE_DIR}/cmake/version.h.in"
  "${PROJECT_BINARY_DIR}/generated/fieldkms/version.h" @ONLY)
add_library(fieldkms_version INTERFACE)
target_include_directories(fieldkms_version INTERFACE "${PROJECT_BINARY_DIR}/generated")

# fieldkms_library(NAME SOURCES... DEPS...): one static library a folder. With no
# SOURCES, a header-only one.
function(fieldkms_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
    target_compile_options(${name} PRIVATE ${FIELDKMS_WARNINGS})
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
function(fieldkms_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS;SOURCES;DEPS;ENVIRONMENT" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${FIELDKMS_WARNINGS})
  # What is tested is optimised; the tests themselves need not be, and GoogleTest and
  # RapidCheck are most of the build. A test of what optimising does asks for -O2.
  target_compile_options(${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  target_compile_definitions(${name} PRIVATE
    FIELDKMS_VECTORS_DIR="${PROJECT_SOURCE_DIR}/tests/vectors"
    FIELDKMS_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
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
