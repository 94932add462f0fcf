#include "tests/support/subprocess.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <system_error>

namespace fieldkms::testing {
namespace {

TEST(SubprocessTest, CollectsOutputAndCode) {
  const CommandResult result = RunCommand(
      {.argv = {"sh", "-c", "cat; echo $WORD >&2; exit 3"}, .env = {{"WORD", "hello"}}}, "in");
  EXPECT_EQ(result.status, (ExitStatus{3, 0}));
  EXPECT_EQ(result.out, "in");
  EXPECT_EQ(result.err, "hello\n");
}

TEST(SubprocessTest, ReportsSignals) {
  Subprocess child({.argv = {"sleep", "600"}});
  EXPECT_EQ(child.WaitFor(std::chrono::milliseconds(1)), std::nullopt);
  child.Signal(SIGKILL);
  EXPECT_EQ(child.Wait(), (ExitStatus{-1, SIGKILL}));
  EXPECT_EQ(child.Wait(), (ExitStatus{-1, SIGKILL}));
}

TEST(SubprocessTest, MissingProgramThrows) {
  EXPECT_THROW(Subprocess({.argv = {"/nonexistent/program"}}), std::system_error);
}

TEST(SubprocessTest, WriteToAChildThatIsGoneFails) {
  Subprocess child({.argv = {"true"}});
  ASSERT_TRUE(child.WaitFor(std::chrono::seconds(30)));
  EXPECT_FALSE(child.WriteStdin("text"));
}

TEST(SubprocessTest, KilledOnDestruction) {
  pid_t pid = 0;
  {
    const Subprocess child({.argv = {"sleep", "600"}});
    pid = child.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

}  // namespace
}  // namespace fieldkms::testing
