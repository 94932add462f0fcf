// The stages of the demonstration. Each prints what it did and fails on the first
// thing that is not as it must be.
#ifndef FIELDKMS_DEPLOY_SAMPLE_STAGES_H_
#define FIELDKMS_DEPLOY_SAMPLE_STAGES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "clients/cpp/client.h"

namespace fieldkms::sample {

struct Stage {
  std::string dsn;     // of libpq
  std::string tenant;  // that owns the fields customers.*
  // A second tenant with a field of the same name, for a ciphertext to be brought to.
  std::string other_tenant;
  int64_t rows = 20'000;
  Client* client = nullptr;
};

// Load: makes the tables and streams `rows` customers into public.customers.
absl::Status Load(const Stage& stage);

// Protect: customers to customers_protected, through BatchProtect.
absl::Status Protect(const Stage& stage);

// Verify: decrypts every value of every row of customers_protected and compares
// it with customers, byte by byte.
absl::Status Verify(const Stage& stage);

// Show: a few customers as stored, and as roles of each mask level see them.
absl::Status Show(const Stage& stage);

// Find: a customer by the card number, through its blind index.
absl::Status Find(const Stage& stage);

// Misplace: moves a ciphertext to another row, column and tenant; each must be
// refused, in its own place it must open.
absl::Status Misplace(const Stage& stage);

// Rotate: rotates customers.card_number, and brings all rows to the new version by a
// rotation job, while one thread reads and another keeps giving customers other cards.
absl::Status Rotate(const Stage& stage);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_STAGES_H_
