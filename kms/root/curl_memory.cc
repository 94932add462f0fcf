#include "kms/root/curl_memory.h"

#include <curl/curl.h>
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

void WipeAndFree(void* memory) {
  if (memory == nullptr) return;
  Wipe({static_cast<uint8_t*>(memory), malloc_usable_size(memory)});
  free(memory);
}

// realloc() would leave the old place as it is.
void* WipeAndMove(void* memory, size_t size) {
  if (memory == nullptr) return malloc(size);
  void* moved = malloc(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, memory, std::min(size, malloc_usable_size(memory)));
  WipeAndFree(memory);
  return moved;
}

}  // namespace

absl::Status InitCurl() {
  static const CURLcode code =
      curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, WipeAndFree, WipeAndMove, strdup, calloc);
  return code == CURLE_OK ? absl::OkStatus() : Bug("libcurl cannot be set up");
}

}  // namespace fieldkms
