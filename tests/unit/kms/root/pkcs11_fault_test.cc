// A PKCS#11 root whose token fails, vanishes or hangs.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <string>
#include <thread>
#include <utility>

#include "tests/support/fork.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/root/pkcs11_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

auto Unavailable() { return StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable); }

class Pkcs11FaultTest : public Pkcs11Test {
 protected:
  void SetUp() override { Open(); }

  absl::StatusOr<std::string> Wrap(Deadline deadline = kNoDeadline) {
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes key, SecretBytes::Random(32));
    return root_->Wrap(key, "context", deadline);
  }

  void Hang(bool hangs) { Faults().Hang(TokenCall::kEncrypt, hangs); }
};

TEST_F(Pkcs11FaultTest, LostSessionsAreOpenedAnew) {
  for (const CK_RV code :
       {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT,
        CKR_USER_NOT_LOGGED_IN, CKR_DEVICE_ERROR, CKR_KEY_HANDLE_INVALID, CKR_GENERAL_ERROR,
        CKR_CRYPTOKI_NOT_INITIALIZED}) {
    Fail(TokenCall::kEncrypt, code, 1);
    EXPECT_OK(Try()) << code;
  }
}

TEST_F(Pkcs11FaultTest, LostForGoodIsUnavailableUntilItIsNot) {
  const CK_RV codes[] = {CKR_DEVICE_REMOVED, CKR_GENERAL_ERROR};
  for (const CK_RV code : codes) {
    Fail(TokenCall::kEncrypt, code);
    EXPECT_THAT(Try(), Unavailable());
    Fail(TokenCall::kEncrypt, CKR_OK);
    EXPECT_OK(Try());
  }
}

TEST_F(Pkcs11FaultTest, TokenThatFailsToDecryptIsNotAWrongKey) {
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, Wrap());
  Fail(TokenCall::kDecrypt, CKR_GENERAL_ERROR);
  EXPECT_THAT(root_->Unwrap(wrapped, "context", kNoDeadline), Unavailable());
  Fail(TokenCall::kDecrypt, CKR_OK);
  EXPECT_OK(root_->Unwrap(wrapped, "context", kNoDeadline));
}

// Behind the root's back, by the functions that it uses itself.
TEST_F(Pkcs11FaultTest, FinalizedModuleIsInitializedAnew) {
  void* const library = dlopen(FaultModule().c_str(), RTLD_NOW | RTLD_LOCAL);
  CK_FUNCTION_LIST* functions = nullptr;
  reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"))(&functions);
  ASSERT_EQ(functions->C_Finalize(nullptr), CKR_OK);
  EXPECT_OK(Try());
  EXPECT_OK(Try());
  CK_ULONG count = 10;
  CK_SLOT_ID slots[10];
  ASSERT_EQ(functions->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
  for (CK_ULONG i = 0; i < count; ++i) functions->C_CloseAllSessions(slots[i]);
  EXPECT_OK(Try());
}

TEST_F(Pkcs11FaultTest, TokenThatIsGoneComesBackByItself) {
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, Wrap());
  tokens_.TakeAway();
  EXPECT_THAT(root_->Unwrap(wrapped, "context", kNoDeadline), Unavailable());
  EXPECT_THAT(Try(), Unavailable());
  tokens_.BringBack();
  EXPECT_OK(root_->Unwrap(wrapped, "context", kNoDeadline));
  EXPECT_OK(Try());
}

TEST_F(Pkcs11FaultTest, PinThatIsRefusedLaterIsTriedOnce) {
  const int before = Faults()[TokenCall::kLogin].calls;
  Fail(TokenCall::kLogin, CKR_PIN_LOCKED);
  Fail(TokenCall::kEncrypt, CKR_USER_NOT_LOGGED_IN);
  for (int i = 0; i < 4; ++i) EXPECT_THAT(Try(), StatusIs(Reason::kRootDenied));
  EXPECT_EQ(Faults()[TokenCall::kLogin].calls, before + 1);
}

TEST_F(Pkcs11FaultTest, TwoRootsShareAModule) {
  options_.key_label = "another";
  ASSERT_OK_AND_ASSIGN(auto other, OpenPkcs11Root(options_));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, Wrap());
  EXPECT_THAT(other->Unwrap(wrapped, "context", kNoDeadline), StatusIs(Reason::kRootWrongKey));
  root_.reset();
  EXPECT_THAT(other->Unwrap(wrapped, "context", kNoDeadline), StatusIs(Reason::kRootWrongKey));
  root_ = std::move(other);
  EXPECT_OK(Try());
}

TEST_F(Pkcs11FaultTest, CallerDoesNotHangWithItsModule) {
  Hang(true);
  const auto soon = [] { return SystemClock().Steady() + std::chrono::milliseconds(20); };
  EXPECT_THAT(Wrap(soon()), StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  // Each call that is given up takes one of the two workers, if it had time to start.
  while (ReasonOf(Wrap(soon()).status()) == Reason::kDeadlineExceeded) continue;
  // Without a deadline: it fails since no worker is left.
  EXPECT_THAT(Wrap(), Unavailable());
  Hang(false);
  // The workers come back when their calls do.
  while (!Try().ok()) std::this_thread::yield();
}

TEST_F(Pkcs11FaultTest, CallWithoutADeadlineHasALimit) {
  root_.reset();
  options_.call_timeout = std::chrono::seconds(1);
  Open();
  Hang(true);
  EXPECT_THAT(Wrap(), Unavailable());
  // A root that hangs can be given up.
  root_.reset();
}

TEST_F(Pkcs11FaultTest, ChildOfAForkHasNoRoot) {
  EXPECT_EQ(OutputOfChild([this] { return std::string(ReasonName(ReasonOf(Wrap().status()))); }),
            "ROOT_UNAVAILABLE");
  EXPECT_OK(Try());
}

TEST_F(Pkcs11FaultTest, OpeningDoesNotHangEither) {
  root_.reset();
  options_.call_timeout = std::chrono::milliseconds(50);
  Faults().Hang(TokenCall::kGetSlotList, true);
  EXPECT_THAT(OpenPkcs11Root(options_), Unavailable());
}

}  // namespace
}  // namespace fieldkms::testing
