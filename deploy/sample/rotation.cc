// The stage Rotate.
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clients/cpp/rotation_client.h"
#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/status.h"
#include "deploy/sample/busy.h"
#include "deploy/sample/customer.h"
#include "deploy/sample/database.h"
#include "deploy/sample/protector.h"
#include "deploy/sample/stages.h"
#include "deploy/sample/text_table.h"
#include "rotation/service_calls.h"
#include "rotation/worker.h"

namespace fieldkms::sample {
namespace {

// What both have done before anything is rotated.
constexpr size_t kReadBefore = 500;
constexpr size_t kWrittenBefore = 10;
constexpr int kWorkers = 2;

absl::StatusOr<uint32_t> RotateCardKey(const Stage& stage) {
  v1::GetKeyRequest get;
  get.set_tenant(stage.tenant);
  get.set_name(FieldName(kCardNumber));
  FIELDKMS_ASSIGN_OR_RETURN(v1::Key before, stage.client->GetKey(get));
  v1::RotateKeyRequest rotate;
  rotate.set_tenant(stage.tenant);
  rotate.set_name(before.name());
  rotate.set_expected_primary(before.primary_version());
  FIELDKMS_ASSIGN_OR_RETURN(v1::Key after, stage.client->RotateKey(rotate));
  if (after.primary_version() != before.primary_version() + 1) {
    return absl::InternalError("rotation did not add one version");
  }
  fmt::print("    {}: version {} -> {}\n", after.name(), before.primary_version(),
             after.primary_version());
  return after.primary_version();
}

// Fails unless `row` holds a card number under `version` that opens.
absl::Status ExpectReadable(const Stage& stage, Protector& protector, int64_t id,
                            uint32_t version) {
  FIELDKMS_ASSIGN_OR_RETURN(auto reader, RowReader::Open(stage.dsn, Table::kProtected, id));
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> rows, reader->Next(1));
  if (rows.empty() || !rows[0].fields[kCardNumber]) return absl::DataLossError("a row is missing");
  FIELDKMS_ASSIGN_OR_RETURN(EnvelopeView view,
                            ParseEnvelope(AsBytes(*rows[0].fields[kCardNumber])));
  if (view.header.version != version) {
    return absl::DataLossError(fmt::format("row {} is not under version {}", id, version));
  }
  FIELDKMS_ASSIGN_OR_RETURN(auto revealed, protector.RevealColumn(rows, kCardNumber));
  if (revealed[0].fields[kCardNumber] != MakeCustomer(id).fields[kCardNumber]) {
    return absl::DataLossError(fmt::format("row {} came back different", id));
  }
  fmt::print("    row {}, under version {}: reads back\n", Grouped(static_cast<size_t>(id)),
             version);
  return absl::OkStatus();
}

absl::StatusOr<v1::RotationJob> StartJob(const Stage& stage) {
  v1::CreateJobRequest request;
  request.set_tenant(stage.tenant);
  request.set_start(true);
  request.mutable_spec()->set_data_source("shop");
  request.mutable_spec()->set_key(FieldName(kCardNumber));
  // Nobody else's database: else the job would rest for the dead rows that our writer leaves.
  request.mutable_spec()->mutable_limits()->set_unlimited(true);
  FIELDKMS_ASSIGN_OR_RETURN(v1::RotationJob job, RotationClient(*stage.client).CreateJob(request));
  fmt::print("    job {}: every row that the registry has under this key\n", job.job_id());
  return job;
}

absl::StatusOr<v1::RotationJob> RunWorker(const Stage& stage, const v1::RotationJob& job,
                                          int number) {
  rotation::WorkerOptions options;
  options.conninfo = stage.dsn;
  options.tenant = stage.tenant;
  options.job_id = job.job_id();
  options.name = fmt::format("sample {}", number);
  options.beat = std::chrono::milliseconds(250);
  options.range_rows = 5'000;
  rotation::Worker worker(options, rotation::CallsOf(*stage.client), nullptr);
  return worker.Run();
}

absl::StatusOr<v1::RotationJob> RunWorkers(const Stage& stage, const v1::RotationJob& job) {
  std::vector<absl::StatusOr<v1::RotationJob>> ends(kWorkers, absl::UnknownError(""));
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kWorkers; ++i) {
      threads.emplace_back([&, i] { ends[static_cast<size_t>(i)] = RunWorker(stage, job, i); });
    }
  }
  for (const auto& end : ends) {
    if (!end.ok()) return end.status();
  }
  if (ends[0]->state() != v1::ROTATION_STATE_DONE) return absl::InternalError(ends[0]->error());
  return std::move(ends[0]);
}

// What PostgreSQL says, in SQL, without any key.
absl::Status ExpectAllUnder(const Stage& stage, uint32_t version) {
  FIELDKMS_ASSIGN_OR_RETURN(const StoredCounts counts,
                            CountStored(stage.dsn, Table::kProtected, version));
  if (counts.primary_cards != counts.cards) {
    return absl::DataLossError("card numbers are left under the older version");
  }
  fmt::print("    headers read in SQL: all {} card numbers are under version {}\n",
             Grouped(static_cast<size_t>(counts.cards)), version);
  return absl::OkStatus();
}

}  // namespace

absl::Status Rotate(const Stage& stage) {
  FIELDKMS_ASSIGN_OR_RETURN(BindingIds ids, LoadBindingIds(stage.dsn));
  Protector protector(*stage.client, stage.tenant, std::move(ids));
  BusyThread reader(ReadCards(stage, protector));
  BusyThread writer(WriteCards(stage, protector));
  reader.WaitForMore(kReadBefore);
  writer.WaitForMore(kWrittenBefore);
  FIELDKMS_ASSIGN_OR_RETURN(const uint32_t version, RotateCardKey(stage));
  FIELDKMS_RETURN_IF_ERROR(ExpectReadable(stage, protector, 1, version - 1));
  const auto begin = std::chrono::steady_clock::now();
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, StartJob(stage));
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob done, RunWorkers(stage, job));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  writer.WaitForMore(kWrittenBefore);
  FIELDKMS_RETURN_IF_ERROR(reader.Stop());
  FIELDKMS_RETURN_IF_ERROR(writer.Stop());
  const v1::RotationCounts& counts = done.outcome().counts();
  fmt::print(
      "    {} rows rewrapped by {} workers in {:.1f} s, {} passes; no plaintext left the service\n"
      "    verified: {} headers read again, {} values opened in their rows, {} quarantined\n"
      "    meanwhile {} card numbers were read and {} changed, without one failure\n",
      Grouped(counts.changed()), kWorkers, took.count(), done.outcome().passes(),
      Grouped(counts.verified()), Grouped(counts.opened()), Grouped(counts.quarantined()),
      Grouped(reader.values()), Grouped(writer.values()));
  FIELDKMS_RETURN_IF_ERROR(ExpectReadable(stage, protector, 1, version));
  return ExpectAllUnder(stage, version);
}

}  // namespace fieldkms::sample
