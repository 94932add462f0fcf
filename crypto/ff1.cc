#include "crypto/ff1.h"

#include <algorithm>
#include <optional>

#include "crypto/ff1_big_numbers.h"
#include "crypto/ff1_contexts.h"
#include "crypto/ff1_numbers.h"
#include "crypto/ff1_round.h"
#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr uint8_t kRounds = 10;
constexpr size_t kWordBytes = 4;  // of a number that uint64_t is enough for, as S has 8

static_assert(Ff1LeastNumerals(2) == 20 && Ff1LeastNumerals(kFf1MostRadix) == 2);

absl::Status Check(uint32_t radix, ByteView tweak, std::span<const uint16_t> numerals) {
  if (radix < 2 || radix > kFf1MostRadix) return InvalidField("radix", "must be 2 to 65,536");
  if (tweak.size() > kFf1MostTweak) return InvalidField("tweak", "has more than 4,096 bytes");
  if (numerals.size() < 2) return InvalidField("numerals", "must be 2 at least");
  if (numerals.size() > kFf1MostNumerals) return InvalidField("numerals", "must be 256 at most");
  if (std::any_of(numerals.begin(), numerals.end(), [radix](uint32_t n) { return n >= radix; })) {
    return InvalidField("numerals", "must be below the radix");
  }
  return absl::OkStatus();
}

// Algorithms 7 and 8: `halves` is WordHalves or BigHalves of the numerals. False if OpenSSL
// fails.
template <class Halves>
bool RunRounds(bool encrypt, Ff1Round& round, Halves& halves, std::span<uint16_t> numerals) {
  for (uint8_t i = 0; i < kRounds; ++i) {
    const auto number = static_cast<uint8_t>(encrypt ? i : kRounds - 1 - i);
    const size_t changes = number % 2;
    if (!halves.Write(1 - changes, round.number())) return false;
    const ByteView s = round.Run(number);
    if (s.empty()) return false;
    if (!(encrypt ? halves.Add(changes, s) : halves.Subtract(changes, s))) return false;
  }
  return halves.Store(numerals);
}

template <class Word>
bool RunInWords(bool encrypt, AesEcb& aes, const Ff1Shape& shape, ByteView tweak,
                std::span<uint16_t> numerals) {
  Ff1Round round(aes, shape);
  WordHalves<Word> halves(shape.radix, numerals);
  return round.Start(tweak) && RunRounds(encrypt, round, halves, numerals);
}

bool RunInBigNumbers(bool encrypt, AesEcb& aes, uint32_t radix, ByteView tweak,
                     std::span<uint16_t> numerals) {
  BigHalves halves;
  if (!halves.Load(radix, numerals)) return false;
  Ff1Round round(aes, {radix, numerals.size(), halves.number_bytes()});
  return round.Start(tweak) && RunRounds(encrypt, round, halves, numerals);
}

bool RunFf1(bool encrypt, AesEcb& aes, uint32_t radix, ByteView tweak,
            std::span<uint16_t> numerals) {
  const std::optional<Uint128> power = Power(radix, numerals.size() - numerals.size() / 2);
  if (!power) return RunInBigNumbers(encrypt, aes, radix, tweak, numerals);
  const Ff1Shape shape = {radix, numerals.size(), BytesBelow(*power)};
  return shape.number_bytes <= kWordBytes
             ? RunInWords<uint64_t>(encrypt, aes, shape, tweak, numerals)
             : RunInWords<Uint128>(encrypt, aes, shape, tweak, numerals);
}

absl::Status WipedUnlessOk(absl::Status status, std::span<uint16_t> numerals) {
  if (!status.ok()) Wipe({reinterpret_cast<uint8_t*>(numerals.data()), numerals.size_bytes()});
  return status;
}

}  // namespace

absl::StatusOr<Ff1Key> Ff1Key::Create(SecretBytes key) {
  if (key.size() != 16 && key.size() != 24 && key.size() != 32) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal,
                 "an FF1 key has 16, 24 or 32 bytes");
  }
  FIELDKMS_ASSIGN_OR_RETURN(CachedKey cached, CachedKey::Create(std::move(key)));
  return Ff1Key(std::move(cached));
}

absl::Status Ff1Key::Encrypt(uint32_t radix, ByteView tweak, std::span<uint16_t> numerals) const {
  return WipedUnlessOk(Run(true, radix, tweak, numerals), numerals);
}

absl::Status Ff1Key::Decrypt(uint32_t radix, ByteView tweak, std::span<uint16_t> numerals) const {
  return WipedUnlessOk(Run(false, radix, tweak, numerals), numerals);
}

absl::Status Ff1Key::Run(bool encrypt, uint32_t radix, ByteView tweak,
                         std::span<uint16_t> numerals) const {
  FIELDKMS_RETURN_IF_ERROR(Check(radix, tweak, numerals));
  if (encrypt && numerals.size() < Ff1LeastNumerals(radix)) {
    return InvalidField("numerals", "have fewer than 1,000,000 values");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const ByteView key, key_.Expose());
  AesEcb* const aes = Ff1Contexts::OfThread().For(key_.id(), key);
  if (aes != nullptr && RunFf1(encrypt, *aes, radix, tweak, numerals)) return absl::OkStatus();
  return CryptoFailure("FF1");
}

}  // namespace fieldkms
