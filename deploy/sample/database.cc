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

// A row as libpqxx 6 streams it; the index is NULL in the plain table. The id is last: its
// stream_from takes a line that ends in an empty field for one with too few fields.
using StreamedRow = decltype(std::tuple_cat(
    std::declval<Fields>(), std::declval<std::tuple<std::optional<std::string>, int64_t>>()));

constexpr char kSchema[] = R"sql(
  DROP SCHEMA IF EXISTS kms CASCADE;
  DROP TABLE IF EXISTS public.customers, public.customers_protected;
  CREATE TABLE public.customers (
    id bigint PRIMARY KEY, full_name text, email text, card_number text, ssn text, ein text,
    iban text, notes text);
  CREATE TABLE public.customers_protected (
    id bigint PRIMARY KEY, full_name bytea, email bytea, card_number bytea, ssn bytea, ein bytea,
    iban bytea, notes bytea, card_index bytea);
  CREATE INDEX ON public.customers_protected (card_index);
  -- Ciphertexts do not compress; do not try.
  ALTER TABLE public.customers_protected ALTER notes SET STORAGE EXTERNAL;
)sql";

std::string TableName(Table table) {
  return table == Table::kPlain ? "public.customers" : "public.customers_protected";
}

std::vector<std::string> StreamedColumns(Table table) {
  std::vector<std::string> names(kColumnNames.begin(), kColumnNames.end());
  if (table == Table::kProtected) names.emplace_back("card_index");
  names.emplace_back("id");
  return names;
}

std::string ColumnList(Table table) {
  std::string list;
  for (const std::string_view name : kColumnNames) list += std::string(name) + ", ";
  return list + (table == Table::kPlain ? "NULL" : "card_index") + ", id";
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
  row.card_index = std::move(std::get<kColumnCount>(streamed));
  if (table == Table::kProtected) {
    for (auto& field : row.fields) {
      if (field) field = DecodeBytea(*field);
    }
    if (row.card_index) row.card_index = DecodeBytea(*row.card_index);
  }
  return row;
}

auto ToPlainStream(const Row& row) {
  return std::tuple_cat(row.fields, std::tuple<int64_t>(row.id));
}

StreamedRow ToProtectedStream(Row row) {
  for (auto& field : row.fields) {
    if (field) field = EncodeBytea(*field);
  }
  if (row.card_index) row.card_index = EncodeBytea(*row.card_index);
  return std::tuple_cat(std::move(row.fields), std::make_tuple(std::move(row.card_index), row.id));
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
                               "), " + cards + ", count(card_number) FROM " + name);
    row[0].to(counts.rows);
    row[1].to(counts.bytes);
    row[2].to(counts.primary_cards);
    row[3].to(counts.cards);
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
        stream_(work_, "(SELECT " + ColumnList(table) + " FROM " + TableName(table) +
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
        stream_(work_, TableName(table), StreamedColumns(table)) {}

  void Write(std::span<const Row> rows) {
    for (const Row& row : rows) {
      if (table_ == Table::kPlain) {
        stream_ << ToPlainStream(row);
      } else {
        stream_ << ToProtectedStream(row);
      }
    }
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

class CardWriter::Impl {
 public:
  explicit Impl(const std::string& dsn) : connection_(dsn) {
    connection_.prepare("plain", "UPDATE public.customers SET card_number = $2 WHERE id = $1");
    connection_.prepare("sealed",
                        "UPDATE public.customers_protected SET card_number = $2, card_index = $3 "
                        "WHERE id = $1");
  }

  void Write(const Row& plain, const Row& sealed) {
    pqxx::work work(connection_);
    work.exec_prepared0("plain", plain.id, *plain.fields[kCardNumber]);
    work.exec_prepared0("sealed", sealed.id, pqxx::binarystring(*sealed.fields[kCardNumber]),
                        pqxx::binarystring(*sealed.card_index));
    work.commit();
  }

 private:
  pqxx::connection connection_;
};

CardWriter::CardWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CardWriter::~CardWriter() = default;

absl::StatusOr<std::unique_ptr<CardWriter>> CardWriter::Open(const std::string& dsn) {
  std::unique_ptr<Impl> impl;
  absl::Status status = Guarded([&] { impl = std::make_unique<Impl>(dsn); });
  if (!status.ok()) return status;
  return std::unique_ptr<CardWriter>(new CardWriter(std::move(impl)));
}

absl::Status CardWriter::Write(const Row& plain, const Row& sealed) {
  return Guarded([&] { impl_->Write(plain, sealed); });
}

absl::StatusOr<Row> ReadAfterMove(const std::string& dsn, const std::string& statement,
                                  int64_t id) {
  Row row;
  absl::Status status = Guarded([&] {
    pqxx::connection connection(dsn);
    pqxx::work work(connection);
    work.exec0(statement);
    pqxx::row stored =
        work.exec1("SELECT " + ColumnList(Table::kProtected) +
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

absl::StatusOr<std::vector<int64_t>> FindCard(const std::string& dsn,
                                              std::span<const std::string> indexes) {
  std::vector<int64_t> ids;
  absl::Status status = Guarded([&] {
    pqxx::connection connection(dsn);
    pqxx::work work(connection);
    std::string wanted;
    for (const std::string& index : indexes) {
      wanted += (wanted.empty() ? "" : ", ") + work.quote(EncodeBytea(index)) + "::bytea";
    }
    for (const pqxx::row& row : work.exec("SELECT id FROM public.customers_protected "
                                          "WHERE card_index = ANY (ARRAY[" +
                                          wanted + "]) ORDER BY id")) {
      ids.push_back(row[0].as<int64_t>());
    }
  });
  if (!status.ok()) return status;
  return ids;
}

}  // namespace fieldkms::sample
