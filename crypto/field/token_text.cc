#include "crypto/field/token_text.h"

#include <algorithm>
#include <array>

#include "crypto/field/check_digits.h"
#include "crypto/field/number_text.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr uint32_t kMostKept = 4;

// What a form's tokens are made of.
struct FormInfo {
  std::string_view prefix;
  std::string_view alphabet;
  size_t length;        // of a token, where it does not follow the value's
  size_t least_random;  // characters
};

constexpr FormInfo kText = {
    "tok_", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 26, 11};
constexpr FormInfo kNumeric = {"9", "0123456789", 18, 6};

const FormInfo& InfoOf(TokenForm form) { return form == TokenForm::kText ? kText : kNumeric; }

bool AllOf(std::string_view alphabet, std::string_view text) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

absl::Status Unfit(std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy, why, "value");
}

// Appends `count` random characters, each as likely as the others: bytes beyond the largest
// multiple of their number are drawn again.
absl::Status AppendRandom(std::string_view alphabet, size_t count, std::string* out) {
  const size_t bound = 256 / alphabet.size() * alphabet.size();
  std::array<uint8_t, 24> drawn;
  const size_t end = out->size() + count;
  while (out->size() < end) {
    FIELDKMS_RETURN_IF_ERROR(FillNonce(drawn));
    for (const uint8_t byte : drawn) {
      if (out->size() < end && byte < bound) out->push_back(alphabet[byte % alphabet.size()]);
    }
  }
  return absl::OkStatus();
}

// The end of `value` that its token keeps.
absl::StatusOr<std::string_view> KeptOf(const TokenTemplate& text, const FormInfo& form,
                                        std::string_view value) {
  if (text.keep_last == 0) return std::string_view();
  if (value.size() <= text.keep_last) return Unfit("the value is too short to keep its end");
  const std::string_view kept = value.substr(value.size() - text.keep_last);
  if (!AllOf(form.alphabet, kept)) {
    return Unfit("the value's last characters cannot stand in a token");
  }
  return kept;
}

}  // namespace

absl::Status CheckTokenTemplate(const TokenTemplate& text, std::string_view field) {
  if (text.form != TokenForm::kText && text.form != TokenForm::kNumeric) {
    return InvalidField(std::string(field) + ".form", "is not one that this release knows");
  }
  if (text.keep_last > kMostKept) {
    return InvalidField(std::string(field) + ".keep_last", "is 0 to 4");
  }
  return absl::OkStatus();
}

absl::Status DrawToken(const TokenTemplate& text, std::string_view canonical, std::string* token) {
  const FormInfo& form = InfoOf(text.form);
  FIELDKMS_ASSIGN_OR_RETURN(const std::string_view kept, KeptOf(text, form, canonical));
  const size_t length = text.same_length
                            ? canonical.size()
                            : form.length + (text.form == TokenForm::kText ? kept.size() : 0);
  if (length < form.prefix.size() + form.least_random + kept.size()) {
    return Unfit("the value is too short for tokens of its length");
  }
  if (length > kMaxTokenText) return Unfit("the value is too long for tokens of its length");
  do {
    token->assign(form.prefix);
    FIELDKMS_RETURN_IF_ERROR(
        AppendRandom(form.alphabet, length - form.prefix.size() - kept.size(), token));
    token->append(kept);
  } while (text.form == TokenForm::kNumeric && LuhnRemainder(*token) == 0);
  return absl::OkStatus();
}

bool LooksLikeToken(const TokenTemplate& text, std::string_view token) {
  const FormInfo& form = InfoOf(text.form);
  if (!token.starts_with(form.prefix) || token.size() > kMaxTokenText ||
      token.size() < form.prefix.size() + form.least_random ||
      !AllOf(form.alphabet, token.substr(form.prefix.size()))) {
    return false;
  }
  return text.form == TokenForm::kText || LuhnRemainder(token) != 0;
}

}  // namespace fieldkms
