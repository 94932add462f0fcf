#include "kms/rpc/message_reader.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <vector>

#include "fieldkms/v1/crypto_service.pb.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using Request = v1::BatchEncryptRequest;

// `bytes` in slices of at most `slice` bytes.
grpc::ByteBuffer Buffer(const std::string& bytes, size_t slice = SIZE_MAX) {
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < bytes.size(); at += std::min(slice, bytes.size() - at)) {
    slices.emplace_back(bytes.substr(at, slice));
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

std::string Repeated(const std::string& text, size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

// The two bytes of an empty item on the wire.
std::string EmptyItem() {
  Request request;
  request.add_items();
  return request.SerializeAsString();
}

// An item of `count` empty entries of context.
std::string ItemOfEmptyEntries(size_t count) {
  Request::Item one;
  one.add_context();
  Request::Item item;
  EXPECT_TRUE(item.ParseFromString(Repeated(one.SerializeAsString(), count)));
  Request request;
  *request.add_items() = item;
  return request.SerializeAsString();
}

absl::Status Read(const std::string& bytes, Request* request) {
  grpc::ByteBuffer received = Buffer(bytes);
  return ReadMessage(&received, request);
}
absl::Status Read(const std::string& bytes) {
  Request request;
  return Read(bytes, &request);
}

auto TooLarge() { return StatusIs(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge); }
auto Malformed() { return StatusIs(absl::StatusCode::kInvalidArgument, Reason::kRequestMalformed); }

// A large legal request: 10,000 items with 16 entries each.
Request LargestLegal() {
  Request request;
  request.set_tenant("acme");
  for (int i = 0; i < 10'000; ++i) {
    auto* item = request.add_items();
    item->set_plaintext("v");
    for (int j = 0; j < 16; ++j) item->add_context()->set_name(std::string(1, char('a' + j)));
  }
  return request;
}

TEST(MessageReaderTest, ReadsWhatIsWithinItsLimits) {
  for (const Request& request : {Request(), LargestLegal()}) {
    const std::string bytes = request.SerializeAsString();
    for (const size_t slice : {size_t{7}, size_t{8192}, SIZE_MAX}) {
      Request read;
      grpc::ByteBuffer received = Buffer(bytes, slice);
      ASSERT_OK(ReadMessage(&received, &read));
      EXPECT_EQ(read.SerializeAsString(), bytes);
    }
  }
}

TEST(MessageReaderTest, BoundsTheBytes) {
  Request request;
  request.set_tenant(std::string(kMaxRequestSize - 5, 't'));  // and its tag and length
  ASSERT_EQ(request.ByteSizeLong(), kMaxRequestSize);
  EXPECT_OK(Read(request.SerializeAsString()));
  request.mutable_tenant()->push_back('t');
  EXPECT_THAT(Read(request.SerializeAsString()), TooLarge());
}

TEST(MessageReaderTest, BoundsTheMessages) {
  EXPECT_OK(Read(Repeated(EmptyItem(), kMaxRequestMessages)));
  EXPECT_THAT(Read(Repeated(EmptyItem(), kMaxRequestMessages + 1)), TooLarge());
  EXPECT_OK(Read(ItemOfEmptyEntries(kMaxRequestMessages - 1)));
  EXPECT_THAT(Read(ItemOfEmptyEntries(kMaxRequestMessages)), TooLarge());
  EXPECT_THAT(Read(Repeated(ItemOfEmptyEntries(99'999), 2) + EmptyItem()), TooLarge());
  // They are not read before they are counted.
  Request request;
  EXPECT_THAT(Read(Repeated(EmptyItem(), 2'000'000), &request), TooLarge());
  EXPECT_EQ(request.items_size(), 0);
}

TEST(MessageReaderTest, UnknownFieldsCountToo) {
  const std::string unknown = "\xf8\x07\x01";  // field 127, a number
  EXPECT_OK(Read(Repeated(unknown, kMaxRequestMessages)));
  EXPECT_THAT(Read(Repeated(unknown, kMaxRequestMessages + 1)), TooLarge());
}

TEST(MessageReaderTest, RefusesWhatIsNoMessage) {
  const std::string good = LargestLegal().SerializeAsString();
  for (const std::string& bytes :
       {std::string("\x0a"), std::string("\xff\xff\xff"), std::string("\x22\x05\x0a"),
        good.substr(0, good.size() - 1), good.substr(0, 300'000), good + '\x0a', good + '\x04',
        std::string(300'000, '\xff'), std::string(300'000, '\x0b')}) {
    EXPECT_THAT(Read(bytes), Malformed()) << bytes.size();
  }
  // An item that claims more than there is, or more than it may.
  EXPECT_THAT(Read(Repeated(EmptyItem(), 150'000) + "\x22\x7f"), Malformed());
  EXPECT_THAT(Read(Repeated(EmptyItem(), 150'000) + "\x22\xff\xff\xff\xff\x0f"), Malformed());
}

}  // namespace
}  // namespace fieldkms
