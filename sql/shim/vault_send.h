// SendOpenItems: the items of a batch of the transit API as one batch call of the service. Internal
// to the Vault API.
#ifndef FIELDKMS_SQL_SHIM_VAULT_SEND_H_
#define FIELDKMS_SQL_SHIM_VAULT_SEND_H_

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"
#include "sql/shim/vault_batch.h"

namespace fieldkms::shim {

// Puts each open item into `request` by write(item, out), has it sent by send(request), and hands
// each that succeeded its result by take(result, item). Without open items nothing is sent.
template <class Request, class Write, class Send, class Take>
void SendOpenItems(VaultBatch& batch, Request* request, Write write, Send send, Take take) {
  const std::vector<VaultItem*> open = batch.Open();
  if (open.empty()) return;
  const WipeGuard wipe(request);
  request->mutable_items()->Reserve(static_cast<int>(open.size()));
  for (const VaultItem* const item : open) write(*item, request->add_items());
  auto answer = send(*request);
  if (!answer.ok()) return batch.FailRest(answer.status());
  using Response = std::decay_t<decltype(*answer)>;
  const std::shared_ptr<Response> response(new Response(*std::move(answer)), [](Response* done) {
    WipePlaintext(done);
    delete done;
  });
  batch.Keep(response);
  for (size_t i = 0; i < open.size() && i < static_cast<size_t>(response->results_size()); ++i) {
    const auto& result = response->results(static_cast<int>(i));
    open[i]->status = StatusOfItem(result.error());
    open[i]->done = open[i]->status.ok();
    if (open[i]->done) take(result, open[i]);
  }
  batch.FailRest(Bug("the service answered a batch with fewer results than items"));
}

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_SEND_H_
