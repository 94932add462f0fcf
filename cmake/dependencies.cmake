# Everything here is a Debian 12 package; deploy/dependencies names them.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)  # brings fmt::fmt
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PQXX REQUIRED IMPORTED_TARGET libpqxx)
if(FIELDKMS_STORE_POSTGRES)
  pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
endif()

if(FIELDKMS_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)  # rapidcheck, rapidcheck_gtest
endif()
