#include "crypto/hkdf.h"

#include <openssl/err.h>

#include <string>
#include <vector>

#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

const std::string kVectors = testing::VectorsDir();

std::string Hkdf(const std::string& ikm, const std::string& salt, const std::string& info,
                 size_t size) {
  std::vector<uint8_t> out(size, 0xaa);
  EXPECT_OK(HkdfSha256(FromHex(ikm), FromHex(salt), FromHex(info), out));
  return ToHex(out);
}

TEST(HkdfTest, Rfc5869) {
  const std::vector<RspCase> cases = ReadRsp(kVectors + "/rfc-5869-HKDF-SHA256.txt", "COUNT");
  ASSERT_EQ(cases.size(), 3u);
  for (const RspCase& c : cases) {
    EXPECT_EQ(Hkdf(c.at("IKM"), c.at("salt"), c.at("info"), std::stoul(c.at("L"))), c.at("OKM"))
        << "COUNT = " << c.at("COUNT");
  }
}

TEST(HkdfTest, Wycheproof) {
  size_t valid = 0;
  size_t invalid = 0;
  const nlohmann::json file = ReadJson(kVectors + "/hkdf_sha256_test.json");
  for (const auto& group : file.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      SCOPED_TRACE(test.at("tcId").get<int>());
      if (test.at("result") == "valid") {
        EXPECT_EQ(Hkdf(test.at("ikm"), test.at("salt"), test.at("info"), test.at("size")),
                  test.at("okm"));
        ++valid;
      } else {
        std::vector<uint8_t> out(test.at("size").get<size_t>());
        EXPECT_THAT(HkdfSha256(FromHex(test.at("ikm").get<std::string>()), {}, {}, out),
                    StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInternal));
        ++invalid;
      }
    }
  }
  EXPECT_EQ(valid, 83u);
  EXPECT_EQ(invalid, 3u);
}

TEST(HkdfTest, TakesInputsOfAnyLength) {
  const std::vector<uint8_t> large(100'000, 7);
  std::vector<uint8_t> a(64);
  std::vector<uint8_t> b(64);
  EXPECT_OK(HkdfSha256(large, large, large, a));
  EXPECT_OK(HkdfSha256(large, large, ByteView(large).first(99'999), b));
  EXPECT_NE(a, b);
  EXPECT_OK(HkdfSha256({}, {}, {}, a));
  EXPECT_EQ(ToHex(ByteView(a).first(32)), Hkdf("", std::string(64, '0'), "", 32));
}

TEST(HkdfTest, RefusesOutputsOfNoOrTooGreatLength) {
  std::vector<uint8_t> most(255 * 32);
  EXPECT_OK(HkdfSha256({}, {}, {}, most));
  std::vector<uint8_t> more(255 * 32 + 1);
  EXPECT_THAT(HkdfSha256({}, {}, {}, more), StatusIs(Reason::kInternal));
  EXPECT_THAT(HkdfSha256({}, {}, {}, {}), StatusIs(Reason::kInternal));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace fieldkms
