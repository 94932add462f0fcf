// Applications write, in sessions of their own, while a column goes through all stages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <string>
#include <thread>
#include <vector>

#include "rotation/conversion.h"
#include "tests/unit/rotation/conversion_fixture.h"

namespace fieldkms::rotation {
namespace {

constexpr int kWriters = 3;
constexpr int kRows = 20;

// The layouts of the table that an application goes through, from one to the next as the database
// refuses what it writes.
enum class Layout { kPlaintext, kBoth, kCiphertext };

// What stands for the ciphertext of a card: anybody can tell whether it is of this one.
std::string Sealed(const std::string& card) {
  return "'\\x11'::bytea || convert_to('" + card + "', 'UTF8')";
}

class Writer {
 public:
  Writer(const std::string& conninfo, int number) : connection_(conninfo), number_(number) {}

  // Writes until it is told to stop. Its rows are its own, but for row 0, which all write.
  void Run(const std::atomic<bool>& stop) {
    for (int n = 0; !stop; ++n) {
      Write(n % 7 == 0 ? 0 : number_ * kRows + n % kRows, n);
      ++written_;
    }
  }
  int written() const { return written_; }
  Layout layout() const { return layout_; }

 private:
  void Write(int id, int n) {
    const std::string card = std::to_string(number_) + "-" + std::to_string(n);
    while (!Try(Statement(std::to_string(id), card, n))) {
    }
  }
  std::string Statement(const std::string& id, const std::string& card, int n) const {
    if (n % 5 == 0) return "UPDATE customers SET note = 'x' WHERE id = " + id;
    if (n % 11 == 0) return "DELETE FROM customers WHERE id = " + id;
    const std::string names = layout_ == Layout::kBoth ? "id, card, card_protected" : "id, card";
    const std::string values = layout_ == Layout::kPlaintext ? "'" + card + "'"
                               : layout_ == Layout::kBoth    ? "'" + card + "', " + Sealed(card)
                                                             : Sealed(card);
    return "INSERT INTO customers (" + names + ") VALUES (" + id + ", " + values +
           ") ON CONFLICT (id) DO UPDATE SET card = EXCLUDED.card" +
           (layout_ == Layout::kBoth ? ", card_protected = EXCLUDED.card_protected" : "");
  }
  bool Try(const std::string& statement) {
    try {
      pqxx::nontransaction(connection_).exec(statement);
      return true;
    } catch (const pqxx::sql_error& error) {
      return !Learn(error);
    }
  }
  // Whether the statement is to be written in another way.
  bool Learn(const pqxx::sql_error& error) {
    const std::string state = error.sqlstate();
    if (state == "23514") {
      layout_ = Layout::kBoth;  // both must be written by now
    } else if (state == "42703") {
      layout_ = Layout::kCiphertext;  // there are no two to write any more
    } else {
      ADD_FAILURE() << error.what();
      return false;
    }
    return true;
  }

  pqxx::connection connection_;
  const int number_;
  std::atomic<int> written_ = 0;
  std::atomic<Layout> layout_ = Layout::kPlaintext;
};

class ConversionWritersTest : public testing::ConversionTest {
 protected:
  void SetUp() override {
    ConversionTest::SetUp();
    for (int i = 0; i < kWriters; ++i) {
      writers_.push_back(std::make_unique<Writer>(
          server().Conninfo(name(), testing::PostgresServer::kSuperuser), i));
    }
    for (const auto& writer : writers_) {
      threads_.emplace_back([&] { writer->Run(stop_); });
    }
  }
  ~ConversionWritersTest() override { Stop(); }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  // Until every writer has written so much more.
  void AwaitWrites(int count) {
    for (const auto& writer : writers_) {
      const int before = writer->written();
      while (writer->written() < before + count) std::this_thread::yield();
    }
  }
  // As people do where another session was in the way.
  template <class Take>
  void TakeStep(const Take& take) {
    auto taken = take();
    while (ReasonOf(taken.status()) == Reason::kDatabaseBusy) taken = take();
    ASSERT_OK(taken);
  }
  // Jobs fill what is missing, of what they have read.
  void FillOnce() {
    Sql("UPDATE customers c SET card_protected = '\\x11' || convert_to(r.card, 'UTF8') "
        "FROM (SELECT id, card FROM customers WHERE card IS NOT NULL AND card_protected IS NULL "
        "ORDER BY id) r WHERE c.id = r.id AND c.card = r.card AND c.card_protected IS NULL");
  }
  std::string OutOfStep(const std::string& plain, const std::string& sealed) {
    return Sql("SELECT count(*) FROM customers WHERE " + sealed + " <> '\\x11' || convert_to(" +
               plain + ", 'UTF8')");
  }

  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_ = false;
};

TEST_F(ConversionWritersTest, NothingIsLeftAndNothingIsOutOfStep) {
  constexpr int kWrites = 60;
  AwaitWrites(kWrites);
  TakeStep([&] { return BeginProtect(database(), Card()); });
  AwaitWrites(kWrites);
  FillOnce();
  EXPECT_EQ(OutOfStep("card", "card_protected"), "0");
  TakeStep([&] { return Close(); });
  AwaitWrites(kWrites);
  EXPECT_EQ(OutOfStep("card", "card_protected"), "0");
  // Once closed, a sweep leaves nothing.
  while (*CountUnfilled(database(), List()[0]) > 0) FillOnce();
  AwaitWrites(kWrites);
  EXPECT_EQ(*CountUnfilled(database(), List()[0]), 0u);
  TakeStep([&] { return Switch(); });
  AwaitWrites(kWrites);
  EXPECT_EQ(OutOfStep("card_plain", "card"), "0");
  EXPECT_EQ(Sql("SELECT count(*) FROM customers WHERE card IS NULL"), "0");
  for (const auto& writer : writers_) EXPECT_EQ(writer->layout(), Layout::kCiphertext);
  TakeStep([&] { return DropPlain(); });
  AwaitWrites(kWrites);
  Stop();
  EXPECT_EQ(Sql("SELECT count(*) FROM customers WHERE card IS NULL"), "0");
}

}  // namespace
}  // namespace fieldkms::rotation
