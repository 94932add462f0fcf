// sql_hop: what a call a row costs beside the way to another process and back.
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "sql/extension/http_head.h"
#include "sql/shim/frames.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/daemon_config.h"
#include "tests/bench/echo_server.h"
#include "tests/bench/sql_bench.h"
#include "tests/support/frame_client.h"

namespace fieldkms::bench {
namespace {

using Lease = SqlContender::Lease;
using fieldkms::testing::RawHttp;
using fieldkms::testing::RawResponse;

struct ExchangeSizes {
  size_t request = 0;
  size_t answer = 0;
};

// The bytes of one exchange of the extension's with the shim, heads of HTTP included: the same
// frame is sent to the same shim.
absl::StatusOr<ExchangeSizes> SizesOf(SqlBench& bench, const char* key) {
  const std::string card = bench.session().Run("SELECT card FROM cards LIMIT 1");
  const std::string hex = bench.session().Run("SELECT encode(" + SqlBench::RowContext() +
                                              ", 'hex') FROM cards LIMIT 1");
  std::string context(hex.size() / 2, '\0');
  if (!DecodeHex(hex, AsMutableBytes(context))) return absl::InternalError("no context");
  shim::Frame frame;
  frame.op = FIELDKMS_OP_ENCRYPT;
  frame.deadline = 10'000;
  frame.session_user = frame.current_role = testing::PostgresServer::kSuperuser;
  frame.database = "postgres";
  frame.tenant = kBenchTenant;
  frame.name = key;
  frame.parts = {card, context};
  const std::string body = shim::EncodeFrame(frame);

  std::string head(KMS_HTTP_REQUEST_ROOM, '\0');
  char* const end = head.data() + head.size();
  const auto head_size = static_cast<size_t>(end - kms_http_put_request(end, body.size()));
  RawHttp http(bench.shim().socket());
  const RawResponse response = http.PostFrame(body);
  const auto answer = fieldkms::testing::ReadFrameAnswer(frame.op, 1, response.body);
  if (response.status != 200 || !answer || answer->error || answer->results.at(0).error) {
    return absl::InternalError("the shim does not take the extension's frame");
  }
  return ExchangeSizes{head_size + body.size(), response.head.size() + 4 + response.body.size()};
}

}  // namespace

absl::StatusOr<BenchResult> RunSqlHop(const BenchOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto bench, SqlBench::Start());
  bench->MakeCards(options.rows > 0 ? options.rows : 20'000);
  FIELDKMS_ASSIGN_OR_RETURN(const ExchangeSizes sizes, SizesOf(*bench, kLeasedKey));
  const std::string path = bench->shim().directory() + "/echo.sock";
  const EchoServer echo(path, sizes.request, sizes.answer);
  const std::string library = bench->shim().directory() + "/pg/echo.so";
  std::filesystem::copy_file(FIELDKMS_ECHO_LIBRARY, library);
  bench->session().Run(fmt::format(
      "CREATE FUNCTION echo(text, text, int4, int4) RETURNS int4 LANGUAGE c VOLATILE STRICT "
      "PARALLEL RESTRICTED COST 1000 AS '{}', 'fieldkms_bench_echo'",
      library));

  const auto encrypt = [](const char* key, const std::string& from) {
    return fmt::format("SELECT count(kms.encrypt('{}', card, {})) FROM {}", key,
                       SqlBench::RowContext(), from);
  };
  Settings settings = bench->DescribeSettings(/*leases=*/true);
  settings.insert(
      settings.begin(),
      {{"values",
        fmt::format("{} texts of 16 bytes, a call each, with its row's context", bench->rows())},
       {"baseline",
        fmt::format("a C function in the same backend that sends {} bytes over a Unix socket and "
                    "receives {}, as many as the extension does; blocking, to a blocking thread",
                    sizes.request, sizes.answer)}});
  return RunStatements(
      *bench,
      {{"kms.encrypt, leased", encrypt(kLeasedKey, "cards"), Lease::kUsed},
       {"bare echo (baseline)", fmt::format("SELECT count(echo('{}', card, {}, {})) FROM cards",
                                            path, sizes.request, sizes.answer)},
       {"kms.encrypt, unleased, a tenth", encrypt(kUnleasedKey, bench->Tenth()), Lease::kNone,
        bench->tenth()}},
      options.seconds, std::move(settings));
}

}  // namespace fieldkms::bench
