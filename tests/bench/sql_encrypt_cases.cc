// sql_many and sql_scalar: values that SQL encrypts, against pgcrypto.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "crypto/status.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/sql_bench.h"

namespace fieldkms::bench {
namespace {

using Lease = SqlContender::Lease;

std::string EncryptMany(const char* key) {
  return fmt::format(
      "SELECT count(e) FROM (SELECT array_agg(bytes) AS v, array_agg({}) AS c FROM cards) AS a, "
      "unnest(kms.encrypt_many('{}', a.v, a.c)) AS e",
      SqlBench::RowContext(), key);
}

std::string EncryptEach(const char* key, const std::string& from) {
  return fmt::format("SELECT count(kms.encrypt('{}', card, {})) FROM {}", key,
                     SqlBench::RowContext(), from);
}

}  // namespace

absl::StatusOr<BenchResult> RunSqlMany(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto bench, SqlBench::Start());
  bench->MakeCards(options.rows > 0 ? options.rows : 200'000);
  Settings settings = bench->DescribeSettings(/*leases=*/true);
  settings.insert(
      settings.begin(),
      {{"values", fmt::format("{} of 16 bytes, each with its row's context, which the statement "
                              "makes; in one array, out of one array",
                              bench->rows())},
       {"baseline",
        "pgcrypto: encrypt_iv(value, key, gen_random_bytes(16), 'aes-cbc') a row, a key of 32 "
        "bytes; no authentication, no context, and the IV is thrown away"}});
  return RunStatements(
      *bench,
      {{"kms.encrypt_many, leased", EncryptMany(kLeasedKey), Lease::kUsed},
       {"pgcrypto encrypt_iv (baseline)",
        "SELECT count(encrypt_iv(bytes, decode(repeat('5a', 32), 'hex'), gen_random_bytes(16), "
        "'aes-cbc')) FROM cards"},
       {"kms.encrypt_many, unleased", EncryptMany(kUnleasedKey), Lease::kNone}},
      options.seconds, std::move(settings));
}

absl::StatusOr<BenchResult> RunSqlScalar(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto bench, SqlBench::Start());
  bench->MakeCards(options.rows > 0 ? options.rows : 20'000);
  Settings settings = bench->DescribeSettings(/*leases=*/true);
  settings.insert(
      settings.begin(),
      {{"values",
        fmt::format("{} texts of 16 bytes, a call each, with its row's context", bench->rows())},
       {"baseline", "pgcrypto: pgp_sym_encrypt(text, passphrase) with its defaults"}});
  return RunStatements(
      *bench,
      {{"kms.encrypt, leased", EncryptEach(kLeasedKey, "cards"), Lease::kUsed},
       {"pgcrypto pgp_sym_encrypt (baseline)",
        "SELECT count(pgp_sym_encrypt(card, 'a passphrase of the benchmark')) FROM cards"},
       {"kms.encrypt, unleased, a tenth", EncryptEach(kUnleasedKey, bench->Tenth()), Lease::kNone,
        bench->tenth()}},
      options.seconds, std::move(settings));
}

}  // namespace fieldkms::bench
