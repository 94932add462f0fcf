# Everything here is a Debian 12 package; deploy/dependencies names them.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)  # brings fmt::fmt
find_package(CURL 7.87 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
if(FIELDKMS_STORE_POSTGRES)
  pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
  # Of what other tools have encrypted.
  pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
  find_package(ZLIB REQUIRED)
endif()

if(FIELDKMS_ROOT_PKCS11)
  # The types and numbers of the standard only: modules are loaded when we run, and
  # p11-kit itself is not linked.
  pkg_check_modules(P11_KIT REQUIRED p11-kit-1)
  add_library(fieldkms_pkcs11_headers INTERFACE)
  target_include_directories(fieldkms_pkcs11_headers SYSTEM INTERFACE ${P11_KIT_INCLUDE_DIRS})
endif()

if(FIELDKMS_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)  # rapidcheck, rapidcheck_gtest
  if(FIELDKMS_ROOT_PKCS11)
    find_library(FIELDKMS_SOFTHSM2 softhsm2 PATH_SUFFIXES softhsm REQUIRED)
  endif()
endif()
