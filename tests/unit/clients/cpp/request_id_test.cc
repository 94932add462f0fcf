#include "clients/cpp/request_id.h"

#include <regex>
#include <set>
#include <string>

#include "crypto/names.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(RequestIdTest, IsAFreshUuidThatTheServiceTakes) {
  const std::regex uuid4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_OK_AND_ASSIGN(const std::string id, NewRequestId());
    EXPECT_TRUE(std::regex_match(id, uuid4)) << id;
    EXPECT_OK(CheckRequestId(id));
    EXPECT_TRUE(seen.insert(id).second);
  }
}

}  // namespace
}  // namespace fieldkms
