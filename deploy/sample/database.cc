#include "deploy/sample/database.h"

#include <exception>
#include <functional>
#include <pqxx/pqxx>
#include <pqxx/stream_from>
#include <pqxx/stream_to>
#include <string_view>
#include <tuple>
#include <utility>

#include "deploy/sample/bytea.h"

namespace fieldkms::sample {
namespace {

// A row as libpqxx 6 streams it. The id is last: its stream_from takes a line
// that ends in an empty field for one with too few fields.
using StreamedRow =
    decltype(std::tuple_cat(std::declval<Fields>(), std::declval<std::tuple<int64_t>>()));

constexpr char kSchema[] = R"sql(
  CREATE SCHEMA IF NOT EXISTS kms;
  DROP TABLE IF EXISTS public.customers, public.customers_protected, kms.protected_columns;
  CREATE TABLE public.customers (
    id bigint PRIMARY KEY, full_name text, email text, card_number text, ssn text, ein text,
    iban text, notes text);
  CREATE TABLE public.customers_protected (
    id bigint PRIMARY KEY, full_name bytea, email bytea, card_number bytea, ssn bytea, ein bytea,
    iban bytea, notes bytea);
  -- Ciphertexts do not compress; do not try.
  ALTER TABLE public.customers_protected ALTER notes SET STORAGE EXTERNAL;
  -- A binding id stands for a column for good, whatever it is renamed to.
  CREATE TABLE kms.protected_columns (
    binding_id bytea PRIMARY KEY CHECK (octet_length(binding_id) = 16),
    relation regclass NOT NULL, attribute name NOT NULL, key_name text NOT NULL,
    UNIQUE (relation, attribute));
  INSERT INTO kms.protected_columns
    SELECT uuid_send(gen_random_uuid()), attrelid, attname, 'customers.' || attname
    FROM pg_attribute
    WHERE attrelid = 'public.customers_protected'::regclass AND attnum > 0 AND attname <> 'id';
)sql";

std::string TableName(Table table) {
  return table == Table::kPlain ? "public.customers" : "public.customers_protected";
}

std::vector<std::string> StreamedColumns() {
  std::vector<std::string> names(kColumnNames.begin(), kColumnNames.end());
  names.emplace_back("id");
  return names;
}

std::string ColumnList() {
  std::string list;
  for (const std::string& name : StreamedColumns()) list += (list.empty() ? "" : ", ") + name;
  return list;
}

// Runs `body`, which uses libpqxx, and turns what it throws into a status.
absl::Status Guarded(const std::function<void()>& body) {
  try {
    body();
    return absl::OkStatus();
  } catch (const std::exception& error) {
    std::string_view text = error.what();
    return absl::UnavailableError("PostgreSQL: " + std::string(text.substr(0, text.find('\n'))));
  }
}

Row FromStream(StreamedRow streamed, Table table) {
  Row row;
  row.id = std::get<int64_t>(streamed);
  [&]<size_t... I>(std::index_sequence<I...>) {
    ((row.fields[I] = std::move(std::get<I>(streamed))), ...);
  }
  (std::make_index_sequence<kColumnCount>());
  if (table == Table::kProtected) {
    for (auto& field : row.fields) {
      if (field) field = DecodeBytea(*field);
    }
  }
  return row;
}

StreamedRow ToStream(const Row& row, Table table) {
  Fields fields = row.fields;
  if (table == Table::kProtected) {
    for (auto& field : fields) {
      if (field) field = EncodeBytea(*field);
    }
  }
  return std::tuple_cat(std::move(fields), std::tuple<int64_t>(row.id));
}

}  // namespace

absl::Status CreateTables(const std::string& dsn) {
  return Guarded([&] {
    pqxx::connection connection(dsn);
    pqxx::work work(connection);
    work.exec("SET LOCAL client_min_messages = warning");
    work.exec(kSchema);
    work.commit();
  });
}

absl::StatusOr<BindingIds> LoadBindingIds(const std::string& dsn) {
  BindingIds ids;
  absl::Status status = Guarded([&] {
    pqxx::connection connection(dsn);
    pqxx::work work(connection);
    for (size_t i = 0; i < kColumnCount; ++i) {
      pqxx::row row = work.exec_params1(
          "SELECT binding_id FROM kms.protected_columns WHERE attribute = $1 "
          "AND relation = 'public.customers_protected'::regclass",
          std::string(kColumnNames[i]));
      ids[i] = pqxx::binarystring(row[0]).str();
    }
  });
  if (!status.ok()) return status;
  return ids;
}

absl::StatusOr<StoredCounts> CountStored(const std::string& dsn, Table table, uint32_t version) {
  StoredCounts counts;
  absl::Status status = Guarded([&] {
    pqxx::connection connection(dsn);
    pqxx::work work(connection);
    // Bytes 9 to 12 of an envelope are the version of its key, big-endian.
    std::string version_bytes = EncodeBytea(VersionBytes(version));
    std::string cards =
        table == Table::kPlain
            ? "0"
            : "count(*) FILTER (WHERE substr(card_number, 10, 4) = " + work.quote(version_bytes) +
                  "::bytea)";
    std::string name = TableName(table);
    pqxx::row row = work.exec1("SELECT count(*), pg_total_relation_size(" + work.quote(name) +
                               "), " + cards + " FROM " + name);
    row[0].to(counts.rows);
    row[1].to(counts.bytes);
    row[2].to(counts.primary_cards);
  });
  if (!status.ok()) return status;
  return counts;
}

class RowReader::Impl {
 public:
  Impl(const std::string& dsn, Table table, int64_t first_id)
      : table_(table),
        connection_(dsn),
        work_(connection_),
        // libpqxx 6 hands the "table" to COPY as it is, and COPY takes a query,
        // which has an order.
        stream_(work_, "(SELECT " + ColumnList() + " FROM " + TableName(table) +
                           " WHERE id >= " + std::to_string(first_id) + " ORDER BY id)") {}

  std::vector<Row> Next(size_t count) {
    std::vector<Row> rows;
    while (rows.size() < count) {
      StreamedRow streamed;
      if (!(stream_ >> streamed)) break;
      rows.push_back(FromStream(std::move(streamed), table_));
    }
    return rows;
  }

 private:
  Table table_;
  pqxx::connection connection_;
  pqxx::work work_;
  pqxx::stream_from stream_;
};

RowReader::RowReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowReader::~RowReader() = default;

absl::StatusOr<std::unique_ptr<RowReader>> RowReader::Open(const std::string& dsn, Table table,
                                                           int64_t first_id) {
  std::unique_ptr<Impl> impl;
  absl::Status status = Guarded([&] { impl = std::make_unique<Impl>(dsn, table, first_id); });
  if (!status.ok()) return status;
  return std::unique_ptr<RowReader>(new RowReader(std::move(impl)));
}

absl::StatusOr<std::vector<Row>> RowReader::Next(size_t count) {
  std::vector<Row> rows;
  absl::Status status = Guarded([&] { rows = impl_->Next(count); });
  if (!status.ok()) return status;
  return rows;
}

class RowWriter::Impl {
 public:
  Impl(const std::string& dsn, Table table)
      : table_(table),
        connection_(dsn),
        work_(connection_),
        stream_(work_, TableName(table), StreamedColumns()) {}

  void Write(std::span<const Row> rows) {
    for (const Row& row : rows) stream_ << ToStream(row, table_);
  }

  void Commit() {
    stream_.complete();
    work_.commit();
  }

 private:
  Table table_;
  pqxx::connection connection_;
  pqxx::work work_;
  pqxx::stream_to stream_;
};

RowWriter::RowWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowWriter::~RowWriter() = default;

absl::StatusOr<std::unique_ptr<RowWriter>> RowWriter::Open(const std::string& dsn, Table table) {
  std::unique_ptr<Impl> impl;
  absl::Status status = Guarded([&] { impl = std::make_unique<Impl>(dsn, table); });
  if (!status.ok()) return status;
  return std::unique_ptr<RowWriter>(new RowWriter(std::move(impl)));
}

absl::Status RowWriter::Write(std::span<const Row> rows) {
  return Guarded([&] { impl_->Write(rows); });
}

absl::Status RowWriter::Commit() {
  return Guarded([&] { impl_->Commit(); });
}

absl::StatusOr<int64_t> ReplaceCards(const std::string& dsn, std::span<const Row> before,
                                     std::span<const Row> after) {
  int64_t changed = 0;
  absl::Status status = Guarded([&] {
    pqxx::connection connection(dsn);
    connection.prepare("swap",
                       "UPDATE public.customers_protected SET card_number = $3 "
                       "WHERE id = $1 AND card_number = $2");
    pqxx::work work(connection);
    for (size_t i = 0; i < before.size(); ++i) {
      const auto& old_card = before[i].fields[kCardNumber];
      const auto& new_card = after[i].fields[kCardNumber];
      if (!old_card || !new_card) continue;
      pqxx::result result = work.exec_prepared("swap", before[i].id, pqxx::binarystring(*old_card),
                                               pqxx::binarystring(*new_card));
      changed += static_cast<int64_t>(result.affected_rows());
    }
    work.commit();
  });
  if (!status.ok()) return status;
  return changed;
}

absl::StatusOr<Row> ReadAfterMove(const std::string& dsn, const std::string& statement,
                                  int64_t id) {
  Row row;
  absl::Status status = Guarded([&] {
    pqxx::connection connection(dsn);
    pqxx::work work(connection);
    work.exec0(statement);
    pqxx::row stored =
        work.exec1("SELECT " + ColumnList() +
                   " FROM public.customers_protected WHERE id = " + std::to_string(id));
    for (size_t i = 0; i < kColumnCount; ++i) {
      auto column = static_cast<pqxx::row::size_type>(i);
      if (!stored[column].is_null()) row.fields[i] = pqxx::binarystring(stored[column]).str();
    }
    row.id = id;
  });
  if (!status.ok()) return status;
  return row;
}

}  // namespace fieldkms::sample
