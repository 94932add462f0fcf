// The stage Rotate.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/status.h"
#include "deploy/sample/customer.h"
#include "deploy/sample/database.h"
#include "deploy/sample/protector.h"
#include "deploy/sample/stages.h"
#include "deploy/sample/text_table.h"

namespace fieldkms::sample {
namespace {

constexpr size_t kReadChunk = 500;

// Decrypts card numbers, over and over, until stopped: the application that must
// not notice a rotation.
class BusyReader {
 public:
  BusyReader(const Stage& stage, Protector& protector)
      : thread_([this, &stage, &protector](const std::stop_token& stop) {
          status_ = Run(stage, protector, stop);
          finished_ = true;
        }) {}

  // Waits until it has read `more` values, or failed.
  void WaitForMore(size_t more) {
    size_t target = values_ + more;
    while (values_ < target && !finished_)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }

  // Stops it; its first error, if any.
  absl::Status Stop() {
    thread_.request_stop();
    thread_.join();
    return status_;
  }

  size_t values() const { return values_; }

 private:
  absl::Status Run(const Stage& stage, Protector& protector, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      FIELDKMS_ASSIGN_OR_RETURN(auto reader, RowReader::Open(stage.dsn, Table::kProtected));
      while (!stop.stop_requested()) {
        FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> rows, reader->Next(kReadChunk));
        if (rows.empty()) break;
        FIELDKMS_ASSIGN_OR_RETURN(auto revealed, protector.RevealColumn(rows, kCardNumber));
        values_ += revealed.size();
      }
    }
    return absl::OkStatus();
  }

  std::atomic<size_t> values_{0};
  std::atomic<bool> finished_{false};
  absl::Status status_;
  std::jthread thread_;  // last: it uses the others
};

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

// Adds the next customer to both tables, encrypted under the new version.
absl::StatusOr<Row> AddCustomer(const Stage& stage, Protector& protector) {
  Row row = MakeCustomer(stage.rows + 1);
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> sealed, protector.Protect({&row, 1}));
  FIELDKMS_ASSIGN_OR_RETURN(auto plain, RowWriter::Open(stage.dsn, Table::kPlain));
  FIELDKMS_RETURN_IF_ERROR(plain->Write({&row, 1}));
  FIELDKMS_RETURN_IF_ERROR(plain->Commit());
  FIELDKMS_ASSIGN_OR_RETURN(auto writer, RowWriter::Open(stage.dsn, Table::kProtected));
  FIELDKMS_RETURN_IF_ERROR(writer->Write(sealed));
  FIELDKMS_RETURN_IF_ERROR(writer->Commit());
  return std::move(sealed[0]);
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

// Rewraps the first quarter of the rows and counts, in SQL, what is where.
absl::Status RewrapPart(const Stage& stage, Protector& protector, uint32_t version) {
  auto part = static_cast<size_t>(std::max<int64_t>(stage.rows / 4, 1));
  FIELDKMS_ASSIGN_OR_RETURN(auto reader, RowReader::Open(stage.dsn, Table::kProtected));
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> before, reader->Next(part));
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> after, protector.RewrapCards(before));
  FIELDKMS_ASSIGN_OR_RETURN(int64_t changed, ReplaceCards(stage.dsn, before, after));
  FIELDKMS_ASSIGN_OR_RETURN(StoredCounts counts,
                            CountStored(stage.dsn, Table::kProtected, version));
  // One more: the customer that was added after the rotation.
  if (changed != static_cast<int64_t>(before.size()) || counts.primary_cards != changed + 1) {
    return absl::DataLossError("not every rewrapped row was stored");
  }
  fmt::print(
      "    {} rows rewrapped in the service, no plaintext left it; headers read in SQL:\n"
      "    {} of {} card numbers are under version {}, the others wait and stay readable\n",
      Grouped(static_cast<size_t>(changed)), Grouped(static_cast<size_t>(counts.primary_cards)),
      Grouped(static_cast<size_t>(counts.rows)), version);
  return absl::OkStatus();
}

}  // namespace

absl::Status Rotate(const Stage& stage) {
  FIELDKMS_ASSIGN_OR_RETURN(BindingIds ids, LoadBindingIds(stage.dsn));
  Protector protector(*stage.client, stage.tenant, std::move(ids));
  BusyReader busy(stage, protector);
  busy.WaitForMore(kReadChunk);
  absl::StatusOr<uint32_t> version = RotateCardKey(stage);
  absl::StatusOr<Row> added = version.ok() ? AddCustomer(stage, protector) : version.status();
  busy.WaitForMore(2 * kReadChunk);
  FIELDKMS_RETURN_IF_ERROR(busy.Stop());
  FIELDKMS_RETURN_IF_ERROR(added.status());
  fmt::print("    meanwhile a reader decrypted {} card numbers, without one failure\n",
             Grouped(busy.values()));
  FIELDKMS_RETURN_IF_ERROR(ExpectReadable(stage, protector, 1, *version - 1));
  FIELDKMS_RETURN_IF_ERROR(ExpectReadable(stage, protector, stage.rows + 1, *version));
  return RewrapPart(stage, protector, *version);
}

}  // namespace fieldkms::sample
