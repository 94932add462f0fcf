// Holds a service to a ledger.
#ifndef FIELDKMS_TESTS_FAULT_CHECKER_H_
#define FIELDKMS_TESTS_FAULT_CHECKER_H_

#include <set>
#include <string>
#include <vector>

#include "clients/cpp/client.h"
#include "tests/fault/ledger.h"

namespace fieldkms::fault {

// What is wrong, one line each; empty is as it should be. At most some dozen
// lines are kept.
using Violations = std::vector<std::string>;

// CheckKeys: every acknowledged key is there; its primary version is the
// acknowledged one or, where a rotation is in doubt, that one plus one; its
// versions are 1 to the primary, each once, the primary and no other marked so. A
// creation in doubt is fully there (version 1) or not at all. `happened` gets the
// request ids of the changes in doubt that have happened.
Violations CheckKeys(Client& client, const LedgerState& ledger, std::set<std::string>* happened);

// CheckRows: every acknowledged ciphertext opens to its value, under its version.
Violations CheckRows(Client& client, const LedgerState& ledger);

// CheckRetries sends every change in doubt again, and the last acknowledged change
// of each key too: each must answer with the version that it makes, and none may
// add a second one. Where `resolved` is given, changes in doubt are acknowledged
// there.
Violations CheckRetries(Client& client, const LedgerState& ledger, Ledger* resolved);

// CheckAudit: the trail at `path` (audit.jsonl) has an outcome for every
// acknowledged call: of each acknowledged change by its request id, and of each
// method no fewer than were acknowledged; and an intent for each change that
// happened. A line may be torn only at the end or where the next start says so.
Violations CheckAudit(const std::string& path, const LedgerState& ledger,
                      const std::set<std::string>& happened);

// CheckService: all of the above, and the keys again after the retries, at the
// service at `target`.
Violations CheckService(const std::string& target, const std::string& audit_path,
                        const LedgerState& ledger, Ledger* resolved);

}  // namespace fieldkms::fault

#endif  // FIELDKMS_TESTS_FAULT_CHECKER_H_
