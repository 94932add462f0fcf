#include "rotation/source/pgp_message.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "crypto/secret_bytes.h"
#include "rotation/source/inflate.h"
#include "rotation/source/pgp_cipher.h"
#include "rotation/source/pgp_packet.h"
#include "rotation/source/source_opener.h"
#include "rotation/source/source_openssl.h"

namespace fieldkms::rotation {
namespace {

constexpr size_t kShaSize = 20;
// The packet with the code: its header, and a digest.
constexpr size_t kMdcSize = 2 + kShaSize;
constexpr uint8_t kMdcHeader[] = {0xD3, 0x14};

// What the data is encrypted with.
struct DataKey {
  const PgpCipher* cipher = nullptr;
  SecretBytes bytes;
};

bool Sha1(ByteView input, std::array<uint8_t, kShaSize>* digest) {
  const auto sha = FetchSourceDigest("SHA1");
  return sha != nullptr &&
         EVP_Digest(input.data(), input.size(), digest->data(), nullptr, sha.get(), nullptr) == 1;
}

// A key of its own, encrypted with that of the passphrase: its cipher's number, and it.
std::string_view OpenSessionKey(ByteView wrapped, DataKey* key) {
  WipedBuffer opened;
  const std::string_view bad = PgpDecrypt(*key->cipher, key->bytes.Expose(), {}, wrapped, &opened);
  if (!bad.empty()) return bad;
  key->cipher = FindPgpCipher(opened[0]);
  // Of a wrong passphrase anything may come.
  if (key->cipher == nullptr || opened.size() != 1 + key->cipher->key_size) return kSourceNotOpened;
  auto bytes = SecretBytes::CopyOf(ByteView(opened).subspan(1));
  if (!bytes.ok()) return kSourceCipher;
  key->bytes = *std::move(bytes);
  return {};
}

// RFC 4880, 5.3.
std::string_view OpenKeyPacket(ByteView body, ByteView passphrase, DataKey* key) {
  if (body.size() < 2 || body[0] != 4) return kSourceMalformed;
  key->cipher = FindPgpCipher(body[1]);
  body = body.subspan(2);
  PgpKeyMaking making;
  if (!TakePgpKeyMaking(&body, &making)) return kSourceMalformed;
  if (key->cipher == nullptr) return kSourceCipher;
  auto bytes = SecretBytes::Allocate(key->cipher->key_size);
  if (!bytes.ok()) return kSourceCipher;
  const std::string_view bad = MakePgpKey(making, passphrase, bytes->ExposeMutable());
  if (!bad.empty()) return bad;
  key->bytes = *std::move(bytes);
  return body.empty() ? std::string_view() : OpenSessionKey(body, key);
}

// What data begins with: random bytes, of which the last two come again.
bool FitsPrefix(ByteView opened, size_t block) {
  return opened[block - 2] == opened[block] && opened[block - 1] == opened[block + 1];
}

// Without a code, and with a cipher that begins anew after the prefix (5.7).
std::string_view OpenUnproven(ByteView body, const DataKey& key, WipedBuffer* packets) {
  const size_t block = key.cipher->block_size;
  if (body.size() < block + 2) return kSourceMalformed;
  WipedBuffer prefix;
  std::string_view bad =
      PgpDecrypt(*key.cipher, key.bytes.Expose(), {}, body.first(block + 2), &prefix);
  if (!bad.empty()) return bad;
  if (!FitsPrefix(prefix, block)) return kSourceNotOpened;
  return PgpDecrypt(*key.cipher, key.bytes.Expose(), body.subspan(2, block),
                    body.subspan(block + 2), packets);
}

// With a code at its end, over all before it (5.13).
std::string_view OpenProven(ByteView body, const DataKey& key, WipedBuffer* packets) {
  const size_t block = key.cipher->block_size;
  if (body.size() < 1 + block + 2 + kMdcSize || body[0] != 1) return kSourceMalformed;
  WipedBuffer opened;
  const std::string_view bad =
      PgpDecrypt(*key.cipher, key.bytes.Expose(), {}, body.subspan(1), &opened);
  if (!bad.empty()) return bad;
  const ByteView all = opened;
  const ByteView code = all.last(kMdcSize);
  std::array<uint8_t, kShaSize> digest = {};
  if (!FitsPrefix(all, block) || !Sha1(all.first(all.size() - kShaSize), &digest) ||
      !std::equal(std::begin(kMdcHeader), std::end(kMdcHeader), code.begin()) ||
      !ConstantTimeEqual(digest, code.last(kShaSize))) {
    return kSourceNotOpened;
  }
  const ByteView data = all.subspan(block + 2, all.size() - block - 2 - kMdcSize);
  packets->assign(data.begin(), data.end());
  return {};
}

// RFC 4880, 5.9: what it is, a name, a time, and then it.
std::string_view ReadLiteral(ByteView body, PgpPlaintext* plaintext) {
  constexpr size_t kTimeSize = 4;
  if (body.size() < 2) return kSourceNotOpened;
  const uint8_t type = body[0];
  if (type != 'b' && type != 't' && type != 'u') return kSourceNotOpened;
  const size_t before = 2 + size_t{body[1]} + kTimeSize;
  if (body.size() < before) return kSourceNotOpened;
  if (body.size() - before > kMostSourcePlaintext) return kSourceTooLong;
  const ByteView data = body.subspan(before);
  plaintext->bytes.assign(data.begin(), data.end());
  plaintext->is_text = type != 'b';
  return {};
}

std::string_view Inflate(ByteView body, WipedBuffer* inflated) {
  if (body.empty()) return kSourceNotOpened;
  switch (body[0]) {
    case 0:
      inflated->assign(body.begin() + 1, body.end());
      return {};
    case 1:
      return InflateSource(Deflated::kRaw, body.subspan(1), inflated);
    case 2:
      return InflateSource(Deflated::kZlib, body.subspan(1), inflated);
    default:
      return kSourceCipher;
  }
}

// One literal packet and nothing else, or that compressed. Where nothing has proven the data, it is
// a wrong passphrase rather than a damaged value that is found here.
std::string_view ReadPackets(ByteView packets, bool may_be_compressed, PgpPlaintext* plaintext) {
  PgpPacket packet;
  if (!TakePgpPacket(&packets, &packet) || !packets.empty()) return kSourceNotOpened;
  if (packet.tag == kPgpLiteral) return ReadLiteral(packet.body, plaintext);
  if (packet.tag != kPgpCompressed || !may_be_compressed) return kSourceNotOpened;
  WipedBuffer inflated;
  const std::string_view bad = Inflate(packet.body, &inflated);
  return bad.empty() ? ReadPackets(inflated, false, plaintext) : bad;
}

}  // namespace

std::string_view OpenPgpMessage(ByteView message, ByteView passphrase, PgpPlaintext* plaintext) {
  PgpPacket packet;
  do {
    if (!TakePgpPacket(&message, &packet)) return kSourceMalformed;
  } while (packet.tag == kPgpMarker);
  if (packet.tag != kPgpSessionKey) return kSourceMalformed;
  PgpPacket data;
  if (!TakePgpPacket(&message, &data) || !message.empty()) return kSourceMalformed;
  if (data.tag != kPgpEncrypted && data.tag != kPgpProtected) return kSourceMalformed;
  DataKey key;
  std::string_view bad = OpenKeyPacket(packet.body, passphrase, &key);
  if (!bad.empty()) return bad;
  WipedBuffer packets;
  bad = data.tag == kPgpProtected ? OpenProven(data.body, key, &packets)
                                  : OpenUnproven(data.body, key, &packets);
  return bad.empty() ? ReadPackets(packets, true, plaintext) : bad;
}

}  // namespace fieldkms::rotation
