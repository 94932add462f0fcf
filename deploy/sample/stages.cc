#include "deploy/sample/stages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "deploy/sample/customer.h"
#include "deploy/sample/database.h"
#include "deploy/sample/progress.h"
#include "deploy/sample/protector.h"
#include "deploy/sample/registration.h"
#include "deploy/sample/text_table.h"

namespace fieldkms::sample {
namespace {

// Rows read, encrypted and written at a time; the client cuts them into calls.
constexpr size_t kChunk = 2'500;

// What a set of rows is made of, for the report.
struct Census {
  size_t rows = 0;
  size_t values = 0;
  size_t nulls = 0;
  size_t empties = 0;
  size_t bytes = 0;

  void Add(std::span<const Row> more) {
    rows += more.size();
    for (const Row& row : more) {
      for (const auto& field : row.fields) {
        nulls += field ? 0 : 1;
        values += field ? 1 : 0;
        empties += field && field->empty() ? 1 : 0;
        bytes += field ? field->size() : 0;
      }
    }
  }
};

size_t PerSecond(size_t count, double seconds) {
  return static_cast<size_t>(static_cast<double>(count) / std::max(seconds, 0.001));
}

// The first difference between the rows as they were and as they came back.
absl::Status Compare(std::span<const Row> source, std::span<const Row> revealed) {
  if (source.size() != revealed.size()) {
    return absl::DataLossError("customers and customers_protected differ in their rows");
  }
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i].id != revealed[i].id) {
      return absl::DataLossError(fmt::format("row {} is not in both tables", source[i].id));
    }
    for (size_t column = 0; column < kColumnCount; ++column) {
      if (source[i].fields[column] == revealed[i].fields[column]) continue;
      return absl::DataLossError(fmt::format("row {}, column {}: came back different", source[i].id,
                                             kColumnNames[column]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Load(const Stage& stage) {
  FIELDKMS_RETURN_IF_ERROR(CreateTables(stage.dsn));
  FIELDKMS_RETURN_IF_ERROR(RegisterColumns(stage));
  FIELDKMS_ASSIGN_OR_RETURN(auto writer, RowWriter::Open(stage.dsn, Table::kPlain));
  Progress progress("loading", stage.rows);
  Census census;
  std::vector<Row> chunk;
  for (int64_t id = 1; id <= stage.rows; ++id) {
    chunk.push_back(MakeCustomer(id));
    if (chunk.size() < kChunk && id < stage.rows) continue;
    FIELDKMS_RETURN_IF_ERROR(writer->Write(chunk));
    census.Add(chunk);
    progress.Add(static_cast<int64_t>(chunk.size()));
    chunk.clear();
  }
  FIELDKMS_RETURN_IF_ERROR(writer->Commit());
  fmt::print("    {} customers: {} values, {} NULLs, {} empty strings, {} bytes, in {:.1f} s\n",
             Grouped(census.rows), Grouped(census.values), Grouped(census.nulls),
             Grouped(census.empties), Grouped(census.bytes), progress.Seconds());
  return absl::OkStatus();
}

absl::Status Protect(const Stage& stage) {
  FIELDKMS_ASSIGN_OR_RETURN(BindingIds ids, LoadBindingIds(stage.dsn));
  Protector protector(*stage.client, stage.tenant, std::move(ids));
  FIELDKMS_ASSIGN_OR_RETURN(auto reader, RowReader::Open(stage.dsn, Table::kPlain));
  FIELDKMS_ASSIGN_OR_RETURN(auto writer, RowWriter::Open(stage.dsn, Table::kProtected));
  Progress progress("encrypting", stage.rows);
  Census census;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> rows, reader->Next(kChunk));
    if (rows.empty()) break;
    FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> sealed, protector.Protect(rows));
    FIELDKMS_RETURN_IF_ERROR(writer->Write(sealed));
    census.Add(sealed);
    progress.Add(static_cast<int64_t>(rows.size()));
  }
  FIELDKMS_RETURN_IF_ERROR(writer->Commit());
  fmt::print(
      "    {} values in {} rows encrypted and written in {:.1f} s ({} values/s, reading and\n"
      "    writing PostgreSQL included); NULLs stay NULL\n",
      Grouped(census.values), Grouped(census.rows), progress.Seconds(),
      Grouped(PerSecond(census.values, progress.Seconds())));
  FIELDKMS_ASSIGN_OR_RETURN(StoredCounts plain, CountStored(stage.dsn, Table::kPlain, 1));
  FIELDKMS_ASSIGN_OR_RETURN(StoredCounts sealed, CountStored(stage.dsn, Table::kProtected, 1));
  fmt::print("    on disk: customers {} kB, customers_protected {} kB\n",
             Grouped(static_cast<size_t>(plain.bytes) / 1000),
             Grouped(static_cast<size_t>(sealed.bytes) / 1000));
  return absl::OkStatus();
}

absl::Status Verify(const Stage& stage) {
  FIELDKMS_ASSIGN_OR_RETURN(BindingIds ids, LoadBindingIds(stage.dsn));
  Protector protector(*stage.client, stage.tenant, std::move(ids));
  FIELDKMS_ASSIGN_OR_RETURN(auto source, RowReader::Open(stage.dsn, Table::kPlain));
  FIELDKMS_ASSIGN_OR_RETURN(auto stored, RowReader::Open(stage.dsn, Table::kProtected));
  Progress progress("decrypting", stage.rows);
  Census census;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> expected, source->Next(kChunk));
    FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> sealed, stored->Next(kChunk));
    if (expected.empty() && sealed.empty()) break;
    FIELDKMS_ASSIGN_OR_RETURN(std::vector<Row> revealed, protector.Reveal(sealed));
    FIELDKMS_RETURN_IF_ERROR(Compare(expected, revealed));
    census.Add(revealed);
    progress.Add(static_cast<int64_t>(revealed.size()));
  }
  if (static_cast<int64_t>(census.rows) < stage.rows) {
    return absl::DataLossError("customers has fewer rows than were loaded");
  }
  fmt::print(
      "    {} values in {} rows decrypted in {:.1f} s ({} values/s) and compared with the\n"
      "    source byte by byte: all equal, {} NULLs and {} empty strings among them\n",
      Grouped(census.values), Grouped(census.rows), progress.Seconds(),
      Grouped(PerSecond(census.values, progress.Seconds())), Grouped(census.nulls),
      Grouped(census.empties));
  return absl::OkStatus();
}

}  // namespace fieldkms::sample
